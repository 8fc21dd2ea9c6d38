package calc_test

import (
	"math/rand/v2"
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

func BenchmarkCalc(b *testing.B) {
	const rows = 4096
	schema, err := stream.ParseSchema("a BIGINT, b BIGINT, c BIGINT")
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	cols := make([]arrow.Array, len(schema))
	for i := range cols {
		builder := array.NewInt64Builder(memory.DefaultAllocator)
		for range rows {
			builder.Append(r.Int64N(1000))
		}
		cols[i] = builder.NewArray()
	}
	batch := stream.NewBatch(schema.Arrow(), cols, rows, nil)
	col := func(i int) rex.Expr { return rex.Col(i, bigint) }
	for name, cfg := range map[string]calc.Config{
		"pass":    {},
		"columns": {Project: []rex.Expr{col(1), col(0)}},
		"project": {Project: []rex.Expr{plus(col(0), 5), rex.CallOf("*", bigint, col(1), col(2))}},
		"filter":  {Filter: greater(col(0), 500)},
		"both":    {Filter: greater(col(0), 500), Project: []rex.Expr{plus(col(1), 5), col(2)}},
	} {
		b.Run(name, func(b *testing.B) {
			cfg.Registry = expr.NewRegistry()
			operator, err := calc.New(cfg)
			if err != nil {
				b.Fatal(err)
			}
			out := schema
			if cfg.Project != nil {
				out = types.Schema{{Name: "x", Type: bigint}, {Name: "y", Type: bigint}}
			}
			bench, err := optest.NewBench(operator, []types.Schema{schema}, out)
			if err != nil {
				b.Fatal(err)
			}
			defer bench.Close()
			b.ReportAllocs()
			b.ResetTimer()
			cpu := optest.CPUSeconds()
			for range b.N {
				if err := bench.Process(0, batch); err != nil {
					b.Fatal(err)
				}
			}
			optest.ReportRows(b, float64(b.N)*rows, cpu)
		})
	}
}
