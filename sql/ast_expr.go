package sql

// Expr is an expression. Its span includes parentheses written around it.
type Expr interface {
	Node
	expr()
	setSpan(Place)
}

// ColumnRef is a path a.b.c: a column, perhaps with a table before it and fields
// of rows after it. Which part is which only the binder knows.
type ColumnRef struct {
	Place
	Name Name
}

// Star is `*` or `a.b.*`, in a select list or as COUNT's argument.
type Star struct {
	Place
	Qualifier []Ident
}

// UnaryOp is a prefix operator.
type UnaryOp uint8

// The prefix operators.
const (
	Negate UnaryOp = iota
	Plus
	Not
)

// String gives the operator's text.
func (o UnaryOp) String() string { return enumString(int(o), "UnaryOp", "-", "+", "NOT") }

// Unary is op x.
type Unary struct {
	Place
	Op UnaryOp
	X  Expr
}

// BinaryOp is an infix operator.
type BinaryOp uint8

// The infix operators.
const (
	Or BinaryOp = iota
	And
	Equal
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
	DistinctFrom    // IS DISTINCT FROM
	NotDistinctFrom // IS NOT DISTINCT FROM
	Overlaps        // (a, b) OVERLAPS (c, d)
	Add
	Subtract
	Multiply
	Divide
	Modulo
	Concat
)

// String gives the operator's text.
func (o BinaryOp) String() string {
	return enumString(int(o), "BinaryOp", "OR", "AND", "=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM",
		"IS NOT DISTINCT FROM", "OVERLAPS", "+", "-", "*", "/", "%", "||")
}

// Binary is left op right. Chains of equal precedence are left-deep.
type Binary struct {
	Place
	Op    BinaryOp
	Left  Expr
	Right Expr
}

// IsKind is what IS tests.
type IsKind uint8

// The tests.
const (
	IsNull IsKind = iota
	IsTrue
	IsFalse
	IsUnknown
	IsJSON // IS JSON and IS JSON VALUE
	IsJSONObject
	IsJSONArray
	IsJSONScalar
)

// String gives the test's keywords.
func (k IsKind) String() string {
	return enumString(int(k), "IsKind", "NULL", "TRUE", "FALSE", "UNKNOWN", "JSON", "JSON OBJECT", "JSON ARRAY", "JSON SCALAR")
}

// Is is x IS [NOT] test.
type Is struct {
	Place
	X    Expr
	Not  bool
	Kind IsKind
}

// Between is x [NOT] BETWEEN [SYMMETRIC] low AND high.
type Between struct {
	Place
	X         Expr
	Not       bool
	Symmetric bool
	Low       Expr
	High      Expr
}

// InList is x [NOT] IN (items).
type InList struct {
	Place
	X     Expr
	Not   bool
	Items []Expr
}

// InQuery is x [NOT] IN (query); x is a *Row for several columns.
type InQuery struct {
	Place
	X     Expr
	Not   bool
	Query *Query
}

// Quantified is x op ANY (query) or x op ALL (query). SOME is ANY.
type Quantified struct {
	Place
	X     Expr
	Op    BinaryOp
	All   bool
	Query *Query
}

// Like is x [NOT] LIKE pattern, or SIMILAR TO.
type Like struct {
	Place
	X       Expr
	Not     bool
	Similar bool
	Pattern Expr
	// Escape is nil when not written.
	Escape Expr
}

// Exists is EXISTS (query).
type Exists struct {
	Place
	Query *Query
}

// Subquery is a query used as a value.
type Subquery struct {
	Place
	Query *Query
}

// Case is CASE [operand] WHEN … THEN … [ELSE …] END.
type Case struct {
	Place
	Operand Expr
	Whens   []When
	Else    Expr
}

// When is one branch of a Case. With an operand it may have several values, any of
// which the operand may equal; without there is one condition.
type When struct {
	Place
	Values []Expr
	Result Expr
}

// Row is (a, b) or ROW(a, b). A Row without items stands only in GROUP BY.
type Row struct {
	Place
	// Explicit marks ROW(…).
	Explicit bool
	Items    []Expr
}

// Array is ARRAY[…].
type Array struct {
	Place
	Items []Expr
}

// Map is MAP[key, value, …]; both slices have the same length.
type Map struct {
	Place
	Keys   []Expr
	Values []Expr
}

// Index is x[i], of an array or a map.
type Index struct {
	Place
	X     Expr
	Index Expr
}

// Field is x.name where x is not a plain path.
type Field struct {
	Place
	X    Expr
	Name Ident
}

func (p *Place) setSpan(q Place) { p.Span = q.Span }

func (*ColumnRef) expr()    {}
func (*Star) expr()         {}
func (*Unary) expr()        {}
func (*Binary) expr()       {}
func (*Is) expr()           {}
func (*Between) expr()      {}
func (*InList) expr()       {}
func (*InQuery) expr()      {}
func (*Quantified) expr()   {}
func (*Like) expr()         {}
func (*Exists) expr()       {}
func (*Subquery) expr()     {}
func (*Case) expr()         {}
func (*Row) expr()          {}
func (*Array) expr()        {}
func (*Map) expr()          {}
func (*Index) expr()        {}
func (*Field) expr()        {}
func (*GroupingSets) expr() {}
