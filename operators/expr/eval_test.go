package expr

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/datadriven"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// TestGolden runs the cases of testdata. A case of `eval` has a line of typed
// columns, rows of literals and expressions after `>`; each expression is
// silently evaluated again in other circumstances, see world.check.
func TestGolden(t *testing.T) {
	registry := NewRegistry()
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "eval" {
				d.Fatalf(t, "unknown command %s", d.Cmd)
			}
			w := &world{t: t, registry: registry, rand: rand.New(rand.NewPCG(7, 11)), zone: time.UTC}
			if d.HasArg("zone") {
				var name string
				d.ScanArgs(t, "zone", &name)
				zone, err := time.LoadLocation(name)
				if err != nil {
					d.Fatalf(t, "%v", err)
				}
				w.zone = zone
			}
			return w.run(d)
		})
	})
}

// world is one table of input and what is evaluated over it.
type world struct {
	t        *testing.T
	registry *Registry
	rand     *rand.Rand
	zone     *time.Location
	schema   types.Schema
	rows     [][]rex.Expr
}

func (w *world) run(d *datadriven.TestData) string {
	var out strings.Builder
	w.schema, w.rows = nil, nil
	for i, line := range strings.Split(d.Input, "\n") {
		switch {
		case strings.HasPrefix(line, ">"):
			out.WriteString(w.evalLine(strings.TrimSpace(line[1:])))
		case i == 0:
			w.declare(line)
		default:
			w.addRow(line)
		}
	}
	return out.String()
}

// declare reads `a INT, b STRING`.
func (w *world) declare(line string) {
	p := &parser{registry: w.registry, tokens: tokenize(line)}
	for p.at < len(p.tokens) {
		name := p.tokens[p.at]
		p.at++
		w.schema = append(w.schema, types.Field{Name: name, Type: p.typeName()})
		p.accept(",")
	}
}

// addRow reads one expression per column.
func (w *world) addRow(line string) {
	p := &parser{registry: w.registry, tokens: tokenize(line)}
	var row []rex.Expr
	for i := range w.schema {
		e := p.or()
		p.accept(",")
		row = append(row, castTo(e, w.schema[i].Type))
	}
	w.rows = append(w.rows, row)
}

func (w *world) context(alloc memory.Allocator) *EvalContext {
	return &EvalContext{Alloc: alloc, NowMillis: 1_700_000_000_123, WatermarkMillis: 1_600_000_000_000, Zone: w.zone,
		Random: rand.NewPCG(1, 1)}
}

// column makes column i of the given rows.
func (w *world) column(alloc memory.Allocator, i int, rows [][]rex.Expr) arrow.Array {
	b := array.NewBuilder(alloc, w.schema[i].Type.Arrow())
	defer b.Release()
	one := oneRowBatch(1)
	defer one.Release()
	for _, row := range rows {
		p, err := Compile(row[i], CompileEnv{Registry: w.registry})
		if err != nil {
			w.t.Fatal(err)
		}
		arr, err := p.Eval(w.context(memory.DefaultAllocator), one)
		if err != nil {
			w.t.Fatal(err)
		}
		columns.Append(b, arr, 0)
		arr.Release()
	}
	return b.NewArray()
}

func (w *world) batch(cols []arrow.Array, rows int) stream.Batch {
	return stream.NewBatch(w.schema.Arrow(), cols, rows, nil)
}

func (w *world) evalLine(sql string) string {
	ts := make([]types.Type, len(w.schema))
	for i, f := range w.schema {
		ts[i] = f.Type
	}
	e, err := parseExpr(w.registry, sql, w.schema.Names(), ts)
	if err != nil {
		return fmt.Sprintf("%s: error: %s\n", sql, err)
	}
	alloc := memory.NewCheckedAllocator(dirty())
	defer alloc.AssertSize(w.t, 0)
	cols := make([]arrow.Array, len(w.schema))
	for i := range cols {
		cols[i] = w.column(alloc, i, w.rows)
	}
	batch := w.batch(cols, len(w.rows))
	defer batch.Release()
	got, err := w.eval(alloc, e, batch)
	if err != nil {
		return fmt.Sprintf("%s: error: %s\n", sql, err)
	}
	w.check(alloc, sql, e, batch, got)
	return fmt.Sprintf("%s: %s: %s\n", sql, e.Type, strings.Join(got, " | "))
}

// eval evaluates e over batch to text.
func (w *world) eval(alloc memory.Allocator, e rex.Expr, batch stream.Batch) ([]string, error) {
	p, err := Compile(e, CompileEnv{Registry: w.registry, InputNames: w.schema.Names()})
	if err != nil {
		return nil, err
	}
	arr, err := p.Eval(w.context(alloc), batch)
	if err != nil {
		return nil, err
	}
	defer arr.Release()
	if !arrow.TypeEqual(arr.DataType(), e.Type.Arrow()) {
		w.t.Errorf("%s is %s, but gave %s", e, e.Type, arr.DataType())
	}
	if arr.Len() != batch.Rows() {
		w.t.Errorf("%s gave %d values for %d rows", e, arr.Len(), batch.Rows())
	}
	out := make([]string, arr.Len())
	for i := range out {
		out[i] = string(columns.AppendCell(nil, columns.Cell{Array: arr, Type: e.Type, Zone: w.zone}, i))
		if out[i] == "NULL" && !e.Type.Nullable && e.Type.Kind != types.Null && arr.IsNull(i) {
			w.t.Errorf("%s is %s, but is NULL in row %d", e, e.Type, i)
		}
	}
	return out, nil
}

