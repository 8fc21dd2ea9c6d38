// Package shardlog is the built-in retained log: streams of records, each stream
// divided into shards by the hash of a partition key.
//
// # Files
//
//	<dir>/LOCK
//	<dir>/streams/<name>/stream.meta          the stream's description
//	<dir>/streams/<name>/<shard>/<first>.seg  a shard's segments
//	<dir>/streams/<name>/<shard>/<…>.floor    which of them is the newest
//	<dir>/streams/<name>/pending/<…>.txn      rows of sinks, not yet committed
//
// A segment is named after the number of its first record and is a row of blocks;
// a block holds one or more records under one CRC32C (block.go). The first block
// of a segment is a state block: what the shard must remember apart from its
// records. A stream exists from the moment its stream.meta does.
//
// # Invariants
//
// I-ack: an append is answered after the file, and the directory entry that leads
// to it, have been synced. Readers see a record no earlier than that, so nobody
// ever saw a record that a crash takes back.
//
// I-order: the numbers of a shard's records grow by one. A segment's name tells
// how many records all earlier segments have; what lies behind the last of them
// is a torn tail that was never acknowledged, and readers ignore it.
//
// I-floor: numbers never go back, also when the newest segment is gone: a shard's floor,
// which is durable before a record goes into a segment, is above the numbers of all its
// records (floor.go).
//
// I-fresh: a segment that was found at start is never written again. Appends
// begin a new one. So a torn tail needs no cutting, and no write can damage what
// is older.
//
// I-hole: every block tells how much of its segment was synced when it was
// written. A block that fails its checks below that mark was acknowledged and is
// corruption: readers get an error that names the file and the lost records, once,
// and go on behind it. Above the mark it is a torn tail. The last block's mark is a
// block without records (mark.go).
//
// I-once: a transaction (a sink's pending file) is appended to each of its shards
// by one write. A shard remembers it until the file is gone, and a missing file
// means that the transaction was committed everywhere.
//
// # Concurrency
//
// Each shard has one owner object. Appenders that come while a write is under way
// gather in a group; the group's first one writes and syncs it for all. Readers
// take no lock that a writer holds during I/O: recent blocks are handed to them
// from memory, older ones from the files. What a stream is, its description and its
// shards, is an immutable table in memory that is replaced once the description is
// durable: only those who change it wait for that, in turn (Stream.change).
package shardlog
