package pebblestate

import (
	"bytes"
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"

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
	b.queue = newQueue(options.pendingMost(), b.do)
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
	// queue holds what was committed and is not in db yet.
	queue *queue
	// changed reports commits since the last image.
	changed bool
	closed  bool

	// What follows belongs to the queue's goroutine. buffered reports writes to
	// Pebble's own buffer since it was flushed last; tables are the options of tables
	// written here, ingested their number so far.
	buffered bool
	tables   sstable.WriterOptions
	ingested int
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
	pending, err := b.queue.view()
	if err != nil {
		return classify(err, b.options.Dir)
	}
	defer b.queue.leave()
	look := b.get
	if len(keys) > getsMost {
		it, err := b.db.NewIter(nil)
		if err != nil {
			return classify(err, b.options.Dir)
		}
		defer it.Close()
		look = func(i int, k []byte, found func(i int, value []byte) error) error { return b.seek(it, i, k, found) }
	}
	for i, k := range keys {
		value, known := pending.get(k)
		switch {
		case !known:
			err = look(i, k, found)
		case value != nil:
			err = found(i, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// getsMost is the number of keys up to which lookups of their own beat an iterator,
// which keeps the tables it visits open from key to key.
const getsMost = 2

// get looks up key i by itself.
func (b *backing) get(i int, k []byte, found func(i int, value []byte) error) error {
	value, closer, err := b.db.Get(k)
	if err == pebble.ErrNotFound {
		return nil
	}
	if err != nil {
		return classify(err, b.options.Dir)
	}
	err = found(i, value)
	if e := closer.Close(); err == nil {
		err = e
	}
	return err
}

// seek looks up key i by an iterator.
func (b *backing) seek(it *pebble.Iterator, i int, k []byte, found func(i int, value []byte) error) error {
	if !it.SeekPrefixGE(k) || !bytes.Equal(it.Key(), k) {
		return classify(it.Error(), b.options.Dir)
	}
	value, err := it.ValueAndErr()
	if err != nil {
		return classify(err, b.options.Dir)
	}
	return found(i, value)
}

// MultiScan implements state.Backing.
func (b *backing) MultiScan(ranges []state.KeyRange, visit func(i int, key, value []byte) error) error {
	if b.db == nil {
		return b.small.MultiScan(ranges, visit)
	}
	if len(ranges) == 0 {
		return nil
	}
	pending, err := b.queue.view()
	if err != nil {
		return classify(err, b.options.Dir)
	}
	defer b.queue.leave()
	it, err := b.db.NewIter(&pebble.IterOptions{LowerBound: ranges[0].Lower, UpperBound: ranges[len(ranges)-1].Upper})
	if err != nil {
		return classify(err, b.options.Dir)
	}
	s := scan{it: it, pending: pending, visit: visit}
	for i, r := range ranges {
		if err := s.rows(i, r); err != nil {
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

// Snapshot implements state.Backing. The image is taken when all that was committed
// before is in the database.
func (b *backing) Snapshot(_ context.Context, _ uint64) (state.Image, error) {
	if err := b.failed(); err != nil {
		return nil, err
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
	image := b.images.begin()
	if err := b.queue.push(&job{image: image.folder}); err != nil {
		image.folder.finish(err)
		_ = image.Release()
		return nil, classify(err, b.options.Dir)
	}
	b.changed = false
	return image, nil
}

// failed is the error that makes the store unusable, or nil.
func (b *backing) failed() error {
	err := b.failures.failed()
	if err == nil {
		err = b.queue.failed()
	}
	return classify(err, b.options.Dir)
}

// do does one job of the queue, on the queue's goroutine. Calls that may wait for
// Pebble's own goroutines, or meet a fatal error, are guarded.
func (b *backing) do(j *job) error {
	if j.image != nil {
		if err := b.flush(); err != nil {
			return err
		}
		return b.images.capture(j.image, func(dir string) error {
			return b.failures.guard(func() error { return b.db.Checkpoint(dir) })
		})
	}
	j.run.sort()
	asTable := j.run.bytes >= b.options.TableBytes
	if len(j.ranges) > 0 || !asTable {
		if err := b.buffer(j, !asTable); err != nil {
			return err
		}
	}
	if !asTable || len(j.run.writes) == 0 {
		return nil
	}
	return b.ingest(&j.run)
}

// buffer commits a job to Pebble's own buffer, its run only if that is asked for.
func (b *backing) buffer(j *job, withRun bool) error {
	batch := b.db.NewBatch()
	for _, r := range j.ranges {
		if err := batch.DeleteRange(r.Lower, r.Upper, nil); err != nil {
			return errors.Join(err, batch.Close())
		}
	}
	if withRun {
		if err := j.run.replay(batch); err != nil {
			return errors.Join(err, batch.Close())
		}
	}
	b.buffered = true
	err := b.failures.guard(func() error { return batch.Commit(pebble.NoSync) })
	if b.failures.failed() != nil {
		return err // the batch may be in use still
	}
	return errors.Join(err, batch.Close())
}

// flush writes what waits in Pebble's buffer to a table. A background error ends the
// wait, though Pebble goes on trying.
func (b *backing) flush() error {
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
	case <-b.failures.fatal:
		return b.failures.fatalErr
	case <-b.failures.noted:
		return b.failures.take()
	}
}

// Close implements state.Backing. Images that were asked for are taken first.
func (b *backing) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	_ = b.queue.close() // its error is that of the images
	var err error
	if b.db != nil && b.failures.failed() == nil {
		// A database that met a fatal error can't be closed: its goroutine is gone.
		err = b.failures.guard(b.db.Close)
	}
	b.queue.blocks.close()
	if e := b.options.FS.RemoveAll(b.dbDir()); err == nil {
		err = e
	}
	b.images.close()
	return classify(err, b.options.Dir)
}
