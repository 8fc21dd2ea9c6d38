package sql

import (
	"encoding/hex"
	"strconv"

	"github.com/thalweg/thalweg/internal/types"
)

// The precedences of expressions, from loose to tight.
const (
	precOr = iota + 1
	precAnd
	precNot
	precIs
	precCompare
	precLike
	precAdd
	precMultiply
	precUnary
	precPrimary
)

// precedence is how tight an operator binds.
func (o BinaryOp) precedence() int {
	switch {
	case o == Or:
		return precOr
	case o == And:
		return precAnd
	case o <= Overlaps:
		return precCompare
	case o <= Subtract:
		return precAdd
	}
	return precMultiply
}

// precedenceOf is how tight e binds without parentheses.
func precedenceOf(e Expr) int {
	switch e := e.(type) {
	case *Binary:
		return e.Op.precedence()
	case *Unary:
		if e.Op == Not {
			return precNot
		}
		return precUnary
	case *Is:
		return precIs
	case *Quantified:
		return precCompare
	case *Between, *InList, *InQuery, *Like:
		return precLike
	}
	return precPrimary
}

// expr writes e, in parentheses if it binds looser than least.
func (f *formatter) expr(e Expr, least int) {
	if precedenceOf(e) < least {
		f.words("(")
		f.expr(e, 0)
		f.words(")")
		return
	}
	switch e := e.(type) {
	case *Binary:
		f.binary(e)
	case *Unary:
		f.unary(e)
	case *Is, *Quantified, *Between, *InList, *InQuery, *Like:
		f.predicate(e)
	default:
		f.primary(e)
	}
}

// binary writes a chain of operators down its left side in a loop.
func (f *formatter) binary(e *Binary) {
	spine := []*Binary{e}
	var left Expr
	for {
		last := spine[len(spine)-1]
		left = last.Left
		next, ok := left.(*Binary)
		if !ok || next.Op.precedence() < last.Op.precedence() {
			break
		}
		spine = append(spine, next)
	}
	f.expr(left, spine[len(spine)-1].Op.precedence())
	for i := len(spine) - 1; i >= 0; i-- {
		f.words(" ", spine[i].Op.String(), " ")
		f.expr(spine[i].Right, spine[i].Op.precedence()+1)
	}
}

func (f *formatter) unary(e *Unary) {
	f.words(e.Op.String())
	if e.Op == Not {
		f.words(" ")
		f.expr(e.X, precNot)
		return
	}
	f.expr(e.X, precPrimary)
}

// predicate writes a predicate; its operands bind tighter than predicates do.
func (f *formatter) predicate(e Expr) {
	not := func(n bool) { f.wordIf(n, " NOT") }
	switch e := e.(type) {
	case *Is:
		f.expr(e.X, precIs)
		f.words(" IS")
		not(e.Not)
		f.words(" ", e.Kind.String())
	case *Quantified:
		f.expr(e.X, precCompare)
		f.words(" ", e.Op.String())
		if e.All {
			f.words(" ALL ")
		} else {
			f.words(" ANY ")
		}
		f.subquery(e.Query)
	case *Between:
		f.expr(e.X, precAdd)
		not(e.Not)
		f.words(" BETWEEN ")
		f.wordIf(e.Symmetric, "SYMMETRIC ")
		f.expr(e.Low, precAdd)
		f.words(" AND ")
		f.expr(e.High, precAdd)
	case *InList:
		f.expr(e.X, precAdd)
		not(e.Not)
		f.words(" IN ")
		f.parens(e.Items)
	case *InQuery:
		f.expr(e.X, precAdd)
		not(e.Not)
		f.words(" IN ")
		f.subquery(e.Query)
	case *Like:
		f.expr(e.X, precAdd)
		not(e.Not)
		if e.Similar {
			f.words(" SIMILAR TO ")
		} else {
			f.words(" LIKE ")
		}
		f.expr(e.Pattern, precAdd)
		if e.Escape != nil {
			f.words(" ESCAPE ")
			f.expr(e.Escape, precAdd)
		}
	}
}

func (f *formatter) subquery(q *Query) {
	f.words("(")
	f.query(q)
	f.words(")")
}

func (f *formatter) exprs(list []Expr) {
	f.each(len(list), ", ", func(i int) { f.expr(list[i], 0) })
}

func (f *formatter) parens(list []Expr) {
	f.words("(")
	f.exprs(list)
	f.words(")")
}

