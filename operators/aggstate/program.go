package aggstate

import (
	"context"
	"fmt"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/state"
)

// Config describes the aggregates of a grouping operator.
type Config struct {
	// Keys are the grouping columns of InputSchema.
	Keys []int
	// Aggs are the calls, over InputSchema.
	Aggs []rex.AggCall
	// InputSchema is the schema that Keys and Aggs refer to.
	InputSchema types.Schema
	// Registry holds the aggregate functions.
	Registry *agg.Registry
	// InputRetracts tells whether the input may take rows away.
	InputRetracts bool
}

// call is one bound aggregate call.
type call struct {
	rex.AggCall
	agg    agg.Agg
	offset uintptr
	// filter is the index in Program.filters.
	filter int
	// distinct is the index in Program.distincts of the shared table, and counter
	// the filter's place in its rows; -1 for calls without DISTINCT.
	distinct, counter int
	// set is the index in Program.sets, or -1.
	set int
	// columns are the input columns of values; args is reused for those of each batch.
	columns []int
	args    []arrow.Array
}

// Program is a list of aggregates laid out in one row. It keeps scratch memory:
// calls must not overlap.
type Program struct {
	cfg       Config
	calls     []call
	layout    state.Layout
	filters   []filter
	distincts []*distinct
	sets      []*set
	keys      []arrow.DataType
	encoder   *rowcodec.KeyEncoder
	kinds     []int8 // weights of the batch's row kinds
	keyCols   []arrow.Array
}

// markBytes and countBytes are the parts of the row before the accumulators.
const (
	markBytes   = 8
	countBytes  = 8
	countOffset = markBytes
)

// New lays the aggregates out.
func New(cfg Config) (*Program, error) {
	p := &Program{cfg: cfg, layout: state.Layout{Width: markBytes}}
	if cfg.InputRetracts {
		p.layout.Width += countBytes
	}
	for _, key := range cfg.Keys {
		p.keys = append(p.keys, cfg.InputSchema[key].Type.Arrow())
	}
	var err error
	if p.encoder, err = rowcodec.NewKeyEncoder(p.keys); err != nil {
		return nil, err
	}
	for _, c := range cfg.Aggs {
		if err := p.add(c); err != nil {
			return nil, errs.Wrap(errs.Bug, err, "aggregate %s", c.Name)
		}
	}
	return p, nil
}

// add binds one call and gives it its place in the row.
func (p *Program) add(c rex.AggCall) error {
	columns := c.Columns()
	for len(c.ArgTypes) < len(columns) { // a plan may leave them to the schema
		c.ArgTypes = append(slices.Clip(c.ArgTypes), p.cfg.InputSchema[columns[len(c.ArgTypes)]].Type)
	}
	bound, err := p.cfg.Registry.Bind(c, p.cfg.InputRetracts)
	if err != nil {
		return err
	}
	spec := bound.Spec()
	added := call{
		AggCall: c, agg: bound, offset: uintptr(p.layout.Width), filter: p.filterOf(c.Filter),
		distinct: -1, set: -1, columns: columns, args: make([]arrow.Array, len(columns)),
	}
	for _, ref := range spec.Refs {
		p.layout.Refs = append(p.layout.Refs, p.layout.Width+ref)
	}
	p.layout.Width += spec.Width
	if p.cfg.Registry.DistinctMatters(c) || spec.Distinct {
		if added.distinct, added.counter, err = p.distinctOf(c, spec.KeepsNulls); err != nil {
			return err
		}
	}
	if spec.Set != agg.NoSet {
		if err := p.addSet(&added, spec); err != nil {
			return err
		}
	}
	p.calls = append(p.calls, added)
	return nil
}

// Within bounds the waits of functions for something outside; a nil ctx doesn't.
func (p *Program) Within(ctx context.Context) {
	for i := range p.calls {
		agg.WaitWithin(ctx, p.calls[i].agg)
	}
}

// Layout is the layout of the groups' rows.
func (p *Program) Layout() state.Layout { return p.layout }

// KeyTypes are the types of the key columns.
func (p *Program) KeyTypes() []arrow.DataType { return p.keys }

// HasSets reports whether a call needs a multiset; HasDistinct whether one needs
// a table of distinct values.
func (p *Program) HasSets() bool { return len(p.sets) > 0 }

// HasDistinct reports whether a call needs a table of distinct values.
func (p *Program) HasDistinct() bool { return len(p.distincts) > 0 }

// Mergeable reports whether all aggregates have partial results; Invertible
// whether these can be taken away again exactly.
func (p *Program) Mergeable() bool {
	return !p.HasDistinct() && !slices.ContainsFunc(p.calls, func(c call) bool { return !c.agg.Spec().Mergeable() })
}

