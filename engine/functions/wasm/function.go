package wasm

import (
	"context"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/tetratelabs/wazero/api"

	"github.com/thalweg/thalweg/engine/functions"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// The steps of a call.
const (
	stepCall = iota
	stepAdd
	stepMerge
	stepResult
)

// Function makes the SQL function name of the module's function symbol; without a
// symbol that is the one of the same name, or the module's only one.
func (m *Module) Function(name, symbol string) (functions.Entry, error) {
	f, err := m.find(name, symbol)
	if err != nil {
		return functions.Entry{}, err
	}
	doc := "The function " + f.Name + " of the module '" + m.name + "'."
	switch f.Kind {
	case functions.Aggregate:
		entry := agg.FolderFunction(name, f.params, f.result, func() agg.Folder { return &folder{module: m, f: f} })
		entry.Doc = doc
		return functions.Entry{Aggregate: &entry}, nil
	case functions.Table:
		entry := expr.UserTable(name, f.params, f.schema)
		entry.Doc = doc
		entry.Bind = func(*expr.TableCall) (expr.TableKernel, error) { return (&call{module: m, f: f}).table, nil }
		return functions.Entry{Table: &entry}, nil
	}
	entry := expr.UserScalar(name, f.params, f.result, func(*expr.Call) (expr.Kernel, error) {
		c := &call{module: m, f: f}
		if f.plain {
			return c.plain, nil
		}
		return c.scalar, nil
	})
	entry.Doc, entry.Volatile = doc, f.Volatile
	return functions.Entry{Scalar: &entry}, nil
}

// call is one call of a function in a query.
type call struct {
	module *Module
	f      *function
	writer writer
	marks  []bool
	sel    []int32
	// seen are the rows of the batch that the function sees, nil for all.
	seen []int32
	// parents is what table gave out last.
	parents []int32
}

// rowsToSee lists the rows that the function is to see, nil for all.
func (c *call) rowsToSee(args []arrow.Array, rows int) []int32 {
	c.seen = nil
	if c.f.Nulls {
		return nil
	}
	c.marks = append(c.marks[:0], make([]bool, rows)...)
	if !columns.MarkNulls(c.marks, args...) {
		return nil
	}
	c.sel = c.sel[:0]
	for i, null := range c.marks {
		if !null {
			c.sel = append(c.sel, int32(i))
		}
	}
	if c.sel == nil {
		c.sel = []int32{}
	}
	c.seen = c.sel
	return c.sel
}

// columnsOf makes vectors columns of rows values, which the caller releases.
func columnsOf(alloc memory.Allocator, args []expr.Vector, rows int) []arrow.Array {
	out := make([]arrow.Array, len(args))
	for i, v := range args {
		out[i] = v.Column(alloc, rows)
	}
	return out
}

// scalar is the kernel of a scalar function.
func (c *call) scalar(ctx *expr.EvalContext, args []expr.Vector, rows int) (arrow.Array, error) {
	cols := columnsOf(ctx.Alloc, args, rows)
	defer func() { release(cols) }()
	sel := c.rowsToSee(cols, rows)
	if sel == nil {
		return c.scalarRows(ctx, cols, rows)
	}
	if len(sel) == 0 {
		return columns.Nulls(ctx.Alloc, c.f.result.Arrow(), rows), nil
	}
	seen := take(ctx.Alloc, cols, sel)
	defer release(seen)
	out, err := c.scalarRows(ctx, seen, len(sel))
	if err != nil {
		return nil, err
	}
	defer out.Release()
	return columns.TakeOrNull(ctx.Alloc, out, placesOf(sel, rows)), nil
}

func take(alloc memory.Allocator, cols []arrow.Array, sel []int32) []arrow.Array {
	out := make([]arrow.Array, len(cols))
	for i, col := range cols {
		out[i] = columns.Take(alloc, col, sel)
	}
	return out
}

// placesOf is where each of rows rows stands in sel, or -1.
func placesOf(sel []int32, rows int) []int32 {
	places := make([]int32, rows)
	for i := range places {
		places[i] = -1
	}
	for at, row := range sel {
		places[row] = int32(at)
	}
	return places
}

// scalarRows calls the function for rows; if that fails, the error names the first
// row that makes it fail.
func (c *call) scalarRows(ctx *expr.EvalContext, cols []arrow.Array, rows int) (arrow.Array, error) {
	answer, n, err := c.exchange(ctx, cols, rows, []types.Type{c.f.result})
	if err != nil {
		return nil, c.blame(ctx, cols, rows, err)
	}
	if n != rows {
		release(answer)
		return nil, errs.Userf("the function %s of the module '%s' gave %d values for %d rows", c.f.Name, c.module.name, n, rows)
	}
	return answer[0], nil
}

func (c *call) exchange(ctx *expr.EvalContext, cols []arrow.Array, rows int, want []types.Type) (answer []arrow.Array, n int, err error) {
	c.writer.data = c.writer.data[:0]
	c.writer.batch(cols, rows)
	err = c.module.invoke(ctx.Context, c.f, stepCall, c.writer.data, func(data []byte) error {
		var err error
		answer, n, err = readBatch(data, want, ctx.Alloc)
		return err
	})
	return answer, n, err
}

// blame halves the rows until one is left for which the function fails.
func (c *call) blame(ctx *expr.EvalContext, cols []arrow.Array, rows int, failure error) error {
	if ctx.Context != nil && ctx.Context.Err() != nil {
		return failure
	}
	from, to := 0, rows
	for to-from > 1 {
		middle := (from + to) / 2
		answer, _, err := c.slice(ctx, cols, from, middle)
		release(answer)
		if err != nil {
			to, failure = middle, err
		} else {
			from = middle
		}
	}
	if rows == 0 {
		return failure
	}
	var cells []string
	for i, col := range cols {
		cells = append(cells, string(columns.AppendCell(nil, columns.Cell{Array: col, Type: c.f.params[i]}, from)))
	}
	if len(c.seen) > from {
		from = int(c.seen[from])
	}
	return errs.Wrap(errs.User, failure, "row %d of the batch, %s(%s)", from, c.f.Name, strings.Join(cells, ", "))
}

func (c *call) slice(ctx *expr.EvalContext, cols []arrow.Array, from, to int) ([]arrow.Array, int, error) {
	part := make([]arrow.Array, len(cols))
	for i, col := range cols {
		part[i] = array.NewSlice(col, int64(from), int64(to))
	}
	defer release(part)
	want := []types.Type{c.f.result}
	if c.f.Kind == functions.Table {
		want = c.wanted()
	}
	return c.exchange(ctx, part, to-from, want)
}

// wanted are the columns of a table function's answer: before its own the row that
// each comes from.
func (c *call) wanted() []types.Type {
	want := []types.Type{types.Of(types.Int)}
	for _, f := range c.f.schema {
		want = append(want, f.Type)
	}
	return want
}

// table is the kernel of a table function.
func (c *call) table(ctx *expr.EvalContext, args []arrow.Array, rows int) (expr.Rows, error) {
	cols, n := args, rows
	sel := c.rowsToSee(args, rows)
	if sel != nil {
		cols, n = take(ctx.Alloc, args, sel), len(sel)
		defer release(cols)
	}
	answer, _, err := c.exchange(ctx, cols, n, c.wanted())
	if err != nil {
		return expr.Rows{}, c.blame(ctx, cols, n, err)
	}
	defer answer[0].Release()
	c.parents = c.parents[:0]
	last := int32(0)
	for _, parent := range columns.Values[int32](answer[0]) {
		if parent < last || int(parent) >= n || answer[0].NullN() > 0 {
			release(answer[1:])
			return expr.Rows{}, errs.Userf("the function %s of the module '%s' gave rows out of order", c.f.Name, c.module.name)
		}
		last = parent
		if sel != nil {
			parent = sel[parent]
		}
		c.parents = append(c.parents, parent)
	}
	return expr.Rows{Parents: c.parents, Columns: answer[1:]}, nil
}

// plain is the kernel of an export that takes and gives numbers: it is called row by
// row, without a copy.
func (c *call) plain(ctx *expr.EvalContext, args []expr.Vector, rows int) (arrow.Array, error) {
	cols := columnsOf(ctx.Alloc, args, rows)
	defer func() { release(cols) }()
	from := ctx.Context
	if from == nil {
		from = context.Background()
	}
	in, err := c.module.take(from)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(from, c.module.limits.Timeout)
	defer cancel()
	out, err := c.eachRow(limited, ctx.Alloc, in.mod.ExportedFunction(c.f.Name), cols, rows)
	if err != nil {
		return nil, c.module.trapped(in, err, c.f.Name)
	}
	c.module.give(in)
	return out, nil
}

func (c *call) eachRow(ctx context.Context, alloc memory.Allocator, export api.Function, cols []arrow.Array, rows int) (arrow.Array, error) {
	c.marks = append(c.marks[:0], make([]bool, rows)...)
	columns.MarkNulls(c.marks, cols...)
	result := newNumbers(alloc, c.f.result, rows)
	read := make([]func(i int) uint64, len(cols))
	for k, col := range cols {
		read[k] = numberAt(col)
	}
	stack := make([]uint64, max(1, len(cols)))
	for i := range rows {
		if c.marks[i] {
			result.null(i)
			continue
		}
		for k := range read {
			stack[k] = read[k](i)
		}
		if err := export.CallWithStack(ctx, stack); err != nil {
			result.release()
			return nil, err
		}
		result.set(i, stack[0])
	}
	return result.finish(), nil
}
