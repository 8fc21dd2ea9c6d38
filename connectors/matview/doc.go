// Package matview keeps the contents of materialized views, and is the connector
// that their jobs write them by and queries read them by.
//
// # What is kept
//
// A view is a multiset: each row, encoded, with how often it is there. A job's
// changes are added up in memory and wait in the store, durable, from a checkpoint's
// barrier until the checkpoint is published; then they are applied at once, with the
// number of the epoch, so that committing again changes nothing. Each commit has a
// number, and its changes are kept for a while.
//
// # Reading
//
// A reader gives the rows that there were at some commit and ends, or goes on with
// the changes of later commits. It does not hold a snapshot: a later position is the
// present contents without the changes since, so a job that was restarted reads on
// exactly where it was, as long as these changes are kept.
package matview
