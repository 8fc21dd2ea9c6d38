package wasm_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/engine/functions/wasm"
	"github.com/thalweg/thalweg/engine/functions/wasm/wasmtest"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/optest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func compile(t testing.TB, code []byte, limits wasm.Limits) *wasm.Module {
	t.Helper()
	m, err := wasm.Compile("m.wasm", code, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

var limits = wasm.Limits{MemoryBytes: 64 << 20, Timeout: 20 * time.Second}

// kernel binds a scalar function.
func kernel(t testing.TB, m *wasm.Module, symbol string) expr.Kernel {
	t.Helper()
	entry, err := m.Function("F", symbol)
	if err != nil {
		t.Fatal(err)
	}
	k, err := entry.Scalar.Bind(&expr.Call{})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func longs(alloc memory.Allocator, values ...int64) arrow.Array {
	b := array.NewInt64Builder(alloc)
	defer b.Release()
	for _, v := range values {
		if v < 0 {
			b.AppendNull()
		} else {
			b.Append(v)
		}
	}
	return b.NewArray()
}

func texts(alloc memory.Allocator, values ...string) arrow.Array {
	b := array.NewStringBuilder(alloc)
	defer b.Release()
	for _, v := range values {
		if v == "NULL" {
			b.AppendNull()
		} else {
			b.Append(v)
		}
	}
	return b.NewArray()
}

func TestExportsOfNumbersAreFunctions(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	add := kernel(t, compile(t, wasmtest.Plain, limits), "add")
	a, b := longs(alloc, 1, -1, 3), longs(alloc, 10)
	defer a.Release()
	defer b.Release()
	out, err := add(&expr.EvalContext{Alloc: alloc}, []expr.Vector{{Array: a}, {Array: b, Const: true}}, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Release()
	if got := out.String(); got != "[11 (null) 13]" {
		t.Errorf("add gives %s", got)
	}
}

func TestACallHasALimitOfTime(t *testing.T) {
	m := compile(t, wasmtest.Plain, wasm.Limits{MemoryBytes: 1 << 20, Timeout: 50 * time.Millisecond})
	a := longs(memory.DefaultAllocator, 1)
	_, err := kernel(t, m, "spin")(&expr.EvalContext{Alloc: memory.DefaultAllocator}, []expr.Vector{{Array: a}}, 1)
	if err == nil || !strings.Contains(err.Error(), "the function spin of the module 'm.wasm' took longer than 50ms") {
		t.Errorf("spin: %v", err)
	}
}

func TestWrongModulesAreRefused(t *testing.T) {
	if _, err := wasm.Compile("x", []byte("text"), limits); err == nil || !strings.Contains(err.Error(), "'x' is no WebAssembly module") {
		t.Errorf("%v", err)
	}
	_, err := compile(t, wasmtest.Plain, limits).Function("SUB", "")
	if err == nil || err.Error() != "the module 'm.wasm' has no function sub (it has add, spin: name one with WITH ('symbol' = '…'))" {
		t.Errorf("%v", err)
	}
}

func TestAModuleInGo(t *testing.T) {
	code, err := os.ReadFile(wasmtest.Text(t))
	if err != nil {
		t.Fatal(err)
	}
	m := compile(t, code, limits)
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	initials := kernel(t, m, "initials")
	ctx := &expr.EvalContext{Alloc: alloc}
	first, last := texts(alloc, "Ada", "NULL", "Alan", "Äsa"), texts(alloc, "Lovelace", "Hopper", "Turing", "Berg")
	defer first.Release()
	defer last.Release()
	out, err := initials(ctx, []expr.Vector{{Array: first}, {Array: last}}, 4)
	if err == nil {
		out.Release()
		t.Errorf("half a letter is no UTF-8: %s", out)
	} else if !strings.Contains(err.Error(), "row 3 of the batch, initials(Äsa, Berg): the function initials of the module 'm.wasm': a text in its answer is not UTF-8") {
		t.Error(err)
	}
	front := array.NewSlice(first, 0, 3)
	defer front.Release()
	back := array.NewSlice(last, 0, 3)
	defer back.Release()
	if out, err = initials(ctx, []expr.Vector{{Array: front}, {Array: back}}, 3); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != `["A. Lovelace" (null) "A. Turing"]` {
		t.Errorf("initials gives %s", got)
	}
	out.Release()
	empty := texts(alloc, "Ada", "", "Alan")
	defer empty.Release()
	_, err = initials(ctx, []expr.Vector{{Array: empty}, {Array: back}}, 3)
	if err == nil || !strings.Contains(err.Error(), "row 1 of the batch, initials(, Hopper): the function initials of the module 'm.wasm' failed: panic: runtime error: slice bounds out of range") {
		t.Errorf("a trap: %v", err)
	}
}

func BenchmarkScalar(b *testing.B) {
	code, err := os.ReadFile(wasmtest.Text(b))
	if err != nil {
		b.Fatal(err)
	}
	const rows = 4096
	bench := func(m *wasm.Module, symbol string, args ...expr.Vector) func(b *testing.B) {
		return func(b *testing.B) {
			k, ctx := kernel(b, m, symbol), &expr.EvalContext{Alloc: memory.DefaultAllocator}
			b.ReportAllocs()
			for b.Loop() {
				out, err := k(ctx, args, rows)
				if err != nil {
					b.Fatal(err)
				}
				out.Release()
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
		}
	}
	names, numbers := make([]string, rows), make([]int64, rows)
	for i := range names {
		names[i], numbers[i] = "Ada Augusta", int64(i)
	}
	text, long := texts(memory.DefaultAllocator, names...), longs(memory.DefaultAllocator, numbers...)
	b.Run("text", bench(compile(b, code, limits), "initials", expr.Vector{Array: text}, expr.Vector{Array: text}))
	b.Run("number", bench(compile(b, wasmtest.Plain, limits), "add", expr.Vector{Array: long}, expr.Vector{Array: long}))
}

// BenchmarkAggregate adds batches to groups and asks for their results.
func BenchmarkAggregate(b *testing.B) {
	code, err := os.ReadFile(wasmtest.Text(b))
	if err != nil {
		b.Fatal(err)
	}
	entry, err := compile(b, code, limits).Function("GM", "geomean")
	if err != nil {
		b.Fatal(err)
	}
	for _, groups := range []int{64, 2048} {
		b.Run(fmt.Sprint(groups), func(b *testing.B) { optest.BenchAggregate(b, *entry.Aggregate, groups) })
	}
}
