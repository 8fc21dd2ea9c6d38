// Package lookupjoin joins left rows with the rows that an outside table has for their
// key when they come: an [Asker] is asked for the rows of many keys at once.
//
// It keeps no state. What was emitted before a barrier stays emitted, since questions
// under way are waited for before it (op.Drainer); after a restore only rows behind the
// barrier are asked for again. A left row keeps its kind. Rows without a partner are
// dropped, or padded with NULLs when the join keeps its left side. NULL equals nothing.
//
// Questions are asked while rows wait, or in the background, then up to a number of
// them; answers come out in the order of the rows, or as they come. No row overtakes a
// watermark either way.
package lookupjoin
