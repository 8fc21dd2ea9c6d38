package agg

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// nestedPick is FIRST_VALUE and LAST_VALUE of arrays, maps and rows: a pick of
// their encodings as bytes.
type nestedPick struct {
	pickAgg
	encodedValues
	nested arrow.DataType
	rows   rowcodec.Rows
	err    error
}

var (
	_ Agg     = (*nestedPick)(nil)
	_ SetAgg  = (*nestedPick)(nil)
	_ Checked = (*nestedPick)(nil)
)

func newNestedPick(call rex.AggCall, like pickAgg) (Agg, error) {
	nested := call.Type.Arrow()
	values, err := newEncodedValues(nested)
	like.lane, like.result, like.partial = laneBytes, arrow.BinaryTypes.Binary, types.BytesType()
	return &nestedPick{pickAgg: like, encodedValues: values, nested: nested}, err
}

// Accumulate implements Agg.
func (g *nestedPick) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	if !g.nulls {
		weights = skipNulls(weights, args, &g.weights)
	}
	if err := g.encoder.Encode(args[:1], len(acc.Rows), &g.rows); err != nil {
		panic("agg: " + err.Error()) // the column is of the type it was bound for
	}
	offsets := make([]int32, len(acc.Rows)+1)
	for i, end := range g.rows.Offsets {
		offsets[i] = int32(end)
	}
	buffers := []*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(offsets)), memory.NewBufferBytes(g.rows.Data)}
	encoded := columns.Make(arrow.BinaryTypes.Binary, len(acc.Rows), buffers, nil, 0)
	defer encoded.Release()
	g.accumulateBytes(acc, encoded, weights)
}

// Emit implements Agg.
func (g *nestedPick) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	builder := array.NewBuilder(alloc, g.nested)
	defer builder.Release()
	for i := range acc.Rows {
		a := at[pickedBytes](&acc, i)
		if a.has == 0 {
			builder.AppendNull()
			continue
		}
		if err := g.decoder.Decode(acc.Heap.Get(a.ref), []array.Builder{builder}); err != nil {
			g.err = err
			return columns.Nulls(alloc, g.nested, len(acc.Rows))
		}
	}
	return builder.NewArray()
}

// Err implements Checked.
func (g *nestedPick) Err() error {
	err := g.err
	g.err = nil
	return err
}

// AppendKey implements SetAgg.
func (g *nestedPick) AppendKey(dst []byte, args []arrow.Array, i int) []byte {
	if g.nulls {
		dst = append(dst, hasValue)
	}
	return g.encoder.AppendRow(dst, args[:1], i)
}
