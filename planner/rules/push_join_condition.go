package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// pushJoinCondition moves terms of a join's condition that look at one side only
// below that side, where rows that fail them can't match or come out.
func pushJoinCondition() Rule {
	return perNode("push_join_condition", "filter a join's inputs by the terms of its condition that look at one side", func(c *Context, n logical.Node) logical.Node {
		j, ok := n.(*logical.Join)
		if !ok || j.Condition == nil {
			return n
		}
		width := len(j.Left().Props().Schema)
		ofLeft, ofRight := filteredSides(j)
		var left, right, stay []rex.Expr
		for _, t := range conjuncts(*j.Condition) {
			switch {
			case c.volatile(t):
				stay = append(stay, t)
			case onlyUses(t, ofLeft.has):
				left = append(left, t)
			case onlyUses(t, ofRight.has):
				right = append(right, onSchema(t, func(c int) int { return c - width }, j.Right().Props().Schema))
			default:
				stay = append(stay, t)
			}
		}
		if len(left)+len(right) == 0 {
			return n
		}
		spec := j.JoinSpec
		spec.Condition = nil
		if len(stay) > 0 {
			condition := and(stay)
			spec.Condition = &condition
		}
		return logical.NewJoin(filterBy(j.Left(), left), filterBy(j.Right(), right), spec)
	})
}

// columnRange are the columns of one relation among those of a join: from first on,
// before end.
type columnRange struct{ first, end int }

func (r columnRange) has(c int) bool { return r.first <= c && c < r.end }

// filteredSides are the columns of each input of a join whose rows its condition may
// keep from the result; none where every row comes out.
func filteredSides(j *logical.Join) (left, right columnRange) {
	width, all := len(j.Left().Props().Schema), len(j.Left().Props().Schema)+len(j.Right().Props().Schema)
	if j.Type == logical.Inner || j.Type == logical.Right || j.Type == logical.Semi {
		left = columnRange{0, width}
	}
	if j.Type != logical.Right && j.Type != logical.Full {
		right = columnRange{width, all}
	}
	return left, right
}
