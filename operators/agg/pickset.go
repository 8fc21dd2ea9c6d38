package agg

import (
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/operators/stream/columns"
)

// signBit turns the order of signed numbers into that of unsigned ones.
const signBit = 1 << 63

// AppendKey encodes numbers big-endian with the sign flipped, and bytes as they
// are. Where NULLs count theirs is empty, and others begin with a byte.
func (g *pickAgg) AppendKey(dst []byte, args []arrow.Array, i int) []byte {
	if g.nulls {
		if args[0].IsNull(i) {
			return dst
		}
		dst = append(dst, hasValue)
	}
	return appendValueKey(dst, g.lane, args[0], i)
}

func appendValueKey(dst []byte, l lane, arg arrow.Array, i int) []byte {
	switch l {
	case laneInt:
		return binary.BigEndian.AppendUint64(dst, uint64(intAt(arg, i))^signBit)
	case laneDecimal:
		v := columns.Values[decimal128.Num](arg)[i]
		dst = binary.BigEndian.AppendUint64(dst, uint64(v.HighBits())^signBit)
		return binary.BigEndian.AppendUint64(dst, v.LowBits())
	}
	offsets := columns.Offsets(arg)
	return append(dst, columns.Bytes(arg)[offsets[i]:offsets[i+1]]...)
}

// intAt is value i of a laneInt column.
func intAt(arg arrow.Array, i int) int64 {
	switch arg.DataType().ID() {
	case arrow.INT64, arrow.TIMESTAMP, arrow.TIME64, arrow.DURATION:
		return columns.Values[int64](arg)[i]
	case arrow.INT32, arrow.DATE32, arrow.TIME32, arrow.INTERVAL_MONTHS:
		return int64(columns.Values[int32](arg)[i])
	case arrow.FLOAT64:
		return orderOfFloat(columns.Values[float64](arg)[i])
	}
	one := array.NewSlice(arg, int64(i), int64(i+1))
	defer one.Release()
	var scratch []int64
	return ints(one, &scratch)[0]
}

// Refresh takes the least, greatest, first or last value of the set.
func (g *pickAgg) Refresh(acc Accs, i int, set Set) {
	end := set.First
	if g.pick == pickMax || g.pick == pickLast {
		end = set.Last
	}
	key, ok := end()
	if ok && g.nulls {
		if len(key) == 0 {
			g.refreshNull(acc, i)
			return
		}
		key = key[1:]
	}
	switch g.lane {
	case laneInt:
		a := at[pickedInt](&acc, i)
		*a = pickedInt{}
		if ok {
			*a = pickedInt{has: hasValue, value: int64(binary.BigEndian.Uint64(key) ^ signBit)}
		}
	case laneDecimal:
		a := at[pickedDecimal](&acc, i)
		*a = pickedDecimal{}
		if ok {
			high := int64(binary.BigEndian.Uint64(key) ^ signBit)
			*a = pickedDecimal{has: hasValue, value: decimal128.New(high, binary.BigEndian.Uint64(key[8:]))}
		}
	default:
		refreshBytes(at[pickedBytes](&acc, i), acc.Heap, key, ok)
	}
}

// refreshNull picks NULL.
func (g *pickAgg) refreshNull(acc Accs, i int) {
	switch g.lane {
	case laneInt:
		*at[pickedInt](&acc, i) = pickedInt{has: hasNull}
	case laneDecimal:
		*at[pickedDecimal](&acc, i) = pickedDecimal{has: hasNull}
	default:
		a := at[pickedBytes](&acc, i)
		acc.Heap.Free(a.ref)
		*a = pickedBytes{has: hasNull}
	}
}

func refreshBytes(a *pickedBytes, heap Heap, key []byte, ok bool) {
	if !ok {
		heap.Free(a.ref)
		*a = pickedBytes{}
		return
	}
	a.has, a.ref = hasValue, heap.Put(a.ref, key)
}
