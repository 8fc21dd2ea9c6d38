package expr

import (
	"math/big"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// constantArray makes the one-row array of a literal. Constants live outside the
// operators' allocators, as long as their program.
func constantArray(t types.Type, v rex.Value) (arrow.Array, error) {
	if v.Null || t.Kind == types.Null {
		return nulls(memory.DefaultAllocator, t.Arrow(), 1), nil
	}
	switch physOf(t) {
	case physBool:
		buf, bits := newBits(memory.DefaultAllocator, 1)
		bits[0] = byte(v.Int & 1)
		return fixed(t.Arrow(), 1, validity{}, buf), nil
	case physInt8:
		return oneRow(t, int8(v.Int)), nil
	case physInt16:
		return oneRow(t, int16(v.Int)), nil
	case physInt32:
		return oneRow(t, int32(v.Int)), nil
	case physInt64:
		return oneRow(t, v.Int), nil
	case physFloat32:
		return oneRow(t, float32(v.Float)), nil
	case physFloat64:
		return oneRow(t, v.Float), nil
	case physDecimal:
		unscaled, ok := new(big.Int).SetString(v.Str, 10)
		if !ok || unscaled.BitLen() > 127 {
			return nil, errs.Bugf("expr: bad DECIMAL literal %q", v.Str)
		}
		return oneRow(t, decimal128.FromBigInt(unscaled)), nil
	case physBytes:
		buffers := []*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes([]int32{0, int32(len(v.Str))})),
			memory.NewBufferBytes([]byte(v.Str))}
		return columns.Make(t.Arrow(), 1, buffers, nil, 0), nil
	}
	return nil, errs.Bugf("expr: literal of type %s", t)
}

func oneRow[T any](t types.Type, v T) arrow.Array {
	buf, vals := newValues[T](memory.DefaultAllocator, 1)
	vals[0] = v
	return fixed(t.Arrow(), 1, validity{}, buf)
}

// constantValue is the inverse of constantArray; ok is false for nested types
// that are not NULL.
func constantValue(arr arrow.Array, t types.Type) (v rex.Value, ok bool) {
	one := Vector{Array: arr, Const: true}
	if one.Null(0) {
		return rex.Value{Null: true}, true
	}
	switch physOf(t) {
	case physBool:
		if arr.(*array.Boolean).Value(0) {
			v.Int = 1
		}
	case physInt8:
		v.Int = int64(values[int8](one)[0])
	case physInt16:
		v.Int = int64(values[int16](one)[0])
	case physInt32:
		v.Int = int64(values[int32](one)[0])
	case physInt64:
		v.Int = values[int64](one)[0]
	case physFloat32:
		v.Float = float64(values[float32](one)[0])
	case physFloat64:
		v.Float = values[float64](one)[0]
	case physDecimal:
		v.Str = values[decimal128.Num](one)[0].BigInt().String()
	case physBytes:
		offsets := columns.Offsets(arr)
		v.Str = string(columns.Bytes(arr)[offsets[0]:offsets[1]])
	default:
		return rex.Value{}, false
	}
	return v, true
}
