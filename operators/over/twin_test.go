package over_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
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

// cell reads a number of a row; ok is false for NULL.
func cell(row, name string) (n int, ok bool) {
	n, err := strconv.Atoi(strings.TrimSuffix(optest.Cells(row)[name], "s"))
	return n, err == nil
}

// oracle looks at every other row of its partition for each row.
func oracle(frame rex.Frame, left []string) []string {
	parts := map[string][]string{}
	for _, row := range left {
		k := optest.Cells(row)["k"]
		parts[k] = append(parts[k], row)
	}
	var out []string
	for _, rows := range parts {
		slices.SortStableFunc(rows, func(a, b string) int { return at(a) - at(b) })
		for i, row := range rows {
			var in []string
			for j, other := range rows {
				if within(frame, rows, i, j) {
					in = append(in, other)
				}
			}
			out = append(out, row+values(in))
		}
	}
	return out
}

func at(row string) int {
	n, ok := cell(row, "ts")
	if !ok {
		return -1 << 30
	}
	return n
}

// within tells whether row j is in the frame of row i. NULL is as far from NULL as
// any distance says.
func within(f rex.Frame, rows []string, i, j int) bool {
	scale := 1
	distance := j - i
	if !f.Rows {
		distance, scale = at(rows[j])-at(rows[i]), 1000
	}
	_, valued := cell(rows[i], "ts")
	inside := func(b rex.FrameBound, sign int) bool {
		if !f.Rows && !valued && (b.Kind == rex.Preceding || b.Kind == rex.Following) {
			b.Kind = rex.CurrentRow
		}
		switch b.Kind {
		case rex.Preceding:
			return sign*(distance*scale+int(b.Offset)) >= 0
		case rex.Following:
			return sign*(distance*scale-int(b.Offset)) >= 0
		case rex.CurrentRow:
			return sign*distance >= 0
		}
		return true
	}
	return inside(f.Start, 1) && inside(f.End, -1)
}

// values are SUM, MIN, COUNT(DISTINCT), LAST_VALUE of v, COUNT(*), and the first and the last
// v, NULL or not.
func values(rows []string) string {
	sum, least, last, seen := "NULL", "NULL", "NULL", map[int]bool{}
	total, low := 0, 0
	from, to := "NULL", "NULL"
	if len(rows) > 0 {
		from, to = optest.Cells(rows[0])["v"], optest.Cells(rows[len(rows)-1])["v"]
	}
	for _, row := range rows {
		v, ok := cell(row, "v")
		if !ok {
			continue
		}
		total += v
		if len(seen) == 0 || v < low {
			low = v
		}
		seen[v] = true
		sum, least, last = strconv.Itoa(total), strconv.Itoa(low), strconv.Itoa(v)
	}
	return fmt.Sprintf(" s=%s l=%s d=%d z=%s n=%d from=%s to=%s", sum, least, len(seen), last, len(rows), from, to)
}

var frames = []rex.Frame{
	{Start: rex.FrameBound{}, End: rex.FrameBound{Kind: rex.CurrentRow}},
	{Rows: true, Start: rex.FrameBound{}, End: rex.FrameBound{Kind: rex.CurrentRow}},
	{Rows: true, Start: rex.FrameBound{Kind: rex.Preceding, Offset: 2}, End: rex.FrameBound{Kind: rex.CurrentRow}},
	{Start: rex.FrameBound{Kind: rex.Preceding, Offset: 2000}, End: rex.FrameBound{Kind: rex.CurrentRow}},
	{Start: rex.FrameBound{Kind: rex.CurrentRow}, End: rex.FrameBound{Kind: rex.CurrentRow}},
	{Rows: true, Start: rex.FrameBound{Kind: rex.Preceding, Offset: 3}, End: rex.FrameBound{Kind: rex.Preceding, Offset: 1}},
	{Rows: true, Start: rex.FrameBound{Kind: rex.Preceding, Offset: 1}, End: rex.FrameBound{Kind: rex.Following, Offset: 2}},
	{Start: rex.FrameBound{Kind: rex.Following, Offset: 1000}, End: rex.FrameBound{Kind: rex.Following, Offset: 3000}},
	{Rows: true, Start: rex.FrameBound{Kind: rex.CurrentRow}, End: rex.FrameBound{Kind: rex.UnboundedFollowing}},
	{Start: rex.FrameBound{}, End: rex.FrameBound{Kind: rex.UnboundedFollowing}},
	{Rows: true, Start: rex.FrameBound{}, End: rex.FrameBound{Kind: rex.Preceding, Offset: 1}},
}

