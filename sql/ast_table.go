package sql

// TableRef is an element of FROM.
type TableRef interface {
	Node
	tableRef()
}

// Alias is [AS] name [(columns)]. A nil *Alias means none was written.
type Alias struct {
	Place
	Name    Ident
	Columns []Ident
}

// NamedTable is a table, view or CTE by name.
type NamedTable struct {
	Place
	Name Name
	// Hints follow the name: /*+ OPTIONS('k'='v') */.
	Hints []Hint
	// AsOf is the time of FOR SYSTEM_TIME AS OF; nil without.
	AsOf  Expr
	Alias *Alias
}

// DerivedTable is a sub-query in FROM.
type DerivedTable struct {
	Place
	Lateral bool
	Query   *Query
	Alias   *Alias
}

// TableFunction is [LATERAL] TABLE(f(…)), or f(…) by itself. Arguments may be
// *TableArg, *Descriptor, *ModelArg and *NamedArg besides plain expressions.
type TableFunction struct {
	Place
	Lateral bool
	Call    *Call
	Alias   *Alias
}

// Unnest is UNNEST(expr, …) [WITH ORDINALITY].
type Unnest struct {
	Place
	Args           []Expr
	WithOrdinality bool
	Alias          *Alias
}

// JoinKind is the kind of a join.
type JoinKind uint8

// The kinds. Semi and anti keep only the left side's columns.
const (
	InnerJoin JoinKind = iota
	LeftJoin
	RightJoin
	FullJoin
	CrossJoin
	SemiJoin
	AntiJoin
)

// String gives the kind's keywords.
func (k JoinKind) String() string {
	return enumString(int(k), "JoinKind", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", "LEFT SEMI JOIN",
		"LEFT ANTI JOIN")
}

// Join joins two table references. At most one of Natural, On and Using is set;
// none for CROSS.
type Join struct {
	Place
	Kind    JoinKind
	Natural bool
	Left    TableRef
	Right   TableRef
	On      Expr
	Using   []Ident
}

// MatchRecognize is input MATCH_RECOGNIZE (…).
type MatchRecognize struct {
	Place
	Input       TableRef
	PartitionBy []Expr
	OrderBy     []OrderItem
	Measures    []Measure
	// AllRows is ALL ROWS PER MATCH; false is ONE ROW, the default.
	AllRows bool
	// AllRowsMode is "", "SHOW EMPTY MATCHES", "OMIT EMPTY MATCHES" or "WITH
	// UNMATCHED ROWS".
	AllRowsMode string
	After       AfterMatch
	Pattern     *Pattern
	// StrictStart and StrictEnd are the anchors ^ and $.
	StrictStart bool
	StrictEnd   bool
	// Within is the interval of WITHIN; nil without.
	Within  Expr
	Subsets []Subset
	Defines []Measure
	Alias   *Alias
}

// Measure is `expr AS name` of MEASURES, and `name AS condition` of DEFINE.
type Measure struct {
	Place
	Name Ident
	Expr Expr
}

// Subset is `name = (a, b)` of SUBSET.
type Subset struct {
	Place
	Name      Ident
	Variables []Ident
}

// SkipKind is where matching goes on after a match.
type SkipKind uint8

// The kinds of AFTER MATCH SKIP. SkipDefault means that nothing was written.
const (
	SkipDefault SkipKind = iota
	SkipPastLastRow
	SkipToNextRow
	SkipToFirst
	SkipToLast
)

// String gives the kind's keywords.
func (k SkipKind) String() string {
	return enumString(int(k), "SkipKind", "", "PAST LAST ROW", "TO NEXT ROW", "TO FIRST", "TO LAST")
}

// AfterMatch is the AFTER MATCH SKIP clause.
type AfterMatch struct {
	Place
	Kind SkipKind
	// Variable belongs to SkipToFirst and SkipToLast.
	Variable Ident
}

// PatternKind is the kind of a pattern node.
type PatternKind uint8

// The kinds.
const (
	// PatternVariable is a variable; it has no Items.
	PatternVariable PatternKind = iota
	// PatternSequence is its Items one after another; no item makes the empty pattern ().
	PatternSequence
	// PatternAlternation is any of its Items.
	PatternAlternation
	// PatternPermute is its Items in any order.
	PatternPermute
	// PatternExclude is {- item -}: matched but not in the output.
	PatternExclude
)

// String gives the kind's lower-case name.
func (k PatternKind) String() string {
	return enumString(int(k), "PatternKind", "variable", "sequence", "alternation", "permute", "exclude")
}

// Pattern is a node of a row pattern with its quantifier.
type Pattern struct {
	Place
	Kind     PatternKind
	Variable Ident
	Items    []*Pattern
	// Quantifier is nil for exactly once.
	Quantifier *Quantifier
}

// Quantifier is *, +, ?, {n}, {n,}, {n,m} or {,m}, with a ? after it if reluctant.
type Quantifier struct {
	Place
	Min int
	// Max is -1 for no limit.
	Max       int
	Reluctant bool
}

func (*NamedTable) tableRef()     {}
func (*DerivedTable) tableRef()   {}
func (*TableFunction) tableRef()  {}
func (*Unnest) tableRef()         {}
func (*Join) tableRef()           {}
func (*MatchRecognize) tableRef() {}