// check evaluates e again: over slices of a longer batch, row by row, with NULLs
// put over some values, with columns replaced by constants, and folded.
func (w *world) check(alloc memory.Allocator, sql string, e rex.Expr, batch stream.Batch, want []string) {
	w.t.Helper()
	for _, before := range []int{1, 3, 8, 13} {
		w.same(sql, fmt.Sprintf("in a slice at %d", before), want, func() ([]string, error) { return w.evalSlice(alloc, e, batch, before) })
	}
	for i := range want {
		w.same(sql, "alone", want[i:i+1], func() ([]string, error) {
			one := batch.Slice(i, i+1)
			defer one.Release()
			return w.eval(alloc, e, one)
		})
		w.checkConstants(alloc, sql, e, batch, want, i)
	}
	w.checkNulls(alloc, sql, e, batch, want)
	cols := make([]arrow.Array, len(w.schema))
	for i := range cols {
		cols[i] = w.column(alloc, i, nil)
	}
	empty := w.batch(cols, 0)
	defer empty.Release()
	w.same(sql, "over no rows", []string{}, func() ([]string, error) { return w.eval(alloc, e, empty) })
}

func (w *world) same(sql, how string, want []string, eval func() ([]string, error)) {
	w.t.Helper()
	got, err := eval()
	if err != nil {
		w.t.Errorf("%s %s: %v", sql, how, err)
	} else if !slices.Equal(got, want) {
		w.t.Errorf("%s %s gave %v, want %v", sql, how, got, want)
	}
}

// evalSlice evaluates over a slice of a batch with repeated rows around.
func (w *world) evalSlice(alloc memory.Allocator, e rex.Expr, batch stream.Batch, before int) ([]string, error) {
	n := batch.Rows()
	sel := make([]int32, 0, n+before+3)
	for i := range before {
		sel = append(sel, int32(i%max(n, 1)))
	}
	for i := range n {
		sel = append(sel, int32(i))
	}
	sel = append(sel, 0, 0, 0)
	cols := make([]arrow.Array, len(w.schema))
	for i := range cols {
		cols[i] = columns.Take(alloc, batch.Column(i), sel)
	}
	longer := w.batch(cols, len(sel))
	defer longer.Release()
	slice := longer.Slice(before, before+n)
	defer slice.Release()
	return w.eval(alloc, e, slice)
}

// checkConstants replaces one column, and then all, by the constants of row i.
func (w *world) checkConstants(alloc memory.Allocator, sql string, e rex.Expr, batch stream.Batch, want []string, i int) {
	for only := -1; only < len(w.schema); only++ {
		constant := e.Map(func(x rex.Expr) rex.Expr {
			if x.Kind == rex.Input && (only < 0 || x.Index == only) {
				return castTo(w.rows[i][x.Index], x.Type)
			}
			return x
		})
		got, err := w.eval(alloc, constant, batch)
		if err != nil {
			if only < 0 {
				w.t.Errorf("%s with the constants of row %d: %v", sql, i, err)
			}
			continue
		}
		if got[i] != want[i] {
			w.t.Errorf("%s with column %d constant gave %s in row %d, want %s", sql, only, got[i], i, want[i])
		}
		if only >= 0 {
			continue
		}
		if v, ok := w.registry.Fold(constant); ok {
			if text := w.literalText(e.Type, v); text != want[i] {
				w.t.Errorf("%s folds to %s in row %d, want %s", sql, text, i, want[i])
			}
		}
	}
}

func (w *world) literalText(t types.Type, v rex.Value) string {
	arr, err := constantArray(t, v)
	if err != nil {
		return err.Error()
	}
	defer arr.Release()
	return string(columns.AppendCell(nil, columns.Cell{Array: arr, Type: t, Zone: w.zone}, 0))
}

// checkNulls puts NULL over some rows, leaving the values below: the other rows
// must not change and nothing may fail.
func (w *world) checkNulls(alloc memory.Allocator, sql string, e rex.Expr, batch stream.Batch, want []string) {
	n := batch.Rows()
	cols := make([]arrow.Array, len(w.schema))
	touched := make([]bool, n)
	for i := range cols {
		col := batch.Column(i)
		m := nulling{alloc: alloc, n: n, valid: validityOf(alloc, col)}
		for row := range n {
			if w.rand.IntN(3) == 0 && col.DataType().ID() != arrow.NULL {
				m.null(row)
				touched[row] = true
			}
		}
		cols[i] = withValidity(alloc, col, m.valid)
	}
	masked := w.batch(cols, n)
	defer masked.Release()
	got, err := w.eval(alloc, nullableInputs(e), masked)
	if err != nil {
		w.t.Errorf("%s with NULLs: %v", sql, err)
		return
	}
	for row := range n {
		if !touched[row] && got[row] != want[row] {
			w.t.Errorf("%s with NULLs elsewhere gave %s in row %d, want %s", sql, got[row], row, want[row])
		}
	}
}

// nullableInputs forgets NOT NULL throughout.
func nullableInputs(e rex.Expr) rex.Expr {
	return e.Map(func(x rex.Expr) rex.Expr {
		x.Type = x.Type.WithNullable(true)
		return x
	})
}