func TestAgreesWithATwin(t *testing.T) {
	in, err := stream.ParseSchema("k STRING, v BIGINT, ts TIMESTAMP(3)")
	if err != nil {
		t.Fatal(err)
	}
	cfg := over.Config{
		PartitionBy: []int{0}, OrderBy: []rex.SortKey{{Column: 2, NullsFirst: true}}, InputSchema: in, Registry: agg.NewRegistry(),
	}
	out := in[:len(in):len(in)]
	for _, text := range []string{"SUM(v) AS s", "MIN(v) AS l", "COUNT(DISTINCT v) AS d", "LAST_VALUE(v) AS z", "COUNT(*) AS n",
		"FIRST_VALUE RESPECT NULLS(v) AS from", "LAST_VALUE RESPECT NULLS(v) AS to"} {
		call, field, err := optest.ParseAgg(text, in, cfg.Registry)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Aggs, out = append(cfg.Aggs, call), append(out, field)
	}
	for i, frame := range frames {
		cfg.Frame = frame
		for _, kind := range []string{"timed", "changing", "retracting", "at end"} {
			if kind == "timed" && !over.Streamable(cfg) {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s", frame, kind), func(t *testing.T) { checkTwin(t, cfg, in, out, kind, uint64(i)) })
		}
	}
}

func checkTwin(t *testing.T, cfg over.Config, in, out types.Schema, kind string, seed uint64) {
	c := optest.Case{Inputs: []types.Schema{in}, Output: out, Same: optest.Folded, Rebatched: optest.Folded}
	c.New = func() (op.Operator, error) {
		if kind == "timed" {
			return over.NewTimed(over.TimedConfig{Config: cfg})
		}
		return over.NewChanging(over.ChangingConfig{Config: cfg, InputRetracts: kind == "retracting", EmitUpdateBefore: true, AtEnd: kind == "at end"})
	}
	random := optest.Random{Steps: 24, Row: func(r *rand.Rand, _ int) string {
		v, ts := strconv.Itoa(r.IntN(5)), fmt.Sprintf("%ds", r.IntN(6))
		if r.IntN(6) == 0 {
			v = "NULL"
		}
		if kind != "timed" && r.IntN(8) == 0 {
			ts = "NULL"
		}
		return fmt.Sprintf("k=k%d v=%s ts=%s", r.IntN(2), v, ts)
	}}
	if kind == "retracting" {
		random.DeleteShare = 0.4
	}
	script, left := random.Script(seed)
	script = append(script, optest.Step{Kind: optest.Watermark, Value: int64(stream.EndOfTime)})
	if err := optest.Check(c, script, oracle(cfg.Frame, left[0])); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(script.Lines(), "\n"))
	}
}

// TestKeptRanksAgreeWithATwin counts the rows before each one.
func TestKeptRanksAgreeWithATwin(t *testing.T) {
	in, err := stream.ParseSchema("k STRING, v BIGINT, id BIGINT")
	if err != nil {
		t.Fatal(err)
	}
	out := append(in[:3:3], types.Field{Name: "r", Type: types.Of(types.BigInt)})
	for i, by := range []over.FunctionKind{over.Rank, over.DenseRank} {
		for _, atEnd := range []bool{false, true} {
			cfg := over.ChangingConfig{Config: over.Config{
				PartitionBy: []int{0}, OrderBy: []rex.SortKey{{Column: 1, Descending: true}}, InputSchema: in, Registry: agg.NewRegistry(),
				Functions: []over.Function{{Kind: by, Value: -1, Default: -1}},
			}, EmitUpdateBefore: true, AtEnd: atEnd, Keep: 3, KeepBy: by}
			c := optest.Case{Inputs: []types.Schema{in}, Output: out, Same: optest.Folded, Rebatched: optest.Folded}
			c.New = func() (op.Operator, error) { return over.NewChanging(cfg) }
			random := optest.Random{Steps: 20, Row: func(r *rand.Rand, _ int) string {
				return fmt.Sprintf("k=k%d v=%d id=%d", r.IntN(2), r.IntN(12), r.IntN(1000))
			}}
			script, left := random.Script(uint64(i))
			script = append(script, optest.Step{Kind: optest.Watermark, Value: int64(stream.EndOfTime)})
			if err := optest.Check(c, script, firstRanks(left[0], by, 3)); err != nil {
				t.Fatalf("%s, at end %v: %v\n%s", by, atEnd, err, strings.Join(script.Lines(), "\n"))
			}
		}
	}
}

