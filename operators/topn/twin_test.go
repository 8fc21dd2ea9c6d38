package topn_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/topn"
)

// oracle sorts each partition of the rows that are left.
func oracle(cfg topn.Config, left []string) []string {
	parts := map[string][]string{}
	for _, row := range left {
		k := optest.Cells(row)["k"]
		parts[k] = append(parts[k], row)
	}
	var out []string
	for _, rows := range parts {
		if cfg.LastOfTies {
			slices.Reverse(rows)
		}
		slices.SortStableFunc(rows, func(a, b string) int { return value(b) - value(a) })
		for i, row := range rows {
			if int64(i) < cfg.Offset || int64(i) >= cfg.Offset+cfg.Count {
				continue
			}
			if cfg.Rank {
				row += fmt.Sprintf(" rank=%d", i+1)
			}
			out = append(out, row)
		}
	}
	return out
}

// value is v with NULL as the least.
func value(row string) int {
	v, err := strconv.Atoi(optest.Cells(row)["v"])
	if err != nil {
		return -1
	}
	return v
}

func randomRow(r *rand.Rand, _ int) string {
	v := strconv.Itoa(r.IntN(5))
	if r.IntN(6) == 0 {
		v = "NULL"
	}
	return fmt.Sprintf("k=k%d v=%s s=s%d", r.IntN(3), v, r.IntN(4))
}

func TestAgreesWithATwin(t *testing.T) {
	schema, err := stream.ParseSchema("k STRING, v BIGINT, s STRING")
	if err != nil {
		t.Fatal(err)
	}
	for _, retracts := range []bool{false, true} {
		for _, rank := range []bool{false, true} {
			for _, bounds := range [][2]int64{{0, 1}, {0, 3}, {2, 2}} {
				cfg := topn.Config{
					PartitionBy: []int{0}, OrderBy: []rex.SortKey{{Column: 1, Descending: true}}, Offset: bounds[0], Count: bounds[1],
					Rank: rank, InputRetracts: retracts, EmitUpdateBefore: true,
				}
				name := fmt.Sprintf("retracts=%t/rank=%t/offset=%d/count=%d", retracts, rank, cfg.Offset, cfg.Count)
				t.Run(name, func(t *testing.T) { checkTwin(t, cfg, schema) })
				cfg.LastOfTies = true
				t.Run(name+"/last of ties", func(t *testing.T) { checkTwin(t, cfg, schema) })
			}
		}
	}
}

func checkTwin(t *testing.T, cfg topn.Config, schema types.Schema) {
	c := optest.Case{
		New:    func() (op.Operator, error) { return topn.New(cfg) },
		Inputs: []types.Schema{schema}, Output: schema, Rebatched: optest.Folded,
	}
	if cfg.Rank {
		c.Output = append(schema[:3:3], types.Field{Name: "rank", Type: types.Of(types.BigInt)})
	}
	random := optest.Random{Steps: 50, Row: randomRow}
	if cfg.InputRetracts {
		random.DeleteShare = 0.45
	}
	script, left := random.Script(uint64(cfg.Count))
	if err := optest.Check(c, script, oracle(cfg, left[0])); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(script.Lines(), "\n"))
	}
}
