package intervaljoin_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/intervaljoin"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

const (
	lower = -3000
	upper = 2000
)

func millis(cell string) int64 {
	d, err := time.ParseDuration(cell)
	if err != nil {
		panic(err)
	}
	return d.Milliseconds()
}

// oracle joins all rows by nested loops: no row of the script is late.
func oracle(cfg intervaljoin.Config, left, right []string) []string {
	kind, where := cfg.Kind, cfg.Condition != nil
	partners := func(l, r string) bool {
		a, b := optest.Cells(l), optest.Cells(r)
		if a["a"] == "NULL" || a["a"] != b["b"] || a["t"] == "NULL" || b["u"] == "NULL" {
			return false
		}
		if d := millis(a["t"]) - millis(b["u"]); d < cfg.LowerMillis || d > cfg.UpperMillis {
			return false
		}
		return !where || a["x"] != "NULL" && b["y"] != "NULL" && a["x"] < b["y"]
	}
	var out []string
	matchedRight := make([]bool, len(right))
	for _, l := range left {
		matched := false
		for i, r := range right {
			if partners(l, r) {
				matched, matchedRight[i] = true, true
				if kind <= intervaljoin.Full {
					out = append(out, l+" "+r)
				}
			}
		}
		if matched == (kind == intervaljoin.Semi) && kind >= intervaljoin.Semi {
			out = append(out, l)
		}
		if !matched && (kind == intervaljoin.Left || kind == intervaljoin.Full) {
			out = append(out, l+" b=NULL y=NULL u=NULL")
		}
	}
	for i, r := range right {
		if !matchedRight[i] && (kind == intervaljoin.Right || kind == intervaljoin.Full) {
			out = append(out, "a=NULL x=NULL t=NULL "+r)
		}
	}
	return out
}

// randomScript is a script whose rows rise in time with some disorder, and whose
// watermarks make none of them late; windowed, their times are ends of windows.
func randomScript(seed uint64, windowed bool) (optest.Script, [][]string) {
	at := int64(0)
	row := func(r *rand.Rand, input int) string {
		value := func(n int) string {
			if r.IntN(9) == 0 {
				return "NULL"
			}
			return fmt.Sprint(r.IntN(n))
		}
		at += r.Int64N(400)
		t, ms := "NULL", max(0, at-r.Int64N(1500))
		if windowed {
			ms = (ms/2000 + 1) * 2000
		}
		if windowed || r.IntN(20) > 0 {
			t = (time.Duration(ms) * time.Millisecond).String()
		}
		return fmt.Sprintf("%[1]c=%[2]s %[3]c=%[4]s %[5]c=%[6]s", "ab"[input], value(3), "xy"[input], value(4), "tu"[input], t)
	}
	plain, rows := optest.Random{Steps: 60, Inputs: 2, Row: row}.Script(seed)
	r := rand.New(rand.NewPCG(seed, 5))
	var out optest.Script
	var wms []int64
	soonest := int64(stream.EndOfTime) // of the rows after a step
	for i := len(plain) - 1; i >= 0; i-- {
		wms = append(wms, soonest)
		for _, line := range plain[i].Lines {
			if t := optest.Cells(strings.TrimPrefix(line, "+I "))["tu"[plain[i].Input:plain[i].Input+1]]; t != "NULL" {
				soonest = min(soonest, millis(t))
			}
		}
	}
	last := int64(-1)
	for i, step := range plain {
		out = append(out, step)
		if wm := wms[len(plain)-1-i] - 2 - r.Int64N(500); wm > last && wm < 1<<60 && r.IntN(2) == 0 {
			last = wm
			out = append(out, optest.Step{Kind: optest.Watermark, Value: wm})
		}
	}
	return append(out, optest.Step{Kind: optest.Watermark, Value: int64(stream.EndOfTime)}), rows
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
	for kind := intervaljoin.Inner; kind <= intervaljoin.Anti; kind++ {
		for _, where := range []bool{false, true} {
			cfg := intervaljoin.Config{
				Kind: kind, LeftKeys: []int{0}, RightKeys: []int{0}, LeftTime: 2, RightTime: 2, LowerMillis: lower, UpperMillis: upper,
				LeftLifeMillis: -lower, RightLifeMillis: upper, DelayMillis: -lower, Registry: expr.NewRegistry(),
			}
			if where {
				cfg.Condition = &less
			}
			t.Run(fmt.Sprintf("%s/where=%t", kind, where), func(t *testing.T) { twin(t, cfg, left, right) })
			cfg.LowerMillis, cfg.UpperMillis, cfg.LeftLifeMillis, cfg.RightLifeMillis, cfg.DelayMillis = 0, 0, -1, -1, 0
			cfg.Windowed = true
			t.Run(fmt.Sprintf("%s/where=%t/windowed", kind, where), func(t *testing.T) { twin(t, cfg, left, right) })
		}
	}
}

// twin compares random runs with the oracle.
func twin(t *testing.T, cfg intervaljoin.Config, left, right types.Schema) {
	c := optest.Case{
		New:    func() (op.Operator, error) { return intervaljoin.New(cfg) },
		Inputs: []types.Schema{left, right}, Output: append(append(types.Schema{}, left...), right...), BatchRows: 2, Rebatched: optest.FinalOnly,
	}
	if cfg.Kind >= intervaljoin.Semi {
		c.Output = left
	}
	for seed := range uint64(2) {
		script, rows := randomScript(seed+10*uint64(cfg.Kind), cfg.Windowed)
		if err := optest.Check(c, script, oracle(cfg, rows[0], rows[1])); err != nil {
			t.Fatalf("%v\n%s", err, strings.Join(script.Lines(), "\n"))
		}
	}
}
