// Package lookup answers questions by key for connectors that can't do so themselves:
// it reads a table whole and keeps it in memory.
package lookup

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// Config describes a Full.
type Config struct {
	// Source is read whole, once for each load.
	Source  connector.Source
	Request connector.LookupRequest
	// Every is the time between loads; 0 loads once. FixedRate counts it from start to
	// start instead of from end to start.
	Every     time.Duration
	FixedRate bool
}

// ConfigOf reads connector.FullLookupOptions.
func ConfigOf(source connector.Source, request connector.LookupRequest, o connector.Options) Config {
	return Config{
		Source: source, Request: request, Every: o.Duration("lookup.full-cache.periodic-reload.interval"),
		FixedRate: o.String("lookup.full-cache.periodic-reload.schedule-mode") == "FIXED_RATE",
	}
}

// Full keeps a whole table in memory. A load replaces the table at once; while it
// runs the one before answers. A load that fails fails the next question, and so does
// one of a table that has grown beyond Request.MemoryBytes.
type Full struct {
	cfg     Config
	types   []arrow.DataType
	encoder *rowcodec.KeyEncoder
	stop    context.CancelFunc
	done    chan struct{}

	mu    sync.Mutex // guards all below, and encoder
	table *table
	err   error
	keys  rowcodec.Keys
}

var _ connector.Lookup = (*Full)(nil)

// Open reads the table.
func Open(ctx context.Context, cfg Config) (connector.Lookup, error) {
	f := &Full{cfg: cfg, done: make(chan struct{})}
	for _, k := range cfg.Request.Keys {
		f.types = append(f.types, cfg.Request.Schema[k].Type.Arrow())
	}
	var err error
	if f.encoder, err = rowcodec.NewKeyEncoder(f.types); err != nil {
		return nil, err
	}
	if f.table, err = f.load(ctx); err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.Background())
	f.stop = stop
	if cfg.Every <= 0 {
		close(f.done)
		return f, nil
	}
	go f.reload(background)
	return f, nil
}

// reload loads the table again and again until ctx is done.
func (f *Full) reload(ctx context.Context) {
	defer close(f.done)
	timer := time.NewTimer(f.cfg.Every)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		started := time.Now()
		next, err := f.load(ctx)
		if ctx.Err() != nil {
			next.release()
			return
		}
		f.replace(next, err)
		wait := f.cfg.Every
		if f.cfg.FixedRate {
			wait = max(0, wait-time.Since(started))
		}
		timer.Reset(wait)
	}
}

// replace makes the outcome of a load what answers.
func (f *Full) replace(next *table, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err = err; err == nil {
		f.table.release()
		f.table = next
	}
}

// Rows implements connector.Lookup.
func (f *Full) Rows(_ context.Context, keys []arrow.Array, n int) (stream.Batch, []int32, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return stream.Batch{}, nil, f.err
	}
	if err := f.encoder.Encode(keys, n, &f.keys); err != nil {
		return stream.Batch{}, nil, err
	}
	var rows, of []int32
	for i := range n {
		for row := f.table.first(f.keys.At(i), f.keys.Hashes[i]); row >= 0; row = f.table.next[row] {
			rows, of = append(rows, row), append(of, int32(i))
		}
	}
	return columns.TakeRows(f.cfg.Request.Alloc, f.table.rows, rows), of, nil
}

// Close implements connector.Lookup.
func (f *Full) Close() error {
	f.stop()
	<-f.done
	f.table.release()
	return nil
}

// load reads the whole source into a table.
func (f *Full) load(ctx context.Context) (*table, error) {
	splits, err := f.cfg.Source.Discover(ctx, nil, 1)
	if err != nil {
		return nil, err
	}
	var l loaded
	defer l.release()
	for _, split := range splits {
		if err := f.read(ctx, split, &l); err != nil {
			return nil, err
		}
	}
	return f.index(l.batches)
}

// loaded is what a load has read so far.
type loaded struct {
	batches []stream.Batch
	bytes   int64
}

func (l *loaded) release() {
	for _, b := range l.batches {
		b.Release()
	}
}

