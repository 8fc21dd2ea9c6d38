package rex

import "github.com/thalweg/thalweg/internal/types"

// Signature is what the binder needs to know of a function.
type Signature struct {
	// Name is the canonical upper-case name.
	Name string
	// Resolve checks the argument types and picks an overload. The arguments are
	// bound, so that rules may look at literals (DECIMAL scales, formats). Its
	// errors are of class user, say what the function takes, and carry no span:
	// the binder adds it.
	Resolve func(args []Expr) (Resolved, error)
	// Volatile functions are not folded, merged or moved: RAND, UUID, NOW.
	Volatile bool
	// Partial is set for aggregate functions: the types of the columns that the
	// local phase of a two-phase aggregation emits for call, none when its results
	// can't be merged (DISTINCT, or MIN of an input that retracts). A local group
	// aggregate emits the keys, a BIGINT row count when its input retracts, and
	// these columns of each call in order; a local window aggregate puts the
	// slice's end, a BIGINT of epoch milliseconds, after the keys.
	Partial func(call AggCall, retracts bool) []types.Type
	// Ordered is set for aggregate functions whose result depends on the order of
	// their values.
	Ordered bool
}

// Resolved is a chosen overload.
type Resolved struct {
	// Args are the types the arguments must be cast to, one per argument.
	Args []types.Type
	// Result is the type of the result.
	Result types.Type
	// TryText says that a text which does not convert to its type in Args is NULL
	// instead of an error, unless it is a literal.
	TryText bool
}

// TableSignature is what the binder needs to know of a table function.
type TableSignature struct {
	// Name is the canonical upper-case name.
	Name string
	// Resolve is as in Signature.
	Resolve func(args []Expr) (ResolvedTable, error)
}

// ResolvedTable is a chosen overload of a table function.
type ResolvedTable struct {
	// Args are the types the arguments must be cast to, one per argument.
	Args []types.Type
	// Columns are the columns of the rows it gives.
	Columns types.Schema
	// Key are columns that no two rows of one call agree in: none, but not nil, when
	// a call gives one row at most. nil is not known.
	Key []int
}

// AggCall is one call of an aggregate function over columns of its input.
type AggCall struct {
	// Name is the canonical upper-case name; COUNT(*) is COUNT without Args.
	Name string `msgpack:"n"`
	// Args are input columns.
	Args []int `msgpack:"a,omitempty"`
	// ArgTypes are the types of Columns, Type is the result's.
	ArgTypes []types.Type `msgpack:"at,omitempty"`
	Type     types.Type   `msgpack:"t"`
	Distinct bool         `msgpack:"d,omitempty"`
	// Filter is the BOOLEAN input column of FILTER (WHERE …), or -1.
	Filter int `msgpack:"f"`
	// OrderBy is the order in which the values are taken; equal ones, and all
	// without it, are taken as they come.
	OrderBy []SortKey `msgpack:"o,omitempty"`
}

// Columns are the input columns that values consist of: the arguments, then those
// that order them.
func (c AggCall) Columns() []int {
	out := append([]int(nil), c.Args...)
	for _, k := range c.OrderBy {
		out = append(out, k.Column)
	}
	return out
}

// Map is c with all columns renamed.
func (c AggCall) Map(mapping func(int) int) AggCall {
	args := make([]int, len(c.Args))
	for i, a := range c.Args {
		args[i] = mapping(a)
	}
	c.Args = args
	if c.Filter >= 0 {
		c.Filter = mapping(c.Filter)
	}
	if len(c.OrderBy) > 0 {
		c.OrderBy = append([]SortKey(nil), c.OrderBy...)
		for i := range c.OrderBy {
			c.OrderBy[i].Column = mapping(c.OrderBy[i].Column)
		}
	}
	return c
}

// SortKey orders by one column.
type SortKey struct {
	Column     int  `msgpack:"c"`
	Descending bool `msgpack:"d,omitempty"`
	// NullsFirst puts NULL before all values. Flink's default: NULL is the least
	// value, so first when ascending and last when descending.
	NullsFirst bool `msgpack:"n,omitempty"`
}
