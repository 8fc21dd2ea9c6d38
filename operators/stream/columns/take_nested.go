package columns

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

func takeStruct(alloc memory.Allocator, arr *array.Struct, sel []int32, validity *memory.Buffer, nulls int) arrow.Array {
	children := make([]arrow.ArrayData, arr.NumField())
	owned := make([]arrow.Array, arr.NumField())
	for i := range children {
		owned[i] = Take(alloc, arr.Field(i), sel)
		children[i] = owned[i].Data()
	}
	out := Make(arr.DataType(), len(sel), []*memory.Buffer{validity}, children, nulls)
	for _, child := range owned {
		child.Release()
	}
	return out
}

// takeList gathers lists and maps: new offsets, then the children's rows.
func takeList(alloc memory.Allocator, arr arrow.Array, sel []int32, validity *memory.Buffer, nulls int) arrow.Array {
	from := Offsets(arr)
	offsets := NewBuffer(alloc, (len(sel)+1)*4)
	to := ViewBuffer[int32](offsets)
	total := int32(0)
	for i, row := range sel {
		to[i] = total
		total += from[row+1] - from[row]
	}
	to[len(sel)] = total
	rows := make([]int32, 0, total)
	for _, row := range sel {
		for at := from[row]; at < from[row+1]; at++ {
			rows = append(rows, at)
		}
	}
	values := array.MakeFromData(arr.Data().Children()[0])
	child := Take(alloc, values, rows)
	values.Release()
	out := Make(arr.DataType(), len(sel), []*memory.Buffer{validity, offsets}, []arrow.ArrayData{child.Data()}, nulls)
	child.Release()
	return out
}

func takeDictionary(alloc memory.Allocator, arr arrow.Array, sel []int32, validity *memory.Buffer, nulls int) arrow.Array {
	dict := arr.(*array.Dictionary)
	dt := dict.DataType().(*arrow.DictionaryType)
	values := takeFixed(alloc, dict.Indices(), sel, dt.IndexType.(arrow.FixedWidthDataType).Bytes())
	indices := Make(dt.IndexType, len(sel), []*memory.Buffer{validity, values}, nil, nulls)
	out := array.NewDictionaryArray(dt, indices, dict.Dictionary())
	indices.Release()
	return out
}
