// Package state is keyed, checkpointed operator state: hot tables in memory over
// an ordered store below.
//
// A [Store] holds the state of one task. Operators open tables in it by a name
// that is stable over plan changes, each through its own [Store.Scope]:
//
//   - [Table]: a key has one packed row of fixed width, plus byte strings in the
//     table's [Heap];
//   - [Sliced]: one Table for each slice of event time, dropped as a whole;
//   - [Multi]: a key has many entries, in order of their bytes or of insertion;
//   - [Timers]: times per key, taken out in order of time;
//   - [Cell]: a small blob per task;
//   - [Guest]: memory of an operator's own, which the budget counts too.
//
// The hot path works on memory only. Rows that a batch needs and that are not in
// memory are read from the [Backing] in one sorted batch; rows changed since the
// last snapshot are copied to it at the next, new ones before it when many wait. Past
// the memory budget cold rows go to the backing early.
//
// # Invariants
//
// I1. A row is in memory, or in the backing, or nowhere. A row in memory that
// differs from the backing, its absence included, is dirty.
//
// I2. Snapshot = backing after all dirty rows were written. It is a function of
// the operations since the store was opened, not of what memory held.
//
// I3. Iteration order ([Table.Scan], [Multi.First] … [Multi.Next], [Timers.PopDue],
// [Sliced.Ends]) is a function of the contents alone (and for unordered Multis of
// the insertion order), never of eviction, restores or parallelism, so that a
// replay emits rows in the same order.
//
// I4. Every key belongs to a key group; everything stored for it lies under that
// group's prefix in the backing, so that rescaling moves whole ranges.
//
// # Ownership
//
// One goroutine, the task's, uses a store and everything opened in it. Slots and
// pointers into a table are valid until the next Upsert or Find on that table, the
// next Trim, Snapshot or Close of the store, whichever comes first; values from
// a Heap until its next Put or Free. After Close every call that can fail does.
package state
