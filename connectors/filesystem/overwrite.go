package filesystem

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/durable"
)

// INSERT OVERWRITE gathers its files under hidden names, epoch by epoch, and at its
// end gives them their names and removes what was there before. Doing so again after
// a crash does what is left to do.

// Option names.
const (
	optionOverwrite = "sink.overwrite"
	optionReplaced  = "sink.overwrite.partition."
)

func overwriteOptions() []connector.OptionSpec {
	return []connector.OptionSpec{
		{Name: optionOverwrite, Type: connector.TypeBool, Default: "false", Example: "true",
			Doc: "Replace what is there, when the INSERT ends. INSERT OVERWRITE sets it."},
		{Name: optionReplaced, Type: connector.TypeMapPrefix, Example: "2024-01-31",
			Doc: "With the name of a partition key: the value of the partition to replace. Without any, the partitions that get rows are replaced. INSERT OVERWRITE … PARTITION sets it."},
	}
}

// replaced says what an INSERT OVERWRITE replaces.
type replaced struct {
	// written tells that it is the folders that get files; else all below folder is.
	written bool
	folder  string
}

// replaced reads the options; ok is false for an INSERT INTO.
func (l *layout) replaced() (r replaced, ok bool) {
	o := l.table.Options
	if !o.Bool(optionOverwrite) {
		return r, false
	}
	values := o.Prefix(optionReplaced)
	for _, f := range l.partitions {
		value, fixed := values[f.Name]
		if !fixed {
			break
		}
		if value == "" {
			value = l.nullName
		}
		r.folder = filepath.Join(r.folder, folderName(f.Name, value))
	}
	r.written = len(l.partitions) > 0 && r.folder == ""
	return r, true
}

// stagedPrefix begins the hidden names of a job's files that wait for its end.
func stagedPrefix(job string) string { return ".staged-" + safeName(job) + "~" }

// ownPrefix begins the names of a job's files.
func ownPrefix(job string) string { return "part-" + safeName(job) + "-" }

// stage hides the name of a file until the job's end.
func stage(final, job string) string {
	return filepath.Join(filepath.Dir(final), stagedPrefix(job)+filepath.Base(final))
}

// unstage is the name of a file that stage hid.
func unstage(staged, job string) string {
	return filepath.Join(filepath.Dir(staged), strings.TrimPrefix(filepath.Base(staged), stagedPrefix(job)))
}

// replace shows a job's files and removes those it replaces. New ones come first: a
// crash leaves too much rather than too little, and the next commit goes on.
func (c *committer) replace(job string) error {
	folders, err := foldersBelow(c.fs, c.root, nil)
	if err != nil {
		return err
	}
	for _, f := range folders {
		if err := f.show(c.fs, job); err != nil {
			return err
		}
	}
	below := filepath.Join(c.root, c.replaces.folder)
	for _, f := range folders {
		inside := f.path == below || strings.HasPrefix(f.path, below+string(filepath.Separator))
		if c.replaces.written && !f.own || !c.replaces.written && !inside {
			continue
		}
		if err := f.remove(c.fs, ownPrefix(job)); err != nil {
			return err
		}
	}
	return nil
}

// folder is a folder of a table with the files in it, hidden ones too.
type folder struct {
	path  string
	files []string
	// own tells that files of the job are in it.
	own bool
}

// foldersBelow appends dir and the folders below it that are not hidden.
func foldersBelow(fs vfs.FS, dir string, out []*folder) ([]*folder, error) {
	names, err := fs.List(dir)
	if errors.Is(err, os.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	f := &folder{path: dir}
	out = append(out, f)
	for _, name := range names {
		path := filepath.Join(dir, name)
		info, err := fs.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue
		case err != nil:
			return nil, err
		case !info.IsDir():
			f.files = append(f.files, name)
		case !hidden(name):
			if out, err = foldersBelow(fs, path, out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// show gives the job's staged files their names.
func (f *folder) show(fs vfs.FS, job string) error {
	moved := false
	for _, name := range f.files {
		f.own = f.own || strings.HasPrefix(name, ownPrefix(job))
		if !strings.HasPrefix(name, stagedPrefix(job)) {
			continue
		}
		staged := filepath.Join(f.path, name)
		if err := fs.Rename(staged, unstage(staged, job)); err != nil {
			return err
		}
		f.own, moved = true, true
	}
	if !moved {
		return nil
	}
	return durable.SyncDir(fs, f.path)
}

// remove removes all visible files but those whose names begin with kept, if any.
func (f *folder) remove(fs vfs.FS, kept string) error {
	removed := false
	for _, name := range f.files {
		if hidden(name) || kept != "" && strings.HasPrefix(name, kept) {
			continue
		}
		if err := fs.Remove(filepath.Join(f.path, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		removed = true
	}
	if !removed {
		return nil
	}
	return durable.SyncDir(fs, f.path)
}
