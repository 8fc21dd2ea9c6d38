package column

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// BatchBytesMax is where a decoder ends a batch, in bytes of column memory.
const BatchBytesMax = 16 << 20

// Set builds the columns of one relation, row by row: each row appends once to
// every column.
type Set struct {
	Cols   []*Column
	schema *arrow.Schema
}

// NewSet makes builders for schema's columns.
func NewSet(schema types.Schema, alloc memory.Allocator, rows int) *Set {
	s := &Set{schema: schema.Arrow()}
	for _, f := range schema {
		s.Cols = append(s.Cols, New(f.Type, alloc, rows))
	}
	return s
}

// Truncate takes all rows from n on back.
func (s *Set) Truncate(n int) {
	for _, c := range s.Cols {
		c.Truncate(n)
	}
}

// Size is about the bytes held.
func (s *Set) Size() int {
	size := 0
	for _, c := range s.Cols {
		size += c.Size()
	}
	return size
}

// Flush gives rows rows as a batch of inserts, owned by the caller, and leaves the
// set empty.
func (s *Set) Flush(rows int) stream.Batch {
	cols := make([]arrow.Array, len(s.Cols))
	for i, c := range s.Cols {
		cols[i] = c.Flush()
	}
	return stream.NewBatch(s.schema, cols, rows, nil)
}

// Free gives all memory back.
func (s *Set) Free() {
	for _, c := range s.Cols {
		c.Free()
	}
}
