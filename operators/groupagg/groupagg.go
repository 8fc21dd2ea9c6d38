// Package groupagg is the unbounded GROUP BY: for each batch it emits the net
// change of each group once.
package groupagg

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// Config describes a GroupAgg or its local phase.
type Config struct {
	// Keys are the grouping columns; none makes one group of all rows.
	Keys []int
	// Aggs are the aggregate calls; none makes it a DISTINCT.
	Aggs []rex.AggCall
	// InputSchema is the schema that Keys and Aggs refer to.
	InputSchema types.Schema
	// Registry holds the aggregate functions.
	Registry *agg.Registry
	// InputRetracts tells whether the input of the aggregation may take rows away.
	InputRetracts bool
	// FromLocal tells that the input comes from a local phase: the keys, then the
	// columns of partial results.
	FromLocal bool
	// EmitUpdateBefore asks for -U before each +U.
	EmitUpdateBefore bool
	// HoldRows is how many rows are combined in memory before the groups they belong
	// to change, unless a flush comes first; 0 means the default, and a negative
	// number that every batch changes its groups at once. Aggregates without partial
	// results never wait.
	HoldRows int
	// TTL forgets groups untouched for so long; 0 never.
	TTL time.Duration
}

func (c Config) program() (*aggstate.Program, error) {
	return aggstate.New(aggstate.Config{
		Keys: c.Keys, Aggs: c.Aggs, InputSchema: c.InputSchema, Registry: c.Registry, InputRetracts: c.InputRetracts,
	})
}

// holdRows is HoldRows with its default.
func (c Config) holdRows() int {
	if c.HoldRows == 0 {
		return defaultHoldRows
	}
	return c.HoldRows
}

// GroupAgg aggregates by key. Its output is the key columns, then the aggregates.
//
// A group appears with +I, changes with -U and +U, and disappears with -D when its
// last row was taken away. Rows that leave a group's results as they were emit
// nothing for it. Without Keys, a bounded input that leaves no group still
// gives one row at the end of time: the aggregates of no rows.
type GroupAgg struct {
	cfg     Config
	program *aggstate.Program
	ctx     *op.Context
	table   *state.Table
	tables  aggstate.Tables
	heap    lateHeap
	// gaveNoRows is set once the aggregates of no rows were given: a restored
	// operator is told of the end of time again.
	gaveNoRows *state.Cell
	ended      bool
	// combiner goes before the state, in a table that fits a cache; nil without.
	combiner *combiner
	partial  *arrow.Schema // of what combiner gives

	// The places of the keys in raw batches and in those of partial results.
	rawKeys, partialKeys []int
	keys                 rowcodec.Keys
	slots                []state.Slot
	rows                 []unsafe.Pointer
	touched              touched
	diff                 diff
}

var (
	_ op.Operator = (*GroupAgg)(nil)
	_ op.Ticker   = (*GroupAgg)(nil)
)

// touched are the groups that a batch touches, in the order of their first rows.
type touched struct {
	rows  []unsafe.Pointer
	slots []state.Slot
	first []int32
	// before holds the packed rows as they were before the batch, one after
	// another; isNew tells the groups that did not exist.
	before []uint64
	isNew  []bool
}

// New makes a GroupAgg.
func New(cfg Config) (*GroupAgg, error) {
	program, err := cfg.program()
	if err != nil {
		return nil, err
	}
	if cfg.FromLocal && !program.Mergeable() {
		return nil, errs.Bugf("group aggregate is fed by a local phase and has aggregates that can't be merged")
	}
	g := &GroupAgg{cfg: cfg, program: program, rawKeys: cfg.Keys}
	for i := range cfg.Keys {
		g.partialKeys = append(g.partialKeys, i)
	}
	if !cfg.FromLocal && program.Mergeable() && cfg.holdRows() > 0 {
		g.partial = partialSchema(cfg, program)
		g.combiner, err = newCombiner(program, cfg.holdRows())
	}
	return g, err
}

// Open implements op.Operator.
func (g *GroupAgg) Open(ctx *op.Context) error {
	g.ctx = ctx
	g.program.Within(ctx.Context)
	var err error
	spec := state.TableSpec{ID: "groups", Layout: g.program.Layout(), TTL: g.cfg.TTL}
	if g.table, err = ctx.State.Table(spec); err != nil {
		return err
	}
	g.heap.under = g.table.Heap()
	g.gaveNoRows = ctx.State.Cell("gave no rows")
	for i, layout := range g.program.DistinctLayouts() {
		t, err := ctx.State.Table(state.TableSpec{ID: fmt.Sprintf("distinct%d", i), Layout: layout, TTL: g.cfg.TTL})
		if err != nil {
			return err
		}
		g.tables.Distinct = append(g.tables.Distinct, t)
	}
	for i, spec := range g.program.SetSpecs() {
		spec.ID, spec.TTL = fmt.Sprintf("set%d", i), g.cfg.TTL
		m, err := ctx.State.Multi(spec)
		if err != nil {
			return err
		}
		g.tables.Sets = append(g.tables.Sets, m)
	}
	return nil
}

// Process implements op.Operator.
func (g *GroupAgg) Process(_ int, batch stream.Batch, out op.Output) error {
	switch {
	case batch.Rows() == 0:
		return nil
	case g.cfg.FromLocal:
		return g.change(batch, true, out)
	case g.combiner == nil || g.combiner.passes(batch.Rows()):
		return g.change(batch, false, out)
	}
	if full, err := g.combiner.add(batch); err != nil || !full {
		return err
	}
	return g.Flush(out)
}

