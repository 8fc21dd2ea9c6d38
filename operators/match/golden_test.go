package match_test

import (
	"testing"
	"time"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/optest"
)

// build makes a case of A B+ C, where B falls below the row before and C rises above
// it, or with `greedy` of B+ alone; `within`, `skip`, `rowtime`, `proctime` and
// `ties` change it.
func build(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	falls, rises := nav(0b010), nav(0b100)
	before := func(n rowpattern.Nav) rowpattern.Nav { n.Physical = -1; return n }
	first := nav(rowpattern.AllVariables)
	first.First = true
	s := rowpattern.Spec{
		PartitionBy: []int{columnK}, Time: columnT, Variables: []string{"A", "B", "C"}, Leading: []int{columnK},
		Pattern:    sequence(variable(0), repeat(variable(1), 1, -1), variable(2)),
		Conditions: []rowpattern.Condition{{}, compare("<", falls, before(falls)), compare(">", rises, before(rises))},
		Outputs:    []rowpattern.Nav{first, nav(0b010), nav(0b100)}, WithinMillis: int64(h.Duration("within") / time.Millisecond),
		ProcTime: h.Has("proctime"),
	}
	if h.Has("greedy") {
		s.Pattern = repeat(variable(1), 1, -1)
	}
	if h.Has("rowtime") {
		s.Rowtime = true
		s.Outputs = append(s.Outputs, rowpattern.Nav{Set: rowpattern.AllVariables, Final: true, Column: columnT, Type: types.TimestampOf(3)})
	}
	switch h.Text("skip") {
	case "next":
		s.Skip = rowpattern.ToNextRow
	case "first C":
		s.Skip, s.SkipSet, s.SkipName = rowpattern.ToFirst, 0b100, "C"
	case "last A":
		s.Skip, s.SkipSet, s.SkipName = rowpattern.ToLast, 0b001, "A"
	}
	if h.Has("ties") {
		s.Ties = []rex.SortKey{{Column: columnV, Descending: true}}
	}
	return newCase(s, in), nil
}

func TestMatch(t *testing.T) { optest.RunText(t, "testdata/match", build) }
