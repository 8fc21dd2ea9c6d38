package groupagg

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
)

const (
	// defaultHoldRows is how many rows are combined before they go on, unless a
	// flush comes first.
	defaultHoldRows = 1 << 18
	// holdGroupsMax bounds the groups held instead: past a cache's size combining
	// costs more than it saves.
	holdGroupsMax = 1 << 15
	// Combining is given up for skipRows rows when it leaves more than
	// uselessTenths tenths of judgedRows or more.
	skipRows      = 1 << 20
	uselessTenths = 7
	judgedRows    = 4096
)

// combiner aggregates rows in memory into one partial row per group, so that what
// comes behind it handles each group once for many rows. It notices when rows
// hardly share groups and lets them pass for a while.
type combiner struct {
	program *aggstate.Program
	decoder *rowcodec.KeyDecoder
	buffer  *aggstate.Buffer
	keys    rowcodec.Keys
	rows    []unsafe.Pointer
	// held is the number of rows in the buffer, holdRows when it is full; skip the
	// number of rows that are still to pass.
	held     int
	holdRows int
	skip     int
	lone     []uint64 // rows of rows that are not combined
}

func newCombiner(program *aggstate.Program, holdRows int) (*combiner, error) {
	decoder, err := rowcodec.NewKeyDecoder(program.KeyTypes())
	if err != nil {
		return nil, err
	}
	buffer := aggstate.NewBuffer(program.Layout().Width)
	return &combiner{program: program, decoder: decoder, buffer: buffer, holdRows: holdRows}, nil
}

// passes reports whether a batch is better not combined; it counts the batch's
// rows.
func (c *combiner) passes(rows int) bool {
	if c.skip <= 0 {
		return false
	}
	c.skip -= rows
	return true
}

// add combines a batch; full reports that it is time to take what is held.
func (c *combiner) add(batch stream.Batch) (full bool, err error) {
	n := batch.Rows()
	if err := c.program.EncodeKeys(batch, &c.keys); err != nil {
		return false, err
	}
	if cap(c.rows) < n {
		c.rows = make([]unsafe.Pointer, n)
	}
	c.buffer.Upsert(&c.keys, c.rows[:n])
	groups := aggstate.Groups{Keys: &c.keys, Rows: c.rows[:n], Heap: c.buffer.Heap()}
	if err := c.program.Apply(batch, groups, aggstate.Tables{}); err != nil {
		return false, err
	}
	c.held += n
	return c.held >= c.holdRows || c.buffer.Len() >= holdGroupsMax, nil
}

// drain hands the groups held to emit as columns, which emit takes over, at most
// BatchRows at a time, and empties the buffer.
func (c *combiner) drain(ctx *op.Context, emit func(cols []arrow.Array, rows int) error) error {
	groups := c.buffer.Len()
	if c.holdRows > 0 && c.held >= judgedRows && 10*groups > uselessTenths*c.held {
		c.skip = skipRows
	}
	c.held = 0
	defer c.buffer.Reset()
	for from := 0; from < groups; from += ctx.BatchRows {
		to := min(from+ctx.BatchRows, groups)
		cols, err := c.buffer.DecodeKeys(from, to, c.program.KeyTypes(), c.decoder, ctx.Alloc)
		if err != nil {
			return err
		}
		cols = append(cols, c.program.Partials(c.buffer.Rows()[from:to], c.buffer.Heap(), ctx.Alloc)...)
		if err := emit(cols, to-from); err != nil {
			return err
		}
	}
	return nil
}

// partialsOf gives each row of a batch as a group of its own.
func (c *combiner) partialsOf(batch stream.Batch, keys []int, ctx *op.Context) ([]arrow.Array, error) {
	n, words := batch.Rows(), c.program.Layout().Width/8
	if cap(c.lone) < n*words {
		c.lone = make([]uint64, n*words)
	}
	lone := c.lone[:n*words]
	clear(lone)
	if cap(c.rows) < n {
		c.rows = make([]unsafe.Pointer, n)
	}
	rows := c.rows[:n]
	for i := range rows {
		rows[i] = unsafe.Pointer(&lone[i*words])
	}
	defer c.buffer.Reset() // its heap
	groups := aggstate.Groups{Rows: rows, Heap: c.buffer.Heap()}
	if err := c.program.Apply(batch, groups, aggstate.Tables{}); err != nil {
		return nil, err
	}
	cols := make([]arrow.Array, 0, len(keys)+c.program.PartialColumns())
	for _, key := range keys {
		batch.Column(key).Retain()
		cols = append(cols, batch.Column(key))
	}
	return append(cols, c.program.Partials(rows, c.buffer.Heap(), ctx.Alloc)...), nil
}
