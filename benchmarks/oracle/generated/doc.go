// Package generated compares Thalweg with SQLite on generated queries: random trees
// of scans, joins, aggregates, windows, sub-queries and set operations over random
// tables with many NULLs and equal values.
//
// A query is a tree of relations and expressions (relation.go, expr.go) that prints
// itself in both dialects. Only what both define alike, or what can be written so,
// is generated: every rule of that kind stands beside the operation it restricts.
// Each run of Thalweg also proves its changelog: folding never takes away what is
// not there. A query whose results differ is shrunk (shrink.go), query and tables,
// before it is reported with its seed.
package generated
