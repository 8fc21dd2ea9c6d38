package kinesis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/keyed"
	"github.com/thalweg/thalweg/connectors/format/kpl"
	"github.com/thalweg/thalweg/operators/stream"
)

// The most that a call takes: the older of AWS's limits of bytes.
const (
	putRecordsMax = 500
	putBytesMax   = 5 << 20
)

// writer puts rows as they come: when Write returns, Kinesis has acknowledged them.
type writer struct {
	sink    *sink
	client  *kinesis.Client
	encoder *keyed.Encoder
	key     []byte
	// fixed is the task's key; groups pack rows by key, order lists the keys.
	fixed  string
	groups map[string]*kpl.Aggregator
	order  []string

	// pending are records not put yet, their keys and data in all of so many bytes.
	pending []types.PutRecordsRequestEntry
	bytes   int
}

var _ connector.Writer = (*writer)(nil)

func newWriter(ctx context.Context, s *sink, env connector.WriterEnv) (*writer, error) {
	client, err := s.newClient(ctx)
	if err != nil {
		return nil, err
	}
	encoder, err := s.records.NewEncoder(s.storedAt, env)
	if err != nil {
		return nil, err
	}
	return &writer{sink: s, client: client, encoder: encoder,
		fixed: fmt.Sprintf("%s-%d", env.Job, env.Task), groups: map[string]*kpl.Aggregator{}}, nil
}

// Write implements connector.Writer.
func (w *writer) Write(ctx context.Context, batch stream.Batch) error {
	if batch.Rows() == 0 {
		return ctx.Err()
	}
	return w.send(ctx, func(add func(keyed.Record) error) error { return w.encoder.Each(batch, add) }, batch)
}

// send puts the records that each gives. batch holds the rows of those that are not
// held back.
func (w *writer) send(ctx context.Context, each func(func(keyed.Record) error) error, batch stream.Batch) error {
	spread := randomKey()
	if err := each(func(r keyed.Record) error {
		key := string(r.Key)
		if r.Key == nil {
			key = w.partitionKey(batch, r.Row, spread)
		}
		return w.row(ctx, key, r.Value)
	}); err != nil {
		return err
	}
	for _, key := range w.order {
		if err := w.pack(ctx, key); err != nil {
			return err
		}
	}
	w.order = w.order[:0]
	clear(w.groups)
	return w.put(ctx)
}

func randomKey() string { return strconv.FormatUint(rand.Uint64(), 36) }

// partitionKey is a row's key. Rows without key columns that are aggregated share
// one, so that they can stand in one record.
func (w *writer) partitionKey(batch stream.Batch, row int, spread string) string {
	o := w.sink.table.Options
	switch {
	case !w.sink.keyed && o.String(optionPartitioner) == partitionFixed:
		return w.fixed
	case !w.sink.keyed && o.Bool(optionAggregate):
		return spread
	case !w.sink.keyed:
		return randomKey()
	}
	w.key = w.key[:0]
	for i, at := range w.sink.keys {
		if i > 0 {
			w.key = append(w.key, o.String(optionDelimiter)...)
		}
		w.key = appendValue(w.key, batch.Column(at), row)
	}
	if len(w.key) == 0 {
		return "-" // Kinesis wants a character at least
	}
	return string(w.key)
}

func appendValue(dst []byte, column arrow.Array, row int) []byte {
	if column.IsNull(row) {
		return dst
	}
	switch a := column.(type) {
	case *array.String:
		return append(dst, a.Value(row)...)
	case *array.Int64:
		return strconv.AppendInt(dst, a.Value(row), 10)
	}
	return append(dst, column.ValueStr(row)...)
}

// row takes an encoded row, which is valid until Write returns.
func (w *writer) row(ctx context.Context, key string, data []byte) error {
	if !w.sink.table.Options.Bool(optionAggregate) {
		return w.entry(ctx, key, data)
	}
	g := w.groups[key]
	if g == nil {
		g = new(kpl.Aggregator)
		w.groups[key], w.order = g, append(w.order, key)
	}
	if g.Count() > 0 && g.Grown(key, data) > int(w.sink.table.Options.Bytes(optionAggregateMax)) {
		if err := w.pack(ctx, key); err != nil {
			return err
		}
	}
	g.Add(key, data)
	return nil
}

// pack makes a record of a group; a single row stands for itself.
func (w *writer) pack(ctx context.Context, key string) error {
	g := w.groups[key]
	if g.Count() == 0 {
		return nil
	}
	single := g.Count() == 1
	_, data := g.Flush()
	if single {
		if inner, ok := kpl.Split(nil, data); ok {
			data = inner[0].Data
		}
	}
	return w.entry(ctx, key, data)
}

// entry adds a record to the next call, and makes the call when it is full.
func (w *writer) entry(ctx context.Context, key string, data []byte) error {
	if len(w.pending) == int(w.sink.table.Options.Int(optionBatch)) || w.bytes+len(key)+len(data) > putBytesMax {
		if err := w.put(ctx); err != nil {
			return err
		}
	}
	if data == nil {
		data = []byte{} // a record without data is one, too
	}
	w.pending = append(w.pending, types.PutRecordsRequestEntry{PartitionKey: aws.String(key), Data: data})
	w.bytes += len(key) + len(data)
	return nil
}

// Pauses between calls while a stream has no room.
const (
	putPauseMin = 50 * time.Millisecond
	putPauseMax = 5 * time.Second
)

// put puts what is pending. Records that were refused are put again, in order and
// before any later one, until they are taken: a slow stream holds the job up.
func (w *writer) put(ctx context.Context) error {
	wait := putPauseMin
	for len(w.pending) > 0 {
		in := &kinesis.PutRecordsInput{Records: w.pending}
		in.StreamName, in.StreamARN = w.sink.ref()
		out, err := w.client.PutRecords(ctx, in)
		if err != nil {
			return w.sink.failure(err, "writing to")
		}
		failed := 0
		for i, r := range out.Records {
			if r.ErrorCode != nil {
				w.pending[failed] = w.pending[i]
				failed++
			}
		}
		w.pending = slices.Delete(w.pending, failed, len(w.pending))
		if failed == 0 {
			break
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, putPauseMax)
	}
	w.bytes = 0
	return nil
}

// Prepare implements connector.Writer: everything is in the stream already.
func (w *writer) Prepare(ctx context.Context, _ uint64, _ bool) (connector.Prepared, error) {
	return connector.Prepared{}, w.send(ctx, w.encoder.Flush, stream.Batch{})
}

// Close implements connector.Writer.
func (w *writer) Close() error { return nil }