// primary writes an expression that holds together by itself.
func (f *formatter) primary(e Expr) {
	switch e := e.(type) {
	case *ColumnRef:
		f.name(e.Name)
	case *Star:
		for _, part := range e.Qualifier {
			f.ident(part)
			f.words(".")
		}
		f.words("*")
	case *Exists:
		f.words("EXISTS ")
		f.subquery(e.Query)
	case *Subquery:
		f.subquery(e.Query)
	case *Case:
		f.caseExpr(e)
	case *Row:
		f.wordIf(e.Explicit, "ROW")
		f.parens(e.Items)
	case *Array:
		f.words("ARRAY[")
		f.exprs(e.Items)
		f.words("]")
	case *Map:
		f.words("MAP[")
		f.each(len(e.Keys), ", ", func(i int) {
			f.expr(e.Keys[i], 0)
			f.words(", ")
			f.expr(e.Values[i], 0)
		})
		f.words("]")
	case *Index:
		f.base(e.X)
		f.words("[")
		f.expr(e.Index, 0)
		f.words("]")
	case *Field:
		f.fieldBase(e.X)
		f.words(".")
		f.ident(e.Name)
	case *GroupingSets:
		f.words(e.Kind.String(), " ")
		f.parens(e.Elements)
	case *Call:
		f.call(e)
	case *Cast, *NamedArg, *TableArg, *Descriptor, *ModelArg, *Symbol:
		f.callPart(e)
	default:
		f.literal(e)
	}
}

// base writes the operand of [index], in parentheses unless it can stand before a
// bracket.
func (f *formatter) base(x Expr) {
	if _, ok := x.(*ColumnRef); ok {
		f.expr(x, 0)
		return
	}
	f.fieldBase(x)
}

// fieldBase writes the operand of .name, where a path would run on.
func (f *formatter) fieldBase(x Expr) {
	bare := false
	switch x := x.(type) {
	case *Index, *Array, *Map, *Cast, *Subquery, *Field:
		bare = true
	case *Row:
		bare = x.Explicit || len(x.Items) > 1
	case *Call:
		bare = x.isBare()
	}
	f.wordIf(!bare, "(")
	f.expr(x, 0)
	f.wordIf(!bare, ")")
}

// isBare reports a call that ends at its closing parenthesis.
func (c *Call) isBare() bool {
	return c.Filter == nil && c.Over == nil && c.WithinGroup == nil && c.Nulls == NullsUnspecified &&
		c.Semantics == DefaultSemantics && !c.isNiladic()
}

func (f *formatter) caseExpr(e *Case) {
	f.words("CASE")
	if e.Operand != nil {
		f.words(" ")
		f.expr(e.Operand, 0)
	}
	for _, w := range e.Whens {
		f.words(" WHEN ")
		f.exprs(w.Values)
		f.words(" THEN ")
		f.expr(w.Result, 0)
	}
	if e.Else != nil {
		f.words(" ELSE ")
		f.expr(e.Else, 0)
	}
	f.words(" END")
}

func (f *formatter) literal(e Expr) {
	switch e := e.(type) {
	case *NullLiteral:
		f.words("NULL")
	case *BoolLiteral:
		if e.Value {
			f.words("TRUE")
			return
		}
		f.words("FALSE")
	case *NumberLiteral:
		f.words(e.Text)
	case *StringLiteral:
		f.quote(e.Value)
	case *BytesLiteral:
		f.words("x'", hex.EncodeToString(e.Value), "'")
	case *TemporalLiteral:
		f.words(e.Kind.String(), " ", types.QuoteString(e.Text))
	case *IntervalLiteral:
		f.interval(e)
	}
}

func (f *formatter) interval(e *IntervalLiteral) {
	f.words("INTERVAL ")
	f.wordIf(e.Negative, "-")
	f.words(types.QuoteString(e.Text), " ", e.From.String())
	fraction := strconv.Itoa(e.Fraction)
	if e.FromPrecision > 0 {
		f.words("(", strconv.Itoa(e.FromPrecision))
		f.wordIf(e.From == Second && e.Fraction >= 0, ", "+fraction)
		f.words(")")
	}
	if e.To != NoUnit {
		f.words(" TO ", e.To.String())
		f.wordIf(e.To == Second && e.Fraction >= 0, "("+fraction+")")
	}
}
