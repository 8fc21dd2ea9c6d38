package kinesis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/keyed"
	"github.com/thalweg/thalweg/connectors/format/kpl"
	"github.com/thalweg/thalweg/operators/stream"
)

// writer puts rows as they come: when Write returns, Kinesis has acknowledged them.
type writer struct {
	sink    *sink
	client  *kinesis.Client
	encoder *keyed.Encoder
	key     []byte
	// fixed is the task's key.
	fixed string
	// shards are those of the stream and groups what is packed for each of the open
	// ones; nil before the first row that is packed.
	shards *shardMap
	groups []kpl.Aggregator

	// pending are entries not put yet, their keys and data in all of so many bytes.
	pending []entry
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
		fixed: fmt.Sprintf("%s-%d", env.Job, env.Task)}, nil
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
	w.packAll()
	return w.put(ctx, true)
}

func randomKey() string { return strconv.FormatUint(rand.Uint64(), 36) }

// partitionKey is a row's key. Rows without key columns that are aggregated share
// one, so that they can stand in one record.
func (w *writer) partitionKey(batch stream.Batch, row int, spread string) string {
	switch {
	case !w.sink.keyed && w.sink.fixed:
		return w.fixed
	case !w.sink.keyed && w.sink.aggregate:
		return spread
	case !w.sink.keyed:
		return randomKey()
	}
	w.key = w.key[:0]
	for i, at := range w.sink.keys {
		if i > 0 {
			w.key = append(w.key, w.sink.delimiter...)
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
	if w.sink.aggregate {
		if err := w.know(ctx); err != nil {
			return err
		}
		w.group(key, data)
	} else {
		w.add(w.plain(key, data))
	}
	if w.full() {
		return w.put(ctx, false)
	}
	return nil
}

// Prepare implements connector.Writer: everything is in the stream already.
func (w *writer) Prepare(ctx context.Context, _ uint64, _ bool) (connector.Prepared, error) {
	return connector.Prepared{}, w.send(ctx, w.encoder.Flush, stream.Batch{})
}

// Close implements connector.Writer.
func (w *writer) Close() error { return nil }
