package pebblestate

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// run collects the writes of a batch one after another.
type run struct {
	data   []byte
	writes []write
}

// write is one write of a run: a row set or a key deleted. Its key and then its
// value lie in data from at on.
type write struct {
	at, key, value uint32
	deleted        bool
}

func (r *run) add(key, value []byte, deleted bool) {
	r.writes = append(r.writes, write{at: uint32(len(r.data)), key: uint32(len(key)), value: uint32(len(value)), deleted: deleted})
	r.data = append(append(r.data, key...), value...)
}

func (r *run) reset() { r.data, r.writes = r.data[:0], r.writes[:0] }

func (r *run) key(w write) []byte { return r.data[w.at : w.at+w.key] }

func (r *run) value(w write) []byte { return r.data[w.at+w.key : w.at+w.key+w.value] }

// sort puts the writes in order of their keys; of several to one key the last is
// left.
func (r *run) sort() {
	compare := func(a, b write) int { return bytes.Compare(r.key(a), r.key(b)) }
	if !slices.IsSortedFunc(r.writes, compare) {
		slices.SortStableFunc(r.writes, compare)
	}
	kept := r.writes[:0]
	for i, w := range r.writes {
		if i+1 == len(r.writes) || !bytes.Equal(r.key(w), r.key(r.writes[i+1])) {
			kept = append(kept, w)
		}
	}
	r.writes = kept
}

// replay gives the writes to a batch of the database, in order.
func (r *run) replay(to *pebble.Batch) error {
	for _, w := range r.writes {
		var err error
		if w.deleted {
			err = to.Delete(r.key(w), nil)
		} else {
			err = to.Set(r.key(w), r.value(w), nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ingest makes the run a table of the database.
func (b *backing) ingest(r *run) error {
	r.sort()
	b.ingested++
	path := b.options.FS.PathJoin(b.options.Dir, fmt.Sprintf("run-%d.sst", b.ingested))
	if err := b.room(); err != nil {
		return err
	}
	return b.failures.guard(func() error {
		if err := b.writeTable(r, path); err != nil {
			_ = b.options.FS.Remove(path)
			return err
		}
		return b.db.Ingest(context.Background(), []string{path})
	})
}

// writeTable writes a sorted run to a file.
func (b *backing) writeTable(r *run, path string) (err error) {
	fs := noSyncFS{b.options.FS}
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	w := sstable.NewWriter(objstorageprovider.NewFileWritable(f), b.tables)
	defer func() {
		if e := w.Close(); err == nil {
			err = e
		}
	}()
	for _, x := range r.writes {
		if x.deleted {
			err = w.Delete(r.key(x))
		} else {
			err = w.Set(r.key(x), r.value(x))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// room waits until compactions have come near enough. A background error ends the
// wait.
func (b *backing) room() error {
	for b.db.Metrics().Levels[0].Sublevels > sublevelsMost {
		select {
		case <-b.failures.compacted:
		case <-b.failures.fatal:
			return b.failures.fatalErr
		case <-b.failures.noted:
			if err := b.failures.take(); err != nil {
				return err
			}
		}
	}
	return nil
}
