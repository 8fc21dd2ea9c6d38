// Package windowagg is the windowed GROUP BY: TUMBLE, HOP and CUMULATE, and windows
// that come as columns with the rows. The rows of a window are emitted once, when
// event time has passed it, as inserts.
//
// Rows are aggregated into slices, the longest stretches of time that lie in the
// same windows; a window is merged from its slices when it is due, or where that is
// less work from the window before it or from blocks of slices: see rolling and
// blocks. Aggregates that can't be merged (DISTINCT, or MIN over an input that
// retracts) are aggregated into each window apart: then every window is a slice of
// its own.
//
// A row is late, and dropped and counted, when all windows it belongs to were due
// before it came. The watermark is part of the state, so that lateness is the same
// after a restore.
package windowagg
