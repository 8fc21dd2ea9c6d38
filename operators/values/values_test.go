package values_test

import (
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/values"
)

func config(rows ...[]rex.Expr) values.Config {
	schema := types.Schema{{Name: "a", Type: types.Of(types.BigInt)}, {Name: "b", Type: types.StringType()}}
	return values.Config{Rows: rows, Schema: schema.Arrow(), Registry: expr.NewRegistry()}
}

func TestRowsAreEvaluatedInOrder(t *testing.T) {
	sum := rex.CallOf("+", types.Of(types.BigInt), rex.BigInt(2), rex.BigInt(3))
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	batch, err := values.Batch(config(
		[]rex.Expr{rex.BigInt(1), rex.Str("x")},
		[]rex.Expr{sum, rex.NullOf(types.StringType())}), alloc)
	if err != nil {
		t.Fatal(err)
	}
	defer batch.Release()
	if got, want := strings.Join(stream.FormatRows(batch), "; "), "+I a=1 b=x; +I a=5 b=NULL"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestARowOfAnotherWidthIsABug(t *testing.T) {
	if batch, err := values.Batch(config([]rex.Expr{rex.BigInt(1)}), memory.DefaultAllocator); err == nil {
		batch.Release()
		t.Error("a row of one column was taken for two")
	}
}

// BenchmarkBatch evaluates a thousand rows of an INSERT's VALUES.
func BenchmarkBatch(b *testing.B) {
	rows := make([][]rex.Expr, 1000)
	for i := range rows {
		rows[i] = []rex.Expr{rex.BigInt(int64(i)), rex.Str("x")}
	}
	cfg := config(rows...)
	b.ReportAllocs()
	cpu := optest.CPUSeconds()
	for range b.N {
		batch, err := values.Batch(cfg, memory.DefaultAllocator)
		if err != nil {
			b.Fatal(err)
		}
		batch.Release()
	}
	optest.ReportRows(b, float64(b.N*len(rows)), cpu)
}
