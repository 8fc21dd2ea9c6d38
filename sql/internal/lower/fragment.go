package lower

import (
	"regexp"
	"sort"
	"strconv"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
	"github.com/xwb1989/sqlparser"
)

// Fragment is text for sqlparser that stands for a piece of the source.
type Fragment struct {
	errs.Span
	text  string
	marks []mark
}

// String is the lowered text, for tests and debugging.
func (f *Fragment) String() string { return f.text }

// Parse has sqlparser read the fragment. A syntax error is mapped back to the
// source token that the refused text was made from.
func (f *Fragment) Parse() (sqlparser.SelectStatement, error) {
	stmt, err := sqlparser.Parse(f.text)
	if err != nil {
		return nil, f.mapError(err)
	}
	sel, ok := stmt.(sqlparser.SelectStatement)
	if !ok {
		return nil, errs.Bugf("the lowered query is a %T", stmt).At(f.Span)
	}
	return sel, nil
}

// Exprs has sqlparser read the fragment as the select list it is, and returns its
// expressions.
func (f *Fragment) Exprs() ([]sqlparser.Expr, error) {
	stmt, err := f.Parse()
	if err != nil {
		return nil, err
	}
	sel, ok := stmt.(*sqlparser.Select)
	if !ok {
		return nil, errs.Bugf("the lowered expressions are a %T", stmt).At(f.Span)
	}
	out := make([]sqlparser.Expr, len(sel.SelectExprs))
	for i, item := range sel.SelectExprs {
		aliased, ok := item.(*sqlparser.AliasedExpr)
		if !ok {
			return nil, errs.Bugf("a lowered expression is a %T", item).At(f.Span)
		}
		out[i] = aliased.Expr
	}
	return out, nil
}

var positionPattern = regexp.MustCompile(`position (\d+)`)

// mapError finds the token that sqlparser refused.
func (f *Fragment) mapError(err error) error {
	tok := token.Token{Start: f.Start, End: max(f.End, f.Start+1)}
	if m := positionPattern.FindStringSubmatch(err.Error()); m != nil {
		// sqlparser's position is one beyond the token it stopped at.
		position, _ := strconv.Atoi(m[1])
		i := sort.Search(len(f.marks), func(i int) bool { return f.marks[i].offset >= position-1 })
		if i > 0 {
			tok = f.marks[i-1].tok
		}
	}
	if tok.Kind == token.EOF && tok.Text == "" {
		return errs.Userf("the syntax is wrong here").At(errs.Span{Start: tok.Start, End: tok.End})
	}
	return errs.Userf("unexpected %s", tok.Describe()).At(token.SpanOf(tok)).
		WithHint("parentheses show which operands belong together")
}
