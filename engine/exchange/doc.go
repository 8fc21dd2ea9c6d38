// Package exchange moves elements between the tasks of two stages: channels with
// a bounded queue each, writers that spread a task's output over channels, and the
// gate that merges a task's channels into one sequence of events.
//
// An operator sees neither queues nor channels. A [Sender] and a [Receiver] are the
// whole contract of a channel, so that one may lie on another machine.
//
// Invariants:
//
//   - ORDER: a channel delivers what was sent, in order.
//   - BOUNDED: a queue holds at most its limits plus one element.
//   - ALIGNED: a gate delivers barrier n once it has come on every channel that has
//     not ended, and nothing that followed it on any channel before that.
//   - MONOTONE: the watermarks that a gate delivers grow strictly.
package exchange
