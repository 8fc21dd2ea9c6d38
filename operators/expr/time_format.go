package expr

import (
	"math"
	"strings"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
)

// defaultPattern is the form of timestamps without a pattern.
const defaultPattern = "yyyy-MM-dd HH:mm:ss"

func formatFunctions() []Function {
	s, n := stringParam(), bigintParam()
	return []Function{
		dateFormat(),
		def("temporal", "TO_DATE", "TO_DATE(string [, string])", "The date that the text gives, in the pattern yyyy-MM-dd or another (of Java's SimpleDateFormat); NULL if it is none.",
			rule{params: []param{s, s}, result: always(types.Of(types.Date))}.opt(1).null(), bindToDate,
			Example{"TO_DATE('2024-03-05')", "2024-03-05"}, Example{"TO_DATE('05.03.2024', 'dd.MM.yyyy')", "2024-03-05"}),
		def("temporal", "TO_TIMESTAMP", "TO_TIMESTAMP(string [, string])", "The TIMESTAMP(3) that the text gives, in the pattern yyyy-MM-dd HH:mm:ss or another (of Java's DateTimeFormatter); NULL if it is none.",
			rule{params: []param{s, s}, result: always(types.TimestampOf(3))}.opt(1).null(), bindToTimestamp,
			Example{"TO_TIMESTAMP('2024-03-05 07:08:09.123')", "2024-03-05 07:08:09.123"},
			Example{"TO_TIMESTAMP('05.03.24 7', 'dd.MM.yy H')", "2024-03-05 07:00:00.000"}, Example{"TO_TIMESTAMP('x')", "NULL"}),
		def("temporal", "FROM_UNIXTIME", "FROM_UNIXTIME(BIGINT [, string])", "Epoch seconds as text in the session's zone, in a pattern of Java's SimpleDateFormat.",
			textRule(n, s).opt(1), bindFromUnix, Example{"FROM_UNIXTIME(44)", "1970-01-01 00:00:44"}),
		unixTimestamp(),
	}
}

// formats are the patterns of a column, of one of Java's two kinds.
type formats struct{ *compiled[temporal.Pattern] }

// formatter compiles patterns of DateTimeFormatter.
func formatter(text string) (*temporal.Pattern, error) { return format(temporal.CompilePattern(text)) }

// simple compiles patterns of SimpleDateFormat.
func simple(text string) (*temporal.Pattern, error) {
	return format(temporal.CompileSimplePattern(text))
}

func format(p *temporal.Pattern, err error) (*temporal.Pattern, error) {
	if err != nil {
		return nil, errs.Userf("%s", err)
	}
	return p, nil
}

// newFormats takes the pattern from argument 1, and is the default pattern without it.
func newFormats(c *Call, compile func(text string) (*temporal.Pattern, error)) (formats, error) {
	if len(c.Args) > 1 {
		f, err := newCompiled(c, 1, compile)
		return formats{f}, err
	}
	p, err := compile(defaultPattern)
	return formats{&compiled[temporal.Pattern]{literal: p}}, err
}

// at is the pattern of row i.
func (f formats) at(args []Vector, i int) (*temporal.Pattern, error) {
	if f.literal != nil {
		return f.literal, nil
	}
	return f.of(bytesOf(args[1]).text(i))
}

// dateFormat formats times by DateTimeFormatter, and text, which it reads first, by
// SimpleDateFormat.
func dateFormat() Function {
	time, text := timeParam(), stringParam()
	return Function{Name: "DATE_FORMAT", Family: "temporal", Usage: "DATE_FORMAT(time, string) or DATE_FORMAT(string, string)",
		Doc: "The time as text, in a pattern of Java's DateTimeFormatter; that of a text yyyy-MM-dd HH:mm:ss, in a pattern of SimpleDateFormat, NULL if it is none.",
		Examples: []Example{{"DATE_FORMAT(TIMESTAMP '2024-03-05 07:08:09', 'yyyy/MM/dd HH:mm')", "2024/03/05 07:08"},
			{"DATE_FORMAT('2024-03-05 07:08:09', 'MMM d')", "Mar 5"}},
		Resolve: func(args []rex.Expr) (rex.Resolved, error) {
			if len(args) > 0 && args[0].Type.IsString() {
				return textRule(text, text).null().to("DATE_FORMAT")(args)
			}
			return textRule(time, text).to("DATE_FORMAT")(args)
		},
		Bind: func(c *Call) (Kernel, error) {
			if c.Args[0].Type.IsString() {
				return bindTextFormat(c)
			}
			return bindDateFormat(c)
		}}
}

