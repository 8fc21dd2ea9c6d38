package expr

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
)

// bindFloorTime rounds a time down or up to a unit.
func bindFloorTime(c *Call, up bool) (Kernel, error) {
	unit, err := unitLiteral(c.Name, c.Args[1])
	if err != nil {
		return nil, err
	}
	t := c.Args[0].Type
	c.Zoned = t.Kind == types.TimestampLTZ
	if unit.Months() == 0 && unit.Nanos() == 0 || t.Kind == types.Time && (unit.Months() > 0 || unit.Nanos() > temporal.NanosPerDay) {
		return nil, errs.Userf("%s can't round a %s to %s", c.Name, t.WithNullable(true), unit)
	}
	round := floorOf(t, unit, up)
	if physOf(t) == physInt32 {
		return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int32, error) {
			col := fixedOf[int32](args[0])
			return func(i int) (int32, error) { return int32(round(int64(col.at(i)))), nil }
		}), nil
	}
	return fixedRows(c.Type, func(ctx *EvalContext, args []Vector) func(i int) (int64, error) {
		col := fixedOf[int64](args[0])
		if t.Kind != types.TimestampLTZ {
			return func(i int) (int64, error) { return round(col.at(i)), nil }
		}
		perSecond := temporal.NanosPerSecond / nanosPerUnit(t.Precision)
		return func(i int) (int64, error) {
			v := col.at(i)
			local := round(v + perSecond*temporal.OffsetSeconds(ctx.zone(), temporal.FloorDiv(v, perSecond)))
			return local - perSecond*temporal.LocalOffsetSeconds(ctx.zone(), temporal.FloorDiv(local, perSecond)), nil
		}
	}), nil
}

// floorOf makes the function that rounds local times in units of t. As in Flink, only
// the date counts for a week and longer: CEIL leaves the first day of a month, at any
// time of day, at its start.
func floorOf(t types.Type, unit temporal.Unit, up bool) func(v int64) int64 {
	perDay := unitsPerDay(t)
	if unit.Months() > 0 || unit == temporal.Week || unit == temporal.Day && perDay == 1 {
		return func(v int64) int64 {
			days := temporal.FloorDiv(v, perDay)
			first := unit.FloorDays(days)
			if up && (first < days || goesUp(unit, days)) {
				first = unit.NextDays(first)
			}
			return first * perDay
		}
	}
	step := int64(1)
	if perDay > 1 {
		step = max(unit.Nanos()/nanosPerUnit(t.Precision), 1)
	}
	return func(v int64) int64 {
		low := temporal.FloorDiv(v, step) * step
		if up && low < v {
			low += step
		}
		return low
	}
}

// goesUp reports whether CEIL goes on to the next unit from the first day of one, too,
// as it does in Flink for dates, decades and longer, and the quarters after the first.
func goesUp(unit temporal.Unit, first int64) bool {
	if unit == temporal.Quarter {
		_, month, _ := temporal.Civil(first)
		return month > 1
	}
	return unit <= temporal.Decade || unit == temporal.Day
}

