package format

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// Splice puts columns that a record does not hold, such as metadata, among those
// that it does. It is immutable.
type Splice struct {
	schema *arrow.Schema
	// Decoded are the wanted columns that come out of records, Extra the others,
	// both in the order of the wanted schema.
	Decoded types.Schema
	Extra   types.Schema
	// isExtra has one entry per wanted column.
	isExtra []bool
}

// NewSplice parts the wanted columns; extra tells the ones that records don't
// hold.
func NewSplice(wanted types.Schema, extra func(name string) bool) *Splice {
	s := &Splice{schema: wanted.Arrow(), Decoded: types.Schema{}, isExtra: make([]bool, len(wanted))}
	for i, f := range wanted {
		if s.isExtra[i] = extra(f.Name); s.isExtra[i] {
			s.Extra = append(s.Extra, f)
		} else {
			s.Decoded = append(s.Decoded, f)
		}
	}
	return s
}

// Join gives a batch of the wanted columns, owned by the caller. It takes over
// decoded, and borrows the extra columns, which may be longer than the batch.
func (s *Splice) Join(decoded stream.Batch, extra []arrow.Array) stream.Batch {
	if len(s.Extra) == 0 {
		return decoded
	}
	defer decoded.Release()
	rows := decoded.Rows()
	cols := make([]arrow.Array, len(s.isExtra))
	from, next := 0, 0
	for i, isExtra := range s.isExtra {
		if isExtra {
			cols[i] = array.NewSlice(extra[next], 0, int64(rows))
			next++
			continue
		}
		cols[i] = decoded.Column(from)
		cols[i].Retain()
		from++
	}
	return stream.NewBatch(s.schema, cols, rows, decoded.Kinds)
}
