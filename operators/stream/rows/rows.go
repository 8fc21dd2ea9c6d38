// Package rows keeps whole rows as bytes: what operators put into their state and
// take out again.
package rows

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rowcodec"
)

// Codec encodes and decodes rows of one schema. It keeps scratch memory: calls must
// not overlap.
type Codec struct {
	types   []arrow.DataType
	encoder *rowcodec.RowEncoder
	decoder *rowcodec.RowDecoder
}

// NewCodec makes a codec of a schema's rows.
func NewCodec(schema *arrow.Schema) (*Codec, error) {
	c := &Codec{types: Types(schema)}
	var err error
	if c.encoder, err = rowcodec.NewRowEncoder(c.types); err != nil {
		return nil, err
	}
	c.decoder, err = rowcodec.NewRowDecoder(c.types)
	return c, err
}

// Types lists the types of a schema's columns.
func Types(schema *arrow.Schema) []arrow.DataType {
	types := make([]arrow.DataType, schema.NumFields())
	for i := range types {
		types[i] = schema.Field(i).Type
	}
	return types
}

// Pick lists some of the codec's types by column.
func (c *Codec) Pick(at []int) []arrow.DataType {
	out := make([]arrow.DataType, len(at))
	for i, column := range at {
		out[i] = c.types[column]
	}
	return out
}

// Types are the types of the codec's columns.
func (c *Codec) Types() []arrow.DataType { return c.types }

// Append appends the encoding of one row to dst.
func (c *Codec) Append(dst []byte, cols []arrow.Array, row int) []byte {
	return c.encoder.AppendRow(dst, cols, row)
}

// Encode encodes all rows of cols into dst.
func (c *Codec) Encode(cols []arrow.Array, n int, dst *rowcodec.Rows) error {
	return c.encoder.Encode(cols, n, dst)
}

// Decode gives the columns of encoded rows, owned by the caller.
func (c *Codec) Decode(alloc memory.Allocator, list [][]byte) ([]arrow.Array, error) {
	return c.decoder.Columns(alloc, list)
}

// DecodeFrom is Decode of n rows, some of which at a time it asks source for, in order:
// source may use the memory of the former ones again.
func (c *Codec) DecodeFrom(alloc memory.Allocator, n int, source func(from, to int) [][]byte) ([]arrow.Array, error) {
	return c.decoder.ColumnsFrom(alloc, n, source)
}
