package agg_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// heap is the simplest agg.Heap: strings are never moved nor freed.
type heap struct{ strings [][]byte }

func (h *heap) Get(ref uint64) []byte {
	if ref == 0 {
		return nil
	}
	return h.strings[ref-1]
}

func (h *heap) Put(_ uint64, b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	h.strings = append(h.strings, slices.Clone(b))
	return uint64(len(h.strings))
}

func (h *heap) Free(uint64) {}

// bound is a call with room for groups of accumulators.
type bound struct {
	agg    agg.Agg
	schema types.Schema
	result types.Type
	call   rex.AggCall
	heap   heap
	memory []uint64
}

// bind binds a call such as `SUM(v INT)`.
func bind(t *testing.T, text string) *bound {
	t.Helper()
	name, args, _ := strings.Cut(strings.TrimSuffix(text, ")"), "(")
	if args == "*" {
		args = ""
	}
	schema, err := stream.ParseSchema(args)
	if err != nil {
		t.Fatal(err)
	}
	registry := agg.NewRegistry()
	signature, ok := registry.Aggregate(name)
	if !ok {
		t.Fatalf("%s is not registered", name)
	}
	call := rex.AggCall{Name: signature.Name, Filter: -1}
	var exprs []rex.Expr
	for i, f := range schema {
		call.Args, call.ArgTypes = append(call.Args, i), append(call.ArgTypes, f.Type)
		exprs = append(exprs, rex.Col(i, f.Type))
	}
	resolved, err := signature.Resolve(exprs)
	if err != nil {
		t.Fatal(err)
	}
	call.Type = resolved.Result
	b := &bound{schema: schema, result: call.Type, call: call}
	if b.agg, err = registry.Bind(call, false); err != nil {
		t.Fatal(err)
	}
	return b
}

// accs gives fresh accumulators for a number of groups, behind a guard word each.
func (b *bound) accs(groups int) agg.Accs {
	words := b.agg.Spec().Width/8 + 1
	b.memory = make([]uint64, groups*words)
	rows := make([]unsafe.Pointer, groups)
	for i := range rows {
		rows[i] = unsafe.Pointer(&b.memory[i*words])
	}
	return agg.Accs{Rows: rows, Offset: 8, Heap: &b.heap}
}

// only addresses one group n times.
func only(accs agg.Accs, group, n int) agg.Accs {
	accs.Rows = slices.Repeat(accs.Rows[group:group+1], n)
	return accs
}

