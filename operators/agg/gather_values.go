package agg

import (
	"bytes"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rowcodec"
)

// encodedValues encodes values of any type and gives them back.
type encodedValues struct {
	encoder *rowcodec.RowEncoder
	decoder *rowcodec.RowDecoder
	args    []arrow.Array
}

func newEncodedValues(dt arrow.DataType) (encodedValues, error) {
	list := []arrow.DataType{dt}
	encoder, err := rowcodec.NewRowEncoder(list)
	if err != nil {
		return encodedValues{}, err
	}
	decoder, err := rowcodec.NewRowDecoder(list)
	return encodedValues{encoder: encoder, decoder: decoder}, err
}

func (v *encodedValues) bind(args []arrow.Array) { v.args = args }

func (v *encodedValues) value(dst []byte, i int) []byte {
	return v.encoder.AppendRow(dst, v.args[:1], i)
}

// arrayGathering is ARRAY_AGG: the values in the order they came, NULL when there
// is none.
type arrayGathering struct {
	encodedValues
	result  arrow.DataType
	builder *array.ListBuilder
	element [1]array.Builder
}

var _ gathering = (*arrayGathering)(nil)

func (g *arrayGathering) open(alloc memory.Allocator) {
	g.builder = array.NewBuilder(alloc, g.result).(*array.ListBuilder)
	g.element[0] = g.builder.ValueBuilder()
}

func (g *arrayGathering) add(values [][]byte) error {
	if len(values) == 0 {
		g.builder.AppendNull()
		return nil
	}
	g.builder.Append(true)
	return g.decoder.DecodeAll(values, g.element[:])
}

func (g *arrayGathering) finish() arrow.Array {
	defer g.builder.Release()
	return g.builder.NewArray()
}

// bagGathering is COLLECT: how often each value came, in the order of the values'
// encodings, so that the result does not depend on the order of arrival.
type bagGathering struct {
	encodedValues
	result  arrow.DataType
	builder *array.MapBuilder
	element [1]array.Builder
}

var _ gathering = (*bagGathering)(nil)

func (g *bagGathering) open(alloc memory.Allocator) {
	g.builder = array.NewBuilder(alloc, g.result).(*array.MapBuilder)
	g.element[0] = g.builder.KeyBuilder()
}

func (g *bagGathering) add(values [][]byte) error {
	g.builder.Append(true)
	slices.SortFunc(values, bytes.Compare)
	distinct := values[:0]
	items := g.builder.ItemBuilder().(*array.Int32Builder)
	for len(values) > 0 {
		n := 1
		for n < len(values) && bytes.Equal(values[n], values[0]) {
			n++
		}
		items.Append(int32(n))
		distinct = append(distinct, values[0])
		values = values[n:]
	}
	return g.decoder.DecodeAll(distinct, g.element[:])
}

func (g *bagGathering) finish() arrow.Array {
	defer g.builder.Release()
	return g.builder.NewArray()
}
