package expr

import (
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
)

// defaultPattern is the form of timestamps without a pattern.
const defaultPattern = "yyyy-MM-dd HH:mm:ss"

func formatFunctions() []Function {
	s, n := stringParam(), bigintParam()
	return []Function{
		def("temporal", "DATE_FORMAT", "DATE_FORMAT(time, string)", "The time as text, in a pattern of Java's DateTimeFormatter.",
			textRule(timeParam(), s), bindDateFormat, Example{"DATE_FORMAT(TIMESTAMP '2024-03-05 07:08:09', 'yyyy/MM/dd HH:mm')", "2024/03/05 07:08"}),
		def("temporal", "TO_DATE", "TO_DATE(string [, string])", "The date that the text gives, in the pattern yyyy-MM-dd or another; NULL if it is none.",
			rule{params: []param{s, s}, result: always(types.Of(types.Date))}.opt(1).null(), bindToDate,
			Example{"TO_DATE('2024-03-05')", "2024-03-05"}, Example{"TO_DATE('05.03.2024', 'dd.MM.yyyy')", "2024-03-05"}),
		def("temporal", "TO_TIMESTAMP", "TO_TIMESTAMP(string [, string])", "The TIMESTAMP(3) that the text gives, in the pattern yyyy-MM-dd HH:mm:ss or another; NULL if it is none.",
			rule{params: []param{s, s}, result: always(types.TimestampOf(3))}.opt(1).null(), bindToTimestamp,
			Example{"TO_TIMESTAMP('2024-03-05 07:08:09.123')", "2024-03-05 07:08:09.123"},
			Example{"TO_TIMESTAMP('05.03.24 7', 'dd.MM.yy H')", "2024-03-05 07:00:00.000"}, Example{"TO_TIMESTAMP('x')", "NULL"}),
		def("temporal", "FROM_UNIXTIME", "FROM_UNIXTIME(BIGINT [, string])", "Epoch seconds as text in the session's zone.",
			textRule(n, s).opt(1), bindFromUnix, Example{"FROM_UNIXTIME(44)", "1970-01-01 00:00:44"}),
		unixTimestamp(),
	}
}

// formats gives the compiled pattern of argument arg, or of a default when it is
// not there.
type formats struct {
	literal *temporal.Pattern
	last    string
	cached  *temporal.Pattern
	err     error
}

func newFormats(c *Call, arg int, otherwise string) (*formats, error) {
	f := &formats{}
	text := otherwise
	if arg < len(c.Args) {
		if !c.Args[arg].IsLiteral() || c.Args[arg].IsNull() {
			return f, nil
		}
		text = c.Args[arg].Value.Str
	}
	var err error
	f.literal, err = compileFormat(text)
	return f, err
}

func compileFormat(text string) (*temporal.Pattern, error) {
	p, err := temporal.CompilePattern(text)
	if err != nil {
		return nil, errs.Userf("%s", err)
	}
	return p, nil
}

// at is the pattern of row i; args may lack it.
func (f *formats) at(args []Vector, arg, i int) (*temporal.Pattern, error) {
	if f.literal != nil {
		return f.literal, nil
	}
	text := bytesOf(args[arg]).text(i)
	if text != f.last || f.cached == nil && f.err == nil {
		f.last = strings.Clone(text)
		f.cached, f.err = compileFormat(f.last)
	}
	return f.cached, f.err
}

// bindDateFormat writes times. The text of the row before is reused while the
// pattern shows no difference.
func bindDateFormat(c *Call) (Kernel, error) {
	t := c.Args[0].Type
	c.Zoned = t.Kind == types.TimestampLTZ
	f, err := newFormats(c, 1, "")
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
			p, err := f.at(args, 1, i)
			if err != nil {
				return dst, err
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
			text = p.Append(text[:0], days, nanos)
			return append(dst, text...), nil
		}
	}), nil
}

// parseWith reads text by a pattern; without one, by the forms that CAST takes.
func parseWith(p *temporal.Pattern, text string) (days, nanos int64, ok bool) {
	if p == nil {
		return temporal.ParseTimestamp(strings.TrimSpace(text))
	}
	return p.Parse(text)
}

// parsed is the row function that parses argument 0 by the pattern of argument 1.
func parsed(args []Vector, f *formats) func(i int) (days, nanos int64, err error) {
	text := bytesOf(args[0])
	return func(i int) (int64, int64, error) {
		var p *temporal.Pattern
		if len(args) > 1 {
			var err error
			if p, err = f.at(args, 1, i); err != nil {
				return 0, 0, err
			}
		}
		days, nanos, ok := parseWith(p, text.text(i))
		if !ok {
			return 0, 0, errNull
		}
		return days, nanos, nil
	}
}

func bindToDate(c *Call) (Kernel, error) {
	f, err := newFormats(c, 1, defaultPattern)
	if err != nil {
		return nil, err
	}
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int32, error) {
		parse := parsed(args, f)
		return func(i int) (int32, error) {
			days, _, err := parse(i)
			return int32(days), err
		}
	}), nil
}

func bindToTimestamp(c *Call) (Kernel, error) {
	f, err := newFormats(c, 1, defaultPattern)
	if err != nil {
		return nil, err
	}
	unit := nanosPerUnit(c.Type.Precision)
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int64, error) {
		parse := parsed(args, f)
		return func(i int) (int64, error) {
			days, nanos, err := parse(i)
			return temporal.Join(days, nanos, unit), err
		}
	}), nil
}

func bindFromUnix(c *Call) (Kernel, error) {
	c.Zoned = true
	f, err := newFormats(c, 1, defaultPattern)
	if err != nil {
		return nil, err
	}
	return textRows(c.Type, func(ctx *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		seconds := fixedOf[int64](args[0])
		return func(dst []byte, i int) ([]byte, error) {
			p, err := f.at(args, 1, i)
			if err != nil {
				return dst, err
			}
			v := seconds.at(i)
			days, nanos := temporal.Split(v+temporal.OffsetSeconds(ctx.zone(), v), temporal.NanosPerSecond)
			return p.Append(dst, days, nanos), nil
		}
	}), nil
}

// unixTimestamp is the processing time without arguments, else a parser.
func unixTimestamp() Function {
	s := stringParam()
	f := def("temporal", "UNIX_TIMESTAMP", "UNIX_TIMESTAMP([string [, string]])",
		"Epoch seconds: of the processing time, or of a text in the session's zone.",
		rule{params: []param{s, s}, result: always(types.Of(types.BigInt))}.opt(2).null(), bindUnixTimestamp,
		Example{"UNIX_TIMESTAMP('1970-01-01 00:01:00')", "60"})
	f.Volatile = true
	return f
}

func bindUnixTimestamp(c *Call) (Kernel, error) {
	c.Zoned = true
	f, err := newFormats(c, 1, defaultPattern)
	if err != nil {
		return nil, err
	}
	return fixedRows(c.Type, func(ctx *EvalContext, args []Vector) func(i int) (int64, error) {
		if len(args) == 0 {
			return func(int) (int64, error) { return temporal.FloorDiv(ctx.NowMillis, 1000), nil }
		}
		parse := parsed(args, f)
		return func(i int) (int64, error) {
			days, nanos, err := parse(i)
			local := days*temporal.SecondsPerDay + nanos/temporal.NanosPerSecond
			return local - temporal.CalendarOffsetSeconds(ctx.zone(), local), err
		}
	}), nil
}
