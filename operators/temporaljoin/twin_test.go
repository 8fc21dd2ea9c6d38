package temporaljoin_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/temporaljoin"
)

func millis(cell string) int64 {
	d, err := time.ParseDuration(cell)
	if err != nil {
		panic(err)
	}
	return d.Milliseconds()
}

// change is a line of one side.
type change struct{ kind, row string }

// history is a random script without late rows: its rows rise in time with some
// disorder, and every right row but the first of a key changes or ends a version.
func history(seed uint64) (script optest.Script, sides [2][]change) {
	r := rand.New(rand.NewPCG(seed, 7))
	wm, barrier := int64(-1), int64(0)
	key := func(n int) string {
		if r.IntN(9) == 0 {
			return "NULL"
		}
		return fmt.Sprint(r.IntN(n))
	}
	for now := range int64(40) {
		step := optest.Step{Kind: optest.Rows, Input: r.IntN(2)}
		for range 1 + r.IntN(6) {
			at := (time.Duration(max(wm+1, 300*(now+r.Int64N(6)-3))) * time.Millisecond).String()
			kind := "+I"
			if step.Input == 1 {
				kind = []string{"+I", "+U", "+U", "-U", "-D"}[r.IntN(5)]
			}
			if r.IntN(15) == 0 && kind != "-D" {
				at = "NULL"
			}
			c := change{kind: kind, row: fmt.Sprintf("a=%s x=%d t=%s", key(3), r.IntN(4), at)}
			if step.Input == 1 {
				c.row = fmt.Sprintf("b=%s y=%d u=%s", key(3), r.IntN(4), at)
			}
			sides[step.Input] = append(sides[step.Input], c)
			step.Lines = append(step.Lines, c.kind+" "+c.row)
		}
		script = append(script, step)
		if r.IntN(3) == 0 {
			wm = max(wm, 300*(now-4)+r.Int64N(200))
			script = append(script, optest.Step{Kind: optest.Watermark, Value: wm})
		}
		if r.IntN(8) == 0 {
			barrier++
			script = append(script, optest.Step{Kind: optest.Barrier, Value: barrier})
		}
	}
	return append(script, optest.Step{Kind: optest.Watermark, Value: int64(stream.EndOfTime)}), sides
}

// version is the row of a key that holds at a time, by looking at all of history.
func version(right []change, key string, at int64) (string, bool) {
	best, bestAt := change{}, int64(-1)
	for _, c := range right {
		cells := optest.Cells(c.row)
		if c.kind == "-U" || cells["b"] != key || cells["u"] == "NULL" {
			continue
		}
		if u := millis(cells["u"]); u <= at && u >= bestAt {
			best, bestAt = c, u
		}
	}
	return best.row, bestAt >= 0 && best.kind != "-D"
}

func oracle(keeps, where bool, sides [2][]change) []string {
	var out []string
	for _, l := range sides[0] {
		cells := optest.Cells(l.row)
		row, ok := "", false
		if cells["t"] != "NULL" && cells["a"] != "NULL" {
			row, ok = version(sides[1], cells["a"], millis(cells["t"]))
			ok = ok && (!where || cells["x"] < optest.Cells(row)["y"])
		}
		switch {
		case ok:
			out = append(out, l.row+" "+row)
		case keeps:
			out = append(out, l.row+" b=NULL y=NULL u=NULL")
		}
	}
	return out
}

func TestAgreesWithATwin(t *testing.T) {
	left, err := stream.ParseSchema("a BIGINT, x STRING, t TIMESTAMP(3)")
	if err != nil {
		t.Fatal(err)
	}
	right, err := stream.ParseSchema("b BIGINT, y STRING, u TIMESTAMP(3)")
	if err != nil {
		t.Fatal(err)
	}
	less := rex.CallOf("<", types.Of(types.Boolean), rex.Col(1, types.StringType()), rex.Col(4, types.StringType()))
	for _, keeps := range []bool{false, true} {
		for _, where := range []bool{false, true} {
			t.Run(fmt.Sprintf("keeps=%t/where=%t", keeps, where), func(t *testing.T) {
				cfg := temporaljoin.Config{LeftKeys: []int{0}, RightKeys: []int{0}, LeftTime: 2, RightTime: 2, KeepsLeft: keeps, Registry: expr.NewRegistry()}
				if where {
					cfg.Condition = &less
				}
				for seed := range uint64(3) {
					script, sides := history(seed)
					if err := optest.Check(joinCase(cfg, left, right), script, oracle(keeps, where, sides)); err != nil {
						t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(script.Lines(), "\n"))
					}
				}
			})
		}
	}
}

// TestProcessingTimeAgreesWithATwin replays the script row by row.
func TestProcessingTimeAgreesWithATwin(t *testing.T) {
	left, _ := stream.ParseSchema("a BIGINT, x STRING, t TIMESTAMP(3)")
	right, _ := stream.ParseSchema("b BIGINT, y STRING, u TIMESTAMP(3)")
	for seed := range uint64(3) {
		script, _ := history(seed)
		now := map[string]string{}
		var want []string
		for _, step := range script {
			for _, line := range step.Lines {
				kind, row, _ := strings.Cut(line, " ")
				cells := optest.Cells(row)
				switch key := cells["b"]; {
				case step.Input == 0 && cells["a"] != "NULL" && now[cells["a"]] != "":
					want = append(want, row+" "+now[cells["a"]])
				case step.Input == 0:
					want = append(want, row+" b=NULL y=NULL u=NULL")
				case key == "NULL" || kind == "-U":
				case kind == "-D":
					delete(now, key)
				default:
					now[key] = row
				}
			}
		}
		cfg := temporaljoin.Config{LeftKeys: []int{0}, RightKeys: []int{0}, KeepsLeft: true, Proctime: true}
		if err := optest.Check(joinCase(cfg, left, right), script, slices.Clone(want)); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(script.Lines(), "\n"))
		}
	}
}
