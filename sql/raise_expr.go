package sql

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/lower"
	"github.com/xwb1989/sqlparser"
)

// infix returns the operands of an infix node of sqlparser's and its operator.
func infix(e sqlparser.Expr) (left, right sqlparser.Expr, op string) {
	switch n := e.(type) {
	case *sqlparser.AndExpr:
		return n.Left, n.Right, "AND"
	case *sqlparser.OrExpr:
		return n.Left, n.Right, "OR"
	case *sqlparser.BinaryExpr:
		return n.Left, n.Right, n.Operator
	}
	return nil, nil, ""
}

// binaryOps are the operators that sqlparser's tree says in their own words.
var binaryOps = map[string]BinaryOp{
	"OR": Or, "AND": And, sqlparser.PlusStr: Add, sqlparser.MinusStr: Subtract, sqlparser.MultStr: Multiply,
	sqlparser.DivStr: Divide, sqlparser.ModStr: Modulo, sqlparser.IntDivStr: Concat,
}

// comparisonOps are the operators of lower.Op by their text.
var comparisonOps = map[string]BinaryOp{
	"=": Equal, "<>": NotEqual, "<": Less, "<=": LessEqual, ">": Greater, ">=": GreaterEqual, "OVERLAPS": Overlaps,
}

// link is an infix operator and its right operand.
type link struct {
	op    string
	right sqlparser.Expr
}

// expr raises an expression. Infix operators are walked down their left side
// without recursion, as chains of them may be as long as the text, and then built
// from the inside out; predicates, which lowering wrote as operators between
// markers and operands, are put together on the way.
func (r *raiser) expr(e sqlparser.Expr) (Expr, error) {
	hole := r.hole
	r.hole = nil
	var links []link
	for {
		left, right, op := infix(e)
		if left == nil {
			break
		}
		links = append(links, link{op, right})
		e = left
	}
	c := chain{r: r}
	var err error
	if marker := r.marker(e); marker != nil {
		if hole == nil {
			return nil, misplaced(marker)
		}
		c.acc = hole
		err = c.mark(marker)
	} else {
		c.acc, err = r.operandExpr(e)
	}
	for i := len(links) - 1; i >= 0 && err == nil; i-- {
		err = c.apply(links[i])
	}
	if err == nil {
		err = c.finish()
	}
	return c.acc, err
}

// marker returns the predicate operator that e stands for, or nil.
func (r *raiser) marker(e sqlparser.Expr) *lower.Op {
	val, ok := e.(*sqlparser.SQLVal)
	if !ok || val.Type != sqlparser.ValArg {
		return nil
	}
	op, _ := r.table.Find(string(val.Val)).(*lower.Op)
	return op
}

// leftmost is the left end of an infix expression.
func leftmost(e sqlparser.Expr) sqlparser.Expr {
	for {
		left, _, _ := infix(e)
		if left == nil {
			return e
		}
		e = left
	}
}

// misplaced is the error for a predicate whose operands sqlparser grouped in a way
// that the predicate cannot have.
func misplaced(op *lower.Op) error {
	return errs.Userf("the operands of this operator are ambiguous").At(op.Span).
		WithHint("put parentheses around the predicates beside it")
}

// chain builds an expression from the inside out.
type chain struct {
	r   *raiser
	acc Expr
	// pending is the operator that wants its right operand; for BETWEEN it stays
	// pending until its upper bound, with low set in between.
	pending *lower.Op
	low     Expr
	// wantsHigh says that BETWEEN's AND has been seen.
	wantsHigh bool
}

// apply adds one operator and its right operand.
func (c *chain) apply(l link) error {
	if marker := c.r.marker(l.right); marker != nil {
		return c.mark(marker)
	}
	if marker := c.r.marker(leftmost(l.right)); marker != nil {
		// A postfix predicate with tighter operators behind it: x IS NULL = y. What
		// stands left of the predicate is complete, and takes its place.
		if err := c.finish(); err != nil {
			return err
		}
		c.r.hole = c.acc
		var err error
		c.acc, err = c.r.expr(l.right)
		return err
	}
	if c.pending != nil && c.pending.Kind == lower.In {
		return c.inList(l.right)
	}
	right, err := c.r.expr(l.right)
	if err != nil {
		return err
	}
	if op, ok := binaryOps[l.op]; ok {
		if err := c.finish(); err != nil {
			return err
		}
		c.acc = &Binary{Place: joined(c.acc, right), Op: op, Left: c.acc, Right: right}
		return nil
	}
	return c.operand(right)
}

// finish fails if an operator still wants an operand.
func (c *chain) finish() error {
	if c.pending != nil {
		return misplaced(c.pending)
	}
	return nil
}

// mark adds a predicate operator.
func (c *chain) mark(op *lower.Op) error {
	if op.Kind == lower.BetweenAnd && c.pending != nil && c.low != nil && !c.wantsHigh {
		c.wantsHigh = true
		return nil
	}
	if err := c.finish(); err != nil {
		return err
	}
	place := Place{Span: errs.Span{Start: c.acc.Pos().Start, End: op.End}}
	switch {
	case op.Kind == lower.BetweenAnd:
		return misplaced(op)
	case op.Kind == lower.Is:
		c.acc = &Is{Place: place, X: c.acc, Not: op.Not, Kind: isKind(op.Text)}
	case op.Query == nil:
		c.pending = op
	default:
		q, err := c.r.query(op.Query)
		if err != nil {
			return err
		}
		if op.Kind == lower.In {
			c.acc = &InQuery{Place: place, X: c.acc, Not: op.Not, Query: q}
			break
		}
		c.acc = &Quantified{Place: place, X: c.acc, Op: comparisonOps[op.Text], All: op.Quantifier == "ALL", Query: q}
	}
	return nil
}

