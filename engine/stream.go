package engine

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"time"

	"github.com/thalweg/thalweg/connectors/shardlog"
)

// StreamRecord is one record to append to a built-in stream.
type StreamRecord struct {
	// PartitionKey decides the shard; records without one are spread evenly.
	PartitionKey string
	Data         []byte
}

// RecordPosition is where an appended record lies.
type RecordPosition struct {
	Shard string `json:"shard"`
	// Sequence is decimal and grows within a shard.
	Sequence string `json:"sequence"`
}

// AppendRecords appends records to a stream and returns their places once they are
// durable. A stream that does not exist, or a record that is too large, fails the
// call before anything is written. If the disk fails under some shards, the
// records of the others are there all the same, and the error says so.
func (e *Engine) AppendRecords(ctx context.Context, stream string, records []StreamRecord) ([]RecordPosition, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	store, err := e.streams()
	if err != nil {
		return nil, err
	}
	batch := make([]shardlog.Record, len(records))
	for i, r := range records {
		batch[i] = shardlog.Record{PartitionKey: r.PartitionKey, Data: r.Data}
		if r.PartitionKey == "" {
			batch[i].PartitionKey = randomKey()
		}
	}
	results, err := store.Append(stream, batch)
	if err != nil {
		return nil, err
	}
	positions := make([]RecordPosition, len(results))
	for i, r := range results {
		positions[i] = RecordPosition{Shard: string(r.ShardID), Sequence: r.Sequence.String()}
	}
	return positions, nil
}

// randomKey spreads a record that has no key of its own.
func randomKey() string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], rand.Uint64())
	return hex.EncodeToString(b[:])
}

// streamsService is the name by which connectors find the log.
const streamsService = "shardlog"

// upsertStreams is the connector of streams whose records are upserts.
const upsertStreams = "upsert-shardlog"

// isStreams tells the connectors of the log.
func isStreams(connector string) bool {
	return connector == streamsService || connector == upsertStreams
}

// Streams is the built-in log of the data directory, for front doors that speak of
// shards. The engine owns it.
func (e *Engine) Streams() (*shardlog.Store, error) { return e.streams() }

// streams is the built-in log of the data directory, opened on first use.
func (e *Engine) streams() (*shardlog.Store, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	// Jobs that commit while the engine closes still find an open log.
	if store, ok := e.services[streamsService].(*shardlog.Store); ok {
		return store, nil
	}
	if e.closed {
		return nil, errClosed()
	}
	now := func() time.Time { return time.UnixMilli(e.opts.Now()) }
	store, err := shardlog.Open(e.fs.PathJoin(e.dir, "log"), shardlog.Options{FS: e.fs, Now: now, Log: e.log})
	if err != nil {
		return nil, err
	}
	e.services[streamsService] = store
	return store, nil
}
