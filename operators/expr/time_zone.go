package expr

import (
	"math"
	"strings"
	"time"

	"github.com/thalweg/thalweg/internal/decimal"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
)

// zones loads time zones by name and remembers the last ones.
type zones struct {
	known map[string]*time.Location
}

// load finds a zone: a name, or an offset such as GMT+08:00.
func (z *zones) load(name string) (*time.Location, bool) {
	if zone, ok := z.known[name]; ok {
		return zone, zone != nil
	}
	if z.known == nil || len(z.known) > 100 {
		z.known = map[string]*time.Location{}
	}
	zone, _ := temporal.ParseZone(name)
	z.known[strings.Clone(name)] = zone
	return zone, zone != nil
}

func bindConvertTZ(c *Call) (Kernel, error) {
	var z zones
	p, err := temporal.CompileSimplePattern(defaultPattern)
	if err != nil {
		return nil, err
	}
	return toText(func(args []byteColumn) textFn {
		return func(dst []byte, i int) ([]byte, error) {
			at, ok := p.Parse(args[0].text(i))
			from, ok1 := z.load(args[1].text(i))
			to, ok2 := z.load(args[2].text(i))
			if !ok || !ok1 || !ok2 {
				return dst, errNull
			}
			instant := instantOf(at, from)
			return temporal.AppendTimestamp(dst, instant+temporal.OffsetSeconds(to, instant), temporal.NanosPerSecond, 0), nil
		}
	})(c)
}

// resolveToLTZ types TO_TIMESTAMP_LTZ: epoch time and precision, or text, pattern
// and zone.
func resolveToLTZ(args []rex.Expr) (rex.Resolved, error) {
	r := rule{params: []param{epochParam(), takes("INT", types.Of(types.Int), func(t types.Type) bool { return t.Kind == types.Int })},
		optional: 1, result: always(types.TimestampLTZOf(3)), mayNull: true}
	if len(args) > 0 && args[0].Type.IsString() {
		text := takes("STRING", types.StringType(), types.Type.IsString)
		r.params, r.optional = repeatParam(text, 3), 2
		return r.to("TO_TIMESTAMP_LTZ")(args)
	}
	if len(args) == 2 && args[1].IsLiteral() && args[1].Type.Kind == types.Int && !args[1].IsNull() && args[1].Value.Int != 0 && args[1].Value.Int != 3 {
		return rex.Resolved{}, badEpochPrecision(args[1].Value.Int)
	}
	return r.to("TO_TIMESTAMP_LTZ")(args)
}

func badEpochPrecision(p int64) error {
	return errs.Userf("the precision of TO_TIMESTAMP_LTZ must be 0 (seconds) or 3 (milliseconds), not %d", p)
}

// epochParam takes whole numbers as BIGINT, and others as they are: seconds may have a
// fraction.
func epochParam() param {
	return param{"number", func(t types.Type) (types.Type, bool) {
		switch {
		case t.IsInteger() || t.Kind == types.Null:
			return types.Of(types.BigInt), true
		case t.Kind == types.Float:
			return types.Of(types.Double), true
		}
		return t, t.IsNumeric()
	}}
}

// Instants of the years 0 to 9999 in milliseconds; TO_TIMESTAMP_LTZ of others is NULL.
const (
	minEpochMillis = -62_167_219_200_000
	maxEpochMillis = 253_402_300_799_999
)

func bindToLTZ(c *Call) (Kernel, error) {
	if c.Args[0].Type.IsString() {
		return bindTextToLTZ(c)
	}
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int64, error) {
		millis := epochMillis(args[0], c.Args[0].Type)
		if len(args) == 1 {
			return func(i int) (int64, error) { return millis(i, false) }
		}
		precision := fixedOf[int32](args[1])
		return func(i int) (int64, error) {
			p := precision.at(i)
			if p != 0 && p != 3 {
				return 0, badEpochPrecision(int64(p))
			}
			return millis(i, p == 0)
		}
	}), nil
}

// epochMillis reads numbers as milliseconds, or as seconds. Of a DECIMAL only the whole
// part counts.
func epochMillis(v Vector, t types.Type) func(i int, seconds bool) (int64, error) {
	if t.Kind == types.Double {
		col := fixedOf[float64](v)
		return func(i int, seconds bool) (int64, error) {
			ms := col.at(i)
			if seconds {
				ms *= 1000
			}
			if !(ms >= minEpochMillis && ms <= maxEpochMillis) {
				return 0, errNull
			}
			return int64(ms), nil
		}
	}
	whole := integers
	if t.Kind == types.Decimal {
		whole = func(v Vector) func(i int) int64 { return wholeDecimals(v, t.Scale) }
	}
	at := whole(v)
	return func(i int, seconds bool) (int64, error) {
		ms, unit := at(i), int64(1)
		if seconds {
			unit = 1000
		}
		if ms < minEpochMillis/unit || ms > maxEpochMillis/unit {
			return 0, errNull
		}
		return ms * unit, nil
	}
}

// wholeDecimals reads the whole part of DECIMALs; what is too long for 64 bits is the
// nearest that is not.
func wholeDecimals(v Vector, scale int) func(i int) int64 {
	col := fixedOf[decimal.Num](v)
	return func(i int) int64 {
		n := decimal.Trunc(col.at(i), scale)
		switch {
		case n.HighBits() == int64(n.LowBits())>>63:
			return int64(n.LowBits())
		case decimal.Sign(n) < 0:
			return math.MinInt64
		}
		return math.MaxInt64
	}
}

func bindTextToLTZ(c *Call) (Kernel, error) {
	f, err := newFormats(c, formatter)
	if err != nil {
		return nil, err
	}
	var z zones
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int64, error) {
		text, parse := bytesOf(args[0]), parsed(args, f)
		return func(i int) (int64, error) {
			millis, err := int64(0), errNull
			if len(args) > 1 {
				var at temporal.Parsed
				at, err = parse(i)
				millis = temporal.Join(at.Days, at.Nanos, temporal.NanosPerMilli)
			}
			if err == errNull {
				millis, err = parseJDBC(strings.TrimSpace(text.text(i)), temporal.NanosPerMilli)
			}
			if err != nil || len(args) < 3 {
				return millis, err
			}
			zone, ok := z.load(bytesOf(args[2]).text(i))
			if !ok {
				return 0, errNull
			}
			return millis - 1000*temporal.LocalOffsetSeconds(zone, temporal.FloorDiv(millis, 1000)), nil
		}
	}), nil
}
