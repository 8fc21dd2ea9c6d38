package expr

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/thalweg/thalweg/internal/decimal"
	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

func floatText(f float64, bits int) string { return string(columns.AppendFloat(nil, f, bits)) }

// toText converts anything to CHAR and VARCHAR.
func (c *conversion) toText() Kernel {
	from, to := c.from, c.to
	switch physOf(from) {
	case physInt8, physInt16, physInt32, physInt64:
		if from.IsInteger() {
			return textRows(to, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
				at := integers(args[0])
				return func(dst []byte, i int) ([]byte, error) {
					start := len(dst)
					return fitText(strconv.AppendInt(dst, at(i), 10), start, to), nil
				}
			})
		}
	case physBytes:
		return textRows(to, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
			col := bytesOf(args[0])
			return func(dst []byte, i int) ([]byte, error) {
				start := len(dst)
				return fitText(append(dst, col.at(i)...), start, to), nil
			}
		})
	}
	return textRows(to, func(ctx *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		cell, mask := columns.Cell{Array: args[0].Array, Type: from, Zone: ctx.zone()}, args[0].stride()
		return func(dst []byte, i int) ([]byte, error) {
			start := len(dst)
			return fitText(columns.AppendCell(dst, cell, i&mask), start, to), nil
		}
	})
}

// fitText cuts the text from start on to the characters that t holds, and pads
// CHAR with spaces.
func fitText(dst []byte, start int, t types.Type) []byte {
	if t.Length == types.MaxLength || t.Kind == types.Varchar && len(dst)-start <= t.Length {
		return dst
	}
	have := utf8.RuneCount(dst[start:])
	for ; have > t.Length; have-- {
		_, size := utf8.DecodeLastRune(dst[start:])
		dst = dst[:len(dst)-size]
	}
	if t.Kind == types.Char {
		for ; have < t.Length; have++ {
			dst = append(dst, ' ')
		}
	}
	return dst
}

// fromText converts CHAR and VARCHAR, whose surrounding spaces don't count, to
// anything; nil when there is no such conversion.
func (c *conversion) fromText() Kernel {
	to := c.to
	switch physOf(to) {
	case physBool:
		return boolRows(func(_ *EvalContext, args []Vector) func(i int) (bool, error) {
			return parseRows(c, args[0], "it is neither true nor false", parseBool)
		})
	case physInt8:
		return parseInteger[int8](c, math.MinInt8, math.MaxInt8)
	case physInt16:
		return parseInteger[int16](c, math.MinInt16, math.MaxInt16)
	case physFloat32:
		return fixedRows(to, func(_ *EvalContext, args []Vector) func(i int) (float32, error) {
			return parseRows(c, args[0], "it is not a number", func(s string) (float32, bool) {
				f, ok := parseFloat(s, 32)
				return float32(f), ok
			})
		})
	case physFloat64:
		return fixedRows(to, func(_ *EvalContext, args []Vector) func(i int) (float64, error) {
			return parseRows(c, args[0], "it is not a number", func(s string) (float64, bool) { return parseFloat(s, 64) })
		})
	case physDecimal:
		return fixedRows(to, func(_ *EvalContext, args []Vector) func(i int) (decimal.Num, error) {
			return parseRows(c, args[0], "it is not a number of that many digits", func(s string) (decimal.Num, bool) {
				v, valid, fits := decimal.Parse(s, to.Precision, to.Scale)
				return v, valid && fits
			})
		})
	case physBytes:
		return c.textToBytes()
	}
	switch {
	case to.Kind == types.Int:
		return parseInteger[int32](c, math.MinInt32, math.MaxInt32)
	case to.Kind == types.BigInt:
		return parseInteger[int64](c, math.MinInt64, math.MaxInt64)
	}
	return c.textToTime()
}

// parseRows makes a row function that parses the text of a column.
func parseRows[R any](c *conversion, v Vector, reason string, parse func(s string) (R, bool)) func(i int) (R, error) {
	col := bytesOf(v)
	return func(i int) (R, error) {
		text := col.text(i)
		out, ok := parse(strings.TrimSpace(text))
		if ok {
			return out, nil
		}
		if c.try {
			return out, errNull
		}
		return out, c.fail(strings.Clone(text), reason)
	}
}

func parseInteger[T integer](c *conversion, low, high int64) Kernel {
	return fixedRows(c.to, func(_ *EvalContext, args []Vector) func(i int) (T, error) {
		return parseRows(c, args[0], "it is not a whole number in range", func(s string) (T, bool) {
			v, ok := parseInt(s)
			return T(v), ok && v >= low && v <= high
		})
	})
}

