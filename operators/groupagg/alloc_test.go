package groupagg_test

import (
	"testing"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/groupagg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

// TestNoAllocationPerRow: a batch of 4,096 rows of keys that are in memory allocates
// nothing, and what is emitted for it nothing that grows with the rows or keys.
func TestNoAllocationPerRow(t *testing.T) {
	schema, err := stream.ParseSchema("k BIGINT, v BIGINT")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		upsert bool
		make   func(groupagg.Config) (op.Operator, error)
	}{
		{"retract", false, func(c groupagg.Config) (op.Operator, error) { return groupagg.New(c) }},
		{"upsert", true, func(c groupagg.Config) (op.Operator, error) { return groupagg.New(c) }},
		{"local", true, func(c groupagg.Config) (op.Operator, error) { return groupagg.NewLocal(c) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			registry := agg.NewRegistry()
			cfg := groupagg.Config{Keys: []int{0}, InputSchema: schema, Registry: registry, EmitUpdateBefore: !c.upsert}
			out := schema[:1:1]
			for _, text := range []string{"COUNT(*) AS n", "SUM(v) AS s"} {
				call, field, err := optest.ParseAgg(text, schema, registry)
				if err != nil {
					t.Fatal(err)
				}
				cfg.Aggs, out = append(cfg.Aggs, call), append(out, field)
			}
			operator, err := c.make(cfg)
			if err != nil {
				t.Fatal(err)
			}
			bench, err := optest.NewBench(operator, []types.Schema{schema}, out)
			if err != nil {
				t.Fatal(err)
			}
			defer bench.Close()
			optest.CheckAllocations(t, optest.Allocations{Flush: 80}, bench, randomKeys(schema, 1, 1000)[0])
		})
	}
}
