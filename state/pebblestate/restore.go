package pebblestate

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/internal/rowset"
)

// restore brings the rows of the former tasks in: of the parts that are databases,
// the one that shares most with the wanted range becomes the store's; the rows of
// the others, and those of small parts, are copied.
func (b *backing) restore() error {
	var databases []state.Part
	for _, p := range b.options.Restore {
		if p.KeyGroups.Intersect(b.options.KeyGroups).Len() == 0 {
			continue
		}
		isSmall, err := b.restoreSmall(p)
		if err != nil {
			return err
		}
		if !isSmall {
			databases = append(databases, p)
		}
	}
	if err := b.restoreDatabases(databases); err != nil {
		return err
	}
	for _, p := range b.options.Restore {
		if err := b.options.FS.RemoveAll(p.Dir); err != nil {
			return err
		}
	}
	if b.db == nil && b.small.Len() > 0 && b.small.Bytes() > b.options.SmallBytes {
		return b.spill()
	}
	if err := b.queue.drain(); err != nil {
		return err
	}
	b.changed = b.db != nil
	b.buffered = b.changed
	return nil
}

// restoreSmall adds the rows of a part without a database to those in memory; it
// reports false for one with a database.
func (b *backing) restoreSmall(p state.Part) (bool, error) {
	f, err := b.options.FS.Open(b.options.FS.PathJoin(p.Dir, smallName))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	content, err := io.ReadAll(struct{ io.Reader }{f})
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return false, err
	}
	rows, err := rowset.Decode(content)
	if err != nil {
		return false, err
	}
	b.small.Add(rows.Range(p.KeyGroups.Intersect(b.options.KeyGroups).Keys()))
	return true, nil
}

// restoreDatabases adopts the best of parts and copies the rest, and then the rows
// in memory.
func (b *backing) restoreDatabases(parts []state.Part) error {
	if len(parts) == 0 {
		return nil
	}
	best := 0
	want := func(p state.Part) int { return p.KeyGroups.Intersect(b.options.KeyGroups).Len() }
	for i, p := range parts {
		if want(p) > want(parts[best]) {
			best = i
		}
	}
	if err := b.adopt(parts[best]); err != nil {
		return err
	}
	for i, p := range parts {
		if i == best {
			continue
		}
		if err := b.copyPart(p); err != nil {
			return err
		}
	}
	rows := b.small.Rows()
	b.small = rowset.Set{}
	return b.write(rows)
}

// adopt makes a part the database, without its rows of other tasks.
func (b *backing) adopt(p state.Part) error {
	if err := linkAll(b.options.FS, p.Dir, b.dbDir()); err != nil {
		return err
	}
	if err := b.open(); err != nil {
		return err
	}
	own := p.KeyGroups.Intersect(b.options.KeyGroups)
	for _, r := range []state.GroupRange{{First: p.KeyGroups.First, End: own.First}, {First: own.End, End: p.KeyGroups.End}} {
		if r.Len() > 0 {
			keys := r.Keys()
			if err := b.db.DeleteRange(keys.Lower, keys.Upper, pebble.NoSync); err != nil {
				return err
			}
		}
	}
	return nil
}

func linkAll(fs vfs.FS, from, to string) error {
	if err := fs.MkdirAll(to, 0o755); err != nil {
		return err
	}
	names, err := fs.List(from)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := vfs.LinkOrCopy(fs, fs.PathJoin(from, name), fs.PathJoin(to, name)); err != nil {
			return err
		}
	}
	return nil
}

// copyPart copies the wanted rows of a part into the database.
func (b *backing) copyPart(p state.Part) (err error) {
	f := newFailures()
	options := b.options.pebbleOptions(f)
	options.ReadOnly = true
	var db *pebble.DB
	if err := f.guard(func() (err error) { db, err = pebble.Open(p.Dir, options); return err }); err != nil {
		return fmt.Errorf("%s: %w", p.Dir, err)
	}
	defer func() {
		if e := f.guard(db.Close); err == nil {
			err = e
		}
	}()
	keys := p.KeyGroups.Intersect(b.options.KeyGroups).Keys()
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: keys.Lower, UpperBound: keys.Upper})
	if err != nil {
		return err
	}
	out := b.NewBatch()
	defer out.Close()
	for ok := it.First(); ok; ok = it.Next() {
		if err = out.Set(it.Key(), it.Value()); err == nil && out.Bytes() > copyBatchBytes {
			err = out.Commit()
		}
		if err != nil {
			_ = it.Close()
			return err
		}
	}
	if err := it.Close(); err != nil {
		return err
	}
	return out.Commit()
}

// copyBatchBytes is the size of the batches in which restored rows are copied.
const copyBatchBytes = 1 << 20