func unitFunctions() []Function {
	return []Function{
		{Name: "TIMESTAMPADD", Family: "temporal", Usage: "TIMESTAMPADD(unit, number, time)", Doc: "The time moved by a number of units.",
			Examples: []Example{{"TIMESTAMPADD(WEEK, 1, DATE '2003-01-02')", "2003-01-09"}, {"TIMESTAMPADD(HOUR, -1, TIMESTAMP '2024-03-01 00:30:00')", "2024-02-29 23:30:00"}},
			Resolve:  resolveTimestampAdd, Bind: bindTimestampAdd},
		{Name: "TIMESTAMPDIFF", Family: "temporal", Usage: "TIMESTAMPDIFF(unit, time, time)", Doc: "The number of whole units from the first time to the second.",
			Examples: []Example{{"TIMESTAMPDIFF(DAY, TIMESTAMP '2003-01-02 10:00:00', TIMESTAMP '2003-01-03 10:00:00')", "1"},
				{"TIMESTAMPDIFF(MONTH, DATE '2024-01-31', DATE '2024-02-29')", "0"}},
			Resolve: resolveTimestampDiff, Bind: bindTimestampDiff},
		def("temporal", "CONVERT_TZ", "CONVERT_TZ(string, string, string)", "The date and time in the text moved from one zone to another.",
			textRule(stringParam(), stringParam(), stringParam()).null(), bindConvertTZ,
			Example{"CONVERT_TZ('1970-01-01 00:00:00', 'UTC', 'America/Los_Angeles')", "1969-12-31 16:00:00"}),
		{Name: "TO_TIMESTAMP_LTZ", Family: "temporal", Usage: "TO_TIMESTAMP_LTZ(number [, INT]) or TO_TIMESTAMP_LTZ(string [, string [, string]])",
			Doc:      "The TIMESTAMP_LTZ(3) of epoch seconds (precision 0) or milliseconds (precision 3, the default), or of a text in a pattern and a zone (UTC).",
			Examples: []Example{{"TO_TIMESTAMP_LTZ(100, 0)", "1970-01-01 00:01:40.000"}, {"TO_TIMESTAMP_LTZ(100)", "1970-01-01 00:00:00.100"}, {"TO_TIMESTAMP_LTZ('2023-01-01 08:00:00')", "2023-01-01 08:00:00.000"}},
			Resolve:  resolveToLTZ, Bind: bindToLTZ},
		{Name: "OVERLAPS", Family: "temporal", Usage: "(time, time or interval) OVERLAPS (time, time or interval)", Doc: "TRUE if both periods share a point.",
			Examples: []Example{{"OVERLAPS(TIME '2:55:00', INTERVAL '1' HOUR, TIME '3:30:00', INTERVAL '2' HOUR)", "TRUE"},
				{"OVERLAPS(TIME '9:00:00', TIME '10:00:00', TIME '10:15:00', INTERVAL '3' HOUR)", "FALSE"}},
			Resolve: resolveOverlaps, Bind: func(c *Call) (Kernel, error) { return nil, errs.Bugf("expr: OVERLAPS is rewritten") }},
	}
}

func resolveTimestampAdd(args []rex.Expr) (rex.Resolved, error) {
	if len(args) != 3 {
		return rex.Resolved{}, errs.Userf("TIMESTAMPADD takes (unit, number, time), not %s", typeList(args))
	}
	unit, err := unitLiteral("TIMESTAMPADD", args[0])
	if err != nil {
		return rex.Resolved{}, err
	}
	return rule{params: []param{stringParam(), bigintParam(), timeParam()}, result: func(args []types.Type) types.Type {
		t := args[2]
		if t.Kind == types.Date && unit.Nanos() > 0 && unit.Nanos() < temporal.NanosPerDay {
			return types.TimestampOf(6)
		}
		if unit == temporal.Millisecond && t.Kind != types.Date {
			t.Precision = max(t.Precision, 3)
		}
		return t
	}}.to("TIMESTAMPADD")(args)
}

func bindTimestampAdd(c *Call) (Kernel, error) {
	unit, err := unitLiteral(c.Name, c.Args[0])
	if err != nil {
		return nil, err
	}
	t := c.Args[2].Type
	if unit.Months() == 0 && unit.Nanos() == 0 {
		return nil, errs.Userf("TIMESTAMPADD can't add %s to %s", unit, t.WithNullable(true))
	}
	toDay, resultDay := unitsPerDay(t), unitsPerDay(c.Type)
	add := func(v, n int64) int64 {
		v = v * (resultDay / toDay)
		switch {
		case unit.Months() > 0 && t.Kind == types.Time:
			return v
		case unit.Months() > 0:
			days := temporal.FloorDiv(v, resultDay)
			return temporal.AddMonths(days, n*unit.Months())*resultDay + v - days*resultDay
		case resultDay == 1:
			return v + n*(unit.Nanos()/temporal.NanosPerDay)
		}
		perUnit := temporal.NanosPerDay / resultDay
		if unit.Nanos() < perUnit {
			return v + n*unit.Nanos()/perUnit
		}
		v += n * (unit.Nanos() / perUnit)
		if t.Kind == types.Time {
			return temporal.FloorMod(v, resultDay)
		}
		return v
	}
	if physOf(c.Type) == physInt32 {
		return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int32, error) {
			n, at := fixedOf[int64](args[1]), integers(args[2])
			return func(i int) (int32, error) { return int32(add(at(i), n.at(i))), nil }
		}), nil
	}
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int64, error) {
		n, at := fixedOf[int64](args[1]), integers(args[2])
		return func(i int) (int64, error) { return add(at(i), n.at(i)), nil }
	}), nil
}