// read adds the batches of a split to what is loaded.
func (f *Full) read(ctx context.Context, split connector.Split, l *loaded) (err error) {
	reader, err := f.cfg.Source.Open(ctx, split, nil, connector.ReaderEnv{Context: ctx, Alloc: f.cfg.Request.Alloc, BatchRows: f.cfg.Request.BatchRows})
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := reader.Close(); err == nil {
			err = closeErr
		}
	}()
	for {
		batch, err := reader.Next(ctx, nil)
		if batch.Rows() > 0 {
			l.batches = append(l.batches, batch)
			if l.bytes += columns.BytesOf(batch); f.cfg.Request.MemoryBytes > 0 && l.bytes > f.cfg.Request.MemoryBytes {
				return errs.Resourcef("the table to look up does not fit into %d MiB, one task's share of the job's memory", f.cfg.Request.MemoryBytes>>20).
					WithHint("give the job more with SET 'execution.memory-budget', or a lower parallelism: each task keeps the whole table")
			}
		} else {
			batch.Release()
		}
		if errors.Is(err, connector.ErrEndOfSplit) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// table is rows and an index of their keys that never change.
type table struct {
	rows stream.Batch
	keys rowcodec.Keys
	// slots has a row's number + 1, at a place that its key's hash begins the search
	// for; next chains the rows of one key in order, -1 at the end.
	slots []int32
	next  []int32
}

func (t *table) release() {
	if t != nil {
		t.rows.Release()
	}
}

// index makes a table of batches.
func (f *Full) index(batches []stream.Batch) (*table, error) {
	schema := f.cfg.Request.Schema.Arrow()
	rows, cols := 0, make([]arrow.Array, 0, schema.NumFields())
	for _, b := range batches {
		rows += b.Rows()
	}
	for c := range schema.NumFields() {
		parts := make([]arrow.Array, len(batches))
		for i, b := range batches {
			parts[i] = b.Column(c)
		}
		if len(parts) == 0 {
			cols = append(cols, columns.Nulls(f.cfg.Request.Alloc, schema.Field(c).Type, 0))
			continue
		}
		whole, err := array.Concatenate(parts, f.cfg.Request.Alloc)
		if err != nil {
			columns.Release(cols)
			return nil, errs.Wrap(errs.Resource, err, "reading a table for lookups")
		}
		cols = append(cols, whole)
	}
	t := &table{rows: stream.NewBatch(schema, cols, rows, nil), next: make([]int32, rows)}
	if err := f.enter(t); err != nil {
		t.release()
		return nil, err
	}
	return t, nil
}

// enter indexes all rows without NULL in their key, the last first, so that chains are
// in order.
func (f *Full) enter(t *table) error {
	encoder, err := rowcodec.NewKeyEncoder(f.types)
	if err != nil {
		return err
	}
	n := len(t.next)
	keys := make([]arrow.Array, len(f.types))
	for i, k := range f.cfg.Request.Keys {
		keys[i] = t.rows.Column(k)
	}
	if err := encoder.Encode(keys, n, &t.keys); err != nil {
		return err
	}
	nulls := make([]bool, n)
	columns.MarkNulls(nulls, keys...)
	size := 8
	for size < 2*n {
		size *= 2
	}
	t.slots = make([]int32, size)
	for row := n - 1; row >= 0; row-- {
		t.next[row] = -1
		if nulls[row] {
			continue
		}
		at := t.place(t.keys.At(row), t.keys.Hashes[row])
		if t.slots[at] != 0 {
			t.next[row] = t.slots[at] - 1
		}
		t.slots[at] = int32(row) + 1
	}
	return nil
}

// place is the slot of a key: its own, or the empty one where it would be.
func (t *table) place(key []byte, hash uint64) int {
	mask := len(t.slots) - 1
	for at := int(hash) & mask; ; at = (at + 1) & mask {
		row := t.slots[at] - 1
		if row < 0 || t.keys.Hashes[row] == hash && string(t.keys.At(int(row))) == string(key) {
			return at
		}
	}
}

// first is the first row of a key, -1 without.
func (t *table) first(key []byte, hash uint64) int32 { return t.slots[t.place(key, hash)] - 1 }
