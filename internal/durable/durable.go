// Package durable writes files so that a crash takes nothing of them back.
package durable

import (
	"os"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Suffix ends the name of a file that ReplaceFile has not given its name yet. Those
// that a crash left are worth nothing.
const Suffix = ".new"

// SyncDir makes a directory's entries durable.
func SyncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	return err
}

// MakeDir makes a directory and those above it that are missing, each durable in its
// parent.
func MakeDir(fs vfs.FS, dir string, perm os.FileMode) error {
	var missing []string
	for d := dir; ; d = fs.PathDir(d) {
		if _, err := fs.Stat(d); err == nil || d == fs.PathDir(d) {
			break
		}
		missing = append(missing, d)
	}
	if missing == nil {
		return nil
	}
	if err := fs.MkdirAll(dir, perm); err != nil {
		return err
	}
	for _, d := range missing {
		if err := SyncDir(fs, fs.PathDir(d)); err != nil {
			return err
		}
	}
	return nil
}

// WriteFile writes and syncs a new file; its entry in the directory is not durable
// yet.
func WriteFile(fs vfs.FS, path string, content []byte) error {
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	// A file may change what it is given to write.
	if _, err = f.Write(slices.Clone(content)); err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// ReplaceFile gives a file a content, in place of an older one: a crash leaves the one
// or the other, and after the return the new one.
func ReplaceFile(fs vfs.FS, path string, content []byte) error {
	err := WriteFile(fs, path+Suffix, content)
	if err == nil {
		err = fs.Rename(path+Suffix, path)
	}
	if err == nil {
		err = SyncDir(fs, fs.PathDir(path))
	}
	return err
}
