package kinesis

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/types"
)

// Metadata keys. Those that Flink has bear its names.
const (
	metaArrival  = "timestamp"
	metaShard    = "shard-id"
	metaSequence = "sequence-number"
	metaSub      = "sub-sequence-number"
	metaKey      = "partition-key"
)

// Option names.
const (
	optionARN          = "stream.arn"
	optionStream       = "stream"
	optionRegion       = "aws.region"
	optionEndpoint     = "aws.endpoint"
	optionProvider     = "aws.credentials.provider"
	optionAccessKey    = "aws.credentials.basic.accesskeyid"
	optionSecret       = "aws.credentials.basic.secretkey"
	optionTrust        = "aws.trust.all.certificates"
	optionPosition     = "source.init.position"
	optionTimestamp    = "source.init.timestamp"
	optionSequence     = "source.init.sequence"
	optionReader       = "source.reader.type"
	optionConsumer     = "source.efo.consumer.name"
	optionLifecycle    = "source.efo.lifecycle"
	optionDiscovery    = "source.shard.discovery.interval"
	optionFetch        = "source.shard.get-records.max-record-count"
	optionInterval     = "source.shard.get-records.interval"
	optionBounded      = "scan.bounded.mode"
	optionBoundMillis  = "scan.bounded.timestamp-millis"
	optionGroups       = "aggregated-records"
	optionPartitioner  = "sink.partitioner"
	optionKey          = "sink.partition-key"
	optionDelimiter    = "sink.partitioner-field-delimiter"
	optionBatch        = "sink.batch.max-size"
	optionAggregate    = "sink.aggregation.enabled"
	optionAggregateMax = "sink.aggregation.max-size"
)

// Values of options.
const (
	providerAuto  = "AUTO"
	providerBasic = "BASIC"

	startEarliest = "TRIM_HORIZON"
	startLatest   = "LATEST"
	startTime     = "AT_TIMESTAMP"
	startSequence = "AT_SEQUENCE_NUMBER"

	readPolling = "POLLING"
	readFanOut  = "EFO"

	lifecycleJob  = "JOB_MANAGED"
	lifecycleSelf = "SELF_MANAGED"

	boundNever  = "unbounded"
	boundLatest = "latest"
	boundTime   = "timestamp"

	groupsSplit = "split"
	groupsKeep  = "keep"

	partitionFixed  = "fixed"
	partitionRandom = "random"
)

func ownOptions(upsert bool) []connector.OptionSpec {
	options := append(append(placeOptions(), sourceOptions(upsert)...), sinkOptions()...)
	if upsert {
		return options
	}
	return append(options, keyOptions()...)
}

func placeOptions() []connector.OptionSpec {
	return []connector.OptionSpec{
		{Name: optionARN, Type: connector.TypeString, Example: "arn:aws:kinesis:eu-west-1:123456789012:stream/orders", Doc: "The stream's ARN."},
		{Name: optionStream, Type: connector.TypeString, Example: "orders", Doc: "The stream's name, in place of its ARN."},
		{Name: optionRegion, Type: connector.TypeString, Example: "eu-west-1", Doc: "The region. Without it, the ARN's; without that, what AWS's environment says."},
		{Name: optionEndpoint, Type: connector.TypeString, Example: "http://127.0.0.1:4567", Doc: "The URL of another endpoint than AWS's, such as a Thalweg server's."},
		{Name: optionProvider, Type: connector.TypeEnum, Default: providerAuto, Example: providerBasic, Values: []string{providerAuto, providerBasic},
			Doc: "Where credentials come from: AUTO takes those of AWS's environment (variables, profile, instance role), BASIC the two options below."},
		{Name: optionAccessKey, Type: connector.TypeString, Example: "AKID", Doc: "For BASIC: the access key's id."},
		{Name: optionSecret, Type: connector.TypeString, Example: "secret", Doc: "For BASIC: the secret key."},
		{Name: optionTrust, Type: connector.TypeBool, Default: "false", Example: "true", Doc: "Take any certificate of the endpoint, for tests."},
	}
}

