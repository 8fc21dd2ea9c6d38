// Package lower rewrites queries and expressions of the streaming dialect into
// the MySQL grammar that sqlparser reads, token by token, and remembers what it
// took out.
//
// The output of a lowering is text for sqlparser. Everything that has a name, a
// value or a place in the source is written as a reserved name that carries a
// number, and the number finds its [Table] entry again:
//
//	a.b.c                     `i4`                    *Path
//	'x', 12, DATE '…'         :v5                     *Leaf, the parsed literal
//	(SELECT …)                :v6                     *Leaf, a *Query lowered by itself
//	f(a, b)                   `f7`(…, …)              *Call
//	f(a) OVER (ORDER BY b)    `f7`(…, `o8`(…))        *Call, its clauses' expressions appended
//	(a, b)  ARRAY[a]          `g9`(…, …)              *Group
//	a[1].b                    `x10`(…, …)             *Postfix
//	FROM t FOR SYSTEM_TIME …  FROM `t11`              *Factor
//	SELECT …                  SELECT /*s12*/ …        *Select
//
// sqlparser then finds the structure: clauses, select items, the join tree, set
// operations, operator precedence, CASE. Its conditions do not chain and lack
// half of our predicates, so predicates travel on its bit operators, which the
// dialect does not have and which have the right precedences among themselves:
//
//	a IS NULL                 a | :v1                 binds loosest
//	a = b                     a & :v2 & b
//	a LIKE b ESCAPE c         a << :v3 << b << :v4 << c
//	a || b                    a DIV b                 as tight as *
//
// where :v1 to :v4 are *Op entries. INTERSECT is written as UNION inside
// parentheses that give it its higher precedence; every join that takes a condition is
// written as LEFT JOIN and every one that takes none as NATURAL JOIN, and the
// kind stands on the *Factor to its right.
//
// sqlparser stops at 200 open parentheses, so beyond a hundred a lowering goes on
// in a fragment of its own, as it does for each sub-query. The work is linear in
// the number of tokens.
package lower

import (
	"fmt"
	"strconv"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// Parts parses what lowering takes out whole. Each method reads at the cursor and
// its result is stored as it is.
type Parts interface {
	// Literal reads a literal, or a function without parentheses, if one is next;
	// nil and an unmoved cursor mean that there is none.
	Literal(c *token.Cursor) (any, error)
	// Hints reads a run of /*+ … */ hints; the cursor is at the first.
	Hints(c *token.Cursor) (any, error)
	// Emit reads the clauses after EMIT.
	Emit(c *token.Cursor) (any, error)
	// MatchMiddle reads what stands between MEASURES and DEFINE in
	// MATCH_RECOGNIZE.
	MatchMiddle(c *token.Cursor) (any, error)
}

// Table is the side table of one lowering.
type Table struct {
	entries []any
}

// Find returns the entry whose number stands at the end of a reserved name such as
// "f12" or ":v12". It panics on a name that lowering did not make.
func (t *Table) Find(name string) any {
	start := len(name)
	for start > 0 && name[start-1] >= '0' && name[start-1] <= '9' {
		start--
	}
	id, err := strconv.Atoi(name[start:])
	if err != nil || id >= len(t.entries) {
		panic(fmt.Sprintf("lower: no entry for %q", name))
	}
	return t.entries[id]
}

// ReadQuery lowers the query at c, up to the first token that cannot belong to it.
func ReadQuery(c *token.Cursor, parts Parts, maxDepth int) (*Query, *Table, error) {
	l := &lowerer{Cursor: c, parts: parts, table: &Table{}, maxDepth: maxDepth}
	q, err := l.query()
	return q, l.table, err
}

// ReadExpr lowers the expression at c, up to the first token that cannot belong to
// it.
func ReadExpr(c *token.Cursor, parts Parts, maxDepth int) (*Fragment, *Table, error) {
	l := &lowerer{Cursor: c, parts: parts, table: &Table{}, maxDepth: maxDepth}
	f, err := l.fragment(func(b *builder) error { return l.expr(b) })
	return f, l.table, err
}

// lowerer is the state of one lowering.
type lowerer struct {
	*token.Cursor
	parts    Parts
	table    *Table
	maxDepth int
	// depth counts open brackets, CASEs and prefix operators of the source.
	depth int
	// tableFunction says that the next call is a table function's, whose query
	// arguments are tables.
	tableFunction bool
	// queryAt caches isQuery.
	queryAt map[int]bool
}

// add stores an entry and returns its number.
func (l *lowerer) add(entry any) int {
	l.table.entries = append(l.table.entries, entry)
	return len(l.table.entries) - 1
}

// enter counts one level of nesting at the current token.
func (l *lowerer) enter() error {
	l.depth++
	if l.depth > l.maxDepth {
		return token.TooDeep(l.Peek(), l.maxDepth)
	}
	return nil
}

func (l *lowerer) leave() { l.depth-- }

// openMax is how many parentheses one fragment may open.
const openMax = 100

// builder makes the text of one fragment.
type builder struct {
	buf   []byte
	marks []mark
	// open counts unclosed parentheses in buf.
	open int
}

// mark says that the text from offset on was made from the token at span.
type mark struct {
	offset int
	tok    token.Token
}

// from notes that what is written next stands for t.
func (b *builder) from(t token.Token) { b.marks = append(b.marks, mark{offset: len(b.buf), tok: t}) }

func (b *builder) write(s string) { b.buf = append(b.buf, s...) }

// name writes a back-quoted reserved name.
func (b *builder) name(kind byte, id int) {
	b.buf = append(b.buf, '`', kind)
	b.buf = strconv.AppendInt(b.buf, int64(id), 10)
	b.buf = append(b.buf, '`')
}

// leaf writes a reserved value.
func (b *builder) leaf(id int) {
	b.buf = append(b.buf, ':', 'v')
	b.buf = strconv.AppendInt(b.buf, int64(id), 10)
}

// call opens a reserved call.
func (b *builder) call(kind byte, id int) {
	b.name(kind, id)
	b.buf = append(b.buf, '(')
	b.open++
}

func (b *builder) close() {
	b.buf = append(b.buf, ')')
	b.open--
}

// comma writes a separator before all but the first of a list, and counts it.
func (b *builder) comma(n *int) {
	if *n > 0 {
		b.write(", ")
	}
	*n++
}

// fragment runs fill on a fresh builder that selects what fill writes.
func (l *lowerer) fragment(fill func(b *builder) error) (*Fragment, error) {
	b := &builder{}
	first := l.Index()
	b.write("SELECT ")
	if err := fill(b); err != nil {
		return nil, err
	}
	return &Fragment{Span: l.From(first), text: string(b.buf), marks: b.marks}, nil
}

// unsupported is the error for a construct of the dialect that is known and not
// read, at the current token.
func (l *lowerer) unsupported(what string) error {
	return errs.Unsupportedf("%s is not supported", what).At(l.Peek().Span())
}
