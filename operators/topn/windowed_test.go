package topn_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/operators/topn"
)

// buildWindowed makes a case out of `in`, `partition`, `end`, `order`, `offset`,
// `count`, `rank`, `last`.
func buildWindowed(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	cfg := topn.WindowedConfig{Offset: h.Int("offset", 0), Count: h.Int("count", 1), Rank: h.Has("rank"), LastOfTies: h.Has("last")}
	if cfg.PartitionBy, err = h.Columns("partition", in); err != nil {
		return optest.Case{}, err
	}
	if cfg.OrderBy, err = h.SortKeys("order", in); err != nil {
		return optest.Case{}, err
	}
	zone, err := h.Zone("zone")
	if err != nil {
		return optest.Case{}, err
	}
	cfg.Zone = windows.NewZone(zone)
	end, err := h.Columns("end", in)
	if err != nil {
		return optest.Case{}, err
	}
	cfg.End = end[0]
	return windowedCase(cfg, in), nil
}

func windowedCase(cfg topn.WindowedConfig, in types.Schema) optest.Case {
	c := optest.Case{
		New:    func() (op.Operator, error) { return topn.NewWindowed(cfg) },
		Inputs: []types.Schema{in}, Output: in, Same: optest.InOrder, Rebatched: optest.InOrder, BatchRows: 2,
	}
	if cfg.Rank {
		c.Output = append(c.Output[:len(in):len(in)], types.Field{Name: "rank", Type: types.Of(types.BigInt)})
	}
	return c
}

func TestWindowed(t *testing.T) { optest.RunText(t, "testdata/windowed", buildWindowed) }

// TestWindowedAgreesWithATwin sorts each partition of the rows that came in time.
func TestWindowedAgreesWithATwin(t *testing.T) {
	schema, err := stream.ParseSchema("k STRING, v BIGINT, s STRING, we TIMESTAMP(3)")
	if err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []topn.WindowedConfig{{Count: 1}, {Count: 3, Rank: true}, {Offset: 1, Count: 2, Rank: true}, {Count: 1, LastOfTies: true}} {
		cfg.PartitionBy, cfg.End, cfg.OrderBy = []int{0, 3}, 3, []rex.SortKey{{Column: 1, Descending: true}}
		script, parts := randomWindows(uint64(cfg.Count))
		var want []string
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
				want = append(want, row)
			}
		}
		if err := optest.Check(windowedCase(cfg, schema), script, want); err != nil {
			t.Fatalf("%+v: %v\n%s", cfg, err, strings.Join(script.Lines(), "\n"))
		}
	}
}

// randomWindows makes rows of windows of a second, some late, and what comes in
// time by partition.
func randomWindows(seed uint64) (optest.Script, map[string][]string) {
	r := rand.New(rand.NewPCG(seed, 3))
	var script optest.Script
	parts := map[string][]string{}
	wm := int64(-1)
	for now := range int64(30) {
		step := optest.Step{Kind: optest.Rows}
		for range 1 + r.IntN(6) {
			end := max(1, now/3+r.Int64N(4)-1) * 1000
			key := fmt.Sprintf("k=k%d we=%s", r.IntN(3), millis(end))
			k, we, _ := strings.Cut(key, " ")
			row := fmt.Sprintf("%s v=%d s=s%d %s", k, r.IntN(5), r.IntN(1000), we)
			step.Lines = append(step.Lines, "+I "+row)
			if end-1 > wm {
				parts[key] = append(parts[key], row)
			}
		}
		script = append(script, step)
		if r.IntN(2) == 0 {
			wm = max(wm, now/3*1000-1)
			script = append(script, optest.Step{Kind: optest.Watermark, Value: wm})
		}
	}
	return append(script, optest.Step{Kind: optest.Watermark, Value: int64(stream.EndOfTime)}), parts
}

func millis(v int64) string { return fmt.Sprintf("%ds", v/1000) }
