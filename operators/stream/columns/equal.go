package columns

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Equal reports whether row i of a and row j of b hold the same value. NULL
// equals NULL, NaN equals NaN by its bits, and maps are equal when they have the
// same entries in any order. Both arrays have the same type.
func Equal(a arrow.Array, i int, b arrow.Array, j int) bool {
	if a.IsNull(i) || b.IsNull(j) {
		return a.IsNull(i) && b.IsNull(j)
	}
	switch x := a.(type) {
	case *array.Null:
		return true
	case *array.Boolean:
		return x.Value(i) == b.(*array.Boolean).Value(j)
	case *array.String:
		return x.Value(i) == b.(*array.String).Value(j)
	case *array.Binary:
		return bytes.Equal(x.Value(i), b.(*array.Binary).Value(j))
	case *array.Struct:
		y := b.(*array.Struct)
		for f := range x.NumField() {
			if !Equal(x.Field(f), i, y.Field(f), j) {
				return false
			}
		}
		return true
	case *array.Map:
		return equalMaps(x, i, b.(*array.Map), j)
	case array.ListLike:
		return equalLists(x, i, b.(array.ListLike), j)
	case *array.Dictionary:
		y := b.(*array.Dictionary)
		return Equal(x.Dictionary(), x.GetValueIndex(i), y.Dictionary(), y.GetValueIndex(j))
	}
	width := a.DataType().(arrow.FixedWidthDataType).Bytes()
	return bytes.Equal(fixedBytes(a, i, width), fixedBytes(b, j, width))
}

func fixedBytes(a arrow.Array, i, width int) []byte {
	data := a.Data()
	at := (data.Offset() + i) * width
	return data.Buffers()[1].Bytes()[at : at+width]
}

func equalLists(a array.ListLike, i int, b array.ListLike, j int) bool {
	from, to := a.ValueOffsets(i)
	other, end := b.ValueOffsets(j)
	if to-from != end-other {
		return false
	}
	for k := range int(to - from) {
		if !Equal(a.ListValues(), int(from)+k, b.ListValues(), int(other)+k) {
			return false
		}
	}
	return true
}

// equalMaps looks for each entry at the same place first, since most equal maps are
// equal in order. Keys are unique.
func equalMaps(a *array.Map, i int, b *array.Map, j int) bool {
	from, to := a.ValueOffsets(i)
	other, end := b.ValueOffsets(j)
	if to-from != end-other {
		return false
	}
	keys, items := b.Keys(), b.Items()
	for k := range int(to - from) {
		at := int(from) + k
		match := int(other) + k
		if !Equal(a.Keys(), at, keys, match) {
			for match = int(other); match < int(end) && !Equal(a.Keys(), at, keys, match); match++ {
			}
		}
		if match == int(end) || !Equal(a.Items(), at, items, match) {
			return false
		}
	}
	return true
}
