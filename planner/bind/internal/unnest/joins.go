package unnest

import (
	"slices"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// join lifts both sides of a join. Its keys are conditions until all is bound.
func (l *lifter) join(n *logical.Join) (lifted, error) {
	left, err := l.rows(n.Left())
	if err != nil {
		return left, err
	}
	right, err := l.rows(n.Right())
	if err != nil {
		return right, err
	}
	var terms []rex.Expr
	if n.Condition != nil {
		terms = logical.Conjuncts(*n.Condition)
	}
	switch n.Type {
	case logical.Inner:
		return l.innerJoin(n, left, right, terms), nil
	case logical.Full:
		return l.fullJoin(n, left, right, terms), nil
	case logical.Right:
		return l.rightJoin(n, left, right, terms), nil
	}
	return l.leftJoin(n, left, right, terms), nil
}

// beside moves an expression over a right node behind a left one of width columns.
func beside(width int) func(rex.Expr) rex.Expr {
	return func(e rex.Expr) rex.Expr {
		return e.Map(func(x rex.Expr) rex.Expr {
			if x.Kind == rex.Input {
				x.Index += width
			}
			return x
		})
	}
}

func (l *lifter) innerJoin(n *logical.Join, left, right lifted, terms []rex.Expr) lifted {
	move := beside(len(left.node.Props().Schema))
	columns := append(slices.Clone(left.columns), mapAll(right.columns, move)...)
	preds := append(slices.Clone(left.preds), mapAll(right.preds, move)...)
	spec := logical.JoinSpec{Type: logical.Inner, Span: n.Span}
	var inner []rex.Expr
	for _, t := range terms {
		if t = logical.Substitute(t, columns); l.holds(t) {
			preds = append(preds, t)
		} else {
			inner = append(inner, t)
		}
	}
	if len(inner) > 0 {
		condition := logical.And(inner)
		spec.Condition = &condition
	}
	return lifted{node: logical.NewJoin(left.node, right.node, spec), columns: columns, preds: preds}
}

// leftJoin lifts a join that keeps left rows, or that looks for partners. Where its
// condition or the right side reads the relation, the left side must know of it.
func (l *lifter) leftJoin(n *logical.Join, left, right lifted, terms []rex.Expr) lifted {
	if n.Type == logical.Left {
		right = withMarker(right)
	}
	need := l.refs(slices.Concat(terms, left.columns, right.columns, right.preds)...)
	replace := func(e rex.Expr) rex.Expr { return e }
	if len(need) > 0 {
		var s settled
		s, replace = l.bind(left, need)
		left = s.lifted()
	}
	width := len(left.node.Props().Schema)
	move := func(e rex.Expr) rex.Expr { return replace(beside(width)(e)) }
	columns := append(slices.Clone(left.columns), mapAll(right.columns, move)...)
	conditions := mapAll(right.preds, move)
	for _, t := range terms {
		conditions = append(conditions, replace(logical.Substitute(t, columns)))
	}
	spec := logical.JoinSpec{Type: n.Type, Span: n.Span}
	if len(conditions) > 0 {
		condition := logical.And(conditions)
		spec.Condition = &condition
	}
	node := logical.NewJoin(left.node, right.node, spec)
	schema := node.Props().Schema
	switch n.Type {
	case logical.Semi, logical.Anti:
		columns = left.columns
	case logical.Mark:
		columns = append(slices.Clone(left.columns), rex.Col(width, schema[width].Type))
	default:
		for i := range columns {
			columns[i] = logical.OnSchema(columns[i], func(c int) int { return c }, schema)
		}
	}
	return lifted{node: node, columns: columns, preds: left.preds}
}

// rightJoin is a left join of the sides in the other order.
func (l *lifter) rightJoin(n *logical.Join, left, right lifted, terms []rex.Expr) lifted {
	width, swapped := len(left.columns), len(right.columns)
	swap := func(e rex.Expr) rex.Expr {
		return e.Map(func(x rex.Expr) rex.Expr {
			if x.Kind == rex.Input {
				if x.Index < width {
					x.Index += swapped
				} else {
					x.Index -= width
				}
			}
			return x
		})
	}
	spec := logical.JoinSpec{Type: logical.Left, Span: n.Span}
	out := l.leftJoin(logical.NewJoin(n.Right(), n.Left(), spec), right, left, mapAll(terms, swap))
	out.columns = append(slices.Clone(out.columns[swapped:]), out.columns[:swapped]...)
	return out
}

// fullJoin joins both sides over the domain: a row of either tells its value.
func (l *lifter) fullJoin(n *logical.Join, left, right lifted, terms []rex.Expr) lifted {
	need := l.refs(slices.Concat(terms, left.columns, left.preds, right.columns, right.preds)...)
	a, b := l.overDomain(left, need), l.overDomain(right, need)
	width := len(a.node.Props().Schema)
	known := map[int]rex.Expr{}
	var conditions []rex.Expr
	exprs := make([]rex.Expr, 0, len(need))
	for i, c := range need {
		x := rex.Col(a.keys[i].column, a.node.Props().Schema[a.keys[i].column].Type)
		y := rex.Col(width+b.keys[i].column, b.node.Props().Schema[b.keys[i].column].Type)
		known[c] = x
		conditions = append(conditions, equal(x, y, true))
		exprs = append(exprs, rex.CallOf("COALESCE", x.Type, nullable(x), nullable(y)))
	}
	move := beside(width)
	columns := append(a.lifted().columns, mapAll(b.lifted().columns, move)...)
	for _, t := range terms {
		conditions = append(conditions, l.replace(logical.Substitute(t, columns), known))
	}
	condition := logical.And(conditions)
	node := logical.NewJoin(a.node, b.node, logical.JoinSpec{Type: logical.Full, Condition: &condition, Span: n.Span})
	keys := make([]equality, len(need))
	for i := range need {
		keys[i] = equality{a.keys[i].outer, exprs[i], true}
	}
	schema := node.Props().Schema
	for i := range columns {
		columns[i].Type = schema[columns[i].Index].Type
	}
	return layOut(node, columns, keys).lifted()
}

func nullable(e rex.Expr) rex.Expr {
	e.Type.Nullable = true
	return e
}