func resolveTimestampDiff(args []rex.Expr) (rex.Resolved, error) {
	if len(args) != 3 {
		return rex.Resolved{}, errs.Userf("TIMESTAMPDIFF takes (unit, time, time), not %s", typeList(args))
	}
	if _, err := unitLiteral("TIMESTAMPDIFF", args[0]); err != nil {
		return rex.Resolved{}, err
	}
	out, err := rule{params: []param{stringParam(), timeParam(), timeParam()}, result: always(types.Of(types.Int))}.to("TIMESTAMPDIFF")(args)
	if err != nil {
		return out, err
	}
	a, b := out.Args[1], out.Args[2]
	if (a.Kind == types.Time) != (b.Kind == types.Time) && a.Kind != types.TimestampLTZ && b.Kind != types.TimestampLTZ {
		a, b = dated(a), dated(b)
	}
	common, ok := commonTemporal(a, b)
	if !ok {
		return out, errs.Userf("TIMESTAMPDIFF can't compare %s", typeList(args[1:]))
	}
	for i := 1; i < 3; i++ {
		out.Args[i] = common.WithNullable(out.Args[i].Nullable)
	}
	return out, nil
}

// dated is the TIMESTAMP of a TIME, on 1970-01-01; other types stay as they are.
func dated(t types.Type) types.Type {
	if t.Kind == types.Time {
		return types.TimestampOf(t.Precision)
	}
	return t
}

func bindTimestampDiff(c *Call) (Kernel, error) {
	unit, err := unitLiteral(c.Name, c.Args[0])
	if err != nil {
		return nil, err
	}
	t := c.Args[1].Type
	if unit.Months() == 0 && unit.Nanos() == 0 {
		return nil, errs.Userf("TIMESTAMPDIFF can't count %s", unit)
	}
	perDay := unitsPerDay(t)
	diff := func(from, to int64) int64 {
		if months := unit.Months(); months > 0 {
			fromDays, toDays := temporal.FloorDiv(from, perDay), temporal.FloorDiv(to, perDay)
			return temporal.MonthsBetween(fromDays, from-fromDays*perDay, toDays, to-toDays*perDay) / months
		}
		perUnit := temporal.NanosPerDay / perDay
		if unit.Nanos() >= perUnit {
			return (to - from) / (unit.Nanos() / perUnit)
		}
		return (to - from) * (perUnit / unit.Nanos())
	}
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int32, error) {
		from, to := integers(args[1]), integers(args[2])
		return func(i int) (int32, error) { return int32(diff(from(i), to(i))), nil }
	}), nil
}

func resolveOverlaps(args []rex.Expr) (rex.Resolved, error) {
	out := rex.Resolved{Result: types.Of(types.Boolean)}
	for i, a := range args {
		if !a.Type.IsTemporal() && (i%2 == 0 || !a.Type.IsInterval()) {
			return rex.Resolved{}, errs.Userf("OVERLAPS takes two periods (time, time or interval), not %s", typeList(args))
		}
		out.Args = append(out.Args, a.Type)
	}
	if len(args) != 4 {
		return rex.Resolved{}, errs.Userf("OVERLAPS takes two periods (time, time or interval), not %s", typeList(args))
	}
	return out, nil
}

// overlaps writes OVERLAPS as: each period's earlier end is not after the other's
// later one.
func (g *graph) overlaps(e rex.Expr) (*node, error) {
	var err error
	call := func(name string, args ...rex.Expr) rex.Expr {
		f, _ := g.env.Registry.Function(name)
		resolved, failed := f.Resolve(args)
		if failed != nil {
			err = failed
			return e
		}
		cast := make([]rex.Expr, len(args))
		for i, a := range args {
			cast[i] = a
			if !interchangeable(a.Type, resolved.Args[i]) {
				cast[i] = rex.Expr{Kind: rex.Cast, Type: resolved.Args[i], Args: []rex.Expr{a}}
			}
		}
		return rex.CallOf(name, resolved.Result, cast...)
	}
	ends := append([]rex.Expr{}, e.Args...)
	for i := 1; i < 4; i += 2 {
		if ends[i].Type.IsInterval() {
			ends[i] = call("+", ends[i-1], ends[i])
		}
	}
	first := call("<=", call("LEAST", ends[0], ends[1]), call("GREATEST", ends[2], ends[3]))
	second := call("<=", call("LEAST", ends[2], ends[3]), call("GREATEST", ends[0], ends[1]))
	if err != nil {
		return nil, err
	}
	return g.compile(rex.CallOf("AND", e.Type, first, second))
}