// firstRanks are the rows of the first ranks by v, the greatest first.
func firstRanks(left []string, by over.FunctionKind, keep int) []string {
	var out []string
	for _, row := range left {
		before, values := 0, map[int]bool{}
		v, _ := cell(row, "v")
		for _, other := range left {
			if w, _ := cell(other, "v"); w > v && optest.Cells(other)["k"] == optest.Cells(row)["k"] {
				before++
				values[w] = true
			}
		}
		rank := before + 1
		if by == over.DenseRank {
			rank = len(values) + 1
		}
		if rank <= keep {
			out = append(out, fmt.Sprintf("%s r=%d", row, rank))
		}
	}
	return out
}

// TestRunningValuesOfManyRowsAgreeWithATwin has a partition larger than what is
// computed at a time.
func TestRunningValuesOfManyRowsAgreeWithATwin(t *testing.T) {
	in, err := stream.ParseSchema("k STRING, v BIGINT, ts TIMESTAMP(3)")
	if err != nil {
		t.Fatal(err)
	}
	for _, frame := range frames[:2] {
		cfg := over.Config{OrderBy: []rex.SortKey{{Column: 2, NullsFirst: true}}, InputSchema: in, Registry: agg.NewRegistry(), Frame: frame}
		call, field, err := optest.ParseAgg("SUM(v) AS s", in, cfg.Registry)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Aggs = append(cfg.Aggs, call)
		c := optest.Case{Inputs: []types.Schema{in}, Output: append(in[:3:3], field), Same: optest.Folded, Rebatched: optest.Folded}
		c.New = func() (op.Operator, error) {
			return over.NewChanging(over.ChangingConfig{Config: cfg, InputRetracts: true, EmitUpdateBefore: true})
		}
		random := optest.Random{Steps: 120, DeleteShare: 0.1, Row: func(r *rand.Rand, _ int) string {
			return fmt.Sprintf("k=a v=%d ts=%ds", r.IntN(100), r.IntN(50))
		}}
		script, left := random.Script(7)
		var want []string
		for _, row := range oracle(frame, left[0]) {
			want = append(want, row[:strings.Index(row, " l=")])
		}
		if err := optest.Check(c, script, want); err != nil {
			t.Fatalf("%s, %d rows left: %v", frame, len(left[0]), err)
		}
		if len(left[0]) < 80 {
			t.Fatalf("%d rows are no more than a chunk", len(left[0]))
		}
	}
}

func TestRanksOfChangingRowsAgreeWithATwin(t *testing.T) {
	in, err := stream.ParseSchema("k STRING, v BIGINT, id BIGINT")
	if err != nil {
		t.Fatal(err)
	}
	cfg := over.ChangingConfig{Config: over.Config{
		PartitionBy: []int{0}, OrderBy: []rex.SortKey{{Column: 1, Descending: true}}, InputSchema: in, Registry: agg.NewRegistry(),
		Functions: []over.Function{{Kind: over.Rank, Value: -1, Default: -1}, {Kind: over.DenseRank, Value: -1, Default: -1}},
	}, EmitUpdateBefore: true, InputRetracts: true}
	out := append(in[:3:3], types.Field{Name: "r", Type: types.Of(types.BigInt)}, types.Field{Name: "d", Type: types.Of(types.BigInt)})
	c := optest.Case{Inputs: []types.Schema{in}, Output: out, Same: optest.Folded, Rebatched: optest.Folded}
	c.New = func() (op.Operator, error) { return over.NewChanging(cfg) }
	for seed := range uint64(3) {
		random := optest.Random{Steps: 24, DeleteShare: 0.4, Row: func(r *rand.Rand, _ int) string {
			return fmt.Sprintf("k=k%d v=%d id=%d", r.IntN(2), r.IntN(12), r.IntN(5))
		}}
		script, left := random.Script(seed)
		ranks, dense := firstRanks(left[0], over.Rank, len(left[0])), firstRanks(left[0], over.DenseRank, len(left[0]))
		for i, row := range dense {
			ranks[i] += " d" + row[strings.LastIndex(row, "="):]
		}
		if err := optest.Check(c, script, ranks); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(script.Lines(), "\n"))
		}
	}
}
