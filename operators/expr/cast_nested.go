package expr

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// partCast converts one part of a nested type: the elements, the keys, or a field.
type partCast struct {
	// try makes what does not convert NULL; strict fails, with a message.
	try, strict Kernel
}

// nested converts arrays, maps, multisets and rows part by part; nil when a part
// has no conversion. A part that does not convert fails the cast, or makes the
// whole value NULL.
func (c *conversion) nested() Kernel {
	var parts []partCast
	add := func(from, to types.Type) bool {
		try := conversion{from: from, to: to, try: true, source: c.source}
		strict := conversion{from: from, to: to, source: c.source}
		tryKernel, err := try.kernel()
		if err != nil {
			return false
		}
		strictKernel, err := strict.kernel()
		parts = append(parts, partCast{try: tryKernel, strict: strictKernel})
		return err == nil
	}
	from, to := c.from, c.to
	ok := len(from.Fields) == len(to.Fields)
	if from.Kind == types.Multiset {
		ok = ok && add(*from.Elem, *to.Elem) && add(types.Of(types.Int), types.Of(types.Int))
	} else {
		ok = ok && (from.Key == nil || add(*from.Key, *to.Key)) && (from.Elem == nil || add(*from.Elem, *to.Elem))
	}
	for i := 0; ok && i < len(from.Fields); i++ {
		ok = add(from.Fields[i].Type, to.Fields[i].Type)
	}
	if !ok {
		return nil
	}
	dt, try := to.Arrow(), c.try
	return func(ctx *EvalContext, args []Vector, _ int) (arrow.Array, error) {
		return convertParts(ctx, args[0].Array, dt, parts, try)
	}
}

// convertParts rebuilds a nested array with converted parts; validity and offsets
// are shared as long as all parts convert. Parts that belong to no row, or to a
// NULL, may convert or not.
func convertParts(ctx *EvalContext, arr arrow.Array, dt arrow.DataType, parts []partCast, try bool) (arrow.Array, error) {
	before := arr.Data().Children()
	m, isMap := dt.(*arrow.MapType)
	if isMap {
		before = before[0].Children()
	}
	after := make([]arrow.ArrayData, 0, len(parts))
	defer func() { releaseAll(after) }()
	var bad []int32
	for i, part := range parts {
		in := array.MakeFromData(before[i])
		out, err := part.try(ctx, []Vector{{Array: in}}, in.Len())
		if err == nil && out.NullN() > in.NullN() {
			bad, err = failedRows(ctx, bad, arr, in, out, part.strict, try)
		}
		in.Release()
		if out != nil {
			out.Data().Retain()
			after = append(after, out.Data())
			out.Release()
		}
		if err != nil {
			return nil, err
		}
	}
	children := after
	if isMap {
		entries := array.NewData(m.Elem(), after[0].Len(), []*memory.Buffer{nil}, after, 0, 0)
		defer entries.Release()
		children = []arrow.ArrayData{entries}
	}
	return rebuilt(ctx, arr, dt, children, bad), nil
}

// failedRows appends the rows of arr with a part that did not convert: NULL in out
// and not in in. Unless trying, the first is an error.
func failedRows(ctx *EvalContext, bad []int32, arr, in, out arrow.Array, strict Kernel, try bool) ([]int32, error) {
	for row := range arr.Len() {
		if arr.IsNull(row) {
			continue
		}
		from, to := int64(arr.Data().Offset()+row), int64(arr.Data().Offset()+row+1)
		if list, ok := arr.(array.ListLike); ok {
			from, to = list.ValueOffsets(row)
		}
		for at := from; at < to; at++ {
			if in.IsNull(int(at)) || !out.IsNull(int(at)) {
				continue
			}
			if !try {
				one := array.NewSlice(in, at, at+1)
				defer one.Release()
				converted, err := strict(ctx, []Vector{{Array: one}}, 1)
				if err == nil {
					converted.Release()
				}
				return bad, err
			}
			bad = append(bad, int32(row))
			break
		}
	}
	return bad, nil
}

// rebuilt is arr with other children, and NULL in the rows bad.
func rebuilt(ctx *EvalContext, arr arrow.Array, dt arrow.DataType, children []arrow.ArrayData, bad []int32) arrow.Array {
	data := arr.Data()
	buffers, nulls := data.Buffers(), arr.NullN()
	if len(bad) > 0 {
		validity := columns.NewBuffer(ctx.Alloc, (data.Offset()+data.Len()+7)/8)
		defer validity.Release()
		for i := range arr.Len() {
			bitutil.SetBitTo(validity.Bytes(), data.Offset()+i, arr.IsValid(i))
		}
		for _, row := range bad {
			if at := data.Offset() + int(row); bitutil.BitIsSet(validity.Bytes(), at) {
				bitutil.ClearBit(validity.Bytes(), at)
				nulls++
			}
		}
		buffers = append([]*memory.Buffer{validity}, buffers[1:]...)
	}
	out := array.NewData(dt, data.Len(), buffers, children, nulls, data.Offset())
	defer out.Release()
	return array.MakeFromData(out)
}

func releaseAll(data []arrow.ArrayData) {
	for _, d := range data {
		d.Release()
	}
}
