package dedup_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/dedup"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

// oracle keeps a row of each key by looking at all of them.
func oracle(cfg dedup.Config, rows []string) []string {
	kept := map[string]string{}
	for _, row := range rows {
		k := optest.Cells(row)["k"]
		was, exists := kept[k]
		before, after := 0, 0
		if cfg.Time >= 0 {
			before, after = seconds(was), seconds(row)
		}
		if !exists || cfg.KeepLast && after >= before || !cfg.KeepLast && after < before {
			kept[k] = row
		}
	}
	var out []string
	for _, row := range kept {
		out = append(out, row)
	}
	return out
}

func seconds(row string) int {
	n, _ := strconv.Atoi(strings.TrimSuffix(optest.Cells(row)["ts"], "s"))
	return n
}

func randomRow(r *rand.Rand, _ int) string {
	return fmt.Sprintf("k=k%d v=%d ts=%ds", r.IntN(6), r.IntN(100), r.IntN(5))
}

func TestAgreesWithATwin(t *testing.T) {
	schema, err := stream.ParseSchema("k STRING, v BIGINT, ts TIMESTAMP(3)")
	if err != nil {
		t.Fatal(err)
	}
	for _, last := range []bool{false, true} {
		for _, time := range []int{-1, 2} {
			cfg := dedup.Config{Keys: []int{0}, Time: time, KeepLast: last, EmitUpdateBefore: true}
			t.Run(fmt.Sprintf("last=%t/time=%d", last, time), func(t *testing.T) {
				c := optest.Case{
					New:    func() (op.Operator, error) { return dedup.New(cfg), nil },
					Inputs: []types.Schema{schema}, Output: schema, Rebatched: optest.Folded,
				}
				script, rows := optest.Random{Steps: 50, Row: randomRow}.Script(uint64(time + 10))
				script = append(script, optest.Step{Kind: optest.Watermark, Value: int64(stream.EndOfTime)})
				if err := optest.Check(c, script, oracle(cfg, rows[0])); err != nil {
					t.Fatalf("%v\n%s", err, strings.Join(script.Lines(), "\n"))
				}
			})
		}
	}
}