// bindTextFormat writes the times that texts give.
func bindTextFormat(c *Call) (Kernel, error) {
	f, err := newFormats(c, simple)
	if err != nil {
		return nil, err
	}
	from, err := temporal.CompileSimplePattern(defaultPattern)
	if err != nil {
		return nil, err
	}
	return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		text := bytesOf(args[0])
		return func(dst []byte, i int) ([]byte, error) {
			p, err := f.at(args, i)
			if err != nil {
				return dst, err
			}
			at, ok := from.Parse(text.text(i))
			if !ok {
				return dst, errNull
			}
			return p.Append(dst, temporal.Moment{Days: at.Days, Nanos: at.Nanos, Zone: "UTC"}), nil
		}
	}), nil
}

// bindDateFormat writes times. The text of the row before is reused while the
// pattern shows no difference.
func bindDateFormat(c *Call) (Kernel, error) {
	t := c.Args[0].Type
	c.Zoned = t.Kind == types.TimestampLTZ
	f, err := newFormats(c, formatter)
	if err != nil {
		return nil, err
	}
	unit, perDay := nanosPerUnit(t.Precision), unitsPerDay(t)
	return textRows(c.Type, func(ctx *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		local, mask := localUnits(ctx, args[0], t), args[0].stride()
		low, high := int64(0), int64(0)
		var text []byte
		return func(dst []byte, i int) ([]byte, error) {
			v := local[i&mask]
			if f.literal != nil && v >= low && v < high {
				return append(dst, text...), nil
			}
			p, err := f.at(args, i)
			if err != nil {
				return dst, err
			}
			if p.Zoned() {
				return dst, errs.Userf("the pattern of %s shows a time zone, which %s has not", c.Label, t.WithNullable(true))
			}
			days := temporal.FloorDiv(v, perDay)
			nanos := int64(0)
			if perDay > 1 {
				nanos = (v - days*perDay) * unit
			}
			if t.Kind == types.Time {
				days = 0
			}
			step := max(p.UnitNanos()/unit, 1)
			if perDay == 1 {
				step = 1
			}
			low = temporal.FloorDiv(v, step) * step
			high = low + step
			text = p.Append(text[:0], temporal.Moment{Days: days, Nanos: nanos})
			return append(dst, text...), nil
		}
	}), nil
}

// parsed is the row function that parses argument 0 by the pattern of argument 1, or by
// the default one.
func parsed(args []Vector, f formats) func(i int) (temporal.Parsed, error) {
	text := bytesOf(args[0])
	return func(i int) (temporal.Parsed, error) {
		p, err := f.at(args, i)
		if err != nil {
			return temporal.Parsed{}, err
		}
		at, ok := p.Parse(text.text(i))
		if !ok {
			return at, errNull
		}
		return at, nil
	}
}

// bindToDate reads dates by a pattern of SimpleDateFormat; without one, as CAST does.
func bindToDate(c *Call) (Kernel, error) {
	f, err := newFormats(c, simple)
	if err != nil {
		return nil, err
	}
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int32, error) {
		if len(args) == 1 {
			text := bytesOf(args[0])
			return func(i int) (int32, error) {
				days, ok := parseDate(strings.TrimSpace(text.text(i)))
				if !ok {
					return 0, errNull
				}
				return days, nil
			}
		}
		parse := parsed(args, f)
		return func(i int) (int32, error) {
			at, err := parse(i)
			days, _ := at.UTC()
			return int32(days), err
		}
	}), nil
}

