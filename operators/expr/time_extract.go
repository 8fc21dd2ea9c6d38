package expr

import (
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
)

func extractFunctions() []Function {
	part := func(name string, unit temporal.Unit, doc, example, result string) Function {
		return def("temporal", name, name+"(time)", doc, rule{params: []param{timeOrInterval()}, result: always(types.Of(types.BigInt))},
			func(c *Call) (Kernel, error) { return extractKernel(c, unit, 0) }, Example{name + "(" + example + ")", result})
	}
	ts := "TIMESTAMP '1994-09-27 13:14:15'"
	return []Function{
		{Name: "EXTRACT", Family: "temporal", Usage: "EXTRACT(unit FROM time or interval)", Doc: "One field of a time.",
			Examples: []Example{{"EXTRACT(DAY FROM DATE '2006-06-05')", "5"}, {"EXTRACT(DOW FROM DATE '2024-06-02')", "1"}},
			Resolve:  resolveExtract, Bind: bindExtractUnit},
		part("YEAR", temporal.Year, "The year.", ts, "1994"),
		part("QUARTER", temporal.Quarter, "The quarter of the year, from 1.", ts, "3"),
		part("MONTH", temporal.Month, "The month, from 1.", ts, "9"),
		part("WEEK", temporal.Week, "The ISO week of the year.", ts, "39"),
		part("DAYOFYEAR", temporal.DayOfYear, "The day of the year, from 1.", ts, "270"),
		part("DAYOFMONTH", temporal.Day, "The day of the month, from 1.", ts, "27"),
		part("DAYOFWEEK", temporal.DayOfWeek, "The day of the week; 1 is Sunday.", ts, "3"),
		part("HOUR", temporal.Hour, "The hour, 0 to 23.", ts, "13"),
		part("MINUTE", temporal.Minute, "The minute, 0 to 59.", ts, "14"),
		part("SECOND", temporal.Second, "The second, 0 to 59.", ts, "15"),
	}
}

// timeParam takes a date, time or timestamp; text is read as a timestamp.
func timeParam() param {
	return param{"time", func(t types.Type) (types.Type, bool) {
		if t.IsTemporal() {
			return t, true
		}
		return types.TimestampOf(3), t.IsString() || t.Kind == types.Null
	}}
}

func timeOrInterval() param {
	return param{"time", func(t types.Type) (types.Type, bool) {
		if t.IsInterval() {
			return t, true
		}
		return timeParam().cast(t)
	}}
}

// unitLiteral reads a unit given as a literal.
func unitLiteral(function string, e rex.Expr) (temporal.Unit, error) {
	if !e.IsLiteral() || !e.Type.IsString() {
		return 0, errs.Userf("%s takes a time unit such as DAY, not %s", function, e)
	}
	unit, ok := temporal.ParseUnit(strings.ToUpper(e.Value.Str))
	if !ok {
		return 0, errs.Userf("%s knows no time unit %s", function, e.Value.Str)
	}
	return unit, nil
}

func resolveExtract(args []rex.Expr) (rex.Resolved, error) {
	if len(args) != 2 {
		return rex.Resolved{}, errs.Userf("EXTRACT takes (unit FROM time), not %s", typeList(args))
	}
	if _, err := unitLiteral("EXTRACT", args[0]); err != nil {
		return rex.Resolved{}, err
	}
	t, ok := timeOrInterval().cast(args[1].Type)
	if !ok {
		return rex.Resolved{}, errs.Userf("EXTRACT takes a time or an interval, not %s", args[1].Type.WithNullable(true))
	}
	nullable := isNullable(args[1].Type)
	return rex.Resolved{Args: []types.Type{args[0].Type, t.WithNullable(nullable)},
		Result: types.Of(types.BigInt).WithNullable(nullable)}, nil
}

func bindExtractUnit(c *Call) (Kernel, error) {
	unit, err := unitLiteral("EXTRACT", c.Args[0])
	if err != nil {
		return nil, err
	}
	return extractKernel(c, unit, 1)
}

