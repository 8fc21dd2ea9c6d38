package filesystem

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

// committableVersion is the format of committable. Version 1 is the first.
const committableVersion = 1

// committable is a complete, durable file that waits for its name. Paths are
// relative to the table's folder.
type committable struct {
	Version   int    `msgpack:"v"`
	Temporary string `msgpack:"t"`
	Final     string `msgpack:"f"`
	// Job is set for INSERT OVERWRITE: Final is then a name that stage made. Finish
	// marks the end of the job, and is of no file.
	Job    string `msgpack:"j,omitempty"`
	Finish bool   `msgpack:"e,omitempty"`
}

func (c committable) encode() ([]byte, error) {
	c.Version = committableVersion
	b, err := msgpack.Marshal(c)
	return b, errs.Wrap(errs.Bug, err, "committable of '%s'", c.Final)
}

func decodeCommittable(b []byte) (c committable, err error) {
	if err := msgpack.Unmarshal(b, &c); err != nil {
		return c, errs.Wrap(errs.Corruption, err, "committable of a file")
	}
	if c.Version != committableVersion {
		return c, errs.Corruptionf("committable of a file has version %d, want %d", c.Version, committableVersion)
	}
	return c, nil
}

// committer gives files their visible names.
type committer struct {
	fs    vfs.FS
	root  string
	table string
	// replaces is for INSERT OVERWRITE.
	replaces replaced
}

var _ connector.Committer = (*committer)(nil)

// Commit renames the epoch's files. A file that is not there any more was renamed
// before, and maybe moved on or deleted by who reads the folder, so that a commit may
// be repeated whatever has become of its files.
func (c *committer) Commit(_ context.Context, _ uint64, committables [][]byte) error {
	dirs := map[string]bool{}
	ended := ""
	for _, b := range committables {
		file, err := decodeCommittable(b)
		if err != nil {
			return err
		}
		if file.Finish {
			ended = file.Job
			continue
		}
		if err := c.commit(file); err != nil {
			return errs.Wrap(errs.Resource, err, "table '%s': committing '%s'", c.table, filepath.Join(c.root, file.Final))
		}
		dirs[filepath.Dir(filepath.Join(c.root, file.Final))] = true
	}
	for dir := range dirs {
		if err := durable.SyncDir(c.fs, dir); err != nil && !errors.Is(err, os.ErrNotExist) {
			return errs.Wrap(errs.Resource, err, "table '%s': committing into '%s'", c.table, dir)
		}
	}
	if ended == "" {
		return nil
	}
	return errs.Wrap(errs.Resource, c.replace(ended), "table '%s': replacing what is in '%s'", c.table, c.root)
}

func (c *committer) commit(file committable) error {
	temporary := filepath.Join(c.root, file.Temporary)
	if there, err := exists(c.fs, temporary); err != nil || !there {
		return err
	}
	// The name holds the writer's token, so if it is taken, then by this very file: a
	// crash can leave both names of a rename.
	return c.fs.Rename(temporary, filepath.Join(c.root, file.Final))
}

// Recover removes what the job wrote and never published.
func (c *committer) Recover(_ context.Context, job string) error {
	err := removeTemporary(c.fs, c.root, temporaryPrefix(job))
	return errs.Wrap(errs.Resource, err, "table '%s': removing leftovers of job '%s'", c.table, job)
}

// Close has nothing to free.
func (*committer) Close() error { return nil }

// removeTemporary removes the uncommitted files with a prefix from dir and the
// folders below it.
func removeTemporary(fs vfs.FS, dir, prefix string) error {
	folders, err := foldersBelow(fs, dir, nil)
	if err != nil {
		return err
	}
	for _, f := range folders {
		for _, name := range f.files {
			if !strings.HasPrefix(name, prefix) || !strings.HasSuffix(name, temporaryMark) {
				continue
			}
			if err := fs.Remove(filepath.Join(f.path, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func exists(fs vfs.FS, path string) (bool, error) {
	_, err := fs.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
