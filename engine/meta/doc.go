// Package meta keeps what must outlive the process: tables and views, and jobs. It
// is one Pebble store with msgpack values; every write is on disk when it returns.
//
// Invariants:
//
//   - FORMAT: the store carries the number of its format; a newer one than this
//     program knows is refused, an older one is brought up to date when opened.
//   - ONE-RECORD: everything about a table or a job is one record, replaced as a
//     whole.
package meta
