package lower

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// Query is a lowered query.
type Query struct {
	errs.Span
	With []CTE
	// Body is the text of the body with its ORDER BY, LIMIT and OFFSET.
	Body *Fragment
	// NoLimit says that the text's LIMIT is only there to carry an OFFSET.
	NoLimit bool
}

// CTE is one entry of WITH.
type CTE struct {
	errs.Span
	Name    token.Token
	Columns []token.Token
	Query   *Query
}

// Path is a dotted name.
type Path struct {
	errs.Span
	Parts []token.Token
}

// Leaf stands for one value. Node is what Parts.Literal returned, a *Query (of a
// scalar sub-query), *Exists, a *Fragment, *TableArg, *Names or *Star.
type Leaf struct {
	errs.Span
	Node any
}

// Exists is EXISTS (query).
type Exists struct{ Query *Query }

// Star is the argument of COUNT(*).
type Star struct{}

// Names is DESCRIPTOR(a, b), or MODEL a when Model is set.
type Names struct {
	Model bool
	Paths []Path
}

// TableArg is TABLE t or (query) with its PARTITION BY and ORDER BY.
type TableArg struct {
	// Name is the table; without parts it is Query.
	Name  Path
	Query *Query
	// QuerySpan is the query's span with its parentheses.
	QuerySpan errs.Span
	Hints     any
	// Clauses selects 1, then the partition keys, then the order keys.
	Clauses   *Fragment
	Partition int
	Order     int
}

// GroupKind is the kind of a Group.
type GroupKind uint8

// The kinds.
const (
	Parens GroupKind = iota
	RowOf
	ArrayOf
	MapOf
	GroupingSets
	Cube
	Rollup
	Case
	// Values are several values of one WHEN.
	Values
)

// Group is a bracketed list.
type Group struct {
	errs.Span
	Kind GroupKind
}

// Postfix is a chain of [index] and .name after its first argument; the indexes
// follow as arguments.
type Postfix struct {
	errs.Span
	Steps []Step
}

// Step is one [index], or .name when Name is set.
type Step struct {
	Name token.Token
	// End is the byte offset after the step.
	End int
}

// OpKind is the kind of an Op.
type OpKind uint8

// The kinds.
const (
	Compare OpKind = iota
	Is
	In
	Like
	Escape
	Between
	BetweenAnd
)

// Op is a predicate operator carried by a bit operator.
type Op struct {
	errs.Span
	Kind OpKind
	// Text is the comparison operator, or what IS tests, or LIKE or SIMILAR.
	Text string
	Not  bool
	// Symmetric belongs to BETWEEN.
	Symmetric bool
	// Query is the sub-query of IN, ANY or ALL; with it the operator has no right
	// operand.
	Query *Query
	// Quantifier is "", "ANY" or "ALL".
	Quantifier string
}

// Order is one sort key; its expression is its only argument.
type Order struct {
	errs.Span
	Desc bool
	// Nulls is "", "FIRST" or "LAST".
	Nulls string
}

// Call is a function call. Its arguments are followed by those of its clauses, in
// the order of the fields.
type Call struct {
	errs.Span
	Name     []token.Token
	Distinct bool
	// Args is the number of real arguments.
	Args int
	// Named holds the names of named arguments by position; a zero token is none.
	Named map[int]token.Token
	// InnerOrder is the number of sort keys of an ORDER BY in the parentheses.
	InnerOrder int
	// JSON holds a JSON function's clauses; arguments are the DEFAULT expressions, for
	// ON EMPTY, then ON ERROR.
	JSON *JSON
	// Within is the number of sort keys of WITHIN GROUP.
	Within int
	Filter bool
	Over   *Over
	// Nulls is "", "IGNORE" or "RESPECT".
	Nulls string
	// Semantics is "", "RUNNING" or "FINAL".
	Semantics string
	// Type is CAST's and TRY_CAST's.
	Type     types.Type
	TypeSpan errs.Span
	IsCast   bool
}

// JSON holds the clauses of a JSON function.
type JSON struct {
	Returning        *types.Type
	Wrapper          string
	OnNull           string
	OnEmpty, OnError *Behavior
}

// Behavior is what ON EMPTY or ON ERROR does; Kind is DEFAULT when it has an
// expression.
type Behavior struct {
	errs.Span
	Kind string
}

// Over is a window: its partition keys, sort keys and frame offsets are arguments.
type Over struct {
	errs.Span
	Base      token.Token
	Bare      bool
	Partition int
	Order     int
	Frame     *Frame
}

// Frame is a window's frame.
type Frame struct {
	errs.Span
	Rows       bool
	Start, End Bound
}

// Bound is one end of a frame: UNBOUNDED PRECEDING, PRECEDING, CURRENT ROW,
// FOLLOWING or UNBOUNDED FOLLOWING; PRECEDING and FOLLOWING have an argument.
type Bound struct {
	errs.Span
	Kind string
}

// HasOffset reports whether the bound has an argument.
func (b Bound) HasOffset() bool { return b.Kind == "PRECEDING" || b.Kind == "FOLLOWING" }

// SelectKind is the kind of a Select.
type SelectKind uint8

// The kinds.
const (
	PlainSelect SelectKind = iota
	// ValuesRows has one select item for each row.
	ValuesRows
	// TableOf is TABLE name.
	TableOf
	// Nested is a parenthesised query.
	Nested
)

// Select is one operand of a query's body.
type Select struct {
	errs.Span
	Kind SelectKind
	// SetOp is the operator before it, or "".
	SetOp string
	All   bool
	Hints any
	Items []Item
	// HasFrom tells SELECT 1 from one with FROM.
	HasFrom bool
	Windows []Window
	Qualify *Fragment
	Emit    any
	Table   Path
	Query   *Query
}

// Item is a select item; Alias is a zero token without one.
type Item struct {
	errs.Span
	// Star tells that it is * or path.*.
	Star  bool
	Alias token.Token
}

// Window is one entry of WINDOW; its fragment selects 1 and then its parts.
type Window struct {
	errs.Span
	Name token.Token
	Over *Over
	// Parts selects 1, then the over's arguments.
	Parts *Fragment
}

// FactorKind is the kind of a Factor.
type FactorKind uint8

// The kinds.
const (
	NamedTable FactorKind = iota
	Derived
	Function
	Unnest
)

// Factor is one leaf of a join tree.
type Factor struct {
	errs.Span
	Kind FactorKind
	// Join is the operator before it; Kind "" means a comma or the clause's start.
	Join    Join
	Lateral bool
	Name    Path
	Hints   any
	AsOf    *Fragment
	Query   *Query
	// Args selects the call, or UNNEST's arguments.
	Args       *Fragment
	Ordinality bool
	Match      *Match
	Alias      *Alias
	// Inner is the span without MATCH_RECOGNIZE and what follows it.
	Inner errs.Span
	// InnerAlias is an alias before MATCH_RECOGNIZE.
	InnerAlias *Alias
}

// Join is a join operator: JOIN, LEFT, RIGHT, FULL, CROSS, SEMI or ANTI.
type Join struct {
	errs.Span
	Kind    string
	Natural bool
}

// Alias is [AS] name [(columns)].
type Alias struct {
	errs.Span
	Name    token.Token
	Columns []token.Token
}

// Match is MATCH_RECOGNIZE. Exprs selects 1, then the partition keys, the sort
// keys, the measures and the definitions.
type Match struct {
	errs.Span
	Partition int
	Order     int
	Measures  []Named
	Middle    any
	Defines   []Named
	Exprs     *Fragment
}

// Named is a name given to an expression.
type Named struct {
	errs.Span
	Name token.Token
}
