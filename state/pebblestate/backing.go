package pebblestate

import (
	"bytes"
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
)

// Open makes a store in options.Dir, restored from options.Restore.
func Open(options Options) (*state.Store, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	b := &backing{options: options, failures: newFailures(), images: newImages(options.FS, options.Dir)}
	if err := b.reset(); err != nil {
		return nil, classify(err, options.Dir)
	}
	if err := b.restore(); err != nil {
		_ = b.Close()
		return nil, classify(err, options.Dir)
	}
	store, err := state.New(state.Options{
		Backing: b, Groups: options.Groups, KeyGroups: options.KeyGroups, BudgetBytes: options.BudgetBytes,
		Restored: b.db != nil, Cells: options.Cells, Tables: options.Tables,
	})
	if err != nil {
		_ = b.Close()
	}
	return store, err
}

// backing is a state.Backing on a Pebble that is opened with the first row.
type backing struct {
	options  Options
	failures *failures
	db       *pebble.DB
	images   *images
	// changed reports commits since the last image.
	changed bool
	closed  bool
}

var _ state.Backing = (*backing)(nil)

func (b *backing) dbDir() string { return b.options.FS.PathJoin(b.options.Dir, "db") }

// reset empties the directory.
func (b *backing) reset() error {
	if err := b.options.FS.RemoveAll(b.options.Dir); err != nil {
		return err
	}
	return b.options.FS.MkdirAll(b.options.Dir, 0o755)
}

// open opens the Pebble, which may hold restored files.
func (b *backing) open() error {
	return b.failures.guard(func() error {
		db, err := pebble.Open(b.dbDir(), b.options.pebbleOptions(b.failures))
		if err == nil {
			b.db = db
		}
		return err
	})
}

// MultiGet implements state.Backing.
func (b *backing) MultiGet(keys [][]byte, found func(i int, value []byte) error) error {
	if b.db == nil {
		return nil
	}
	for i, k := range keys {
		value, closer, err := b.db.Get(k)
		if err == pebble.ErrNotFound {
			continue
		}
		if err != nil {
			return classify(err, b.options.Dir)
		}
		err = found(i, value)
		if e := closer.Close(); err == nil {
			err = e
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// MultiScan implements state.Backing.
func (b *backing) MultiScan(ranges []state.KeyRange, visit func(i int, key, value []byte) error) error {
	if b.db == nil || len(ranges) == 0 {
		return nil
	}
	it, err := b.db.NewIter(&pebble.IterOptions{LowerBound: ranges[0].Lower, UpperBound: ranges[len(ranges)-1].Upper})
	if err != nil {
		return classify(err, b.options.Dir)
	}
	for i, r := range ranges {
		if err := scanRange(it, i, r, visit); err != nil {
			_ = it.Close()
			return err
		}
		if err := it.Error(); err != nil {
			_ = it.Close()
			return classify(err, b.options.Dir)
		}
	}
	return classify(it.Close(), b.options.Dir)
}

// scanRange visits one range. The range of one key's entries is looked up in the
// tables' filters first.
func scanRange(it *pebble.Iterator, i int, r state.KeyRange, visit func(i int, key, value []byte) error) error {
	var ok bool
	if n, err := state.PrefixLen(r.Lower); err == nil && n == len(r.Lower) {
		ok = it.SeekPrefixGE(r.Lower)
	} else {
		ok = it.SeekGE(r.Lower)
	}
	for ; ok && bytes.Compare(it.Key(), r.Upper) < 0; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return errs.Wrap(errs.Resource, err, "reading state")
		}
		if err := visit(i, it.Key(), value); err != nil {
			return err
		}
	}
	return nil
}

// Snapshot implements state.Backing.
func (b *backing) Snapshot(ctx context.Context, _ uint64) (state.Image, error) {
	if err := b.failures.failed(); err != nil {
		return nil, classify(err, b.options.Dir)
	}
	if b.db == nil {
		return nil, nil
	}
	if image := b.images.again(); image != nil && !b.changed {
		return image, nil
	} else if image != nil {
		_ = image.Release()
	}
	if err := b.flush(ctx); err != nil {
		return nil, classify(err, b.options.Dir)
	}
	image, err := b.images.take(func(dir string) error {
		return b.failures.guard(func() error { return b.db.Checkpoint(dir) })
	})
	if err != nil {
		return nil, classify(err, b.options.Dir)
	}
	b.changed = false
	return image, nil
}

// flush writes what waits in memory to a table. A background error ends the wait,
// though Pebble goes on trying.
func (b *backing) flush(ctx context.Context) error {
	if !b.changed {
		return nil
	}
	_ = b.failures.take()
	select {
	case <-b.failures.noted:
	default:
	}
	var done <-chan struct{}
	err := b.failures.guard(func() (err error) {
		done, err = b.db.AsyncFlush()
		return err
	})
	if err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-b.failures.fatal:
		return b.failures.fatalErr
	case <-b.failures.noted:
		return b.failures.take()
	}
}

// Close implements state.Backing.
func (b *backing) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	var err error
	if b.db != nil && b.failures.failed() == nil {
		// A database that met a fatal error can't be closed: its goroutine is gone.
		err = b.failures.guard(b.db.Close)
	}
	if e := b.options.FS.RemoveAll(b.dbDir()); err == nil {
		err = e
	}
	b.images.close()
	return classify(err, b.options.Dir)
}

// restore brings the rows of the former tasks in: the part that shares most with
// the wanted range becomes the database, the others are copied into it.
func (b *backing) restore() error {
	best := -1
	want := func(p state.Part) int { return p.KeyGroups.Intersect(b.options.KeyGroups).Len() }
	for i, p := range b.options.Restore {
		if want(p) > 0 && (best < 0 || want(p) > want(b.options.Restore[best])) {
			best = i
		}
	}
	if best >= 0 {
		if err := b.adopt(b.options.Restore[best]); err != nil {
			return err
		}
	}
	for i, p := range b.options.Restore {
		if i != best && want(p) > 0 {
			if err := b.copyPart(p); err != nil {
				return err
			}
		}
		if err := b.options.FS.RemoveAll(p.Dir); err != nil {
			return err
		}
	}
	b.changed = b.db != nil
	return nil
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
