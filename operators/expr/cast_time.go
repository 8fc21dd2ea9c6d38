package expr

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
)

// times converts among DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ; nil for DATE to
// TIME and back.
func (c *conversion) times() Kernel {
	from, to := c.from, c.to
	if from.Kind == types.Date && to.Kind == types.Time || from.Kind == types.Time && to.Kind == types.Date {
		return nil
	}
	fromUnit, toUnit := nanosPerUnit(from.Precision), nanosPerUnit(to.Precision)
	convert := func(ctx *EvalContext, v int64) int64 {
		days, nanos := c.toLocal(ctx, v, fromUnit)
		switch to.Kind {
		case types.Date:
			return days
		case types.Time:
			return cutPrecision(nanos, to.Precision) / toUnit
		}
		local := temporal.Join(days, cutPrecision(nanos, to.Precision), toUnit)
		if to.Kind == types.TimestampLTZ && from.Kind != types.TimestampLTZ {
			second := days*temporal.SecondsPerDay + nanos/temporal.NanosPerSecond
			local -= temporal.LocalOffsetSeconds(ctx.zone(), second) * (temporal.NanosPerSecond / toUnit)
		}
		return local
	}
	if physOf(to) == physInt32 {
		return fixedRows(to, func(ctx *EvalContext, args []Vector) func(i int) (int32, error) {
			at := integers(args[0])
			return func(i int) (int32, error) { return int32(convert(ctx, at(i))), nil }
		})
	}
	return fixedRows(to, func(ctx *EvalContext, args []Vector) func(i int) (int64, error) {
		at := integers(args[0])
		return func(i int) (int64, error) { return convert(ctx, at(i)), nil }
	})
}

// toLocal splits a value of the source type into local days and nanoseconds. A
// TIMESTAMP_LTZ that stays one is not moved.
func (c *conversion) toLocal(ctx *EvalContext, v, unit int64) (days, nanos int64) {
	switch c.from.Kind {
	case types.Date:
		return v, 0
	case types.Time:
		return temporal.FloorDiv(ctx.NowMillis, temporal.MillisPerDay), v * unit
	case types.TimestampLTZ:
		if c.to.Kind != types.TimestampLTZ {
			perSecond := temporal.NanosPerSecond / unit
			v += temporal.OffsetSeconds(ctx.zone(), temporal.FloorDiv(v, perSecond)) * perSecond
		}
	}
	return temporal.Split(v, unit)
}

// nested converts arrays, maps and rows element by element; nil when an element
// has no conversion.
func (c *conversion) nested() Kernel {
	var kernels []Kernel
	add := func(from, to types.Type) bool {
		element := conversion{from: from, to: to, try: c.try, source: c.source}
		k, err := element.kernel()
		kernels = append(kernels, k)
		return err == nil
	}
	from, to := c.from, c.to
	ok := len(from.Fields) == len(to.Fields)
	if from.Key != nil {
		ok = ok && add(*from.Key, *to.Key)
	}
	if from.Elem != nil {
		ok = ok && add(*from.Elem, *to.Elem)
	}
	for i := 0; ok && i < len(from.Fields); i++ {
		ok = add(from.Fields[i].Type, to.Fields[i].Type)
	}
	if !ok || to.Kind == types.Multiset {
		return nil
	}
	dt := to.Arrow()
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		return convertChildren(ctx, args[0].Array, dt, kernels)
	}
}

// convertChildren rebuilds a nested array with converted children; validity and
// offsets are shared.
func convertChildren(ctx *EvalContext, arr arrow.Array, dt arrow.DataType, kernels []Kernel) (arrow.Array, error) {
	data := arr.Data()
	children := data.Children()
	if m, ok := dt.(*arrow.MapType); ok {
		entries, err := convertColumns(ctx, children[0].Children(), kernels)
		if err != nil {
			return nil, err
		}
		defer releaseAll(entries)
		child := array.NewData(m.Elem(), entries[0].Len(), []*memory.Buffer{nil}, entries, 0, 0)
		defer child.Release()
		return rebuilt(arr, dt, []arrow.ArrayData{child}), nil
	}
	converted, err := convertColumns(ctx, children, kernels)
	if err != nil {
		return nil, err
	}
	defer releaseAll(converted)
	return rebuilt(arr, dt, converted), nil
}

func rebuilt(arr arrow.Array, dt arrow.DataType, children []arrow.ArrayData) arrow.Array {
	data := arr.Data()
	out := array.NewData(dt, data.Len(), data.Buffers(), children, arr.NullN(), data.Offset())
	defer out.Release()
	return array.MakeFromData(out)
}

func convertColumns(ctx *EvalContext, cols []arrow.ArrayData, kernels []Kernel) ([]arrow.ArrayData, error) {
	var out []arrow.ArrayData
	for i, k := range kernels {
		col := array.MakeFromData(cols[i])
		converted, err := k(ctx, []Vector{{Array: col}}, col.Len())
		col.Release()
		if err != nil {
			releaseAll(out)
			return nil, err
		}
		converted.Data().Retain()
		out = append(out, converted.Data())
		converted.Release()
	}
	return out, nil
}

func releaseAll(data []arrow.ArrayData) {
	for _, d := range data {
		d.Release()
	}
}
