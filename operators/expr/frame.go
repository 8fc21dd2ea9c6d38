package expr

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// frame is one evaluation of a graph over some rows: a whole batch, or the rows
// sel of a parent frame. It owns the vectors in memo and, in a sub-frame, the
// gathered columns.
type frame struct {
	graph  *graph
	ctx    *EvalContext
	rows   int
	batch  stream.Batch
	parent *frame
	sel    []int32
	cols   []arrow.Array
	memo   []Vector
}

// open starts the evaluation of a batch.
func (g *graph) open(ctx *EvalContext, batch stream.Batch) *frame {
	f := g.frame(ctx)
	f.batch, f.rows, f.parent = batch, batch.Rows(), nil
	return f
}

// frame takes a frame from the free list.
func (g *graph) frame(ctx *EvalContext) *frame {
	if n := len(g.free); n > 0 {
		f := g.free[n-1]
		g.free = g.free[:n-1]
		f.ctx = ctx
		return f
	}
	return &frame{graph: g, ctx: ctx, memo: make([]Vector, g.nodes), cols: make([]arrow.Array, g.inputs)}
}

// sub starts the evaluation of the rows sel, which must stay unchanged until the
// frame is closed.
func (f *frame) sub(sel []int32) *frame {
	s := f.graph.frame(f.ctx)
	s.parent, s.sel, s.rows = f, sel, len(sel)
	return s
}

// close releases everything and gives the frame back.
func (f *frame) close() {
	for i, v := range f.memo {
		if v.Array != nil {
			v.Array.Release()
			f.memo[i] = Vector{}
		}
	}
	for i, c := range f.cols {
		if c != nil {
			c.Release()
			f.cols[i] = nil
		}
	}
	f.batch, f.parent, f.sel, f.ctx = stream.Batch{}, nil, nil, nil
	f.graph.free = append(f.graph.free, f)
}

// column is input column i, borrowed from the frame.
func (f *frame) column(i int) arrow.Array {
	if f.parent == nil {
		return f.batch.Column(i)
	}
	if f.cols[i] == nil {
		f.cols[i] = columns.Take(f.ctx.Alloc, f.parent.column(i), f.sel)
	}
	return f.cols[i]
}

// eval evaluates n, borrowed from the frame. Each node is evaluated once a frame.
func (f *frame) eval(n *node) (Vector, error) {
	switch {
	case n.konst != nil:
		return Vector{Array: n.konst, Const: true}, nil
	case n.op == opInput:
		return Vector{Array: f.column(n.index)}, nil
	case f.memo[n.id].Array != nil:
		return f.memo[n.id], nil
	}
	v, err := n.run(f, n)
	if err != nil {
		return Vector{}, located(err, n)
	}
	f.memo[n.id] = v
	return v, nil
}

// located makes an error point at the SQL text of n, unless a part of n that has a
// text of its own failed.
func located(err error, n *node) error {
	if n.expr.Span == (errs.Span{}) || errs.SpanOf(err) != (errs.Span{}) {
		return err
	}
	return &errs.Error{Class: errs.ClassOf(err), Cause: err, Span: n.expr.Span}
}

// result evaluates n into an owned array of one value per row.
func (f *frame) result(n *node) (arrow.Array, error) {
	v, err := f.eval(n)
	if err != nil {
		return nil, f.graph.wrap(err)
	}
	return v.Column(f.ctx.Alloc, f.rows), nil
}

// runCall evaluates a call: its arguments, then its kernel.
func runCall(f *frame, n *node) (Vector, error) {
	constant := !n.perRow
	for i, a := range n.args {
		v, err := f.eval(a)
		if err != nil {
			return Vector{}, err
		}
		n.scratch[i] = v
		constant = constant && v.Const
	}
	rows := f.rows
	if constant {
		rows = 1
	}
	arr, err := n.kernel(f.ctx, n.scratch, rows)
	clear(n.scratch)
	if err != nil {
		return Vector{}, err
	}
	if arr.Len() != rows {
		arr.Release()
		return Vector{}, errs.Bugf("%s gave %d values for %d rows", n.label, arr.Len(), rows)
	}
	return Vector{Array: arr, Const: constant}, nil
}

// broadcast repeats the only row of arr rows times.
func broadcast(alloc memory.Allocator, arr arrow.Array, rows int) arrow.Array {
	switch dt := arr.DataType().(type) {
	case *arrow.BooleanType:
		return broadcastBits(alloc, arr, rows)
	case arrow.FixedWidthDataType:
		if arr.NullN() == 0 {
			return broadcastFixed(alloc, arr, rows, dt.Bytes())
		}
	}
	if arr.DataType().ID() == arrow.NULL || arr.IsNull(0) {
		return nulls(alloc, arr.DataType(), rows)
	}
	return columns.Take(alloc, arr, make([]int32, rows))
}

func broadcastBits(alloc memory.Allocator, arr arrow.Array, rows int) arrow.Array {
	if arr.IsNull(0) {
		return nulls(alloc, arr.DataType(), rows)
	}
	buf, bits := newBits(alloc, rows)
	fill := byte(0)
	data := arr.Data()
	if bitset(data.Buffers()[1].Bytes(), data.Offset()) {
		fill = 0xff
	}
	for i := range bits {
		bits[i] = fill
	}
	return fixed(arr.DataType(), rows, validity{}, buf)
}

func broadcastFixed(alloc memory.Allocator, arr arrow.Array, rows, width int) arrow.Array {
	out := columns.NewBuffer(alloc, rows*width)
	data := arr.Data()
	one := data.Buffers()[1].Bytes()[data.Offset()*width:][:width]
	bytes := out.Bytes()
	for at := copy(bytes, one); at > 0 && at < len(bytes); at *= 2 {
		copy(bytes[at:], bytes[:at])
	}
	return fixed(arr.DataType(), rows, validity{}, out)
}
