// Package aggstate keeps the accumulators of a group's aggregates together in one
// packed row, and beside it what does not fit there: the distinct values seen, and
// multisets of values. The grouping operators share it; what a group is and when
// its results are due is theirs.
//
// # Row layout
//
//	mark (8 bytes) | row count (8 bytes, retracting inputs only) | accumulators
//
// The mark numbers the groups that a batch touches; it is zero between batches
// (invariant MarkIsZero), so it is stored as zero.
//
// # Distinct values
//
// All DISTINCT calls over the same arguments share one table, keyed by the group's
// key and the arguments, with one counter for each FILTER in use. A value counts
// for the aggregate when its counter leaves or reaches zero.
package aggstate
