// Package task runs the tasks of a job: one goroutine drives one chain of
// operators, fed either by a gate (rows of other tasks) or by the readers of
// source splits.
//
// A chain is a tree. Operators call each other directly; what leaves the stage goes
// to exchange writers. Wrappers around the operators count rows and time, so that
// operators need not.
//
// A source whose rows get their event time in the same stage runs the nodes from
// the source to the watermark assigner once per split, and merges the splits'
// watermarks: splits that are read in turn do not make each other's rows late.
//
// Invariants:
//
//   - FLUSH-BARRIER-SNAPSHOT: at a barrier every operator flushes, in topological
//     order; then the barrier leaves the stage; then every operator's state is
//     snapshotted, before any further element is processed.
//   - LAST: after a barrier of a last kind a task sends the end on all channels and
//     runs no more.
//   - CLOSE-ONCE: every operator that was built is closed exactly once, on the
//     task's goroutine.
package task
