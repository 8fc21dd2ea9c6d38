// Package checkpoint makes snapshots durable: the manifest that names everything
// an epoch consists of, and the storage that keeps manifests and state tables.
//
// The life of an epoch: every task's snapshot is stored with [Storage.Put], which
// makes its files durable but invisible; then [Storage.Publish] makes the manifest
// visible, atomically and last. A crash at any moment leaves the newest published
// epoch complete. Epochs that are never published leave files behind that the next
// [Storage.Retain] removes.
//
// State tables are immutable and stored under a name made of their contents, so a
// table that an earlier epoch has stored is only referenced: checkpoints are
// incremental, and retention deletes a table with the last manifest naming it.
//
// A savepoint is a storage of its own that holds one epoch: complete by itself,
// since nothing was stored there before.
package checkpoint
