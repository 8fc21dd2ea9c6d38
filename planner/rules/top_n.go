package rules

import (
	"math"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// topN recognises ROW_NUMBER() filtered to the first rows.
func topN() Rule {
	return perNode("top_n", "make ROW_NUMBER() filtered from above a top-N", func(_ *Context, n logical.Node) logical.Node {
		f, ok := n.(*logical.Filter)
		if !ok {
			return n
		}
		over, ok := f.Inputs()[0].(*logical.Over)
		if !ok || !over.Only("ROW_NUMBER") || over.Mode != logical.OverChanging {
			return n
		}
		rank := len(over.Props().Schema) - 1
		low, high := int64(1), int64(math.MaxInt64)
		var stay []rex.Expr
		for _, t := range conjuncts(f.Predicate) {
			l, h, ok := bounds(t, rank)
			if !ok {
				stay = append(stay, t)
				continue
			}
			low, high = max(low, l), min(high, h)
		}
		if high == math.MaxInt64 {
			return n
		}
		if high < low {
			return filterBy(logical.NewValues(n.Props().Schema, nil), nil)
		}
		return filterBy(logical.NewTopN(over.Inputs()[0], logical.TopNSpec{
			PartitionBy: over.PartitionBy, OrderBy: over.OrderBy, Offset: low - 1, Count: high - low + 1, Rank: true, RankName: over.Names[0],
		}), stay)
	})
}

// bounds reads a comparison of the rank with a constant as a range of ranks.
func bounds(t rex.Expr, rank int) (low, high int64, ok bool) {
	if t.Kind != rex.Call || len(t.Args) != 2 {
		return 0, 0, false
	}
	op, column, constant := t.Name, t.Args[0], t.Args[1]
	if column.IsLiteral() {
		column, constant = constant, column
		op = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}[op]
	}
	if column.Kind != rex.Input || column.Index != rank || !constant.IsLiteral() || constant.Value.Null || !constant.Type.IsInteger() {
		return 0, 0, false
	}
	v := constant.Value.Int
	if v == math.MinInt64 || v == math.MaxInt64 {
		return 0, 0, false // there is no number before or behind it
	}
	switch op {
	case "=":
		return v, v, true
	case "<":
		return 1, v - 1, true
	case "<=":
		return 1, v, true
	case ">":
		return v + 1, math.MaxInt64, true
	case ">=":
		return v, math.MaxInt64, true
	}
	return 0, 0, false
}
