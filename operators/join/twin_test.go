package join_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/join"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

// oracle joins the rows that are left by nested loops.
func oracle(kind join.Kind, left, right []string, where, nullEqual bool) []string {
	partners := func(l, r string) bool {
		a, b := optest.Cells(l), optest.Cells(r)
		if a["a"] == "NULL" && !nullEqual || a["a"] != b["b"] {
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
				if kind <= join.Full {
					out = append(out, l+" "+r)
				}
			}
		}
		switch {
		case kind == join.Semi && matched || kind == join.Anti && !matched:
			out = append(out, l)
		case kind == join.Mark:
			out = append(out, fmt.Sprintf("%s mark=%t", l, matched))
		case (kind == join.Left || kind == join.Full) && !matched:
			out = append(out, l+" b=NULL y=NULL")
		}
	}
	for i, r := range right {
		if (kind == join.Right || kind == join.Full) && !matchedRight[i] {
			out = append(out, "a=NULL x=NULL "+r)
		}
	}
	return out
}

func randomRow(r *rand.Rand, input int) string {
	value := func(n int) string {
		if r.IntN(7) == 0 {
			return "NULL"
		}
		return fmt.Sprint(r.IntN(n))
	}
	if input == 0 {
		return "a=" + value(3) + " x=" + value(4)
	}
	return "b=" + value(3) + " y=" + value(4)
}

func TestAgreesWithATwin(t *testing.T) {
	left, err := stream.ParseSchema("a BIGINT, x STRING")
	if err != nil {
		t.Fatal(err)
	}
	right, err := stream.ParseSchema("b BIGINT, y STRING")
	if err != nil {
		t.Fatal(err)
	}
	joined := append(append(types.Schema{}, left...), right...)
	less := rex.CallOf("<", types.Of(types.Boolean), rex.Col(1, types.StringType()), rex.Col(3, types.StringType()))
	for kind := join.Inner; kind <= join.Mark; kind++ {
		for variant := range 8 {
			where, inserts, nullEqual := variant&1 != 0, variant&2 != 0, variant&4 != 0
			t.Run(fmt.Sprintf("%s/where=%t/insert-only=%t/null=%t", kind, where, inserts, nullEqual), func(t *testing.T) {
				cfg := join.Config{Kind: kind, LeftKeys: []int{0}, RightKeys: []int{0}, Registry: expr.NewRegistry(), NullEqual: []bool{nullEqual}}
				if where {
					cfg.Condition = &less
				}
				deletes := 0.4
				if inserts {
					cfg.InsertOnly, deletes = [2]bool{true, true}, 0
				}
				c := optest.Case{
					New:    func() (op.Operator, error) { return join.New(cfg) },
					Inputs: []types.Schema{left, right}, Output: joined, BatchRows: 2,
				}
				switch kind {
				case join.Semi, join.Anti:
					c.Output = left
				case join.Mark:
					c.Output = marked(left)
				}
				script, rows := optest.Random{Steps: 45, Inputs: 2, DeleteShare: deletes, Row: randomRow}.Script(uint64(kind))
				if err := optest.Check(c, script, oracle(kind, rows[0], rows[1], where, nullEqual)); err != nil {
					t.Fatalf("%v\n%s", err, strings.Join(script.Lines(), "\n"))
				}
			})
		}
	}
}
