package exchange

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// Hash sends each row to the task that owns the key group of its key.
type Hash struct {
	alloc   memory.Allocator
	columns []int
	encoder *rowcodec.KeyEncoder
	groups  int
	// taskOf maps a key group to a task.
	taskOf []int32

	// Reused from batch to batch.
	keys  rowcodec.Keys
	cols  []arrow.Array
	to    []int32
	start []int32
	sel   []int32
}

var _ Router = (*Hash)(nil)

// HashConfig describes a hash exchange.
type HashConfig struct {
	Alloc  memory.Allocator
	Schema *arrow.Schema
	// Keys are columns of Schema.
	Keys []int
	// KeyGroups are spread over Tasks receiving tasks.
	KeyGroups int
	Tasks     int
}

// NewHash makes a hash router.
func NewHash(cfg HashConfig) (*Hash, error) {
	types := make([]arrow.DataType, len(cfg.Keys))
	for i, k := range cfg.Keys {
		types[i] = cfg.Schema.Field(k).Type
	}
	encoder, err := rowcodec.NewKeyEncoder(types)
	if err != nil {
		return nil, err
	}
	h := &Hash{alloc: cfg.Alloc, columns: cfg.Keys, encoder: encoder, groups: cfg.KeyGroups,
		taskOf: make([]int32, cfg.KeyGroups), cols: make([]arrow.Array, len(cfg.Keys)), start: make([]int32, cfg.Tasks+1)}
	for kg := range h.taskOf {
		h.taskOf[kg] = int32(rowcodec.TaskOfKeyGroup(kg, cfg.KeyGroups, cfg.Tasks))
	}
	return h, nil
}

// Route splits batch by key group. A batch that goes to one task as a whole is
// passed on as it is.
func (h *Hash) Route(ctx context.Context, batch stream.Batch, senders []Sender) error {
	rows := batch.Rows()
	if err := h.assign(batch, rows); err != nil {
		batch.Release()
		return err
	}
	for task, s := range senders {
		from, to := h.start[task], h.start[task+1]
		switch {
		case from == to:
			continue
		case int(to-from) == rows:
			return s.Send(ctx, batchElement(batch))
		}
		if err := s.Send(ctx, batchElement(columns.TakeRows(h.alloc, batch, h.sel[from:to]))); err != nil {
			batch.Release()
			return err
		}
	}
	batch.Release()
	return nil
}

// assign sorts row numbers by task, in row order: those of task t are
// sel[start[t]:start[t+1]].
func (h *Hash) assign(batch stream.Batch, rows int) error {
	for i, c := range h.columns {
		h.cols[i] = batch.Column(c)
	}
	err := h.encoder.Encode(h.cols, rows, &h.keys)
	clear(h.cols)
	if err != nil {
		return err
	}
	if cap(h.to) < rows {
		h.to, h.sel = make([]int32, rows), make([]int32, rows)
	}
	to, sel := h.to[:rows], h.sel[:rows]
	clear(h.start)
	for i, hash := range h.keys.Hashes[:rows] {
		t := h.taskOf[rowcodec.KeyGroup(hash, h.groups)]
		to[i] = t
		h.start[t+1]++
	}
	for t := 1; t < len(h.start); t++ {
		h.start[t] += h.start[t-1]
	}
	// Placing moves each start to its end, which is the next one's start.
	for i, t := range to {
		sel[h.start[t]] = int32(i)
		h.start[t]++
	}
	copy(h.start[1:], h.start)
	h.start[0] = 0
	return nil
}
