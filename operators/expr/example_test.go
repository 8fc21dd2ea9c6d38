package expr

import (
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// oneRowBatch is a batch without columns.
func oneRowBatch(rows int) stream.Batch {
	return stream.NewBatch(arrow.NewSchema(nil, nil), nil, rows, nil)
}

// evalText evaluates an expression without columns to its text.
func evalText(t *testing.T, r *Registry, sql string) string {
	t.Helper()
	e, err := parseExpr(r, sql, nil, nil)
	if err != nil {
		return "error: " + err.Error()
	}
	p, err := Compile(e, CompileEnv{Registry: r})
	if err != nil {
		return "error: " + err.Error()
	}
	alloc := memory.NewCheckedAllocator(dirty())
	defer alloc.AssertSize(t, 0)
	batch := oneRowBatch(2)
	defer batch.Release()
	arr, err := p.Eval(&EvalContext{Alloc: alloc, WatermarkMillis: int64(stream.NoWatermark)}, batch)
	if err != nil {
		return "error: " + err.Error()
	}
	defer arr.Release()
	if !arrow.TypeEqual(arr.DataType(), e.Type.Arrow()) {
		t.Errorf("%s is %s, but gave %s", sql, e.Type, arr.DataType())
	}
	if arr.Len() != 2 {
		t.Errorf("%s gave %d rows, want 2", sql, arr.Len())
	}
	return string(columns.AppendCell(nil, columns.Cell{Array: arr, Type: e.Type}, 1))
}

func TestEveryExampleIsTrue(t *testing.T) {
	r := NewRegistry()
	for _, f := range r.Docs() {
		t.Run(f.Name, func(t *testing.T) {
			if f.Doc == "" || f.Usage == "" || f.Family == "" || len(f.Examples) == 0 && !f.Volatile {
				t.Errorf("%s lacks a doc, a usage, a family or an example", f.Name)
			}
			for _, ex := range f.Examples {
				if needsBinder(ex.SQL) {
					continue
				}
				if got := evalText(t, r, ex.SQL); got != ex.Result {
					t.Errorf("%s = %q, want %q", ex.SQL, got, ex.Result)
				}
			}
		})
	}
}

// needsBinder reports examples with clauses that only the real binder knows; the
// engine's test runs all examples through it.
func needsBinder(sql string) bool {
	for _, clause := range []string{" ON NULL", " ON EMPTY", " ON ERROR", " RETURNING ", " WRAPPER", " VALUE "} {
		if strings.Contains(sql, clause) {
			return true
		}
	}
	return false
}