// extractKernel takes a field of argument arg. Dates are computed once for runs of
// rows of the same day.
func extractKernel(c *Call, unit temporal.Unit, arg int) (Kernel, error) {
	t := c.Args[arg].Type
	c.Zoned = t.Kind == types.TimestampLTZ
	_, isDate := unit.OfDays(0)
	if t.Kind == types.Time && (isDate || unit == temporal.Epoch) {
		return nil, errs.Userf("a TIME has no %s in %s", unit, c.Label)
	}
	if t.Kind == types.Date && unit > temporal.Second && unit <= temporal.Nanosecond {
		return nil, errs.Userf("a DATE has no %s in %s", unit, c.Label)
	}
	if t.IsInterval() {
		return intervalField(c, unit, arg), nil
	}
	loop := clockLoop(t, unit)
	switch {
	case isDate:
		loop = dateLoop(t, unit)
	case unit == temporal.Epoch:
		loop = epochLoop(t)
	}
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args[arg])
		if all {
			return nulls(ctx.Alloc, arrow.PrimitiveTypes.Int64, n), nil
		}
		buf, dst := newValues[int64](ctx.Alloc, n)
		loop(dst, localUnits(ctx, args[arg], t))
		return fixed(arrow.PrimitiveTypes.Int64, n, valid, buf), nil
	}, nil
}

// localUnits reads a time vector as int64 in its own units, in local time for a
// TIMESTAMP_LTZ.
func localUnits(ctx *EvalContext, v Vector, t types.Type) []int64 {
	if physOf(t) == physInt32 {
		src := values[int32](v)
		out := make([]int64, len(src))
		for i, x := range src {
			out[i] = int64(x)
		}
		return out
	}
	src := values[int64](v)
	if t.Kind != types.TimestampLTZ || ctx.zone().String() == "UTC" {
		return src
	}
	perSecond := temporal.NanosPerSecond / nanosPerUnit(t.Precision)
	out := make([]int64, len(src))
	for i, x := range src {
		out[i] = x + perSecond*temporal.OffsetSeconds(ctx.zone(), temporal.FloorDiv(x, perSecond))
	}
	return out
}

// unitsPerDay is how many units of t make a day; 1 for DATE.
func unitsPerDay(t types.Type) int64 {
	if t.Kind == types.Date {
		return 1
	}
	return temporal.NanosPerDay / nanosPerUnit(t.Precision)
}

// dateLoop computes units of the date.
func dateLoop(t types.Type, unit temporal.Unit) func(dst, src []int64) {
	perDay := unitsPerDay(t)
	return func(dst, src []int64) {
		// The cached day spans [low, high) units.
		low, high, value := int64(0), int64(0), int64(0)
		for i := range dst {
			if v := src[i]; v < low || v >= high {
				days := temporal.FloorDiv(v, perDay)
				low, high = days*perDay, (days+1)*perDay
				value, _ = unit.OfDays(days)
			}
			dst[i] = value
		}
	}
}

// clockLoop computes units of the time of day.
func clockLoop(t types.Type, unit temporal.Unit) func(dst, src []int64) {
	perDay, nanos := unitsPerDay(t), nanosPerUnit(t.Precision)
	if t.Kind == types.Date {
		return func(dst, _ []int64) { clear(dst) }
	}
	per, cycle := unit.Nanos()/nanos, int64(60)
	if unit == temporal.Hour {
		cycle = 24
	}
	if per == 0 || unit > temporal.Second {
		return func(dst, src []int64) {
			for i := range dst {
				dst[i] = unit.OfNanos(temporal.FloorMod(src[i], perDay) * nanos)
			}
		}
	}
	return func(dst, src []int64) {
		// The cached unit spans [low, high).
		low, high, value := int64(0), int64(0), int64(0)
		for i := range dst {
			if v := src[i]; v < low || v >= high {
				low = temporal.FloorDiv(v, per) * per
				high = low + per
				value = temporal.FloorMod(v, perDay) / per % cycle
			}
			dst[i] = value
		}
	}
}

func epochLoop(t types.Type) func(dst, src []int64) {
	perDay := unitsPerDay(t)
	return func(dst, src []int64) {
		for i := range dst {
			if perDay == 1 {
				dst[i] = src[i] * temporal.SecondsPerDay
			} else {
				dst[i] = temporal.FloorDiv(src[i], perDay/temporal.SecondsPerDay)
			}
		}
	}
}

// intervalField takes a field of an interval.
func intervalField(c *Call, unit temporal.Unit, arg int) Kernel {
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int64, error) {
		at := integers(args[arg])
		return func(i int) (int64, error) {
			v := at(i)
			switch {
			case c.Args[arg].Type.Kind == types.IntervalYearMonth && unit == temporal.Month:
				return v % 12, nil
			case unit == temporal.Quarter:
				return (v%12 + 2) / 3, nil
			case unit.Months() > 0:
				return v / unit.Months(), nil
			case unit == temporal.Day:
				return v / temporal.MillisPerDay, nil
			case unit == temporal.Epoch:
				return v / 1000, nil
			}
			return unit.OfNanos(v % temporal.MillisPerDay * temporal.NanosPerMilli), nil
		}
	})
}