// isKind finds the test of IS by its keywords.
func isKind(text string) IsKind {
	for k := IsNull; k < IsJSONScalar; k++ {
		if k.String() == text {
			return k
		}
	}
	return IsJSONScalar
}

// operand gives the pending operator its right operand.
func (c *chain) operand(right Expr) error {
	op := c.pending
	if op == nil {
		return errs.Bugf("an operand has no operator").At(right.Pos())
	}
	place := joined(c.acc, right)
	switch op.Kind {
	case lower.Compare:
		kind, ok := comparisonOps[op.Text]
		if op.Text == "DISTINCT" {
			kind = DistinctFrom
			if op.Not {
				kind = NotDistinctFrom
			}
		} else if !ok {
			return errs.Bugf("no operator %s", op.Text).At(op.Span)
		}
		c.acc = &Binary{Place: place, Op: kind, Left: c.acc, Right: right}
	case lower.Like:
		c.acc = &Like{Place: place, X: c.acc, Not: op.Not, Similar: op.Text == "SIMILAR", Pattern: right}
	case lower.Escape:
		like, ok := c.acc.(*Like)
		if !ok || like.Escape != nil {
			return misplaced(op)
		}
		like.Escape, like.Place = right, place
	case lower.Between:
		if !c.wantsHigh {
			if c.low != nil {
				return misplaced(op)
			}
			c.low = right
			return nil
		}
		c.acc = &Between{Place: place, X: c.acc, Not: op.Not, Symmetric: op.Symmetric, Low: c.low, High: right}
		c.low, c.wantsHigh = nil, false
	}
	c.pending = nil
	return nil
}

// inList gives IN its list.
func (c *chain) inList(e sqlparser.Expr) error {
	items, group, err := c.r.groupItems(e)
	if err != nil {
		return err
	}
	if group == nil {
		return misplaced(c.pending)
	}
	place := Place{Span: errs.Span{Start: c.acc.Pos().Start, End: group.End}}
	c.acc = &InList{Place: place, X: c.acc, Not: c.pending.Not, Items: items}
	c.pending = nil
	return nil
}

// operandExpr raises an expression without infix operators.
func (r *raiser) operandExpr(e sqlparser.Expr) (Expr, error) {
	switch n := e.(type) {
	case *sqlparser.NotExpr:
		return r.unary(Not, n.Expr)
	case *sqlparser.UnaryExpr:
		switch n.Operator {
		case sqlparser.UMinusStr:
			return r.unary(Negate, n.Expr)
		case sqlparser.UPlusStr:
			return r.unary(Plus, n.Expr)
		}
	case *sqlparser.ColName:
		if path, ok := r.table.Find(n.Name.String()).(*lower.Path); ok {
			return &ColumnRef{Place: at(path.Span), Name: nameOf(*path)}, nil
		}
	case *sqlparser.SQLVal:
		if leaf, ok := r.table.Find(string(n.Val)).(*lower.Leaf); ok {
			return r.leaf(leaf)
		}
	case *sqlparser.FuncExpr:
		return r.call(n)
	}
	return nil, unraisable(e, errs.Span{})
}

// unary raises a prefix operator; the token before its operand is the operator.
func (r *raiser) unary(op UnaryOp, operand sqlparser.Expr) (Expr, error) {
	x, err := r.expr(operand)
	if err != nil {
		return nil, err
	}
	span := errs.Span{Start: r.tokenBefore(x.Pos().Start).Start, End: x.Pos().End}
	return &Unary{Place: at(span), Op: op, X: x}, nil
}

// caseExpr raises CASE.
func (r *raiser) caseExpr(n *sqlparser.CaseExpr, span errs.Span) (Expr, error) {
	out := &Case{Place: at(span)}
	var err error
	if n.Expr != nil {
		if out.Operand, err = r.expr(n.Expr); err != nil {
			return nil, err
		}
	}
	for _, w := range n.Whens {
		values, err := r.whenValues(w.Cond)
		if err != nil {
			return nil, err
		}
		result, err := r.expr(w.Val)
		if err != nil {
			return nil, err
		}
		out.Whens = append(out.Whens, When{Place: joined(values[0], result), Values: values, Result: result})
	}
	if n.Else != nil {
		out.Else, err = r.expr(n.Else)
	}
	return out, err
}

// whenValues raises what stands between WHEN and THEN.
func (r *raiser) whenValues(e sqlparser.Expr) ([]Expr, error) {
	if call, ok := e.(*sqlparser.FuncExpr); ok {
		if g, ok := r.table.Find(call.Name.String()).(*lower.Group); ok && g.Kind == lower.Values {
			return r.arguments(call, g.Span)
		}
	}
	condition, err := r.expr(e)
	return []Expr{condition}, err
}
