package match_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/match"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The columns of the tests' input: k STRING, t TIMESTAMP(3), v BIGINT, p BOOLEAN,
// q BOOLEAN. The conditions of variables read p and q, or compare v.
const (
	columnK = iota
	columnT
	columnV
	columnP
	columnQ
)

const inputText = "k STRING, t TIMESTAMP(3), v BIGINT, p BOOLEAN, q BOOLEAN"

var (
	bigint    = types.Of(types.BigInt)
	boolean   = types.Of(types.Boolean)
	functions = expr.NewRegistry()
	aggs      = agg.NewRegistry()
)

// nav reads v of the last row of a set.
func nav(set uint64) rowpattern.Nav {
	return rowpattern.Nav{Set: set, Column: columnV, Type: bigint}
}

// compare is a condition on two navigations.
func compare(operator string, a, b rowpattern.Nav) rowpattern.Condition {
	e := rex.CallOf(operator, boolean, rex.Col(0, a.Type), rex.Col(1, b.Type))
	return rowpattern.Condition{Expr: &e, Navs: []rowpattern.Nav{a, b}}
}

// against is a condition on a navigation and a constant.
func against(operator string, a rowpattern.Nav, v int64) rowpattern.Condition {
	e := rex.CallOf(operator, boolean, rex.Col(0, a.Type), rex.BigInt(v))
	return rowpattern.Condition{Expr: &e, Navs: []rowpattern.Nav{a}}
}

// flag is a condition that a column is.
func flag(variable, column int) rowpattern.Condition {
	e := rex.Col(0, boolean)
	return rowpattern.Condition{Expr: &e, Navs: []rowpattern.Nav{{Set: 1 << variable, Column: column, Type: boolean}}}
}

func aggregate(name string, set uint64, distinct bool) rowpattern.Nav {
	call := rex.AggCall{Name: name, Args: []int{columnV}, ArgTypes: []types.Type{bigint}, Type: bigint, Distinct: distinct, Filter: -1}
	return rowpattern.Nav{Kind: rowpattern.Aggregate, Set: set, Agg: &call, Type: bigint}
}

func variable(v int) rowpattern.Pattern { return rowpattern.Pattern{Variable: v} }

func sequence(items ...rowpattern.Pattern) rowpattern.Pattern {
	return rowpattern.Pattern{Kind: rowpattern.Sequence, Items: items}
}

func repeat(item rowpattern.Pattern, least, most int) rowpattern.Pattern {
	return rowpattern.Pattern{Kind: rowpattern.Repeat, Items: []rowpattern.Pattern{item}, Min: least, Max: most}
}

// newCase makes a case of a spec, whose output columns are named by the outputs.
func newCase(s rowpattern.Spec, in types.Schema) optest.Case {
	c := optest.Case{
		New: func() (op.Operator, error) {
			return match.New(match.Config{Spec: s, Functions: functions, Aggregates: aggs})
		},
		Inputs: []types.Schema{in}, Same: optest.InOrder, Rebatched: optest.InOrder,
	}
	for _, column := range s.Leading {
		c.Output = append(c.Output, in[column])
	}
	for i, n := range s.Outputs {
		c.Output = append(c.Output, types.Field{Name: "m" + string(rune('0'+i)), Type: n.Type})
	}
	for _, column := range s.Trailing {
		c.Output = append(c.Output, in[column])
	}
	return c
}
