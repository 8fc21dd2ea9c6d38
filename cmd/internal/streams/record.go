package streams

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"
	"unicode/utf8"

	"github.com/thalweg/thalweg/internal/errs"
)

// Record is a record as a line of JSON, the same for tail and put: data that is no
// text stands in data_base64.
type Record struct {
	Shard    string    `json:"shard,omitempty"`
	Sequence string    `json:"sequence,omitempty"`
	Arrival  time.Time `json:"arrival,omitzero"`
	Key      string    `json:"key,omitempty"`
	Data     string    `json:"data,omitempty"`
	Binary   []byte    `json:"data_base64,omitempty"`
}

// setData sets the data in the form that keeps it.
func (r *Record) setData(data []byte) {
	if utf8.Valid(data) {
		r.Data = string(data)
		return
	}
	r.Binary = data
}

func (r *Record) data() []byte {
	if r.Binary != nil {
		return r.Binary
	}
	return []byte(r.Data)
}

// Encoding is how records stand in a file.
type Encoding int

// The encodings.
const (
	// Lines has the data alone, a record a line.
	Lines Encoding = iota
	// JSON has a Record a line.
	JSON
	// Whole is one record: everything.
	Whole
)

// Reader reads records from text.
type Reader struct {
	in       *bufio.Reader
	encoding Encoding
	// Key is the partition key of records that say none; KeyMember names the member
	// of JSON data that has it, if it isn't empty.
	Key, KeyMember string
	line           int
	done           bool
}

// NewReader makes a reader.
func NewReader(in io.Reader, encoding Encoding) *Reader {
	return &Reader{in: bufio.NewReaderSize(in, 1<<20), encoding: encoding}
}

// Next gives the next record, or io.EOF. Empty lines are none.
func (r *Reader) Next() (Record, error) {
	if r.encoding == Whole {
		if r.done {
			return Record{}, io.EOF
		}
		r.done = true
		data, err := io.ReadAll(r.in)
		if err != nil {
			return Record{}, errs.Wrap(errs.Resource, err, "reading the record")
		}
		return r.keyed(Record{Binary: data})
	}
	for {
		line, err := r.in.ReadBytes('\n')
		r.line++
		switch line = bytes.TrimRight(line, "\r\n"); {
		case err != nil && !errors.Is(err, io.EOF):
			return Record{}, errs.Wrap(errs.Resource, err, "reading line %d", r.line)
		case len(line) == 0 && err != nil:
			return Record{}, io.EOF
		case len(line) == 0:
			continue
		case r.encoding == Lines:
			return r.keyed(Record{Binary: line})
		}
		var rec Record
		if err := json.Unmarshal(line, &rec); err != nil {
			return Record{}, errs.Userf("line %d is no record: %v", r.line, err).WithHint(`a record is such as {"key": "ann", "data": "hello"}`)
		}
		return r.keyed(rec)
	}
}

// keyed gives a record its partition key, if it has none.
func (r *Reader) keyed(rec Record) (Record, error) {
	if rec.Key != "" {
		return rec, nil
	}
	rec.Key = r.Key
	if r.KeyMember == "" {
		return rec, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(rec.data(), &members); err != nil {
		return rec, errs.Userf("line %d: the data is no JSON object, so it has no member %q for its key", r.line, r.KeyMember)
	}
	raw, ok := members[r.KeyMember]
	if !ok {
		return rec, errs.Userf("line %d: the data has no member %q for its key", r.line, r.KeyMember)
	}
	if json.Unmarshal(raw, &rec.Key) != nil {
		rec.Key = string(raw)
	}
	return rec, nil
}
