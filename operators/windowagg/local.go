package windowagg

import (
	"math"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

// Local is the local phase of a WindowAgg: it aggregates rows per key and slice and
// holds the partial results back until event time passes the slice, a barrier
// comes, or too many have gathered. It has no state, and leaves it to the global
// phase to tell which rows are late. Its output is the key columns, the slice's end
// as BIGINT, a BIGINT row count if the input retracts, and the partial columns of
// each aggregate.
type Local struct {
	cfg     Config
	program *aggstate.Program
	ctx     *op.Context
	schema  *arrow.Schema
	encoder *rowcodec.KeyEncoder
	decoder *rowcodec.KeyDecoder
	types   []arrow.DataType
	buffer  *aggstate.Buffer
	assign  assigner
	// earliest is the end of the earliest slice held back.
	earliest int64
	keys     rowcodec.Keys
	rows     []unsafe.Pointer
	cols     []arrow.Array
}

var _ op.Operator = (*Local)(nil)

// groupsMax is how many groups of slices are held back at most.
const groupsMax = 1 << 16

// NewLocal makes the local phase.
func NewLocal(cfg Config) (*Local, error) {
	program, err := cfg.program()
	if err != nil {
		return nil, err
	}
	if !program.Mergeable() || cfg.Windows.ProcTime {
		return nil, errs.Bugf("local window aggregate has aggregates that can't be merged, or is over processing time")
	}
	l := &Local{
		cfg: cfg, program: program, buffer: aggstate.NewBuffer(program.Layout().Width),
		assign: assigner{spec: cfg.Windows}, earliest: math.MaxInt64,
		types: append(slices.Clone(program.KeyTypes()), arrow.PrimitiveTypes.Int64),
	}
	var fields []arrow.Field
	for i, key := range cfg.Keys {
		fields = append(fields, arrow.Field{Name: cfg.InputSchema[key].Name, Type: l.types[i], Nullable: true})
	}
	fields = append(fields, arrow.Field{Name: "$slice_end", Type: arrow.PrimitiveTypes.Int64, Nullable: true})
	l.schema = arrow.NewSchema(append(fields, program.PartialFields()...), nil)
	if l.encoder, err = rowcodec.NewKeyEncoder(l.types); err != nil {
		return nil, err
	}
	l.decoder, err = rowcodec.NewKeyDecoder(l.types)
	return l, err
}

// Open implements op.Operator.
func (l *Local) Open(ctx *op.Context) error {
	l.ctx = ctx
	l.program.Within(ctx.Context)
	return nil
}

// Process implements op.Operator.
func (l *Local) Process(_ int, batch stream.Batch, out op.Output) error {
	n := batch.Rows()
	if n == 0 {
		return nil
	}
	ends, err := l.assign.sliceEnds(batch)
	if err != nil {
		return err
	}
	for _, end := range ends {
		l.earliest = min(l.earliest, end)
	}
	if err := l.encode(batch, ends); err != nil {
		return err
	}
	if cap(l.rows) < n {
		l.rows = make([]unsafe.Pointer, n)
	}
	l.buffer.Upsert(&l.keys, l.rows[:n])
	groups := aggstate.Groups{Keys: &l.keys, Rows: l.rows[:n], Heap: l.buffer.Heap()}
	if err := l.program.Apply(batch, groups, aggstate.Tables{}); err != nil {
		return err
	}
	if l.buffer.Len() > groupsMax {
		return l.Flush(out)
	}
	return nil
}

// encode encodes the key columns and the slices' ends.
func (l *Local) encode(batch stream.Batch, ends []int64) error {
	buf := columns.NewBuffer(l.ctx.Alloc, len(ends)*8)
	copy(columns.ViewBuffer[int64](buf), ends)
	column := columns.Make(arrow.PrimitiveTypes.Int64, len(ends), []*memory.Buffer{nil, buf}, nil, 0)
	defer column.Release()
	l.cols = l.cols[:0]
	for _, key := range l.cfg.Keys {
		l.cols = append(l.cols, batch.Column(key))
	}
	l.cols = append(l.cols, column)
	return l.encoder.Encode(l.cols, len(ends), &l.keys)
}

// Advance implements op.Operator: what the watermark could make late goes first.
func (l *Local) Advance(wm stream.Watermark, out op.Output) error {
	if l.earliest != math.MaxInt64 && windows.Fired(l.earliest, l.cfg.Windows.Zone.Passed(int64(wm))) {
		if err := l.Flush(out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// Flush implements op.Operator: it sends all partial results on.
func (l *Local) Flush(out op.Output) error {
	defer func() {
		l.buffer.Reset()
		l.earliest = math.MaxInt64
	}()
	for from := 0; from < l.buffer.Len(); from += l.ctx.BatchRows {
		to := min(from+l.ctx.BatchRows, l.buffer.Len())
		cols, err := l.buffer.DecodeKeys(from, to, l.types, l.decoder, l.ctx.Alloc)
		if err != nil {
			return err
		}
		cols = append(cols, l.program.Partials(l.buffer.Rows()[from:to], l.buffer.Heap(), l.ctx.Alloc)...)
		if err := out.Emit(stream.NewBatch(l.schema, cols, to-from, nil)); err != nil {
			return err
		}
	}
	return nil
}

// Close implements op.Operator.
func (*Local) Close() error { return nil }
