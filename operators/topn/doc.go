// Package topn keeps the first rows of each partition by an order: ORDER BY with
// LIMIT, and ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) filtered by rank.
//
// A partition's rows are kept in order of their sort key, ties in order of arrival.
// An input that only inserts needs no more rows than may ever be emitted; one that
// retracts needs all, since any may move up.
//
// A batch emits the net change of each partition once. Without rank in the output,
// rows that leave come as -D and rows that enter as +I; a single row per partition
// changes with -U and +U. With rank, the rows at each rank change with -U and +U.
//
// [Windowed] does so per window, and emits each window once, when it is over.
package topn
