package nats

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/nats-io/nats.go"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// rows turns batches into messages.
type rows struct {
	sink    *sink
	encoder codec.Encoder
	schema  *arrow.Schema
	data    []byte
	ends    []int
}

func newRows(s *sink, env connector.WriterEnv) (*rows, error) {
	encoder, err := s.format.NewEncoder(codec.Config{Schema: s.stored, Options: s.table.Options, Alloc: env.Alloc, BatchRows: 1})
	if err != nil {
		return nil, err
	}
	return &rows{sink: s, encoder: encoder, schema: types.Schema(s.stored).Arrow()}, nil
}

// each calls send for each row's message, whose data is valid until it returns.
func (w *rows) each(batch stream.Batch, send func(m *nats.Msg) error) error {
	if batch.Rows() == 0 {
		return nil
	}
	columns := make([]arrow.Array, len(w.sink.storedAt))
	for i, at := range w.sink.storedAt {
		columns[i] = batch.Column(at)
		columns[i].Retain()
	}
	values := stream.NewBatch(w.schema, columns, batch.Rows(), batch.Kinds)
	defer values.Release()
	var err error
	if w.data, w.ends, err = w.encoder.Encode(w.data[:0], w.ends[:0], values); err != nil {
		return errs.Wrap(errs.User, err, "table '%s'", w.sink.table.Name)
	}
	start := 0
	for row, end := range w.ends {
		m := &nats.Msg{Data: w.data[start:end]}
		start = end
		if m.Subject, err = w.subject(batch, row); err != nil {
			return err
		}
		m.Header = w.headers(batch, row)
		if err := send(m); err != nil {
			return err
		}
	}
	return nil
}

func (w *rows) subject(batch stream.Batch, row int) (string, error) {
	if w.sink.subjectColumn < 0 {
		return w.sink.subject, nil
	}
	column := batch.Column(w.sink.subjectColumn)
	subject := ""
	if !column.IsNull(row) {
		subject = column.ValueStr(row)
	}
	return subject, w.sink.checkSubject(subject)
}

func (w *rows) headers(batch stream.Batch, row int) nats.Header {
	if w.sink.headerColumn < 0 {
		return nil
	}
	maps := batch.Column(w.sink.headerColumn).(*array.Map)
	if maps.IsNull(row) {
		return nil
	}
	header := nats.Header{}
	keys, items := maps.Keys(), maps.Items()
	from, to := maps.ValueOffsets(row)
	for i := int(from); i < int(to); i++ {
		if !items.IsNull(i) {
			header.Set(keys.ValueStr(i), items.ValueStr(i))
		}
	}
	return header
}
