package keyed

import (
	"time"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// Encoder turns rows into keys and values. One goroutine uses it.
type Encoder struct {
	layout *Layout
	alloc  memory.Allocator
	value  partEncoder
	key    *partEncoder
	upsert []int32 // rows with a value, scratch
	held   *held   // nil without a buffer
	now    func() time.Time
}

// Record is an encoded row. Its bytes are valid until the next call of Each.
type Record struct {
	// Row is the row of the batch, or -1 of a record that was held back.
	Row int
	// Key is nil if keys hold no columns. Value is empty for a row that is gone.
	Key, Value []byte
}

// partEncoder encodes one part of all rows of a batch.
type partEncoder struct {
	at      []int
	schema  *arrow.Schema
	encoder codec.Encoder
	data    []byte
	ends    []int
}

// NewEncoder makes an encoder of batches of the table's columns, in which storedAt
// are the stored ones.
func (l *Layout) NewEncoder(storedAt []int, env connector.WriterEnv) (*Encoder, error) {
	e := &Encoder{layout: l, alloc: env.Alloc, now: time.Now}
	value, err := l.value.encoder(storedAt, env)
	if err != nil {
		return nil, err
	}
	e.value = *value
	if l.key != nil {
		if e.key, err = l.key.encoder(storedAt, env); err != nil {
			return nil, err
		}
	}
	if l.maxRows > 0 {
		e.held = newHeld(e.now())
	}
	return e, nil
}

func (p *part) encoder(storedAt []int, env connector.WriterEnv) (*partEncoder, error) {
	e := &partEncoder{schema: types.Schema(p.schema).Arrow()}
	for _, i := range p.at {
		e.at = append(e.at, storedAt[i])
	}
	var err error
	e.encoder, err = p.format.NewEncoder(codec.Config{Schema: p.schema, Options: p.options, Context: env.Context, Alloc: env.Alloc, BatchRows: 1})
	return e, err
}

// Each encodes a batch, which is borrowed, and gives its records in order, or holds
// them back. It stops at an error of send and gives it.
func (e *Encoder) Each(batch stream.Batch, send func(Record) error) error {
	if batch.Rows() == 0 {
		return nil
	}
	if err := e.encode(batch); err != nil {
		return errs.Wrap(errs.User, err, "table '%s'", e.layout.table)
	}
	value := 0
	for row := range batch.Rows() {
		r := Record{Row: row}
		if !e.layout.Upsert || batch.Kind(row).Adds() {
			r.Value = e.value.record(value)
			value++
		}
		if e.key != nil {
			r.Key = e.key.record(row)
		}
		if err := e.check(&r, batch.Kind(row)); err != nil {
			return errs.Wrap(errs.User, err, "table '%s'", e.layout.table)
		}
		if e.held != nil {
			e.held.add(r.Key, r.Value)
			continue
		}
		if err := send(r); err != nil {
			return err
		}
	}
	if e.held != nil && (e.held.rows() >= e.layout.maxRows || e.now().Sub(e.held.since) >= e.layout.interval) {
		return e.Flush(send)
	}
	return nil
}

// Flush gives the records that were held back: the last one of each key.
func (e *Encoder) Flush(send func(Record) error) error {
	if e.held == nil {
		return nil
	}
	defer e.held.reset(e.now())
	return e.held.each(func(key, value []byte) error { return send(Record{Row: -1, Key: key, Value: value}) })
}

// encode encodes all keys, and the values of rows that have one.
func (e *Encoder) encode(batch stream.Batch) error {
	if e.key != nil {
		if err := e.key.encode(batch, nil); err != nil {
			return errs.Wrap(errs.User, err, "the key")
		}
	}
	if !e.layout.Upsert {
		return e.value.encode(batch, batch.Kinds)
	}
	if batch.AllInserts() {
		return e.value.encode(batch, nil)
	}
	e.upsert = e.upsert[:0]
	for row := range batch.Rows() {
		if batch.Kind(row).Adds() {
			e.upsert = append(e.upsert, int32(row))
		}
	}
	there := columns.TakeRows(e.alloc, batch, e.upsert)
	defer there.Release()
	return e.value.encode(there, nil)
}

func (p *partEncoder) encode(batch stream.Batch, kinds []stream.RowKind) error {
	p.data, p.ends = p.data[:0], p.ends[:0]
	if batch.Rows() == 0 {
		return nil
	}
	cols := make([]arrow.Array, len(p.at))
	for i, at := range p.at {
		cols[i] = batch.Column(at)
		cols[i].Retain()
	}
	values := stream.NewBatch(stream.SchemaFor(p.schema, cols), cols, batch.Rows(), kinds)
	defer values.Release()
	var err error
	p.data, p.ends, err = p.encoder.Encode(p.data, p.ends, values)
	return err
}

// record is the encoded row number i.
func (p *partEncoder) record(i int) []byte {
	start := 0
	if i > 0 {
		start = p.ends[i-1]
	}
	return p.data[start:p.ends[i]:p.ends[i]]
}

// keyCharactersMax is the longest partition key of Kinesis.
const keyCharactersMax = 256

// check refuses what could not be read back.
func (e *Encoder) check(r *Record, kind stream.RowKind) error {
	if e.key == nil {
		return nil
	}
	switch {
	case len(r.Key) == 0:
		return errs.Userf("the key of a row is an empty text").WithHint("'%s' = 'json' writes any values", optionKeyFormat)
	case utf8.RuneCount(r.Key) > keyCharactersMax:
		return errs.Userf("the key %.40q… has %d characters; there can be %d", r.Key, utf8.RuneCount(r.Key), keyCharactersMax)
	case !utf8.Valid(r.Key):
		return errs.Userf("the key %.40q is no text", r.Key)
	case e.layout.Upsert && kind.Adds() && len(r.Value) == 0:
		return errs.Userf("the value of the row with the key %.40q is empty, which stands for a deletion", r.Key).
			WithHint("take another '%s'", optionValueFormat)
	}
	return nil
}
