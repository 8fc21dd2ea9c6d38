// Package intervaljoin joins two insert-only inputs whose rows match only while their
// times are near each other: left time − right time lies between two bounds.
//
// A side keeps its rows by slices of time and join key, equal rows counted. Once the
// watermark promises that no row to come can match a row any more, the row is dead:
// it matches nothing, is padded with NULLs if its side is preserved and nothing ever
// matched it, and its slice is freed whole when all rows in it are dead. A row that
// is late is still joined with what is there, and kept while it may match; that is
// what Flink does.
//
// The output holds inserts only. It keeps the times of both sides, so its watermark
// stays behind the input's by the longest time a row may wait for its partner.
//
// A join within windows is such a join of the windows' ends, which must be equal; here
// late rows are dropped, and SEMI and ANTI are possible.
//
// NULL equals nothing: a row with a NULL in its key or time has no partners and is
// not kept.
package intervaljoin
