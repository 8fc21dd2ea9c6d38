package bind

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql"
)

// number binds an unsigned number as written: digits are INT, BIGINT or DECIMAL,
// digits after a point make DECIMAL, an exponent DOUBLE.
func number(n *sql.NumberLiteral, negative bool) (rex.Expr, error) {
	text := n.Text
	if strings.ContainsAny(text, "eE") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return rex.Expr{}, errs.Userf("the number %s is out of DOUBLE's range", text).At(n.Pos())
		}
		if negative {
			f = -f
		}
		return rex.Lit(types.Of(types.Double).NotNull(), rex.Value{Float: f}), nil
	}
	whole, fraction, _ := strings.Cut(text, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		digits = "0"
	}
	scale := len(fraction)
	precision := len(digits)
	if scale > 0 {
		// Every digit written counts: 0.908 is a DECIMAL(4, 3).
		precision = max(precision, len(whole)+scale)
	}
	if precision > types.MaxDecimalPrecision {
		return rex.Expr{}, errs.Userf("the number %s has more than %d digits", text, types.MaxDecimalPrecision).At(n.Pos())
	}
	if negative && digits != "0" {
		digits = "-" + digits
	}
	if scale == 0 {
		if e, ok := integer(digits); ok {
			return e, nil
		}
	}
	return rex.Lit(types.DecimalOf(precision, scale).NotNull(), rex.Value{Str: digits}), nil
}

// integer makes an INT or BIGINT literal of digits that fit.
func integer(digits string) (rex.Expr, bool) {
	v, ok := new(big.Int).SetString(digits, 10)
	if !ok || !v.IsInt64() {
		return rex.Expr{}, false
	}
	i := v.Int64()
	kind := types.BigInt
	if i >= -1<<31 && i < 1<<31 {
		kind = types.Int
	}
	return rex.Lit(types.Of(kind).NotNull(), rex.Value{Int: i}), true
}

// interval binds an INTERVAL literal to months or milliseconds.
func interval(n *sql.IntervalLiteral) (rex.Expr, error) {
	v, months, err := intervalValue(n)
	if err != nil {
		return rex.Expr{}, err
	}
	if n.Negative {
		v = -v
	}
	kind := types.IntervalDayTime
	if months {
		kind = types.IntervalYearMonth
	}
	return rex.Lit(types.Of(kind).NotNull(), rex.Value{Int: v}), nil
}

// intervalUnits are the lengths of units in months or milliseconds.
var intervalUnits = map[sql.TimeUnit]int64{
	sql.Year: 12, sql.Quarter: 3, sql.Month: 1,
	sql.Week: 7 * 86400000, sql.Day: 86400000, sql.Hour: 3600000, sql.Minute: 60000, sql.Second: 1000, sql.Millisecond: 1,
}

func isMonths(u sql.TimeUnit) bool { return u == sql.Year || u == sql.Quarter || u == sql.Month }

func intervalValue(n *sql.IntervalLiteral) (v int64, months bool, err error) {
	text := strings.TrimSpace(n.Text)
	text, negative := strings.CutPrefix(text, "-")
	if !negative {
		text = strings.TrimPrefix(text, "+")
	}
	months = isMonths(n.From)
	if n.To == sql.NoUnit {
		v, err = singleField(n, text)
	} else {
		v, err = severalFields(n, text)
	}
	if negative {
		v = -v
	}
	return v, months, err
}

// singleField reads one number of one unit; seconds may have a fraction.
func singleField(n *sql.IntervalLiteral, text string) (int64, error) {
	unit, ok := intervalUnits[n.From]
	whole, fraction, hasFraction := strings.Cut(text, ".")
	v, fits := field(whole, unit)
	if !ok || !fits || hasFraction && n.From != sql.Second {
		return 0, badInterval(n)
	}
	millis, ok := fractionMillis(fraction)
	if !ok {
		return 0, badInterval(n)
	}
	return v + millis, nil
}

// field is a number of units, of which several can be added.
func field(digits string, unit int64) (int64, bool) {
	v, err := strconv.ParseInt(leadingDigits(digits), 10, 64)
	return v * unit, err == nil && leadingDigits(digits) == digits && v <= (1<<60)/unit
}

// intervalFields are the fields of INTERVAL … TO …, from long to short, with the
// separator before each.
var intervalFields = []struct {
	unit      sql.TimeUnit
	separator string
}{{sql.Year, ""}, {sql.Month, "-"}, {sql.Day, ""}, {sql.Hour, " "}, {sql.Minute, ":"}, {sql.Second, ":"}}

// severalFields reads a text such as '1 2:03' of DAY TO MINUTE.
func severalFields(n *sql.IntervalLiteral, text string) (int64, error) {
	total, rest, inside := int64(0), text, false
	for _, f := range intervalFields {
		if f.unit == n.From {
			inside = true
		} else if inside {
			after, ok := strings.CutPrefix(rest, f.separator)
			if f.separator == "" || !ok {
				return 0, badInterval(n)
			}
			rest = after
		}
		if !inside {
			continue
		}
		digits := leadingDigits(rest)
		v, ok := field(digits, intervalUnits[f.unit])
		if !ok {
			return 0, badInterval(n)
		}
		total += v
		rest = rest[len(digits):]
		if f.unit == n.To {
			break
		}
	}
	if strings.HasPrefix(rest, ".") && n.To == sql.Second {
		millis, ok := fractionMillis(rest[1:])
		if !ok {
			return 0, badInterval(n)
		}
		return total + millis, nil
	}
	if rest != "" {
		return 0, badInterval(n)
	}
	return total, nil
}

func leadingDigits(s string) string {
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	return s[:end]
}

// fractionMillis reads the digits after a second's point.
func fractionMillis(digits string) (int64, bool) {
	if digits == "" {
		return 0, true
	}
	if leadingDigits(digits) != digits || len(digits) > 9 {
		return 0, false
	}
	v, _ := strconv.ParseInt((digits + "000")[:3], 10, 64)
	return v, true
}

func badInterval(n *sql.IntervalLiteral) error {
	unit := n.From.String()
	if n.To != sql.NoUnit {
		unit += " TO " + n.To.String()
	}
	return errs.Userf("'%s' is not an interval of %s", n.Text, unit).At(n.Pos())
}
