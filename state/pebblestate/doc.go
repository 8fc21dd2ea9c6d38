// Package pebblestate is the state backing on disk: one Pebble for each task.
//
// The directory of a store is scratch. It is emptied when the store opens, it is
// written without a write-ahead log and without syncs, and a crash loses it: what
// makes state durable is storing the images of snapshots elsewhere (package
// checkpoint) before an epoch is published. An image is a directory of hard links
// to immutable tables and a few small files, so taking one costs no copying.
//
// What the task commits waits in a queue (see queue for its invariants), whose goroutine
// sorts it, writes it to tables and takes the images. Reads look into the queue first.
//
// A store of few rows has no Pebble: they are kept in memory, and an image of them
// is one small file. Snapshots of a store without rows have no image.
package pebblestate
