// Package kinesis is the connector 'kinesis': a stream of any Kinesis endpoint, AWS
// or another Thalweg, as a table.
//
// A split is a shard. Splits name their parents, so that a shard is read after those
// it came from. A position is the number of the last record read, and how many
// records within an aggregated one. Records are fetched by a goroutine of each
// reader: by polling, or as a consumer of enhanced fan-out.
//
// The sink is at-least-once: a batch of rows is acknowledged by Kinesis before the
// next one is taken. It can pack the rows of a shard into one record (aggregate.go).
package kinesis