// bindToTimestamp reads timestamps by a pattern of DateTimeFormatter; without one, or
// where it does not fit, in the form of JDBC.
func bindToTimestamp(c *Call) (Kernel, error) {
	f, err := newFormats(c, formatter)
	if err != nil {
		return nil, err
	}
	unit := nanosPerUnit(c.Type.Precision)
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int64, error) {
		text, parse := bytesOf(args[0]), parsed(args, f)
		return func(i int) (int64, error) {
			if len(args) == 1 {
				return parseJDBC(strings.TrimSpace(text.text(i)), unit)
			}
			at, err := parse(i)
			if err == errNull {
				return parseJDBC(strings.TrimSpace(text.text(i)), unit)
			}
			return temporal.Join(at.Days, at.Nanos, unit), err
		}
	}), nil
}

// parseJDBC reads `yyyy-m-d h:m:s.f` or `yyyy-m-d`.
func parseJDBC(text string, unit int64) (int64, error) {
	days, nanos, ok := temporal.ParseTimestamp(text)
	if !ok {
		return 0, errNull
	}
	return temporal.Join(days, nanos, unit), nil
}

func bindFromUnix(c *Call) (Kernel, error) {
	c.Zoned = true
	f, err := newFormats(c, simple)
	if err != nil {
		return nil, err
	}
	return textRows(c.Type, func(ctx *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		seconds := fixedOf[int64](args[0])
		return func(dst []byte, i int) ([]byte, error) {
			p, err := f.at(args, i)
			if err != nil {
				return dst, err
			}
			return p.Append(dst, localMoment(ctx.zone(), seconds.at(i), p.Zoned())), nil
		}
	}), nil
}

// localMoment is what an instant in epoch seconds is in a zone, with the zone's name if
// it is needed.
func localMoment(zone *time.Location, second int64, named bool) temporal.Moment {
	m := temporal.Moment{OffsetSeconds: temporal.OffsetSeconds(zone, second)}
	m.Days, m.Nanos = temporal.Split(second+m.OffsetSeconds, temporal.NanosPerSecond)
	if named {
		m.Zone, _ = time.Unix(second, 0).In(zone).Zone()
	}
	return m
}

// unixTimestamp is the processing time without arguments, else a parser.
func unixTimestamp() Function {
	s := stringParam()
	f := def("temporal", "UNIX_TIMESTAMP", "UNIX_TIMESTAMP([string [, string]])",
		"Epoch seconds: of the processing time, or of a text, in a pattern of Java's SimpleDateFormat (yyyy-MM-dd HH:mm:ss), in the session's zone or the one it gives. A text that does not fit is -9223372036854775808, as in Flink.",
		rule{params: []param{s, s}, result: always(types.Of(types.BigInt))}.opt(2), bindUnixTimestamp,
		Example{"UNIX_TIMESTAMP('1970-01-01 00:01:00')", "60"},
		Example{"UNIX_TIMESTAMP('1970-01-01 01:00 +0100', 'yyyy-MM-dd HH:mm Z')", "0"})
	f.Volatile = true
	return f
}

func bindUnixTimestamp(c *Call) (Kernel, error) {
	c.Zoned = true
	f, err := newFormats(c, simple)
	if err != nil {
		return nil, err
	}
	return fixedRows(c.Type, func(ctx *EvalContext, args []Vector) func(i int) (int64, error) {
		if len(args) == 0 {
			return func(int) (int64, error) { return temporal.FloorDiv(ctx.NowMillis, 1000), nil }
		}
		parse := parsed(args, f)
		return func(i int) (int64, error) {
			at, err := parse(i)
			if err == errNull {
				return math.MinInt64, nil
			}
			return instantOf(at, ctx.zone()), err
		}
	}), nil
}

// instantOf is the epoch second of what was read; in zone, unless the text gives its own.
func instantOf(at temporal.Parsed, zone *time.Location) int64 {
	local := at.Days*temporal.SecondsPerDay + at.Nanos/temporal.NanosPerSecond
	if at.Zoned {
		return local - at.OffsetSeconds
	}
	return local - temporal.CalendarOffsetSeconds(zone, local)
}