func sourceOptions(upsert bool) []connector.OptionSpec {
	start := startLatest
	if upsert {
		start = startEarliest // without its past a table is not itself
	}
	return []connector.OptionSpec{
		{Name: optionPosition, Type: connector.TypeEnum, Default: start, Example: startEarliest,
			Values: []string{startEarliest, startLatest, startTime, startSequence},
			Doc:    "Where a new job starts to read. A job that goes on from a checkpoint goes on where it was."},
		{Name: optionTimestamp, Type: connector.TypeString, Example: "2026-01-31T12:00:00.000+01:00",
			Doc: "For AT_TIMESTAMP: the time of the first records, with its offset, or as seconds since 1970."},
		{Name: optionSequence, Type: connector.TypeList, Example: "shardId-000000000000:49644736842105263157894736842105263157894736842105263298",
			Doc: "For AT_SEQUENCE_NUMBER: SHARD:NUMBER of the first record to read. Other shards are read from their oldest record."},
		{Name: optionReader, Type: connector.TypeEnum, Default: readPolling, Example: readFanOut, Values: []string{readPolling, readFanOut},
			Doc: "POLLING asks for records, EFO subscribes to them as a consumer of enhanced fan-out."},
		{Name: optionConsumer, Type: connector.TypeString, Example: "billing", Doc: "For EFO: the consumer's name."},
		{Name: optionLifecycle, Type: connector.TypeEnum, Default: lifecycleJob, Example: lifecycleSelf, Values: []string{lifecycleJob, lifecycleSelf},
			Doc: "For EFO: JOB_MANAGED registers the consumer if it is not there; it stays when the job ends. SELF_MANAGED expects it."},
		{Name: optionDiscovery, Type: connector.TypeDuration, Default: "10 s", Example: "1 s", Doc: "How often the job looks for shards that came by resharding; it also looks whenever a shard ends."},
		{Name: optionFetch, Type: connector.TypeInt, Default: "10000", Example: "1000", Doc: "For POLLING: the most records of a call."},
		{Name: optionInterval, Type: connector.TypeDuration, Default: "250 ms", Example: "1 s", Doc: "For POLLING: how long to wait after a call that gave no records. Kinesis allows five calls a second and shard."},
		{Name: optionBounded, Type: connector.TypeEnum, Default: boundNever, Example: boundLatest, Values: []string{boundNever, boundLatest, boundTime},
			Doc: "Where reading ends: never, behind the records that arrived before the job started, or behind those up to a time."},
		{Name: optionBoundMillis, Type: connector.TypeBigInt, Example: "1700000000000", Doc: "For `timestamp`: the last time of arrival that is read, in milliseconds since 1970."},
		{Name: optionGroups, Type: connector.TypeEnum, Default: groupsSplit, Example: groupsKeep, Values: []string{groupsSplit, groupsKeep},
			Doc: "`split` takes records that the Kinesis Producer Library aggregated apart, each by its own partition key; they are known by their first bytes and their checksum. `keep` takes them as they are."},
	}
}

func sinkOptions() []connector.OptionSpec {
	return []connector.OptionSpec{
		{Name: optionBatch, Type: connector.TypeInt, Default: "500", Example: "100", Doc: "The most records of a call, up to 500."},
		{Name: optionAggregate, Type: connector.TypeBool, Default: "false", Example: "true",
			Doc: "Pack rows whose partition keys belong to the same shard into one record, in the form of the Kinesis Producer Library; rows without key columns share one key a batch. The shards are learnt with ListShards."},
		{Name: optionAggregateMax, Type: connector.TypeMemorySize, Default: "51200 b", Example: "25 kb", Doc: "The largest aggregated record."},
	}
}

// keyOptions are those of records whose keys hold no columns.
func keyOptions() []connector.OptionSpec {
	return []connector.OptionSpec{
		{Name: optionPartitioner, Type: connector.TypeEnum, Default: partitionRandom, Example: partitionFixed, Values: []string{partitionFixed, partitionRandom},
			Doc: "The partition keys of rows without key columns: a random one each, or one for each task, which keeps a task's rows in one shard."},
		{Name: optionKey, Type: connector.TypeList, Example: "customer;region",
			Doc: "The columns whose values make a written record's partition key. Without it, the PARTITIONED BY columns; without those, the PRIMARY KEY if records are changes."},
		{Name: optionDelimiter, Type: connector.TypeString, Default: "|", Example: ",", Doc: "What stands between the values of a partition key of several columns."},
	}
}

func metadataSpecs() []connector.MetadataSpec {
	return []connector.MetadataSpec{
		{Key: metaArrival, Type: types.TimestampLTZOf(3), Doc: "When Kinesis got the record, about."},
		{Key: metaShard, Type: types.StringType(), Doc: "The record's shard, such as shardId-000000000003."},
		{Key: metaSequence, Type: types.StringType(), Doc: "The record's sequence number, decimal digits that grow within a shard."},
		{Key: metaSub, Type: types.Of(types.BigInt), Doc: "The record's number within an aggregated one, from 0; 0 for other records."},
		{Key: metaKey, Type: types.StringType(), Doc: "The record's partition key. Writing, it is the key to give the record."},
	}
}
