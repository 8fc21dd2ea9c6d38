// Package stream is the vocabulary of a dataflow: batches of rows with their
// kinds, watermarks, barriers, and the elements that carry them over exchanges.
//
// Ownership. A Batch holds references on Arrow memory. Whoever is handed a batch
// as an argument borrows it until the call returns; to keep it, Retain it. Whoever
// is given a batch as a result, or takes it out of a queue, owns one reference and
// must Release it once. Emitting hands the reference on. Arrays are immutable once
// they are in a batch. After the last Release the memory may be reused at once;
// builds with the tag `invariants` overwrite it.
package stream

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
)

// RowKind is what a row does to the table that a changelog describes.
type RowKind uint8

// The four kinds, in Flink's order and with Flink's byte values.
const (
	Insert       RowKind = 0 // +I
	UpdateBefore RowKind = 1 // -U
	UpdateAfter  RowKind = 2 // +U
	Delete       RowKind = 3 // -D
)

// String gives Flink's short form.
func (k RowKind) String() string {
	switch k {
	case Insert:
		return "+I"
	case UpdateBefore:
		return "-U"
	case UpdateAfter:
		return "+U"
	case Delete:
		return "-D"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Adds reports whether the kind adds a row (+I, +U); the others take one away.
func (k RowKind) Adds() bool { return k == Insert || k == UpdateAfter }

// Batch is a run of rows in columns: an Arrow record and, for streams that are
// not insert-only, one kind per row. The zero Batch has no rows and no schema.
type Batch struct {
	// Record holds the columns; its schema is the edge's schema.
	Record arrow.Record
	// Kinds is nil when every row is an Insert (the fast path), and has one entry
	// per row otherwise. It is immutable like the columns, but plain garbage
	// collected memory.
	Kinds []RowKind
}

// NewBatch makes a batch of columns cols, taking over the caller's reference on
// each column (the caller need not and must not release them again).
func NewBatch(schema *arrow.Schema, cols []arrow.Array, rows int, kinds []RowKind) Batch {
	record := newRecord(schema, cols, int64(rows))
	for _, c := range cols {
		c.Release()
	}
	return Batch{Record: record, Kinds: kinds}
}

// Rows is the number of rows.
func (b Batch) Rows() int {
	if b.Record == nil {
		return 0
	}
	return int(b.Record.NumRows())
}

// Kind is the kind of row i.
func (b Batch) Kind(i int) RowKind {
	if b.Kinds == nil {
		return Insert
	}
	return b.Kinds[i]
}

// Column is column i, borrowed from the batch.
func (b Batch) Column(i int) arrow.Array { return b.Record.Column(i) }

// Retain adds a reference and returns b.
func (b Batch) Retain() Batch {
	if b.Record != nil {
		b.Record.Retain()
	}
	return b
}

// Release gives back one reference.
func (b Batch) Release() {
	if b.Record != nil {
		b.Record.Release()
	}
}

// Slice returns rows [from, to) as a batch that shares memory; the caller owns
// one reference on it.
func (b Batch) Slice(from, to int) Batch {
	s := Batch{Record: b.Record.NewSlice(int64(from), int64(to))}
	if b.Kinds != nil {
		s.Kinds = b.Kinds[from:to]
	}
	return s
}

// AllInserts reports whether no row takes anything away or updates.
func (b Batch) AllInserts() bool {
	for _, k := range b.Kinds {
		if k != Insert {
			return false
		}
	}
	return true
}

// SchemaFor is schema for columns that go by their places: where rows within a column
// have fields of other names, it has the column's own type.
func SchemaFor(schema *arrow.Schema, cols []arrow.Array) *arrow.Schema {
	var fields []arrow.Field
	for i, c := range cols {
		if arrow.TypeEqual(schema.Field(i).Type, c.DataType()) {
			continue
		}
		if fields == nil {
			fields = schema.Fields()
		}
		fields[i].Type = c.DataType()
	}
	if fields == nil {
		return schema
	}
	return arrow.NewSchema(fields, nil)
}
