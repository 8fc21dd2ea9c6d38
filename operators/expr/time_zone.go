package expr

import (
	"strings"
	"time"

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
	return toText(func(args []byteColumn) textFn {
		return func(dst []byte, i int) ([]byte, error) {
			days, nanos, ok := temporal.ParseTimestamp(args[0].text(i))
			from, ok1 := z.load(args[1].text(i))
			to, ok2 := z.load(args[2].text(i))
			if !ok || !ok1 || !ok2 {
				return dst, errNull
			}
			local := days*temporal.SecondsPerDay + nanos/temporal.NanosPerSecond
			instant := local - temporal.CalendarOffsetSeconds(from, local)
			return temporal.AppendTimestamp(dst, instant+temporal.OffsetSeconds(to, instant), temporal.NanosPerSecond, 0), nil
		}
	})(c)
}

// resolveToLTZ types TO_TIMESTAMP_LTZ: epoch time and precision, or text, pattern
// and zone.
func resolveToLTZ(args []rex.Expr) (rex.Resolved, error) {
	result := always(types.TimestampLTZOf(3))
	if len(args) > 0 && args[0].Type.IsString() {
		return rule{params: repeatParam(stringParam(), 3), optional: 2, result: result, mayNull: true}.to("TO_TIMESTAMP_LTZ")(args)
	}
	return rule{params: []param{bigintParam(), intParam()}, optional: 1, result: result, mayNull: true}.to("TO_TIMESTAMP_LTZ")(args)
}

func bindToLTZ(c *Call) (Kernel, error) {
	if c.Args[0].Type.IsString() {
		return bindTextToLTZ(c)
	}
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int64, error) {
		epoch := fixedOf[int64](args[0])
		if len(args) == 1 {
			return func(i int) (int64, error) { return epoch.at(i), nil }
		}
		precision := fixedOf[int32](args[1])
		return func(i int) (int64, error) {
			switch p := precision.at(i); p {
			case 0:
				return epoch.at(i) * 1000, nil
			case 3:
				return epoch.at(i), nil
			default:
				return 0, errs.Userf("the precision of %s must be 0 (seconds) or 3 (milliseconds), not %d", c.Label, p)
			}
		}
	}), nil
}

func bindTextToLTZ(c *Call) (Kernel, error) {
	f, err := newFormats(c, 1, defaultPattern)
	if err != nil {
		return nil, err
	}
	var z zones
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int64, error) {
		parse := parsed(args, f)
		return func(i int) (int64, error) {
			days, nanos, err := parse(i)
			if err != nil {
				return 0, err
			}
			millis := temporal.Join(days, nanos, temporal.NanosPerMilli)
			if len(args) > 2 {
				zone, ok := z.load(bytesOf(args[2]).text(i))
				if !ok {
					return 0, errNull
				}
				millis -= 1000 * temporal.LocalOffsetSeconds(zone, temporal.FloorDiv(millis, 1000))
			}
			return millis, nil
		}
	}), nil
}
