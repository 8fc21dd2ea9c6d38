package columns

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Take gathers the rows sel of arr, in sel's order; rows may repeat. Every index
// must be in [0, arr.Len()).
func Take(alloc memory.Allocator, arr arrow.Array, sel []int32) arrow.Array {
	if len(sel) == 0 {
		return Nulls(alloc, arr.DataType(), 0)
	}
	var validity *memory.Buffer
	nulls := 0
	if arr.NullN() > 0 && arr.DataType().ID() != arrow.NULL {
		validity, nulls = takeValidity(alloc, arr, sel)
	}
	return takeValues(alloc, arr, sel, validity, nulls)
}

// TakeOrNull gathers like Take, and gives NULL for every negative index: the
// padding of outer joins.
func TakeOrNull(alloc memory.Allocator, arr arrow.Array, sel []int32) arrow.Array {
	clamped := make([]int32, len(sel))
	padded := 0
	for i, row := range sel {
		if row < 0 {
			padded++
			continue
		}
		clamped[i] = row
	}
	switch {
	case padded == 0:
		return Take(alloc, arr, sel)
	case padded == len(sel) || arr.DataType().ID() == arrow.NULL:
		return Nulls(alloc, arr.DataType(), len(sel))
	}
	validity := NewBuffer(alloc, bitmapBytes(len(sel)))
	bits := validity.Bytes()
	clear(bits)
	nulls := 0
	for i, row := range sel {
		if row >= 0 && arr.IsValid(int(row)) {
			bits[i>>3] |= 1 << (i & 7)
		} else {
			nulls++
		}
	}
	return takeValues(alloc, arr, clamped, validity, nulls)
}

// takeValues gathers values and puts validity, whose reference it takes over, on
// top.
func takeValues(alloc memory.Allocator, arr arrow.Array, sel []int32, validity *memory.Buffer, nulls int) arrow.Array {
	dt := arr.DataType()
	switch dt.ID() {
	case arrow.NULL:
		return array.NewNull(len(sel))
	case arrow.BOOL:
		return Make(dt, len(sel), []*memory.Buffer{validity, takeBits(alloc, arr, sel)}, nil, nulls)
	case arrow.STRING, arrow.BINARY:
		offsets, data := takeBytes(alloc, arr, sel)
		return Make(dt, len(sel), []*memory.Buffer{validity, offsets, data}, nil, nulls)
	case arrow.STRUCT:
		return takeStruct(alloc, arr.(*array.Struct), sel, validity, nulls)
	case arrow.LIST, arrow.MAP:
		return takeList(alloc, arr, sel, validity, nulls)
	case arrow.DICTIONARY:
		return takeDictionary(alloc, arr, sel, validity, nulls)
	}
	if fixed, ok := dt.(arrow.FixedWidthDataType); ok {
		values := takeFixed(alloc, arr, sel, fixed.Bytes())
		return Make(dt, len(sel), []*memory.Buffer{validity, values}, nil, nulls)
	}
	panic("columns: Take of unsupported Arrow type " + dt.String())
}

func takeFixed(alloc memory.Allocator, arr arrow.Array, sel []int32, width int) *memory.Buffer {
	out := NewBuffer(alloc, len(sel)*width)
	switch width {
	case 1:
		gather(ViewBuffer[uint8](out), Values[uint8](arr), sel)
	case 2:
		gather(ViewBuffer[uint16](out), Values[uint16](arr), sel)
	case 4:
		gather(ViewBuffer[uint32](out), Values[uint32](arr), sel)
	case 8:
		gather(ViewBuffer[uint64](out), Values[uint64](arr), sel)
	case 16:
		gather(ViewBuffer[[2]uint64](out), Values[[2]uint64](arr), sel)
	default:
		data := arr.Data()
		src, dst := data.Buffers()[1].Bytes()[data.Offset()*width:], out.Bytes()
		for i, row := range sel {
			copy(dst[i*width:(i+1)*width], src[int(row)*width:])
		}
	}
	return out
}

func gather[T any](dst, src []T, sel []int32) {
	dst = dst[:len(sel)]
	for i, row := range sel {
		dst[i] = src[row]
	}
}

func takeBits(alloc memory.Allocator, arr arrow.Array, sel []int32) *memory.Buffer {
	data := arr.Data()
	out := NewBuffer(alloc, bitmapBytes(len(sel)))
	gatherBits(out.Bytes(), data.Buffers()[1].Bytes(), data.Offset(), sel)
	return out
}

func takeValidity(alloc memory.Allocator, arr arrow.Array, sel []int32) (*memory.Buffer, int) {
	out := NewBuffer(alloc, bitmapBytes(len(sel)))
	set := gatherBits(out.Bytes(), arr.NullBitmapBytes(), arr.Data().Offset(), sel)
	if set == len(sel) {
		out.Release()
		return nil, 0
	}
	return out, len(sel) - set
}

// gatherBits collects bits and returns how many are set.
func gatherBits(dst, src []byte, offset int, sel []int32) int {
	set := 0
	for i := 0; i < len(sel); i += 8 {
		var packed byte
		for j, row := range sel[i:min(i+8, len(sel))] {
			at := offset + int(row)
			bit := src[at>>3] >> (at & 7) & 1
			packed |= bit << j
			set += int(bit)
		}
		dst[i>>3] = packed
	}
	return set
}

func takeBytes(alloc memory.Allocator, arr arrow.Array, sel []int32) (offsets, data *memory.Buffer) {
	from, src := Offsets(arr), Bytes(arr)
	offsets = NewBuffer(alloc, (len(sel)+1)*4)
	to := ViewBuffer[int32](offsets)
	total := int32(0)
	for i, row := range sel {
		to[i] = total
		total += from[row+1] - from[row]
	}
	to[len(sel)] = total
	data = NewBuffer(alloc, int(total))
	dst := data.Bytes()
	for i, row := range sel {
		copy(dst[to[i]:to[i+1]], src[from[row]:from[row+1]])
	}
	return offsets, data
}

func bitmapBytes(n int) int { return (n + 7) / 8 }
