package sql

// Query is a whole query: [WITH …] body [ORDER BY …] [LIMIT …] [OFFSET …].
type Query struct {
	Place
	With []CTE
	// Body is a *Select, *SetOp, *Values, *ExplicitTable, or a *Query that was
	// parenthesised because it has clauses of its own.
	Body    QueryBody
	OrderBy []OrderItem
	// Limit and Offset are nil when absent; FETCH FIRST n ROWS ONLY is Limit.
	Limit  Expr
	Offset Expr
}

// QueryBody is what a query's clauses apply to.
type QueryBody interface {
	Node
	queryBody()
}

// CTE is one `name [(columns)] AS (query)` of WITH.
type CTE struct {
	Place
	Name    Ident
	Columns []Ident
	Query   *Query
}

// Select is one SELECT block.
type Select struct {
	Place
	// Hints follow the SELECT keyword: /*+ STATE_TTL(…) */.
	Hints    []Hint
	Distinct bool
	Items    []SelectItem
	// From is the comma list; empty for SELECT 1.
	From  []TableRef
	Where Expr
	// GroupBy holds expressions and *GroupingSets; nil without GROUP BY. GROUP BY ()
	// is one empty *Row.
	GroupBy []Expr
	Having  Expr
	Windows []NamedWindow
	Qualify Expr
	// Emit are early and late fire clauses of a windowed aggregate.
	Emit []Emit
}

// SelectItem is `expr [AS alias]`; a star is an item whose Expr is a *Star.
type SelectItem struct {
	Place
	Expr  Expr
	Alias *Ident
}

// Emit is one firing strategy of `EMIT`: [WITH DELAY interval] BEFORE|AFTER
// WATERMARK, [WITHOUT DELAY] BEFORE|AFTER WATERMARK, ON WINDOW CLOSE, or CHANGES.
type Emit struct {
	Place
	Kind EmitKind
	// Delay is the interval of WITH DELAY; nil means without delay.
	Delay Expr
}

// EmitKind tells when a result fires.
type EmitKind uint8

// The kinds.
const (
	// EmitBeforeWatermark fires early, before the window closes.
	EmitBeforeWatermark EmitKind = iota
	// EmitAfterWatermark fires again for late rows, after the window closed.
	EmitAfterWatermark
	// EmitOnWindowClose fires once.
	EmitOnWindowClose
	// EmitChanges fires for every change.
	EmitChanges
)

// String gives the kind's keywords.
func (k EmitKind) String() string {
	return enumString(int(k), "EmitKind", "BEFORE WATERMARK", "AFTER WATERMARK", "ON WINDOW CLOSE", "CHANGES")
}

// SetOpKind is UNION, INTERSECT or EXCEPT.
type SetOpKind uint8

// The set operations.
const (
	Union SetOpKind = iota
	Intersect
	Except
)

// String gives the operation's keyword.
func (k SetOpKind) String() string {
	return enumString(int(k), "SetOpKind", "UNION", "INTERSECT", "EXCEPT")
}

// SetOp joins two bodies. Chains are left-deep.
type SetOp struct {
	Place
	Kind  SetOpKind
	All   bool
	Left  QueryBody
	Right QueryBody
}

// Values is VALUES (…), (…). A row without parentheses has one expression.
type Values struct {
	Place
	Rows [][]Expr
}

// ExplicitTable is the query `TABLE name`, short for SELECT * FROM name.
type ExplicitTable struct {
	Place
	Name Name
}

// OrderItem is one sort key.
type OrderItem struct {
	Place
	Expr Expr
	Desc bool
	// Nulls is NullsDefault unless NULLS FIRST or LAST was written.
	Nulls NullsOrder
}

// NullsOrder says where nulls sort.
type NullsOrder uint8

// The orders. By Flink's default nulls come first ascending, last descending.
const (
	NullsDefault NullsOrder = iota
	NullsFirst
	NullsLast
)

// String gives the clause's keywords.
func (n NullsOrder) String() string {
	return enumString(int(n), "NullsOrder", "", "NULLS FIRST", "NULLS LAST")
}

// GroupingSets is an element of GROUP BY: GROUPING SETS, CUBE or ROLLUP.
type GroupingSets struct {
	Place
	Kind GroupingKind
	// Elements are expressions, *Row for a parenthesised list (an empty one for
	// ()), and nested *GroupingSets.
	Elements []Expr
}

// GroupingKind is the kind of a GroupingSets.
type GroupingKind uint8

// The kinds.
const (
	GroupingSetsOf GroupingKind = iota
	Cube
	Rollup
)

// String gives the kind's keywords.
func (k GroupingKind) String() string {
	return enumString(int(k), "GroupingKind", "GROUPING SETS", "CUBE", "ROLLUP")
}

// NamedWindow is one `name AS (spec)` of WINDOW.
type NamedWindow struct {
	Place
	Name Ident
	Spec *WindowSpec
}

// WindowSpec is the inside of OVER (…); or OVER name, when only Base is set and
// Bare is true.
type WindowSpec struct {
	Place
	// Base is the named window it extends or is; nil without.
	Base *Ident
	// Bare marks OVER name, without parentheses.
	Bare        bool
	PartitionBy []Expr
	OrderBy     []OrderItem
	// Frame is nil when not written.
	Frame *Frame
}

// Frame is ROWS or RANGE BETWEEN start AND end. The short form `ROWS start` has
// End = CURRENT ROW.
type Frame struct {
	Place
	// Rows is true for ROWS and false for RANGE.
	Rows  bool
	Start FrameBound
	End   FrameBound
}

// FrameBound is one end of a frame.
type FrameBound struct {
	Place
	Kind FrameBoundKind
	// Offset is the distance of Preceding and Following.
	Offset Expr
}

// FrameBoundKind is the kind of a frame's end.
type FrameBoundKind uint8

// The kinds.
const (
	UnboundedPreceding FrameBoundKind = iota
	Preceding
	CurrentRow
	Following
	UnboundedFollowing
)

// String gives the kind's keywords.
func (k FrameBoundKind) String() string {
	return enumString(int(k), "FrameBoundKind", "UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING",
		"UNBOUNDED FOLLOWING")
}

func (*Query) queryBody()         {}
func (*Select) queryBody()        {}
func (*SetOp) queryBody()         {}
func (*Values) queryBody()        {}
func (*ExplicitTable) queryBody() {}
