// Package nats is the connector 'nats': JetStream streams and core subjects as
// tables.
//
// # Reading a stream
//
// A JetStream source has one split per subject filter. Its position is a stream
// sequence number. A split reads through an ephemeral consumer without
// acknowledgements; when a message is missing from the consumer's own count, or
// the consumer is gone, it makes a new one behind the last message it has. So each
// message is decoded once, over reconnects and restarts.
//
// # Reading subjects
//
// With 'mode' = 'core' the source subscribes to subjects. Core NATS keeps nothing:
// what is published while nobody reads, or faster than it is read, is gone. Such a
// source is at-most-once, and messages dropped because the reader was too slow are
// reported as bad records.
//
// # Writing
//
// Rows are published to JetStream with a message id, by which the server drops
// what it got within its duplicate window (two minutes by default). At-least-once
// publishes rows at once; the ids count a task's rows over restarts, so replayed
// rows are dropped where a task replays them in the same order. Exactly-once
// publishes an epoch's rows at its commit, under ids that are the same when the
// commit is repeated within the window.
package nats