// change applies a batch, of input rows or of partial results, to the groups and
// emits how they changed.
func (g *GroupAgg) change(batch stream.Batch, partial bool, out op.Output) error {
	keyAt := g.rawKeys
	if partial {
		keyAt = g.partialKeys
	}
	if err := g.locate(batch, keyAt); err != nil {
		return err
	}
	g.touched.collect(g.rows, g.slots, g.table, g.program.Layout().Width)
	if err := g.apply(batch, partial); err != nil {
		return err
	}
	result, err := g.emission(batch, keyAt)
	g.settle()
	if err != nil {
		return err
	}
	g.ctx.Counters.StateRows = int64(g.table.MemoryLen())
	if result.Rows() == 0 {
		result.Release()
		return nil
	}
	return out.Emit(result)
}

// locate finds or adds the group of each row.
func (g *GroupAgg) locate(batch stream.Batch, keyAt []int) error {
	if err := g.program.EncodeKeysAt(batch, keyAt, &g.keys); err != nil {
		return err
	}
	n := batch.Rows()
	if cap(g.slots) < n {
		g.slots, g.rows = make([]state.Slot, n), make([]unsafe.Pointer, n)
	}
	g.slots, g.rows = g.slots[:n], g.rows[:n]
	if err := g.table.Upsert(&g.keys, g.slots); err != nil {
		return err
	}
	g.table.Rows(g.slots, g.rows)
	return nil
}

// apply counts the batch into its groups.
func (g *GroupAgg) apply(batch stream.Batch, partial bool) error {
	if partial {
		return g.program.Merge(g.rows, &g.heap, batch.Record.Columns()[len(g.cfg.Keys):], 1)
	}
	return g.program.Apply(batch, aggstate.Groups{
		Keys: &g.keys, Rows: g.rows, Touched: g.touched.rows, First: g.touched.first, Heap: &g.heap,
	}, g.tables)
}

// collect notes the distinct groups of a batch and copies the rows of those that
// existed, so that their former results can be told.
func (t *touched) collect(rows []unsafe.Pointer, slots []state.Slot, table *state.Table, width int) {
	t.rows, t.slots, t.first, t.isNew = t.rows[:0], t.slots[:0], t.first[:0], t.isNew[:0]
	for i, row := range rows {
		mark := aggstate.Mark(row)
		if *mark != 0 {
			continue
		}
		t.rows = append(t.rows, row)
		*mark = uint64(len(t.rows))
		t.slots = append(t.slots, slots[i])
		t.first = append(t.first, int32(i))
	}
	words := width / 8
	if need := len(t.rows) * words; cap(t.before) < need {
		t.before = make([]uint64, need+need/4)
	}
	for i, row := range t.rows {
		t.isNew = append(t.isNew, table.IsNew(t.slots[i]))
		if !t.isNew[i] {
			copy(t.before[i*words:(i+1)*words], unsafe.Slice((*uint64)(row), words))
		}
	}
}

// beforeRow is the former packed row of touched group i.
func (t *touched) beforeRow(i, width int) unsafe.Pointer {
	return unsafe.Pointer(&t.before[:cap(t.before)][i*width/8])
}

// settle marks what the batch changed, deletes the groups that are gone, and frees
// what only former results needed.
func (g *GroupAgg) settle() {
	for i, row := range g.touched.rows {
		*aggstate.Mark(row) = 0
		if g.program.Empty(row) {
			g.table.Delete(g.touched.slots[i])
		} else {
			g.table.MarkDirty(g.touched.slots[i])
		}
	}
	g.heap.settle()
}

// Advance implements op.Operator.
func (g *GroupAgg) Advance(wm stream.Watermark, out op.Output) error {
	if wm == stream.EndOfTime && !g.ended {
		g.ended = true
		if err := g.Flush(out); err != nil {
			return err
		}
		if err := g.emitNoRows(out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// emitNoRows gives the aggregates of no rows if there are no keys and no group.
func (g *GroupAgg) emitNoRows(out op.Output) error {
	if len(g.cfg.Keys) > 0 || len(g.gaveNoRows.Get()) > 0 {
		return nil
	}
	g.gaveNoRows.Set([]byte{1})
	groups, err := g.table.Len()
	if err != nil || groups > 0 {
		return err
	}
	blank := make([]uint64, g.program.Layout().Width/8)
	cols, err := g.program.Results([]unsafe.Pointer{unsafe.Pointer(&blank[0])}, &g.heap, g.ctx.Alloc)
	if err != nil {
		return err
	}
	return out.Emit(stream.NewBatch(g.ctx.Output, cols, 1, nil))
}

// Tick implements op.Ticker: TTLs count by processing time.
func (g *GroupAgg) Tick(nowMillis int64, _ op.Output) error {
	g.ctx.State.SetNow(nowMillis)
	return nil
}

// Flush implements op.Operator: rows held back change their groups.
func (g *GroupAgg) Flush(out op.Output) error {
	if g.combiner == nil {
		return nil
	}
	return g.combiner.drain(g.ctx, func(cols []arrow.Array, rows int) error {
		batch := stream.NewBatch(g.partial, cols, rows, nil)
		defer batch.Release()
		return g.change(batch, true, out)
	})
}

// Close implements op.Operator.
func (*GroupAgg) Close() error { return nil }

// partialSchema is the schema of partial results: the local phase's output.
func partialSchema(cfg Config, program *aggstate.Program) *arrow.Schema {
	var fields []arrow.Field
	for i, key := range cfg.Keys {
		fields = append(fields, arrow.Field{Name: cfg.InputSchema[key].Name, Type: program.KeyTypes()[i], Nullable: true})
	}
	return arrow.NewSchema(append(fields, program.PartialFields()...), nil)
}