// parseInt reads a whole number; digits after a point are checked and dropped, as
// in Flink.
func parseInt(s string) (int64, bool) {
	whole, fraction, point := strings.Cut(s, ".")
	if point {
		for _, r := range fraction {
			if r < '0' || r > '9' {
				return 0, false
			}
		}
		if whole == "" || whole == "-" || whole == "+" {
			return 0, fraction != ""
		}
	}
	if strings.Contains(whole, "_") {
		return 0, false
	}
	v, err := strconv.ParseInt(whole, 10, 64)
	return v, err == nil
}

func parseFloat(s string, bits int) (float64, bool) {
	if s == "" || strings.ContainsAny(s, "_xXpP") {
		return 0, false
	}
	if last := s[len(s)-1]; (last == 'd' || last == 'D' || last == 'f' || last == 'F') && !strings.HasSuffix(strings.ToLower(s), "inf") {
		s = s[:len(s)-1]
	}
	f, err := strconv.ParseFloat(s, bits)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "true", "t", "yes", "y", "1":
		return true, true
	case "false", "f", "no", "n", "0":
		return false, true
	}
	return false, false
}

// textToBytes is the UTF-8 form of a string, cut or zero-padded to the length.
func (c *conversion) textToBytes() Kernel {
	to := c.to
	return textRows(to, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		col := bytesOf(args[0])
		return func(dst []byte, i int) ([]byte, error) { return fitBytes(dst, col.at(i), to), nil }
	})
}

func fitBytes(dst, value []byte, t types.Type) []byte {
	if len(value) > t.Length {
		value = value[:t.Length]
	}
	dst = append(dst, value...)
	if t.Kind == types.Binary {
		for n := len(value); n < t.Length; n++ {
			dst = append(dst, 0)
		}
	}
	return dst
}

// textToTime parses dates and times; nil for other targets.
func (c *conversion) textToTime() Kernel {
	to := c.to
	unit := nanosPerUnit(to.Precision)
	const reason = "it is not a valid date or time"
	switch to.Kind {
	case types.Date:
		return fixedRows(to, func(_ *EvalContext, args []Vector) func(i int) (int32, error) {
			return parseRows(c, args[0], reason, parseDate)
		})
	case types.Time:
		parse := func(s string) (int64, bool) {
			nanos, ok := temporal.ParseTime(s)
			return cutPrecision(nanos, to.Precision) / unit, ok
		}
		if to.Precision <= 3 {
			return fixedRows(to, func(_ *EvalContext, args []Vector) func(i int) (int32, error) {
				return parseRows(c, args[0], reason, func(s string) (int32, bool) {
					v, ok := parse(s)
					return int32(v), ok
				})
			})
		}
		return fixedRows(to, func(_ *EvalContext, args []Vector) func(i int) (int64, error) {
			return parseRows(c, args[0], reason, parse)
		})
	case types.Timestamp, types.TimestampLTZ:
		return fixedRows(to, func(ctx *EvalContext, args []Vector) func(i int) (int64, error) {
			return parseRows(c, args[0], reason, func(s string) (int64, bool) { return parseTimestamp(ctx, s, to) })
		})
	}
	return nil
}

// parseDate reads a date, which a time may follow.
func parseDate(s string) (int32, bool) {
	date, _, _ := strings.Cut(s, " ")
	days, ok := temporal.ParseDate(date)
	return int32(days), ok
}

// cutPrecision drops the digits of a fraction of a second that a precision lacks.
func cutPrecision(nanos int64, precision int) int64 {
	unit := int64(1)
	for range 9 - precision {
		unit *= 10
	}
	return nanos - nanos%unit
}

func parseTimestamp(ctx *EvalContext, s string, t types.Type) (int64, bool) {
	unit := nanosPerUnit(t.Precision)
	days, nanos, offset, zoned, ok := temporal.ParseInstant(s)
	if !ok || zoned && t.Kind == types.Timestamp || !temporal.Holds(days, unit) {
		return 0, false
	}
	value := temporal.Join(days, cutPrecision(nanos, t.Precision), unit)
	if t.Kind == types.TimestampLTZ {
		if !zoned {
			offset = temporal.LocalOffsetSeconds(ctx.zone(), days*temporal.SecondsPerDay+nanos/temporal.NanosPerSecond)
		}
		value -= offset * (temporal.NanosPerSecond / unit)
	}
	return value, true
}

// rare converts among times, binaries and nested types; nil when there is no such
// conversion.
func (c *conversion) rare() Kernel {
	from, to := c.from, c.to
	switch {
	case from.IsBinary() && to.IsBinary():
		return c.textToBytes()
	case from.IsTemporal() && to.IsTemporal():
		return c.times()
	case from.Kind == to.Kind && from.IsNested():
		return c.nested()
	}
	return nil
}
