// Package optest is the operator harness: an operator is driven by a script of
// batches, watermarks and barriers as text, and its output is text again.
//
// Every script silently runs in many circumstances: rows cut into batches of one,
// two, three, all or random sizes; arrays sliced at an offset; a snapshot and a
// fresh operator restored from it at every gap; a state budget so small that all
// is evicted; an output that fails. Memory is checked to be freed to the last byte, fresh memory holds
// rubbish, and released memory is overwritten. The outputs must agree in the sense
// that the [Case] declares.
//
// A script has one element a line:
//
//	+I k=a v=1 @3s      a row, see operators/stream; `L`, `R`, `S`, `T`, … before it names the input
//	batch               ends the batch here
//	wm 12s              a watermark; +inf is the end of time
//	barrier 7           flush and barrier
//	tick 5s             processing time
package optest
