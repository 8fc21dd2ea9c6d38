// Package temporaljoin joins the rows of a left input with the versions of a right
// table: each left row meets the one version of its key that held at its time.
//
// Over event time a left row waits until the watermark has passed its time, since
// only then is its version known; late ones are joined with what is still there at
// the next watermark. A right row begins a version of its key at its time and ends
// the one before; a -D begins the time without a version, or, without a time of its own,
// takes the newest version back; -U is passed over, since
// what comes after it says when the old version ended. Of the versions that the
// watermark has passed only the last of each key is kept.
//
// Over processing time a left row meets the newest version at once.
//
// A left row keeps its kind, so that inserts only on the left give inserts only. Rows
// without a version, or whose version fails the condition, are dropped, or padded with
// NULLs when the join keeps its left side. NULL equals nothing.
package temporaljoin
