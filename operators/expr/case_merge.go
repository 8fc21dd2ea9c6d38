package expr

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/decimal"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// mergeBranches puts the rows of all branches into one column of n rows. Every
// row is in exactly one branch.
func mergeBranches(alloc memory.Allocator, t types.Type, branches []branch, n int) arrow.Array {
	switch physOf(t) {
	case physNull:
		return array.NewNull(n)
	case physBool:
		return mergeBools(alloc, branches, n)
	case physInt8:
		return mergeFixed[int8](alloc, t, branches, n)
	case physInt16:
		return mergeFixed[int16](alloc, t, branches, n)
	case physInt32, physFloat32:
		return mergeFixed[int32](alloc, t, branches, n)
	case physInt64, physFloat64:
		return mergeFixed[int64](alloc, t, branches, n)
	case physDecimal:
		return mergeFixed[decimal.Num](alloc, t, branches, n)
	case physBytes:
		return mergeBytes(alloc, t, branches, n)
	}
	return mergeNested(alloc, t, branches, n)
}

// mergeValidity scatters the NULL masks.
func mergeValidity(alloc memory.Allocator, branches []branch, n int) validity {
	m := nulling{alloc: alloc, n: n}
	for b := range branches {
		br := &branches[b]
		if len(br.rows) == 0 || br.value.Array.NullN() == 0 && !br.value.nullConst() {
			continue
		}
		for i, row := range br.rows {
			if br.value.Array.IsNull(br.source(i)) {
				m.null(int(row))
			}
		}
	}
	return m.valid
}

func mergeFixed[T any](alloc memory.Allocator, t types.Type, branches []branch, n int) arrow.Array {
	buf, dst := newValues[T](alloc, n)
	for b := range branches {
		br := &branches[b]
		if len(br.rows) == 0 {
			continue
		}
		src := values[T](br.value)
		switch {
		case br.value.Const:
			for _, row := range br.rows {
				dst[row] = src[0]
			}
		case br.dense:
			for i, row := range br.rows {
				dst[row] = src[i]
			}
		default:
			for _, row := range br.rows {
				dst[row] = src[row]
			}
		}
	}
	return fixed(t.Arrow(), n, mergeValidity(alloc, branches, n), buf)
}

func mergeBools(alloc memory.Allocator, branches []branch, n int) arrow.Array {
	buf, bits := newBits(alloc, n)
	clear(bits)
	for b := range branches {
		br := &branches[b]
		if len(br.rows) == 0 {
			continue
		}
		src, ok := br.value.Array.(*array.Boolean)
		if !ok {
			continue
		}
		for i, row := range br.rows {
			bits[row>>3] |= bit(src.Value(br.source(i))) << (row & 7)
		}
	}
	return fixed(arrow.FixedWidthTypes.Boolean, n, mergeValidity(alloc, branches, n), buf)
}

func mergeBytes(alloc memory.Allocator, t types.Type, branches []branch, n int) arrow.Array {
	valid := mergeValidity(alloc, branches, n)
	offsetBuf, offsets := newValues[int32](alloc, n+1)
	offsets[0] = 0
	for b := range branches {
		br := &branches[b]
		if len(br.rows) == 0 {
			continue
		}
		from := columns.Offsets(br.value.Array)
		for i, row := range br.rows {
			at := br.source(i)
			offsets[row+1] = from[at+1] - from[at]
		}
	}
	for i := range n {
		offsets[i+1] += offsets[i]
	}
	data := columns.NewBuffer(alloc, int(offsets[n]))
	dst := data.Bytes()
	for b := range branches {
		br := &branches[b]
		if len(br.rows) == 0 {
			continue
		}
		from, src := columns.Offsets(br.value.Array), columns.Bytes(br.value.Array)
		for i, row := range br.rows {
			at := br.source(i)
			copy(dst[offsets[row]:], src[from[at]:from[at+1]])
		}
	}
	return columns.Make(t.Arrow(), n, []*memory.Buffer{valid.buf, offsetBuf, data}, nil, valid.nulls)
}

// mergeNested copies arrays, maps and rows one by one.
func mergeNested(alloc memory.Allocator, t types.Type, branches []branch, n int) arrow.Array {
	b := array.NewBuilder(alloc, t.Arrow())
	defer b.Release()
	source := make([]int32, n)
	owner := make([]int32, n)
	for k := range branches {
		for i, row := range branches[k].rows {
			owner[row], source[row] = int32(k), int32(branches[k].source(i))
		}
	}
	for row := range n {
		columns.Append(b, branches[owner[row]].value.Array, int(source[row]))
	}
	return b.NewArray()
}
