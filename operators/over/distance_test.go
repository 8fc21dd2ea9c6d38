package over_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/over"
	"github.com/thalweg/thalweg/operators/stream"
)

// measured is an order column's type with values as texts, and a distance as it is
// planned and as a text.
type measured struct {
	columnType string
	texts      []string
	distance   string
	planned    rex.FrameBound
}

var measuredTypes = []measured{
	{"BIGINT", []string{"-9223372036854775808", "-9223372036854775807", "-1", "0", "1", "9223372036854775806", "9223372036854775807"}, "1", rex.FrameBound{Offset: 1}},
	{"DECIMAL(10, 2)", []string{"-1.50", "0.00", "0.25", "0.26", "1.75", "99999999.99"}, "1.5", rex.FrameBound{Offset: 150}},
	{"DECIMAL(38, 0)", []string{"-99999999999999999999999999999999999999", "-1", "0", "36893488147419103231", "36893488147419103232", "36893488147419103233",
		"99999999999999999999999999999999999999"}, "36893488147419103232", wide("36893488147419103232")},
	{"DOUBLE", []string{"-Inf", "-1e+308", "-0.1", "-0", "0", "0.1", "0.2", "0.3", "1e+308", "+Inf", "NaN"}, "0.1", rex.FrameBound{Float: 0.1}},
	// Sums that round what is near 0 away.
	{"DOUBLE", []string{"-2e+16", "-1e+16", "-0.9", "0", "0.9", "1e+16", "2e+16"}, "1e16", rex.FrameBound{Float: 1e16}},
	// Sums that overflow.
	{"DOUBLE", []string{"-Inf", "-1.7e+308", "0", "1.7e+308", "+Inf"}, "1e308", rex.FrameBound{Float: 1e308}},
	{"FLOAT", []string{"-Inf", "-0.5", "0", "0.25", "0.5", "100", "+Inf", "NaN"}, "0.25", rex.FrameBound{Float: 0.25}},
}

func wide(digits string) rex.FrameBound {
	n, _ := new(big.Int).SetString(digits, 10)
	d := decimal128.FromBigInt(n)
	return rex.FrameBound{Offset: int64(d.LowBits()), High: d.HighBits()}
}

// near tells whether b is at most, or at least, a distance away from a in the direction
// of the order: by exact numbers, and by floating-point ones as they are added.
func (m measured) near(a, b string, ahead bool, descending, atMost bool) bool {
	sign := 1.0
	if ahead == descending {
		sign = -1
	}
	order := 0
	if m.planned.Float != 0 {
		x, _ := strconv.ParseFloat(a, 64)
		y, _ := strconv.ParseFloat(b, 64)
		if limit := x + sign*m.planned.Float; y < limit {
			order = -1
		} else if y > limit {
			order = 1
		}
	} else {
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		d, _ := new(big.Rat).SetString(m.distance)
		order = y.Cmp(x.Add(x, d.Mul(d, big.NewRat(int64(sign), 1))))
	}
	if descending {
		order = -order
	}
	return order == 0 || (order < 0) == atMost
}

// side is where a value stands that is at no distance but from its peers: NULL comes
// first, and NaN is the greatest. Numbers are at 0.
func side(text string, descending bool) int {
	switch {
	case text == "NULL":
		return -2
	case text == "NaN" && descending:
		return -1
	case text == "NaN":
		return 1
	}
	return 0
}

// between reports whether row b is in the frame of row a.
func (m measured) between(f rex.Frame, a, b string, descending bool) bool {
	inside := func(bound rex.FrameBound, atMost bool) bool {
		from, to := side(a, descending), side(b, descending)
		switch {
		case bound.Kind == rex.UnboundedPreceding || bound.Kind == rex.UnboundedFollowing || from == to && from != 0:
			return true
		case from != to:
			return (to < from) == atMost
		}
		return m.near(a, b, bound.Kind == rex.Following, descending, atMost)
	}
	return inside(f.Start, false) && inside(f.End, true)
}

func TestDistancesAgreeWithATwin(t *testing.T) {
	bound := func(m measured, k rex.BoundKind) rex.FrameBound {
		b := m.planned
		b.Kind = k
		return b
	}
	for _, m := range measuredTypes {
		for _, frame := range []rex.Frame{
			{Start: bound(m, rex.Preceding), End: bound(m, rex.Following)},
			{Start: bound(m, rex.Preceding), End: bound(m, rex.Preceding)},
			{Start: bound(m, rex.Following), End: rex.FrameBound{Kind: rex.UnboundedFollowing}},
			{Start: rex.FrameBound{}, End: bound(m, rex.Following)},
		} {
			for _, descending := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s by %s/%s/descending=%v", m.columnType, m.distance, frame, descending), func(t *testing.T) { m.check(t, frame, descending) })
			}
		}
	}
}

func (m measured) check(t *testing.T, frame rex.Frame, descending bool) {
	in, err := stream.ParseSchema("o " + m.columnType + ", v BIGINT")
	if err != nil {
		t.Fatal(err)
	}
	cfg := over.Config{OrderBy: []rex.SortKey{{Column: 0, Descending: descending, NullsFirst: true}}, InputSchema: in, Registry: agg.NewRegistry(), Frame: frame}
	call, field, err := optest.ParseAgg("SUM(v) AS s", in, cfg.Registry)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Aggs = append(cfg.Aggs, call)
	c := optest.Case{Inputs: []types.Schema{in}, Output: append(in[:2:2], field), Same: optest.Folded, Rebatched: optest.Folded}
	c.New = func() (op.Operator, error) {
		return over.NewChanging(over.ChangingConfig{Config: cfg, InputRetracts: true, EmitUpdateBefore: true})
	}
	random := optest.Random{Steps: 20, DeleteShare: 0.3, Row: func(r *rand.Rand, _ int) string {
		text := "NULL"
		if r.IntN(8) > 0 {
			text = m.texts[r.IntN(len(m.texts))]
		}
		return fmt.Sprintf("o=%s v=%d", text, r.IntN(100))
	}}
	script, left := random.Script(5)
	var want []string
	for _, row := range left[0] {
		sum, some := 0, false
		for _, other := range left[0] {
			if m.between(frame, optest.Cells(row)["o"], optest.Cells(other)["o"], descending) {
				v, _ := cell(other, "v")
				sum, some = sum+v, true
			}
		}
		if some {
			want = append(want, fmt.Sprintf("%s s=%d", row, sum))
		} else {
			want = append(want, row+" s=NULL")
		}
	}
	if err := optest.Check(c, script, want); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(script.Lines(), "\n"))
	}
}
