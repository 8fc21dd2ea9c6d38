package format

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/json"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// JSONRows writes batches the way the format 'json' does, for clients: one object
// a row, each ended by a line end. One goroutine uses it.
type JSONRows struct {
	encoder codec.Encoder
	ends    []int
}

// NewJSONRows makes a writer of rows of schema.
func NewJSONRows(schema types.Schema) (*JSONRows, error) {
	e, err := json.Format{}.NewEncoder(codec.Config{Schema: schema, Options: connector.Options{}, Lines: true})
	if err != nil {
		return nil, err
	}
	return &JSONRows{encoder: e}, nil
}

// Append appends the rows of a borrowed batch to dst. ends holds the offset in dst
// after each row's line end and is valid until the next call. Row kinds are the
// caller's business.
func (j *JSONRows) Append(dst []byte, batch stream.Batch) (out []byte, ends []int, err error) {
	out, j.ends, err = j.encoder.Encode(dst, j.ends[:0], batch)
	return out, j.ends, err
}
