// Package columns moves values between Arrow columns: gather by row numbers
// ([Take]), filter by a mask ([Filter]), copy one row into a builder ([Append]),
// compare rows ([Equal]) and print one cell in the text form of Flink's CAST to
// STRING ([AppendText]).
//
// All functions read sliced arrays (offset ≠ 0) correctly, borrow their input
// arrays, and return arrays of which the caller owns one reference, with offset
// 0 and memory of the given allocator. None keeps anything between calls, so
// calls may overlap.
package columns
