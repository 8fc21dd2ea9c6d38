package shardlog

import (
	"context"
	"encoding/binary"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/google/uuid"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/keyed"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// writer encodes rows into records: of a transaction, or, at-least-once, of the
// stream at once.
type writer struct {
	sink    *sink
	stream  *Stream
	env     connector.WriterEnv
	encoder *keyed.Encoder
	// transaction is nil while nothing was written since the last Prepare.
	transaction *transaction

	key []byte
	// records are those of the batch, borrowed from the encoder; only at-least-once.
	records []Record
	// spread numbers records without a key; it starts at random.
	spread uint64
}

var _ connector.Writer = (*writer)(nil)

func newWriter(s *sink, st *Stream, env connector.WriterEnv) (*writer, error) {
	encoder, err := s.records.NewEncoder(s.stored, env)
	if err != nil {
		return nil, err
	}
	id := uuid.New()
	return &writer{
		sink: s, stream: st, env: env, encoder: encoder,
		spread: binary.LittleEndian.Uint64(id[:]),
	}, nil
}

// Write implements connector.Writer.
func (w *writer) Write(ctx context.Context, batch stream.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.send(func(add func(keyed.Record) error) error { return w.encoder.Each(batch, add) }, batch)
}

// send adds the records that each gives to the transaction, or to the stream. batch
// holds the rows of those that are not held back.
func (w *writer) send(each func(func(keyed.Record) error) error, batch stream.Batch) error {
	w.records = w.records[:0]
	if err := each(func(r keyed.Record) error { return w.add(batch, r) }); err != nil {
		return err
	}
	if len(w.records) == 0 {
		return nil
	}
	_, err := w.stream.Append(w.records)
	return errs.Wrap(errs.Resource, err, "table '%s'", w.sink.table.Name)
}

// add adds a record to the transaction, or to those to append.
func (w *writer) add(batch stream.Batch, r keyed.Record) error {
	record := Record{PartitionKey: string(r.Key), Data: r.Value}
	if r.Key == nil {
		record.PartitionKey = w.partitionKey(batch, r.Row)
	}
	if !w.sink.once {
		w.records = append(w.records, record)
		return nil
	}
	if w.transaction == nil {
		w.transaction = w.stream.newTransaction(ownerHash(w.env.Job, w.sink.table.Name))
	}
	return errs.Wrap(errs.Resource, w.transaction.add(&record), "table '%s'", w.sink.table.Name)
}

// partitionKey is a row's key: its key columns' values, parted by '|'; without key
// columns, a running number.
func (w *writer) partitionKey(batch stream.Batch, row int) string {
	w.key = w.key[:0]
	if len(w.sink.keys) == 0 {
		w.spread++
		return string(strconv.AppendUint(w.key, w.spread, 36))
	}
	for i, at := range w.sink.keys {
		if i > 0 {
			w.key = append(w.key, '|')
		}
		w.key = appendValue(w.key, batch.Column(at), row)
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
	case *array.Int32:
		return strconv.AppendInt(dst, int64(a.Value(row)), 10)
	}
	return append(dst, column.ValueStr(row)...)
}

// Prepare implements connector.Writer.
func (w *writer) Prepare(_ context.Context, epoch uint64, _ bool) (connector.Prepared, error) {
	if err := w.send(w.encoder.Flush, stream.Batch{}); err != nil {
		return connector.Prepared{}, err
	}
	if w.transaction == nil {
		return connector.Prepared{}, nil
	}
	name, err := w.transaction.prepare(epoch)
	if err != nil {
		return connector.Prepared{}, errs.Wrap(errs.Resource, err, "table '%s'", w.sink.table.Name)
	}
	w.transaction = nil
	b, err := msgpack.Marshal(committable{committableVersion, name})
	if err != nil {
		return connector.Prepared{}, errs.Wrap(errs.Bug, err, "encoding a prepared transaction")
	}
	return connector.Prepared{Committables: [][]byte{b}}, nil
}

// Close implements connector.Writer.
func (w *writer) Close() error {
	if w.transaction == nil {
		return nil
	}
	t := w.transaction
	w.transaction = nil
	return t.discard()
}
