package aggstate

import (
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/rows"
)

// Changes are how the results of groups have changed since they were emitted: encoded
// rows of results with their keys, to be emitted next. The operator's output is the
// keys, the results, and columns of its own.
type Changes struct {
	ctx     *op.Context
	program *Program
	decoder *rowcodec.KeyDecoder
	codec   *rows.Codec

	results rowcodec.Rows
	keys    [][]byte
	rows    rows.List
	kinds   []stream.RowKind
}

// Open prepares for an operator's program.
func (c *Changes) Open(ctx *op.Context, program *Program) error {
	c.ctx, c.program = ctx, program
	var err error
	if c.decoder, err = rowcodec.NewKeyDecoder(program.KeyTypes()); err != nil {
		return err
	}
	from := len(program.KeyTypes())
	c.codec, err = rows.NewCodec(arrow.NewSchema(ctx.Output.Fields()[from:from+len(program.calls)], nil))
	return err
}

// Results encodes the present results of groups; they are valid until the next call.
func (c *Changes) Results(groups []unsafe.Pointer, heap agg.Heap) (*rowcodec.Rows, error) {
	cols, err := c.program.Results(groups, heap, c.ctx.Alloc)
	if err != nil {
		return nil, err
	}
	defer columns.Release(cols)
	return &c.results, c.codec.Encode(cols, len(groups), &c.results)
}

// Add lists a change. key stays valid until the changes are emitted; results are copied.
func (c *Changes) Add(kind stream.RowKind, key, results []byte) {
	c.keys, c.kinds = append(c.keys, key), append(c.kinds, kind)
	c.rows.Add(results)
}

// Len is the number of changes listed.
func (c *Changes) Len() int { return len(c.keys) }

// Emit emits the changes listed, if any; own gives the operator's own columns of them.
func (c *Changes) Emit(own func() []arrow.Array, out op.Output) error {
	n := c.Len()
	if n == 0 {
		return nil
	}
	cols, err := DecodeKeys(c.keys, c.program.KeyTypes(), c.decoder, c.ctx.Alloc)
	if err != nil {
		return err
	}
	results, err := c.codec.Decode(c.ctx.Alloc, c.rows.Take())
	if err != nil {
		columns.Release(cols)
		return err
	}
	batch := stream.NewBatch(c.ctx.Output, append(append(cols, results...), own()...), n, slices.Clone(c.kinds))
	if batch.AllInserts() {
		batch.Kinds = nil
	}
	c.keys, c.kinds = c.keys[:0], c.kinds[:0]
	return out.Emit(batch)
}
