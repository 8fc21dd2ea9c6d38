package nats

import (
	"sort"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/nats-io/nats.go"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/connectors/format/keyed"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// message is a received message with what its transport tells of it.
type message struct {
	subject  string
	sequence uint64 // 0 in mode core
	millis   int64
	header   nats.Header
	data     []byte
	// last says that the split ends with this message, none that it ended before.
	last, none bool
	err        error
}

// decoding turns messages into batches.
type decoding struct {
	source  *source
	bad     connector.BadRecords
	decoder *keyed.Decoder
	key     []byte // of a message, scratch
	keys    []string
	columns []*column.Column
}

func newDecoding(s *source, env connector.ReaderEnv) (*decoding, error) {
	decoder, err := s.records.NewDecoder(s.splice.Decoded, env)
	if err != nil {
		return nil, err
	}
	d := &decoding{source: s, bad: env.Bad, decoder: decoder}
	for _, f := range s.splice.Extra {
		d.keys = append(d.keys, s.table.Metadata[f.Name])
		d.columns = append(d.columns, column.New(f.Type, env.Alloc, env.BatchRows))
	}
	return d, nil
}

// add decodes a message.
func (d *decoding) add(m *message) error {
	before := d.decoder.Rows()
	if d.source.records.Upsert {
		d.key = keyOf(d.key[:0], d.source.subjects[0], m.subject)
	}
	if err := d.decoder.Record(d.key, m.data); err != nil {
		if errs.ClassOf(err) == errs.Resource {
			return err
		}
		return d.bad.Bad(connector.BadRecord{Where: m.where(), Reason: err.Error(), Raw: m.data})
	}
	for i, c := range d.columns {
		for range d.decoder.Rows() - before {
			d.addMetadata(c, d.keys[i], m)
		}
	}
	return nil
}

func (d *decoding) addMetadata(c *column.Column, key string, m *message) {
	switch key {
	case metaSubject:
		c.String(strings.ToValidUTF8(m.subject, "\uFFFD"))
	case metaSequence:
		if m.sequence == 0 {
			c.Null()
			return
		}
		c.Int(int64(m.sequence))
	case metaTime:
		c.Int(m.millis)
	case metaHeaders:
		addHeaders(c, m.header)
	}
}

// addHeaders appends a map of the headers' first values, in the names' order.
func addHeaders(c *column.Column, header nats.Header) {
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	sort.Strings(names)
	entries := c.Kids[0]
	for _, name := range names {
		entries.Kids[0].String(strings.ToValidUTF8(name, "\uFFFD"))
		entries.Kids[1].String(strings.ToValidUTF8(header.Get(name), "\uFFFD"))
		entries.End()
	}
	c.End()
}

// flush gives the decoded rows.
func (d *decoding) flush() stream.Batch {
	extra := make([]arrow.Array, len(d.columns))
	for i, c := range d.columns {
		extra[i] = c.Flush()
	}
	batch := d.source.splice.Join(d.decoder.Flush(), extra)
	for _, a := range extra {
		a.Release()
	}
	return batch
}

func (d *decoding) free() {
	d.decoder.Close()
	for _, c := range d.columns {
		c.Free()
	}
}
