package calc_test

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/calc"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

// TestNoAllocationPerRow bounds what a batch of 4,096 rows allocates in filters and
// projections: Arrow's record and the headers of its columns, and nothing that grows
// with the rows.
func TestNoAllocationPerRow(t *testing.T) {
	schema, err := stream.ParseSchema("a BIGINT, b BIGINT, c BIGINT")
	if err != nil {
		t.Fatal(err)
	}
	col := func(i int) rex.Expr { return rex.Col(i, bigint) }
	for _, c := range []struct {
		name string
		cfg  calc.Config
		most float64
	}{
		{"pass", calc.Config{}, 0},
		{"columns", calc.Config{Project: []rex.Expr{col(1), col(0)}}, 5},
		{"project", calc.Config{Project: []rex.Expr{plus(col(0), 5), rex.CallOf("*", bigint, col(1), col(2))}}, 15},
		{"filter", calc.Config{Filter: greater(col(0), 500)}, 26},
		{"both", calc.Config{Filter: greater(col(0), 500), Project: []rex.Expr{plus(col(1), 5), col(2)}}, 29},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.cfg.Registry = expr.NewRegistry()
			operator, err := calc.New(c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			out := schema
			if c.cfg.Project != nil {
				out = types.Schema{{Name: "x", Type: bigint}, {Name: "y", Type: bigint}}
			}
			bench, err := optest.NewBench(operator, []types.Schema{schema}, out)
			if err != nil {
				t.Fatal(err)
			}
			defer bench.Close()
			optest.CheckAllocations(t, optest.Allocations{Process: c.most}, bench, numbers(schema, 4096))
		})
	}
}

// numbers makes a batch of BIGINT columns.
func numbers(schema types.Schema, rows int) stream.Batch {
	cols := make([]arrow.Array, len(schema))
	for i := range cols {
		builder := array.NewInt64Builder(memory.DefaultAllocator)
		for n := range rows {
			builder.Append(int64(n*7919) % 1000)
		}
		cols[i] = builder.NewArray()
	}
	return stream.NewBatch(schema.Arrow(), cols, rows, nil)
}
