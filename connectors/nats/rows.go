package nats

import (
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/nats-io/nats.go"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/keyed"
	"github.com/thalweg/thalweg/operators/stream"
)

// rows turns batches into messages.
type rows struct {
	sink    *sink
	encoder *keyed.Encoder
	words   []byte // of a subject, scratch
}

func newRows(s *sink, env connector.WriterEnv) (*rows, error) {
	encoder, err := s.records.NewEncoder(s.storedAt, env)
	if err != nil {
		return nil, err
	}
	return &rows{sink: s, encoder: encoder}, nil
}

// each calls send for each row's message, whose data is valid until it returns.
func (w *rows) each(batch stream.Batch, send func(m *nats.Msg) error) error {
	return w.encoder.Each(batch, func(r keyed.Record) error { return w.message(batch, r, send) })
}

// flush calls send for the messages of rows that were held back.
func (w *rows) flush(send func(m *nats.Msg) error) error {
	return w.encoder.Flush(func(r keyed.Record) error { return w.message(stream.Batch{}, r, send) })
}

// message sends a record as a message; batch holds its row unless it was held back.
func (w *rows) message(batch stream.Batch, r keyed.Record, send func(m *nats.Msg) error) error {
	m := &nats.Msg{Data: r.Value}
	if w.sink.records.Upsert {
		w.words = appendKey(append(append(w.words[:0], w.sink.subject...), '.'), r.Key)
		m.Subject = string(w.words)
		if len(r.Value) == 0 {
			m.Header = tombstone()
		}
		return send(m)
	}
	var err error
	if m.Subject, err = w.subject(batch, r.Row); err != nil {
		return err
	}
	m.Header = w.headers(batch, r.Row)
	return send(m)
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
