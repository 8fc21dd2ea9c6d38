package connector

import "strings"

// standIn tells what there is for a system that has a connector in Flink and none here.
type standIn struct {
	// prefix is how the names of the system's connectors begin.
	prefix string
	// by is a connector that the hint speaks of.
	by, hint string
}

const (
	streamHint = "streams are 'shardlog' (built in), 'nats' and 'kinesis'"
	upsertHint = "a table that changes is kept in a stream by 'upsert-shardlog', 'upsert-nats' or 'upsert-kinesis'"
	cdcHint    = "changes of a database are read from a stream or files that Debezium, Canal or Maxwell fill, with 'format' = 'debezium-json', 'canal-json' or 'maxwell-json'"
	lakeHint   = "files are written and read by 'filesystem', with 'format' = 'parquet'"
)

// standIns are looked through in order: the first that fits counts.
var standIns = []standIn{
	{"upsert-kafka", "upsert-shardlog", upsertHint},
	{"kafka", "shardlog", streamHint}, {"dynamic-kafka", "shardlog", streamHint}, {"pulsar", "shardlog", streamHint}, {"rabbitmq", "shardlog", streamHint},
	{"faker", "datagen", "made-up rows come from 'datagen'"},
	{"mysql-cdc", "filesystem", cdcHint}, {"postgres-cdc", "filesystem", cdcHint}, {"oracle-cdc", "filesystem", cdcHint},
	{"sqlserver-cdc", "filesystem", cdcHint}, {"mongodb-cdc", "filesystem", cdcHint},
	{"hudi", "filesystem", lakeHint}, {"iceberg", "filesystem", lakeHint}, {"paimon", "filesystem", lakeHint}, {"delta", "filesystem", lakeHint},
}

// standIn is the hint for a connector of Flink's, "" where nothing here stands in.
func (r *Registry) standIn(name string) string {
	for _, s := range standIns {
		if _, there := r.connectors[s.by]; there && strings.HasPrefix(name, s.prefix) {
			return s.hint
		}
	}
	return ""
}
