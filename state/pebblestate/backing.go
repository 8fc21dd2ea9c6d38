package pebblestate

import (
	"bytes"
	"context"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/internal/rowset"
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
		Restored: b.db != nil || b.small.Len() > 0, Cells: options.Cells, Tables: options.Tables,
	})
	if err != nil {
		_ = b.Close()
	}
	return store, err
}

// backing is a state.Backing on a Pebble that is opened when the rows get too many
// for memory.
type backing struct {
	options  Options
	failures *failures
	// small holds the rows while db is nil.
	small  rowset.Set
	db     *pebble.DB
	images *images
	// changed reports commits since the last image, buffered those to Pebble's own
	// buffer since it was flushed last.
	changed, buffered bool
	// tables are the options of tables written here, ingested their number so far.
	tables   sstable.WriterOptions
	ingested int
	// spare is the memory of a batch that was closed.
	spare  run
	closed bool
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
		options := b.options.pebbleOptions(b.failures)
		db, err := pebble.Open(b.dbDir(), options)
		if err == nil {
			b.db = db
			options.EnsureDefaults()
			b.tables = options.MakeWriterOptions(0, db.TableFormat())
			b.tables.DisableValueBlocks = true
		}
		return err
	})
}

// MultiGet implements state.Backing.
func (b *backing) MultiGet(keys [][]byte, found func(i int, value []byte) error) error {
	if b.db == nil {
		return b.small.MultiGet(keys, found)
	}
	if len(keys) > getsMost {
		return b.seekAll(keys, found)
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

// getsMost is the number of keys up to which lookups of their own beat an iterator.
const getsMost = 2

// seekAll is MultiGet by one iterator, which keeps the tables it visits open from
// key to key.
func (b *backing) seekAll(keys [][]byte, found func(i int, value []byte) error) error {
	it, err := b.db.NewIter(nil)
	if err != nil {
		return classify(err, b.options.Dir)
	}
	defer it.Close()
	for i, k := range keys {
		if !it.SeekPrefixGE(k) || !bytes.Equal(it.Key(), k) {
			if err := it.Error(); err != nil {
				return classify(err, b.options.Dir)
			}
			continue
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return classify(err, b.options.Dir)
		}
		if err := found(i, value); err != nil {
			return err
		}
	}
	return nil
}

// MultiScan implements state.Backing.
func (b *backing) MultiScan(ranges []state.KeyRange, visit func(i int, key, value []byte) error) error {
	if b.db == nil {
		return b.small.MultiScan(ranges, visit)
	}
	if len(ranges) == 0 {
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
		if b.small.Len() == 0 {
			return nil, nil
		}
		return b.images.small(b.small), nil
	}
	if !b.changed {
		if image := b.images.again(); image != nil {
			return image, nil
		}
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
	if !b.buffered {
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
		b.buffered = false
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
