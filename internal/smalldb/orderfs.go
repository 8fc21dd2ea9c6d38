package smalldb

import (
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/durable"
)

// orderedFS keeps an order that Pebble leaves to the file system. A marker file names
// another file of its directory and takes the place of an older marker, and one sync of
// the directory makes all three changes durable. A file system may reorder them: a
// crash that keeps the new marker and loses the file leaves a store that can't be
// opened, one that keeps only the removal leaves an empty one. So the directory is
// synced before a marker is made and before one is removed.
type orderedFS struct{ vfs.FS }

// markerPrefix begins the names of Pebble's marker files.
const markerPrefix = "marker."

// Create implements vfs.FS.
func (fs orderedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := fs.settle(name); err != nil {
		return nil, err
	}
	return fs.FS.Create(name, category)
}

// Remove implements vfs.FS.
func (fs orderedFS) Remove(name string) error {
	if err := fs.settle(name); err != nil {
		return err
	}
	return fs.FS.Remove(name)
}

// settle makes all earlier changes durable if name is a marker's.
func (fs orderedFS) settle(name string) error {
	if !strings.HasPrefix(fs.PathBase(name), markerPrefix) {
		return nil
	}
	return durable.SyncDir(fs.FS, fs.PathDir(name))
}

// Unwrap implements vfs.FS.
func (fs orderedFS) Unwrap() vfs.FS { return fs.FS }
