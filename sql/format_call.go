package sql

import (
	"strings"

	"github.com/thalweg/thalweg/sql/internal/token"
)

// isNiladic reports a call that is written without parentheses.
func (c *Call) isNiladic() bool {
	return len(c.Name.Parts) == 1 && niladic(c.Function) && len(c.Args) == 0 && !c.Distinct && c.OrderBy == nil &&
		c.JSON == nil
}

// call writes a call with its clauses.
func (f *formatter) call(c *Call) {
	f.wordIf(c.Semantics != DefaultSemantics, c.Semantics.String()+" ")
	if c.isNiladic() && c.Over == nil && c.Filter == nil && c.WithinGroup == nil && c.Nulls == NullsUnspecified && c.Semantics == DefaultSemantics {
		f.words(c.Name.Parts[0].Text)
		return
	}
	f.functionName(c)
	f.words("(")
	f.wordIf(c.Distinct, "DISTINCT ")
	f.arguments(c)
	if c.OrderBy != nil {
		f.words(" ORDER BY ")
		f.orderItems(c.OrderBy)
	}
	f.json(c.JSON, len(c.Args) == 0)
	f.words(")")
	if c.WithinGroup != nil {
		f.words(" WITHIN GROUP (ORDER BY ")
		f.orderItems(c.WithinGroup)
		f.words(")")
	}
	f.wordIf(c.Nulls != NullsUnspecified, " "+c.Nulls.String())
	if c.Filter != nil {
		f.words(" FILTER (WHERE ")
		f.expr(c.Filter, 0)
		f.words(")")
	}
	if c.Over != nil {
		f.words(" OVER ")
		f.windowSpec(c.Over)
	}
}

// callForm says how a call's arguments are written.
type callForm uint8

const (
	plainForm callForm = iota
	extractForm
	trimForm
	toUnitForm
	pairForm
)

// form finds the special syntax that the call's name and arguments have.
func (c *Call) form() callForm {
	if len(c.Name.Parts) != 1 {
		return plainForm
	}
	symbolAt := func(i int) bool {
		if i >= len(c.Args) {
			return false
		}
		_, ok := c.Args[i].(*Symbol)
		return ok
	}
	switch c.Function {
	case "EXTRACT":
		if symbolAt(0) && len(c.Args) == 2 {
			return extractForm
		}
	case "TRIM":
		if symbolAt(0) {
			return trimForm
		}
	case "FLOOR", "CEIL", "CEILING":
		if symbolAt(1) {
			return toUnitForm
		}
	case "JSON_OBJECT", "JSON_OBJECTAGG":
		if len(c.Args)%2 == 0 && !c.Distinct {
			return pairForm
		}
	}
	return plainForm
}

// quotedFunctions are names that mean something else unless they are quoted.
const quotedFunctions = " ROW ARRAY MAP MULTISET DESCRIPTOR CAST TRY_CAST CUBE ROLLUP EXTRACT JSON_OBJECT JSON_OBJECTAGG GROUPING TABLE "

// functionName writes a call's name, quoted where the plain word has a syntax of
// its own that this call does not follow.
func (f *formatter) functionName(c *Call) {
	if len(c.Name.Parts) > 1 {
		f.name(c.Name)
		return
	}
	text := c.Name.Parts[0].Text
	upper := strings.ToUpper(text)
	reserved := token.Reserved(upper) && upper != "LEFT" && upper != "RIGHT"
	special := strings.Contains(quotedFunctions, " "+upper+" ") && c.form() == plainForm
	if upper == "GROUPING" {
		special = false
	}
	if upper == "TIMESTAMPADD" || upper == "TIMESTAMPDIFF" {
		_, isSymbol := firstArgument(c).(*Symbol)
		special = !isSymbol
	}
	if isPlain(text) && !reserved && !special {
		f.words(text)
		return
	}
	f.words("`", strings.ReplaceAll(text, "`", "``"), "`")
}

func firstArgument(c *Call) Expr {
	if len(c.Args) == 0 {
		return nil
	}
	return c.Args[0]
}

// arguments writes what stands between the parentheses before the clauses.
func (f *formatter) arguments(c *Call) {
	switch c.form() {
	case extractForm:
		f.expr(c.Args[0], 0)
		f.words(" FROM ")
		f.expr(c.Args[1], 0)
	case trimForm:
		f.expr(c.Args[0], 0)
		f.each(len(c.Args)-1, "", func(i int) {
			f.wordIf(i == len(c.Args)-2, " FROM")
			f.words(" ")
			f.expr(c.Args[i+1], 0)
		})
	case toUnitForm:
		f.expr(c.Args[0], 0)
		f.words(" TO ")
		f.expr(c.Args[1], 0)
	case pairForm:
		f.each(len(c.Args)/2, ", ", func(i int) {
			f.words("KEY ")
			f.expr(c.Args[2*i], 0)
			f.words(" VALUE ")
			f.expr(c.Args[2*i+1], 0)
		})
	default:
		least := 0
		if c.Function == "POSITION" {
			// IN separates POSITION's arguments.
			least = precAdd
		}
		f.each(len(c.Args), ", ", func(i int) { f.expr(c.Args[i], least) })
	}
}

// callPart writes what only stands in or as a call.
func (f *formatter) callPart(e Expr) {
	switch e := e.(type) {
	case *Cast:
		f.wordIf(e.Try, "TRY_")
		f.words("CAST(")
		f.expr(e.X, 0)
		f.words(" AS ", e.Type.String(), ")")
	case *NamedArg:
		f.ident(e.Name)
		f.words(" => ")
		f.expr(e.Value, 0)
	case *Symbol:
		f.words(e.Text)
	case *Descriptor:
		f.words("DESCRIPTOR(")
		f.each(len(e.Columns), ", ", func(i int) { f.name(e.Columns[i]) })
		f.words(")")
	case *ModelArg:
		f.words("MODEL ")
		f.name(e.Name)
	case *TableArg:
		if t, ok := e.Table.(*NamedTable); ok {
			f.words("TABLE ")
			f.name(t.Name)
			f.hints(t.Hints)
		} else {
			f.tableRef(e.Table)
		}
		if e.PartitionBy != nil {
			f.words(" PARTITION BY ")
			f.parens(e.PartitionBy)
		}
		if e.OrderBy != nil {
			f.words(" ORDER BY (")
			f.orderItems(e.OrderBy)
			f.words(")")
		}
	}
}

// json writes the clauses of a JSON function; bare says that nothing stands before
// them.
func (f *formatter) json(j *JSONClauses, bare bool) {
	if j == nil {
		return
	}
	inner := &formatter{}
	if j.Returning != nil {
		inner.words(" RETURNING ", j.Returning.String())
	}
	inner.wordIf(j.Wrapper != "", " "+j.Wrapper)
	inner.wordIf(j.OnNull != "", " "+j.OnNull)
	inner.behavior(j.OnEmpty, " ON EMPTY")
	inner.behavior(j.OnError, " ON ERROR")
	text := inner.b.String()
	if bare {
		text = strings.TrimPrefix(text, " ")
	}
	f.words(text)
}

func (f *formatter) behavior(b *JSONBehavior, on string) {
	if b == nil {
		return
	}
	f.words(" ", b.Kind)
	if b.Default != nil {
		f.words(" ")
		f.expr(b.Default, 0)
	}
	f.words(on)
}