// Invertible reports whether merged partial results can be taken away exactly.
func (p *Program) Invertible() bool {
	return p.Mergeable() && !slices.ContainsFunc(p.calls, func(c call) bool { return !c.agg.Spec().Invertible })
}

// EncodeKeys encodes the key columns of a batch.
func (p *Program) EncodeKeys(batch stream.Batch, dst *rowcodec.Keys) error {
	return p.EncodeKeysAt(batch, p.cfg.Keys, dst)
}

// EncodeKeysAt encodes the key columns found at the given places of a batch.
func (p *Program) EncodeKeysAt(batch stream.Batch, at []int, dst *rowcodec.Keys) error {
	p.keyCols = p.keyCols[:0]
	for _, key := range at {
		p.keyCols = append(p.keyCols, batch.Column(key))
	}
	return p.encoder.Encode(p.keyCols, batch.Rows(), dst)
}

// Mark is the mark of the row at p.
func Mark(p unsafe.Pointer) *uint64 { return (*uint64)(p) }

// Empty reports whether the group at row has no input row left. Without
// retraction no group ever is.
func (p *Program) Empty(row unsafe.Pointer) bool {
	return p.cfg.InputRetracts && *rowCount(row) == 0
}

// Visible reports whether the group at row has a result: more rows were added than
// taken away. (A row may be taken away before the task that added it is heard.)
func (p *Program) Visible(row unsafe.Pointer) bool {
	return !p.cfg.InputRetracts || *rowCount(row) > 0
}

func rowCount(row unsafe.Pointer) *int64 { return (*int64)(unsafe.Add(row, countOffset)) }

// accs addresses the accumulators of c in rows.
func (c *call) accs(rows []unsafe.Pointer, heap agg.Heap) agg.Accs {
	return agg.Accs{Rows: rows, Offset: c.offset, Heap: heap}
}

// Results gives the results of all calls for the groups at rows, one column each,
// owned by the caller. An aggregate without a result for its values, such as an
// object with one key twice, is an error.
func (p *Program) Results(rows []unsafe.Pointer, heap agg.Heap, alloc memory.Allocator) ([]arrow.Array, error) {
	out := make([]arrow.Array, len(p.calls), len(p.calls)+len(p.keys)+3)
	var err error
	for i := range p.calls {
		out[i] = p.calls[i].agg.Emit(p.calls[i].accs(rows, heap), alloc)
		if failed := agg.ErrOf(p.calls[i].agg); err == nil {
			err = failed
		}
	}
	if err != nil {
		columns.Release(out)
		return nil, err
	}
	return out, nil
}

// PartialFields are the fields of the columns that Partials gives.
func (p *Program) PartialFields() []arrow.Field {
	var fields []arrow.Field
	if p.cfg.InputRetracts {
		fields = append(fields, arrow.Field{Name: "$rows", Type: arrow.PrimitiveTypes.Int64, Nullable: true})
	}
	for i := range p.calls {
		for j, t := range p.calls[i].agg.Spec().Partial {
			name := fmt.Sprintf("$agg%d_%d", i, j)
			fields = append(fields, arrow.Field{Name: name, Type: t.Arrow(), Nullable: true})
		}
	}
	return fields
}

// Partials gives the partial results of all calls for the groups at rows, before
// them the row counts when the input retracts. The caller owns them.
func (p *Program) Partials(rows []unsafe.Pointer, heap agg.Heap, alloc memory.Allocator) []arrow.Array {
	var out []arrow.Array
	if p.cfg.InputRetracts {
		out = append(out, emitCounts(rows, alloc))
	}
	for i := range p.calls {
		out = append(out, p.calls[i].agg.Partial(p.calls[i].accs(rows, heap), alloc)...)
	}
	return out
}

// Merge merges partial results, in the columns that Partials gives, into the rows.
// Sign -1 takes them away again, for Invertible programs.
func (p *Program) Merge(rows []unsafe.Pointer, heap agg.Heap, partial []arrow.Array, sign int) error {
	if p.cfg.InputRetracts {
		mergeCounts(rows, partial[0], sign)
		partial = partial[1:]
	}
	for i := range p.calls {
		c := &p.calls[i]
		n := len(c.agg.Spec().Partial)
		c.agg.Merge(c.accs(rows, heap), partial[:n], sign)
		partial = partial[n:]
		if err := agg.ErrOf(c.agg); err != nil {
			return err
		}
	}
	return nil
}

// PartialColumns is the number of columns that Partials gives.
func (p *Program) PartialColumns() int { return len(p.PartialFields()) }
