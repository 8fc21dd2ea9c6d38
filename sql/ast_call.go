package sql

import "github.com/thalweg/thalweg/internal/types"

// Call is a function call. Special syntax is made regular:
//
//	CURRENT_DATE                    CURRENT_DATE()
//	EXTRACT(YEAR FROM x)            EXTRACT(YEAR, x)
//	FLOOR(x TO DAY), CEIL           FLOOR(x, DAY)
//	TRIM(BOTH c FROM x)             TRIM(BOTH, c, x); TRIM(x) has one argument
//	SUBSTRING(x FROM a FOR b)       SUBSTRING(x, a, b)
//	POSITION(a IN x FROM n)         POSITION(a, x, n)
//	OVERLAY(x PLACING y FROM a)     OVERLAY(x, y, a)
//	TIMESTAMPADD(DAY, 1, x)         first argument a Symbol; TIMESTAMPDIFF too
//	JSON_OBJECT(KEY a VALUE b)      JSON_OBJECT(a, b), clauses in JSON
//
// where YEAR, DAY and BOTH are a *Symbol.
type Call struct {
	Place
	// Name is the function's path. A name of one part is stored as Function; the
	// parts keep what was written.
	Name Name
	// Function is the name in upper case, the path's parts joined by dots.
	Function string
	Distinct bool
	// Args may hold a *Star for COUNT(*), *NamedArg, *Symbol and, in table
	// functions, *TableArg, *Descriptor and *ModelArg.
	Args []Expr
	// OrderBy is an ORDER BY inside the parentheses: ARRAY_AGG(x ORDER BY y).
	OrderBy []OrderItem
	// Nulls is IGNORE NULLS or RESPECT NULLS.
	Nulls NullTreatment
	// WithinGroup is WITHIN GROUP (ORDER BY …).
	WithinGroup []OrderItem
	// Filter is FILTER (WHERE …); nil without.
	Filter Expr
	// Over makes it a window function; nil without.
	Over *WindowSpec
	// Semantics is RUNNING or FINAL before a call in MATCH_RECOGNIZE.
	Semantics MatchSemantics
	// JSON holds the clauses of JSON functions; nil when none was written.
	JSON *JSONClauses
}

// NullTreatment is IGNORE NULLS or RESPECT NULLS.
type NullTreatment uint8

// The treatments.
const (
	NullsUnspecified NullTreatment = iota
	IgnoreNulls
	RespectNulls
)

// String gives the clause's keywords.
func (n NullTreatment) String() string {
	return enumString(int(n), "NullTreatment", "", "IGNORE NULLS", "RESPECT NULLS")
}

// MatchSemantics is RUNNING or FINAL.
type MatchSemantics uint8

// The semantics.
const (
	DefaultSemantics MatchSemantics = iota
	Running
	Final
)

// String gives the keyword.
func (m MatchSemantics) String() string {
	return enumString(int(m), "MatchSemantics", "", "RUNNING", "FINAL")
}

// NamedArg is name => value.
type NamedArg struct {
	Place
	Name  Ident
	Value Expr
}

// TableArg is TABLE name or (query) given to a table function, with
// [PARTITION BY …] [ORDER BY …].
type TableArg struct {
	Place
	// Table is a *NamedTable or a *DerivedTable.
	Table       TableRef
	PartitionBy []Expr
	OrderBy     []OrderItem
}

// Descriptor is DESCRIPTOR(a, b).
type Descriptor struct {
	Place
	Columns []Name
}

// ModelArg is MODEL name.
type ModelArg struct {
	Place
	Name Name
}

// Cast is CAST(x AS type), or TRY_CAST.
type Cast struct {
	Place
	X    Expr
	Type types.Type
	// TypePlace is the type's own span.
	TypePlace Place
	Try       bool
}

// JSONClauses are the clauses of the JSON functions.
type JSONClauses struct {
	// Returning is the type of RETURNING; nil without.
	Returning *types.Type
	OnEmpty   *JSONBehavior
	OnError   *JSONBehavior
	// Wrapper is "", "WITHOUT WRAPPER", "WITH CONDITIONAL WRAPPER" or "WITH
	// UNCONDITIONAL WRAPPER".
	Wrapper string
	// OnNull is "", "NULL ON NULL" or "ABSENT ON NULL".
	OnNull string
}

// JSONBehavior is what ON EMPTY or ON ERROR does.
type JSONBehavior struct {
	Place
	// Kind is "NULL", "ERROR", "TRUE", "FALSE", "UNKNOWN", "EMPTY ARRAY", "EMPTY
	// OBJECT" or "DEFAULT".
	Kind string
	// Default is the value of DEFAULT.
	Default Expr
}

func (*Call) expr()       {}
func (*NamedArg) expr()   {}
func (*TableArg) expr()   {}
func (*Descriptor) expr() {}
func (*ModelArg) expr()   {}
func (*Cast) expr()       {}
