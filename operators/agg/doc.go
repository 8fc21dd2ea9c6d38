// Package agg holds the aggregate functions: how each takes values in, gives them
// back, merges partial results and yields its result, a batch at a time.
//
// An aggregate keeps its running value, the accumulator, in a few bytes inside a
// packed row that belongs to a group. The package neither owns nor finds those
// rows: callers hand over one pointer per input row ([Accs]) and the kernels loop
// over typed columns. A zeroed accumulator is the empty one (invariant
// ZeroIsEmpty), so a freshly inserted group needs no initialisation. Values that
// don't fit in fixed width live in a [Heap], behind 8-byte references.
//
// Weights unify everything that decides whether and how a row counts: its row
// kind (+1 adds, -1 takes away), its FILTER clause, NULL arguments and DISTINCT
// (0 leaves the row out). Nil weights mean +1 for all rows and are the fast path.
//
// Some aggregates cannot take a value away from their fixed-width accumulator: the
// second least value has been forgotten by MIN. Under a retracting input they are
// bound in a form that needs a multiset of the group's values ([SetKind]); the
// operator maintains it and calls Refresh for each group that changed.
//
// Registries are values: [NewRegistry] lists the built-in aggregates.
package agg
