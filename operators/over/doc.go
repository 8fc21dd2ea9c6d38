// Package over computes OVER: for each row the value of aggregates over a frame of
// its partition's rows around it, or of a function of its place among them.
//
// Two operators share that work. [Timed] is for inputs that only insert and are
// ordered by time, with frames that reach back: a row's value is final once the
// watermark has passed it (by processing time, at once), so each row is emitted
// once. It keeps accumulators per partition, moves them forward as rows enter and
// leave the frame, and forgets rows that no frame will reach again. [Changing] is
// for everything else, inputs that take rows away included: it keeps each
// partition's rows in order, and a batch emits how the values of the rows that its
// changes reach have changed. Where values depend on all rows before, each row keeps
// what they came to, and a change is counted on from the row before it until values
// stand as they did: see running.
//
// Both tell in what order rows enter and leave frames as a [script], and carry it
// out in waves: the first steps of all partitions at once, then the second ones, so
// that aggregates are fed many partitions in one call.
package over
