package bind

import (
	"strings"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql"
)

// temporalLiteral binds DATE '…', TIME '…', TIMESTAMP '…' and TIMESTAMP_LTZ '…'. The
// precision is the number of fractional digits written.
func temporalLiteral(n *sql.TemporalLiteral) (rex.Expr, error) {
	text := strings.TrimSpace(n.Text)
	if n.Kind == types.Date {
		day, err := time.Parse("2006-01-02", text)
		if err != nil {
			return rex.Expr{}, badTemporal(n, "yyyy-MM-dd")
		}
		return rex.Lit(types.Of(types.Date).NotNull(), rex.Value{Int: temporal.FloorDiv(day.Unix(), temporal.SecondsPerDay)}), nil
	}
	body, fraction, _ := strings.Cut(text, ".")
	nanos, ok := fractionNanos(fraction)
	if !ok {
		return rex.Expr{}, badTemporal(n, "at most 9 fractional digits")
	}
	t := types.Type{Kind: n.Kind, Precision: len(fraction)}
	if n.Kind == types.Time {
		clock, err := time.Parse("15:04:05", body)
		if err != nil {
			return rex.Expr{}, badTemporal(n, "HH:mm:ss[.fff]")
		}
		seconds := int64(clock.Hour()*3600 + clock.Minute()*60 + clock.Second())
		return rex.Lit(t, rex.Value{Int: inUnit(seconds, nanos, t.Precision)}), nil
	}
	moment, err := time.Parse("2006-01-02 15:04:05", strings.Replace(body, "T", " ", 1))
	if err != nil {
		return rex.Expr{}, badTemporal(n, "yyyy-MM-dd HH:mm:ss[.fff]")
	}
	if t.Precision > 6 && !temporal.Holds(temporal.FloorDiv(moment.Unix(), temporal.SecondsPerDay), 1) {
		return rex.Expr{}, errs.Userf("'%s' is beyond the years 1678 to 2261 of %s", n.Text, t.WithNullable(true)).At(n.Pos()).WithHint("write at most 6 fractional digits")
	}
	return rex.Lit(t, rex.Value{Int: inUnit(moment.Unix(), nanos, t.Precision)}), nil
}

// inUnit counts seconds and nanoseconds in the unit that a precision has.
func inUnit(seconds, nanos int64, precision int) int64 {
	switch {
	case precision <= 3:
		return seconds*1e3 + nanos/1e6
	case precision <= 6:
		return seconds*1e6 + nanos/1e3
	}
	return seconds*1e9 + nanos
}

func fractionNanos(digits string) (int64, bool) {
	if len(digits) > 9 || leadingDigits(digits) != digits {
		return 0, false
	}
	v := int64(0)
	for _, d := range (digits + "000000000")[:9] {
		v = v*10 + int64(d-'0')
	}
	return v, true
}

func badTemporal(n *sql.TemporalLiteral, form string) error {
	return errs.Userf("'%s' is not a %s", n.Text, n.Kind).At(n.Pos()).WithHint("it is written as %s", form)
}
