package shardlog

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/types"
)

// Metadata keys.
const (
	metaShard    = "shard"
	metaSequence = "sequence"
	metaSub      = "sub_sequence"
	metaArrival  = "arrival_time"
	metaKey      = "partition_key"
)

// Option names.
const (
	optionStream    = "stream"
	optionStartup   = "scan.startup.mode"
	optionMillis    = "scan.startup.timestamp-millis"
	optionSequence  = "scan.startup.sequence"
	optionBounded   = "scan.bounded.mode"
	optionKey       = "sink.partition-key"
	optionGroups    = "aggregated-records"
	optionGuarantee = "sink.delivery-guarantee"
)

// Values of options.
const (
	startEarliest  = "earliest"
	startLatest    = "latest"
	startTimestamp = "timestamp"
	startSequence  = "sequence"

	boundNever  = "unbounded"
	boundLatest = "latest"

	groupsSplit = "split"
	groupsKeep  = "keep"

	deliverOnce  = "exactly-once"
	deliverTwice = "at-least-once"
)

func ownOptions(upsert bool) []connector.OptionSpec {
	options := []connector.OptionSpec{
		{Name: optionStream, Type: connector.TypeString, Example: "orders",
			Doc: "The stream, as CREATE STREAM made it. Without it, the one of the table's name."},
		{Name: optionStartup, Type: connector.TypeEnum, Default: startEarliest, Example: startLatest,
			Values: []string{startEarliest, startLatest, startTimestamp, startSequence},
			Doc:    "Where a new job starts to read. A job that goes on from a checkpoint goes on where it was."},
		{Name: optionMillis, Type: connector.TypeBigInt, Example: "1700000000000",
			Doc: "For `timestamp`: start with the first record of each shard that arrived at this time or later, in milliseconds since 1970."},
		{Name: optionSequence, Type: connector.TypeList,
			Example: "49644736842105263157894736842105263157894736842105263298",
			Doc:     "For `sequence`: the number of the first record to read, one per shard. Other shards are read from their oldest record."},
		{Name: optionBounded, Type: connector.TypeEnum, Default: boundNever, Example: boundLatest,
			Values: []string{boundNever, boundLatest},
			Doc:    "Where reading ends: never, or at the newest record there was when the job started."},
		{Name: optionGroups, Type: connector.TypeEnum, Default: groupsSplit, Example: groupsKeep,
			Values: []string{groupsSplit, groupsKeep},
			Doc:    "`split` takes records that the Kinesis Producer Library aggregated apart, each by its own partition key; they are known by their first bytes and their checksum. `keep` takes them as they are."},
		{Name: optionGuarantee, Type: connector.TypeEnum, Default: deliverOnce, Example: deliverTwice,
			Values: []string{deliverOnce, deliverTwice},
			Doc:    "exactly-once shows written records at each checkpoint; at-least-once shows them at once, and some twice after a failure."},
	}
	if upsert {
		return options
	}
	return append(options, connector.OptionSpec{Name: optionKey, Type: connector.TypeList, Example: "customer;region",
		Doc: "The columns whose values make a written record's partition key. Without it, the PARTITIONED BY columns; without those, the PRIMARY KEY if records are changes; else records are spread evenly."})
}

func metadataSpecs() []connector.MetadataSpec {
	return []connector.MetadataSpec{
		{Key: metaShard, Type: types.StringType(), Doc: "The record's shard, such as shardId-000000000003."},
		{Key: metaSequence, Type: types.StringType(), Doc: "The record's sequence number, 56 decimal digits that grow within a shard."},
		{Key: metaSub, Type: types.Of(types.BigInt), Doc: "The record's number within an aggregated one, from 0; 0 for other records."},
		{Key: metaArrival, Type: types.TimestampLTZOf(3), Doc: "When the record was appended."},
		{Key: metaKey, Type: types.StringType(), Doc: "The record's partition key. Writing, it is the key to give the record."},
	}
}
