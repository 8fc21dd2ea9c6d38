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
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// writer encodes rows into records: of a transaction, or, at-least-once, of the
// stream at once.
type writer struct {
	sink    *sink
	stream  *Stream
	env     connector.WriterEnv
	schema  *arrow.Schema
	encoder codec.Encoder
	// transaction is nil while nothing was written since the last Prepare.
	transaction *transaction

	data    []byte
	ends    []int
	key     []byte
	records []Record
	// spread numbers records without a key; it starts at random.
	spread uint64
}

var _ connector.Writer = (*writer)(nil)

func newWriter(s *sink, st *Stream, env connector.WriterEnv) (*writer, error) {
	encoder, err := s.format.NewEncoder(codec.Config{Schema: s.layout.stored, Options: s.table.Options, Alloc: env.Alloc, BatchRows: 1})
	if err != nil {
		return nil, err
	}
	id := uuid.New()
	return &writer{
		sink: s, stream: st, env: env, schema: types.Schema(s.layout.stored).Arrow(), encoder: encoder,
		spread: binary.LittleEndian.Uint64(id[:]),
	}, nil
}

// Write implements connector.Writer.
func (w *writer) Write(ctx context.Context, batch stream.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if batch.Rows() == 0 {
		return nil
	}
	if err := w.encode(batch); err != nil {
		return err
	}
	if !w.sink.once {
		_, err := w.stream.Append(w.records)
		return errs.Wrap(errs.Resource, err, "table '%s'", w.sink.table.Name)
	}
	if w.transaction == nil {
		w.transaction = w.stream.newTransaction(ownerHash(w.env.Job, w.sink.table.Name))
	}
	for i := range w.records {
		if err := w.transaction.add(&w.records[i]); err != nil {
			return errs.Wrap(errs.Resource, err, "table '%s'", w.sink.table.Name)
		}
	}
	return nil
}

// encode fills w.records with the batch's rows; they alias w.data.
func (w *writer) encode(batch stream.Batch) error {
	stored := make([]arrow.Array, len(w.sink.stored))
	for i, at := range w.sink.stored {
		stored[i] = batch.Column(at)
		stored[i].Retain()
	}
	values := stream.NewBatch(w.schema, stored, batch.Rows(), batch.Kinds)
	defer values.Release()
	var err error
	if w.data, w.ends, err = w.encoder.Encode(w.data[:0], w.ends[:0], values); err != nil {
		return errs.Wrap(errs.User, err, "table '%s'", w.sink.table.Name)
	}
	w.records = w.records[:0]
	start := 0
	for row, end := range w.ends {
		w.records = append(w.records, Record{PartitionKey: w.partitionKey(batch, row), Data: w.data[start:end]})
		start = end
	}
	return nil
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