func (b *bound) batch(t *testing.T, alloc memory.Allocator, input []string) stream.Batch {
	t.Helper()
	schema := b.schema
	var lines []string
	for _, values := range input {
		line := "+I"
		for i, v := range strings.Split(values, ",") {
			if i < len(schema) {
				line += fmt.Sprintf(" %s=%s", schema[i].Name, v)
			}
		}
		lines = append(lines, line)
	}
	batch, err := stream.ParseRows(alloc, schema, lines)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

// text gives the result of one group as text.
func (b *bound) text(alloc memory.Allocator, accs agg.Accs) string {
	accs.Rows = accs.Rows[:1]
	result := b.agg.Emit(accs, alloc)
	defer result.Release()
	return string(columns.AppendCell(nil, columns.Cell{Array: result, Type: b.result, Zone: time.UTC}, 0))
}

func release(cols []arrow.Array) {
	for _, c := range cols {
		c.Release()
	}
}

// sameNumber compares results, forgetting a trailing ".0" of an example.
func sameNumber(got, want string) bool {
	return strings.TrimSuffix(got, ".0") == strings.TrimSuffix(want, ".0")
}

func TestExamplesAreTrue(t *testing.T) {
	for _, f := range agg.NewRegistry().Functions() {
		if f.Doc == "" || f.Syntax == "" || len(f.Examples) == 0 {
			t.Errorf("%s lacks a text, its syntax or an example", f.Name)
		}
		for _, e := range f.Examples {
			alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
			b := bind(t, e.Call)
			batch := b.batch(t, alloc, e.Input)
			accs := b.accs(1)
			b.agg.Accumulate(only(accs, 0, batch.Rows()), batch.Record.Columns(), nil)
			batch.Release()
			if got := b.text(alloc, accs); !sameNumber(got, e.Want) {
				t.Errorf("%s over %v = %s, want %s", e.Call, e.Input, got, e.Want)
			}
			alloc.AssertSize(t, 0)
		}
	}
}

// calls are all aggregates over all the ways they hold values.
func calls() []string {
	var out []string
	for _, t := range []string{"INT", "BIGINT", "DOUBLE", "FLOAT", "DECIMAL(10, 2)", "TINYINT"} {
		for _, name := range []string{"COUNT", "SUM", "AVG", "MIN", "MAX", "VAR_POP", "STDDEV_SAMP"} {
			out = append(out, fmt.Sprintf("%s(v %s)", name, t))
		}
	}
	return append(out, "COUNT(*)", "MIN(v STRING)", "MAX(v STRING)", "LAST_VALUE(v DATE)", "FIRST_VALUE(v STRING)", "LISTAGG(v STRING)", "MAX(v BOOLEAN)",
		"FIRST_VALUE RESPECT NULLS(v INT)", "LAST_VALUE RESPECT NULLS(v DECIMAL(10, 2))", "LAST_VALUE RESPECT NULLS(v STRING)", "FIRST_VALUE RESPECT NULLS(v DOUBLE)",
		"ARRAY_AGG(v INT)", "ARRAY_AGG IGNORE NULLS(v STRING)", "COLLECT(v DATE)", "APPROX_COUNT_DISTINCT(v BIGINT)",
		"JSON_ARRAYAGG(v STRING)", "JSON_ARRAYAGG NULL ON NULL(v STRING)", "PERCENTILE(v INT, v2 DOUBLE)", "MIN(v TIMESTAMP(3))")
}

func randomInput(r *rand.Rand, call string, n int) []string {
	out := make([]string, n)
	for i := range out {
		v := r.IntN(11) - 5
		switch {
		case strings.HasPrefix(call, "PERCENTILE"):
			out[i] = fmt.Sprintf("%d,0.3", v)
		case r.IntN(5) == 0:
			out[i] = "NULL"
		case strings.Contains(call, "BOOLEAN"):
			out[i] = fmt.Sprint(v > 0)
		case strings.Contains(call, "DATE"):
			out[i] = fmt.Sprintf("1970-01-%02d", v+6)
		case strings.Contains(call, "TIMESTAMP"):
			out[i] = fmt.Sprintf("%ds", v)
		default:
			out[i] = fmt.Sprint(v)
		}
	}
	return out
}

func TestMergedPartsAreTheWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, call := range calls() {
		alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
		b := bind(t, call)
		input := randomInput(r, call, 40)
		whole := b.batch(t, alloc, input)
		accs := b.accs(1)
		b.agg.Accumulate(only(accs, 0, whole.Rows()), whole.Record.Columns(), nil)
		want := b.text(alloc, accs)
		parts := b.accs(3) // two parts, then what they merge into
		for part, cut := range [][2]int{{0, 13}, {13, 40}} {
			piece := whole.Slice(cut[0], cut[1])
			b.agg.Accumulate(only(parts, part, piece.Rows()), piece.Record.Columns(), nil)
			piece.Release()
		}
		merged := only(parts, 2, 2)
		partial := b.agg.Partial(agg.Accs{Rows: parts.Rows[:2], Offset: parts.Offset, Heap: parts.Heap}, alloc)
		b.agg.Merge(merged, partial, 1)
		if got := b.text(alloc, only(parts, 2, 1)); !near(got, want) {
			t.Errorf("%s of %v in parts = %s, whole %s", call, input, got, want)
		}
		release(partial)
		whole.Release()
		alloc.AssertSize(t, 0)
	}
}

// near compares numbers to six digits, others exactly.
func near(a, b string) bool {
	var x, y float64
	if n, _ := fmt.Sscanf(a+" "+b, "%g %g", &x, &y); n == 2 {
		return x-y < 1e-5 && y-x < 1e-5
	}
	return a == b
}

// readsSet reports whether a call reads a multiset, or distinct values, when values
// are taken away.
func readsSet(t *testing.T, call string) bool {
	b := bind(t, call)
	retracting, err := agg.NewRegistry().Bind(b.call, true)
	if err != nil {
		t.Fatal(err)
	}
	spec := retracting.Spec()
	return spec.Set != agg.NoSet || spec.Distinct
}

func TestTakingAwayUndoesAdding(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, call := range calls() {
		if readsSet(t, call) {
			continue
		}
		alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
		b := bind(t, call)
		input := randomInput(r, call, 20)
		batch := b.batch(t, alloc, append(slices.Clone(input), input...))
		want := b.accs(1)
		first := batch.Slice(0, 7)
		b.agg.Accumulate(only(want, 0, 7), first.Record.Columns(), nil)
		first.Release()
		wantText := b.text(alloc, want)
		weights := make([]int8, 40) // rows 0..19 come, row 20 is left out, 7..19 go
		for i := range weights {
			switch {
			case i < 20:
				weights[i] = 1
			case i >= 27:
				weights[i] = -1
			}
		}
		accs := b.accs(1)
		b.agg.Accumulate(only(accs, 0, 40), batch.Record.Columns(), weights)
		if got := b.text(alloc, accs); !near(got, wantText) {
			t.Errorf("%s of %v after taking away = %s, want %s", call, input, got, wantText)
		}
		batch.Release()
		alloc.AssertSize(t, 0)
	}
}

