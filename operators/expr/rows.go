package expr

import (
	"errors"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// errNull is what a row function returns instead of a value to give NULL.
var errNull = errors.New("expr: NULL")

// The row kernels below call a function per row. They are for functions whose own
// work per row outweighs a call: text, patterns, calendars. bind is called once a
// batch and gives the row function, which is not called for rows where an
// argument is NULL.

// textRows makes a kernel that appends each row's text to dst.
func textRows(t types.Type, bind func(ctx *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error)) Kernel {
	dt := t.Arrow()
	var scratch []byte
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args...)
		if all {
			return nulls(ctx.Alloc, dt, n), nil
		}
		m := &nulling{alloc: ctx.Alloc, n: n, valid: valid}
		offsetBuf, offsets := newValues[int32](ctx.Alloc, n+1)
		text, row := scratch[:0], bind(ctx, args)
		for i := range n {
			offsets[i] = int32(len(text))
			if m.skips(i) {
				continue
			}
			out, err := row(text, i)
			switch {
			case err == nil:
				text = out
			case err == errNull:
				m.null(i)
			default:
				offsetBuf.Release()
				m.valid.release()
				return nil, err
			}
		}
		offsets[n] = int32(len(text))
		scratch = text
		return finishText(ctx.Alloc, dt, m.valid, offsetBuf, text), nil
	}
}

// finishText copies text into a column whose offsets and validity it takes over.
func finishText(alloc memory.Allocator, dt arrow.DataType, valid validity, offsets *memory.Buffer, text []byte) arrow.Array {
	data := columns.NewBuffer(alloc, len(text))
	copy(data.Bytes(), text)
	return columns.Make(dt, offsets.Len()/4-1, []*memory.Buffer{valid.buf, offsets, data}, nil, valid.nulls)
}

// fixedRows makes a kernel of a function from rows to fixed-width values.
func fixedRows[R any](t types.Type, bind func(ctx *EvalContext, args []Vector) func(i int) (R, error)) Kernel {
	dt := t.Arrow()
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args...)
		if all {
			return nulls(ctx.Alloc, dt, n), nil
		}
		m := &nulling{alloc: ctx.Alloc, n: n, valid: valid}
		buf, dst := newValues[R](ctx.Alloc, n)
		row := bind(ctx, args)
		var zero R
		for i := range dst {
			dst[i] = zero
			if m.skips(i) {
				continue
			}
			v, err := row(i)
			switch {
			case err == nil:
				dst[i] = v
			case err == errNull:
				m.null(i)
			default:
				buf.Release()
				m.valid.release()
				return nil, err
			}
		}
		return fixed(dt, n, m.valid, buf), nil
	}
}

// boolRows makes a kernel of a function from rows to truth values.
func boolRows(bind func(ctx *EvalContext, args []Vector) func(i int) (bool, error)) Kernel {
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args...)
		if all {
			return nulls(ctx.Alloc, arrow.FixedWidthTypes.Boolean, n), nil
		}
		m := &nulling{alloc: ctx.Alloc, n: n, valid: valid}
		buf, bits := newBits(ctx.Alloc, n)
		clear(bits)
		row := bind(ctx, args)
		for i := range n {
			if m.skips(i) {
				continue
			}
			v, err := row(i)
			switch {
			case err == nil:
				bits[i>>3] |= bit(v) << (i & 7)
			case err == errNull:
				m.null(i)
			default:
				buf.Release()
				m.valid.release()
				return nil, err
			}
		}
		return fixed(arrow.FixedWidthTypes.Boolean, n, m.valid, buf), nil
	}
}

// fixedColumn reads a fixed-width vector.
type fixedColumn[T any] struct {
	values []T
	stride int
}

func fixedOf[T any](v Vector) fixedColumn[T] { return fixedColumn[T]{values[T](v), v.stride()} }

// at is the value of row i.
func (c fixedColumn[T]) at(i int) T { return c.values[i&c.stride] }

// integers reads any integer vector.
func integers(v Vector) func(i int) int64 {
	switch v.Array.DataType().ID() {
	case arrow.INT8:
		c := fixedOf[int8](v)
		return func(i int) int64 { return int64(c.at(i)) }
	case arrow.INT16:
		c := fixedOf[int16](v)
		return func(i int) int64 { return int64(c.at(i)) }
	case arrow.INT32, arrow.DATE32, arrow.TIME32, arrow.INTERVAL_MONTHS:
		c := fixedOf[int32](v)
		return func(i int) int64 { return int64(c.at(i)) }
	}
	return fixedOf[int64](v).at
}

// textColumn finishes a string result, taking over all buffers.
func textColumn(dt arrow.DataType, n int, valid validity, offsets, data *memory.Buffer) arrow.Array {
	return columns.Make(dt, n, []*memory.Buffer{valid.buf, offsets, data}, nil, valid.nulls)
}

// typeOf is the SQL type of a vector's Arrow type.
func typeOf(v Vector) types.Type { return columns.TypeOf(v.Array.DataType()) }

func appendInt(dst []byte, v int64) []byte { return strconv.AppendInt(dst, v, 10) }
