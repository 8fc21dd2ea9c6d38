package over_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/over"
	"github.com/thalweg/thalweg/operators/stream"
)

// neighbour walks away from row i of its partition and gives what LAG or LEAD does.
func neighbour(rows []string, i int, fn over.Function, name string) string {
	step := 1
	if fn.Kind == over.Lag {
		step = -1
	}
	left := fn.Offset
	for at := i; ; {
		if left == 0 {
			return optest.Cells(rows[at])[name]
		}
		if at += step; at < 0 || at >= len(rows) {
			break
		}
		if !fn.IgnoreNulls || optest.Cells(rows[at])[name] != "NULL" {
			left--
		}
	}
	if fn.Default >= 0 {
		return optest.Cells(rows[i])["id"]
	}
	return "NULL"
}

func TestNeighboursAgreeWithATwin(t *testing.T) {
	in, err := stream.ParseSchema("k STRING, v BIGINT, w BIGINT, ts TIMESTAMP(3), id BIGINT")
	if err != nil {
		t.Fatal(err)
	}
	lags := []over.Function{
		{Kind: over.Lag, Value: 1, Default: -1, Offset: 2, IgnoreNulls: true}, {Kind: over.Lag, Value: 2, Default: 4, Offset: 1, IgnoreNulls: true},
		{Kind: over.Lag, Value: 1, Default: -1, Offset: 1}, {Kind: over.Lag, Value: 1, Default: -1, Offset: 0, IgnoreNulls: true},
	}
	leads := append(lags[:2:2], over.Function{Kind: over.Lead, Value: 1, Default: 4, Offset: 1, IgnoreNulls: true},
		over.Function{Kind: over.Lead, Value: 2, Default: -1, Offset: 3, IgnoreNulls: true})
	for _, kind := range []string{"timed", "changing", "retracting", "at end"} {
		for i, functions := range [][]over.Function{lags, leads} {
			if kind == "timed" && i == 1 {
				continue
			}
			cfg := over.Config{PartitionBy: []int{0}, OrderBy: []rex.SortKey{{Column: 3, NullsFirst: true}}, InputSchema: in,
				Registry: agg.NewRegistry(), Functions: functions}
			for seed := range uint64(3) {
				t.Run(fmt.Sprintf("%s/%d/%d", kind, i, seed), func(t *testing.T) { checkNeighbours(t, cfg, kind, seed) })
			}
		}
	}
}

func checkNeighbours(t *testing.T, cfg over.Config, kind string, seed uint64) {
	in := cfg.InputSchema
	out := in[:len(in):len(in)]
	for i := range cfg.Functions {
		out = append(out, types.Field{Name: fmt.Sprint("f", i), Type: types.Of(types.BigInt)})
	}
	c := optest.Case{Inputs: []types.Schema{in}, Output: out, Same: optest.Folded, Rebatched: optest.Folded}
	c.New = func() (op.Operator, error) {
		if kind == "timed" {
			return over.NewTimed(over.TimedConfig{Config: cfg})
		}
		return over.NewChanging(over.ChangingConfig{Config: cfg, InputRetracts: kind == "retracting", EmitUpdateBefore: true, AtEnd: kind == "at end"})
	}
	random := optest.Random{Steps: 40, Row: func(r *rand.Rand, i int) string {
		value := func() string {
			if r.IntN(2) == 0 {
				return "NULL"
			}
			return fmt.Sprint(r.IntN(9))
		}
		return fmt.Sprintf("k=k%d v=%s w=%s ts=%ds id=%d", r.IntN(2), value(), value(), r.IntN(9), 100+i)
	}}
	if kind == "retracting" {
		random.DeleteShare = 0.4
	}
	script, left := random.Script(seed)
	if kind == "timed" {
		// Rows come in parts, so that some are recent when others are due.
		script, left = inOrder(script)
	}
	script = append(script, optest.Step{Kind: optest.Watermark, Value: int64(stream.EndOfTime)})
	if err := optest.Check(c, script, neighbours(cfg.Functions, left[0])); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(script.Lines(), "\n"))
	}
}

// inOrder gives the rows of a script by time, with watermarks between them.
func inOrder(script optest.Script) (optest.Script, [][]string) {
	var rows []string
	for _, step := range script {
		for _, line := range step.Lines {
			rows = append(rows, strings.TrimPrefix(line, "+I "))
		}
	}
	slices.SortStableFunc(rows, func(a, b string) int { return at(a) - at(b) })
	var out optest.Script
	for i, row := range rows {
		out = append(out, optest.Step{Kind: optest.Rows, Lines: []string{"+I " + row}})
		if i+1 < len(rows) && at(rows[i+1]) > at(row) {
			out = append(out, optest.Step{Kind: optest.Watermark, Value: int64(at(row)) * 1000})
		}
	}
	return out, [][]string{rows}
}

// neighbours are the rows left with the values of the functions.
func neighbours(functions []over.Function, left []string) []string {
	parts := map[string][]string{}
	for _, row := range left {
		k := optest.Cells(row)["k"]
		parts[k] = append(parts[k], row)
	}
	var out []string
	for _, rows := range parts {
		slices.SortStableFunc(rows, func(a, b string) int { return at(a) - at(b) })
		for i, row := range rows {
			for f, fn := range functions {
				row += fmt.Sprintf(" f%d=%s", f, neighbour(rows, i, fn, []string{"", "v", "w"}[fn.Value]))
			}
			out = append(out, row)
		}
	}
	return out
}