func TestMergeWithMinusUndoesMerge(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, call := range calls() {
		b := bind(t, call)
		if !b.agg.Spec().Invertible {
			continue
		}
		alloc := memory.DefaultAllocator
		batch := b.batch(t, alloc, randomInput(r, call, 20))
		parts := b.accs(2)
		b.agg.Accumulate(only(parts, 0, 20), batch.Record.Columns(), nil)
		want := b.text(alloc, only(parts, 0, 1))
		partial := b.agg.Partial(only(parts, 0, 1), alloc)
		for _, sign := range []int{1, 1, -1} {
			b.agg.Merge(only(parts, 1, 1), partial, sign)
		}
		if got := b.text(alloc, only(parts, 1, 1)); got != want {
			t.Errorf("%s merged twice and taken away once = %s, want %s", call, got, want)
		}
	}
}

func TestDecimalSumsAreExactBeyond38Digits(t *testing.T) {
	b := bind(t, "SUM(v DECIMAL(38, 0))")
	nines := strings.Repeat("9", 38)
	batch := b.batch(t, memory.DefaultAllocator, []string{nines, nines, nines, nines, "-" + nines, "-" + nines, "-" + nines})
	accs := b.accs(1)
	part := batch.Slice(0, 4)
	b.agg.Accumulate(only(accs, 0, 4), part.Record.Columns(), nil)
	if got := b.text(memory.DefaultAllocator, accs); got != "NULL" {
		t.Errorf("four times the greatest number = %s, want NULL", got)
	}
	part = batch.Slice(4, 7)
	b.agg.Accumulate(only(accs, 0, 3), part.Record.Columns(), nil)
	if got := b.text(memory.DefaultAllocator, accs); got != nines {
		t.Errorf("back in range = %s, want %s", got, nines)
	}
}

func TestAveragesRoundHalfAwayFromZero(t *testing.T) {
	for _, test := range []struct{ input, want string }{
		{"1 2", "1.500000"}, {"0 0 1", "0.333333"}, {"0 0 2", "0.666667"}, {"0 0 -2", "-0.666667"},
		{"99999999999999999999 1", "50000000000000000000.000000"}, {"-99999999999999999999 0 0", "-33333333333333333333.000000"},
	} {
		b := bind(t, "AVG(v DECIMAL(20, 0))")
		batch := b.batch(t, memory.DefaultAllocator, strings.Fields(test.input))
		accs := b.accs(1)
		b.agg.Accumulate(only(accs, 0, batch.Rows()), batch.Record.Columns(), nil)
		if got := b.text(memory.DefaultAllocator, accs); got != test.want {
			t.Errorf("AVG of %s = %s, want %s", test.input, got, test.want)
		}
	}
}

func TestSignaturesRefuseWhatTheyCannotTake(t *testing.T) {
	registry := agg.NewRegistry()
	for name, args := range map[string][]types.Type{
		"SUM": {types.StringType()}, "AVG": {types.Of(types.Boolean)}, "MIN": {types.ArrayOf(types.Of(types.Int))},
		"LISTAGG": {types.Of(types.Int)}, "MAX": {types.Of(types.Int), types.Of(types.Int)},
	} {
		var exprs []rex.Expr
		for i, a := range args {
			exprs = append(exprs, rex.Col(i, a))
		}
		signature, _ := registry.Aggregate(strings.ToLower(name))
		if _, err := signature.Resolve(exprs); err == nil {
			t.Errorf("%s took %v", name, args)
		}
	}
}

func TestDamagedValuesAreCorruption(t *testing.T) {
	ordered := bind(t, "ARRAY_AGG(v INT)")
	ordered.call.OrderBy = []rex.SortKey{{Column: 0}}
	ordered.call.ArgTypes = append(slices.Clip(ordered.call.ArgTypes), ordered.call.ArgTypes[0])
	var err error
	if ordered.agg, err = agg.NewRegistry().Bind(ordered.call, false); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		bound  *bound
		args   int // columns that the aggregate reads
		value  string
		damage func(kept []byte) []byte
	}{
		{"ordered values", ordered, 2, "1", func(kept []byte) []byte {
			kept[0]-- // the length of the row
			return kept[:len(kept)-1]
		}},
		{"picked array", bind(t, "FIRST_VALUE(v ARRAY<INT>)"), 1, "[1]", func(kept []byte) []byte { return kept[:len(kept)-1] }},
	} {
		alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
		batch := c.bound.batch(t, alloc, []string{c.value})
		accs := c.bound.accs(1)
		var cols []arrow.Array
		for range c.args {
			cols = append(cols, batch.Column(0))
		}
		c.bound.agg.Accumulate(only(accs, 0, 1), cols, nil)
		batch.Release()
		kept := c.bound.heap.strings
		kept[len(kept)-1] = c.damage(kept[len(kept)-1])
		result := c.bound.agg.Emit(accs, alloc)
		if err := agg.ErrOf(c.bound.agg); errs.ClassOf(err) != errs.Corruption {
			t.Errorf("%s: %v, want corruption", c.name, err)
		}
		if result.Len() != 1 {
			t.Errorf("%s: %d results of 1 group", c.name, result.Len())
		}
		result.Release()
		alloc.AssertSize(t, 0)
	}
}
