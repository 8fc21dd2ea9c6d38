package expr

import (
	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
)

// times converts among DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ, a TIME being one
// of 1970-01-01; nil for DATE to TIME and back.
func (c *conversion) times() Kernel {
	from, to := c.from, c.to
	if from.Kind == types.Date && to.Kind == types.Time || from.Kind == types.Time && to.Kind == types.Date {
		return nil
	}
	fromUnit, toUnit := nanosPerUnit(from.Precision), nanosPerUnit(to.Precision)
	convert := func(ctx *EvalContext, v int64) (int64, error) {
		days, nanos := c.toLocal(ctx, v, fromUnit)
		switch to.Kind {
		case types.Date:
			return days, nil
		case types.Time:
			return cutPrecision(nanos, to.Precision) / toUnit, nil
		}
		if !temporal.Holds(days, toUnit) {
			return 0, c.overflow(string(temporal.AppendDate(nil, days)))
		}
		local := temporal.Join(days, cutPrecision(nanos, to.Precision), toUnit)
		if to.Kind == types.TimestampLTZ && from.Kind != types.TimestampLTZ {
			second := days*temporal.SecondsPerDay + nanos/temporal.NanosPerSecond
			local -= temporal.LocalOffsetSeconds(ctx.zone(), second) * (temporal.NanosPerSecond / toUnit)
		}
		return local, nil
	}
	if physOf(to) == physInt32 {
		return fixedRows(to, func(ctx *EvalContext, args []Vector) func(i int) (int32, error) {
			at := integers(args[0])
			return func(i int) (int32, error) {
				v, err := convert(ctx, at(i))
				return int32(v), err
			}
		})
	}
	return fixedRows(to, func(ctx *EvalContext, args []Vector) func(i int) (int64, error) {
		at := integers(args[0])
		return func(i int) (int64, error) { return convert(ctx, at(i)) }
	})
}

// toLocal splits a value of the source type into local days and nanoseconds. A
// TIMESTAMP_LTZ that stays one is not moved.
func (c *conversion) toLocal(ctx *EvalContext, v, unit int64) (days, nanos int64) {
	switch c.from.Kind {
	case types.Date:
		return v, 0
	case types.Time:
		return 0, v * unit
	case types.TimestampLTZ:
		if c.to.Kind != types.TimestampLTZ {
			perSecond := temporal.NanosPerSecond / unit
			v += temporal.OffsetSeconds(ctx.zone(), temporal.FloorDiv(v, perSecond)) * perSecond
		}
	}
	return temporal.Split(v, unit)
}
