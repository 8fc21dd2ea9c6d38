package kinesis

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// The most that a call takes: the older of AWS's limits of bytes.
const (
	putRecordsMax = 500
	putBytesMax   = 5 << 20
)

// Pauses between calls while a stream has no room.
const (
	putPauseMin = 50 * time.Millisecond
	putPauseMax = 5 * time.Second
)

// entry is a record to put.
type entry struct {
	key string
	// hashKey is decimal; empty if the key's hash counts.
	hashKey string
	data    []byte
	// packed entries hold several rows.
	packed bool
	// lane is what has an order: the shard that a packed entry is meant for, or the key
	// where rows are changes. It is empty for rows in no order.
	lane string
}

func (e *entry) bytes() int { return len(e.key) + len(e.data) }

// plain is the entry of one row.
func (w *writer) plain(key string, data []byte) entry {
	e := entry{key: key, data: data}
	if w.sink.Mode() != connector.AppendOnly {
		e.lane = key
	}
	return e
}

// add adds an entry to those to put.
func (w *writer) add(e entry) {
	if e.data == nil {
		e.data = []byte{} // a record without data is one, too
	}
	w.pending = append(w.pending, e)
	w.bytes += e.bytes()
}

// full reports that more is pending than goes into a call.
func (w *writer) full() bool {
	return len(w.pending) > w.sink.batch || w.bytes > putBytesMax
}

// put puts what is pending, all of it or until the rest is not enough for a call. What
// was refused is put again, in order and before any later one, until it is taken: a slow
// stream holds the job up.
func (w *writer) put(ctx context.Context, all bool) error {
	wait := putPauseMin
	for len(w.pending) > 0 && (all || w.full()) {
		call := w.pending[:w.fitting()]
		out, err := w.client.PutRecords(ctx, w.input(call))
		if err != nil {
			return w.sink.failure(err, "writing to")
		}
		again, err := w.settle(ctx, call, out.Records)
		if err != nil {
			return err
		}
		if !again {
			wait = putPauseMin
			continue
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, putPauseMax)
	}
	return nil
}

// fitting is how many of the pending entries go into a call.
func (w *writer) fitting() int {
	bytes, most := 0, min(len(w.pending), w.sink.batch)
	for i := range most {
		if bytes += w.pending[i].bytes(); bytes > putBytesMax && i > 0 {
			return i
		}
	}
	return most
}

func (w *writer) input(call []entry) *kinesis.PutRecordsInput {
	in := &kinesis.PutRecordsInput{Records: make([]types.PutRecordsRequestEntry, len(call))}
	in.StreamName, in.StreamARN = w.sink.ref()
	for i := range call {
		in.Records[i] = types.PutRecordsRequestEntry{PartitionKey: &call[i].key, Data: call[i].data}
		if call[i].hashKey != "" {
			in.Records[i].ExplicitHashKey = &call[i].hashKey
		}
	}
	return in
}

// astray reports that an entry came to another shard than it was packed for.
func (w *writer) astray(e *entry, shard string) bool {
	return e.packed && shard != e.lane && (w.shards == nil || !w.shards.anywhere)
}

// settle takes from the front of pending what a call has put, and leaves what is to be
// put again. Of a lane that is everything from the first entry on that was refused or
// led astray: so its last rows are in order, some of them twice.
func (w *writer) settle(ctx context.Context, call []entry, results []types.PutRecordsResultEntry) (again bool, err error) {
	if len(results) != len(call) {
		return false, errs.Resourcef("the stream answered for %d of %d records", len(results), len(call))
	}
	rest := slices.Clone(w.pending[len(call):])
	moved := false
	for i, r := range results {
		moved = moved || r.ErrorCode == nil && w.astray(&call[i], aws.ToString(r.ShardId))
	}
	if moved {
		w.pending = rest
		w.packAll() // by the shards as they were
		rest = w.pending
		if err := w.learn(ctx); err != nil {
			return false, err
		}
	}
	var left []entry
	broken := map[string]bool{}
	for i, r := range results {
		e := call[i]
		switch {
		case r.ErrorCode != nil || broken[e.lane]:
			left = append(left, e)
		case w.astray(&e, aws.ToString(r.ShardId)):
			strays := w.shards.strays(&e, aws.ToString(r.ShardId))
			if strays == nil {
				continue
			}
			left = append(left, strays...)
		default:
			continue
		}
		broken[e.lane] = e.lane != ""
	}
	again = len(left) > 0
	w.pending, w.bytes = append(left, rest...), 0
	for i := range w.pending {
		w.bytes += w.pending[i].bytes()
	}
	if moved {
		w.regroup()
	}
	return again, nil
}
