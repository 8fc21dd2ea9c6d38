// Package smalldb opens Pebble for stores of the process itself: a crash at any
// instant leaves one that opens, and a full disk makes errors in place of ending the
// process.
package smalldb

import (
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

// DB is a Pebble whose writes go through Do.
type DB struct {
	*pebble.DB
	guard *guard
}

// Open opens or makes the database in dir of fs, whose writes wait in memory up to
// so many bytes.
func Open(fs vfs.FS, dir string, memTableBytes uint64) (*DB, error) {
	d := &DB{guard: newGuard()}
	err := d.guard.do(func() (err error) {
		if err := d.create(fs, dir, memTableBytes); err != nil {
			return err
		}
		d.DB, err = pebble.Open(dir, d.options(fs, memTableBytes))
		return err
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (d *DB) options(fs vfs.FS, memTableBytes uint64) *pebble.Options {
	return &pebble.Options{FS: orderedFS{fs}, Logger: d.guard, MemTableSize: memTableBytes, FormatMajorVersion: pebble.FormatNewest}
}

// create makes an empty database in dir if there is none. It is made aside and moved
// in place at once: a crash in the midst of it would leave one that can't be opened.
func (d *DB) create(fs vfs.FS, dir string, memTableBytes uint64) error {
	if _, err := fs.Stat(dir); err == nil {
		return nil
	}
	aside := dir + ".new"
	if err := fs.RemoveAll(aside); err != nil {
		return err
	}
	db, err := pebble.Open(aside, d.options(fs, memTableBytes))
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	if err := fs.Rename(aside, dir); err != nil {
		return err
	}
	return durable.SyncDir(fs, fs.PathDir(dir))
}

// Do runs a call that writes. After the disk has failed it gives that error.
func (d *DB) Do(call func() error) error { return d.guard.do(call) }

// Close closes the database.
func (d *DB) Close() error { return d.guard.close(d.DB.Close) }

// Classify gives an error of the database its class.
func Classify(err error, format string, args ...any) error {
	if pebble.IsCorruptionError(err) {
		return errs.Wrap(errs.Corruption, err, format, args...)
	}
	return errs.Wrap(errs.Resource, err, format, args...)
}
