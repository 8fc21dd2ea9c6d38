package bind

import (
	"math/big"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// distance binds an end of a RANGE frame that lies at a distance over an order column of
// type t.
func (b *Binder) distance(end frameEnd, t types.Type) (rex.FrameBound, error) {
	out := rex.FrameBound{Kind: rex.BoundKind(end.Kind)}
	perMilli := unitsPerMilli(t)
	if perMilli == nil && !t.IsNumeric() {
		return out, errs.Userf("a RANGE frame has no distance over %s", t.WithNullable(true)).At(end.Offset.Pos()).
			WithHint("order by a number or a time, or count rows with ROWS")
	}
	what := "the distance of a RANGE frame over " + t.WithNullable(true).String()
	value, err := b.constant(end.Offset, what)
	if err != nil {
		return out, err
	}
	distance := ratOf(value)
	switch {
	case perMilli != nil && (value.Type.Kind != types.IntervalDayTime || distance == nil):
		return out, errs.Userf("%s must be an interval of days or smaller units, not %s", what, value.Type.WithNullable(true)).At(end.Offset.Pos())
	case perMilli == nil && value.Type.IsNumeric() && distance == nil:
		return out, errs.Userf("%s must be a finite number", what).At(end.Offset.Pos())
	case perMilli == nil && !value.Type.IsNumeric():
		return out, errs.Userf("%s must be a number, not %s", what, value.Type.WithNullable(true)).At(end.Offset.Pos())
	case distance.Sign() < 0:
		return out, errs.Userf("the distance of a frame must not be negative").At(end.Offset.Pos())
	case perMilli != nil:
		distance.Mul(distance, perMilli)
	case t.Kind == types.Float || t.Kind == types.Double:
		out.Float, _ = distance.Float64()
		return out, nil
	case t.Kind == types.Decimal:
		distance.Mul(distance, new(big.Rat).SetInt(pow10(t.Scale)))
	}
	units := wholeUnits(distance, end.last == (out.Kind == rex.Preceding))
	if perMilli != nil && !units.IsInt64() {
		units = big.NewInt(1<<63 - 1)
	}
	wide := decimal128.FromBigInt(units)
	out.Offset, out.High = int64(wide.LowBits()), wide.HighBits()
	return out, nil
}

// wholeUnits is a distance between two units as the next whole one that bounds the same
// rows: further out for bounds that keep what is nearer away.
func wholeUnits(distance *big.Rat, up bool) *big.Int {
	units, rest := new(big.Int).QuoRem(distance.Num(), distance.Denom(), new(big.Int))
	if up && rest.Sign() > 0 {
		units.Add(units, big.NewInt(1))
	}
	if most := new(big.Int).Sub(pow10(38), big.NewInt(1)); units.Cmp(most) > 0 {
		return most
	}
	return units
}

// ratOf is the number that a literal is, or nil for NULL and what is not finite.
func ratOf(literal rex.Expr) *big.Rat {
	v := literal.Value
	switch {
	case v.Null:
		return nil
	case literal.Type.Kind == types.Decimal:
		unscaled, ok := new(big.Int).SetString(v.Str, 10)
		if !ok {
			return nil
		}
		return new(big.Rat).SetFrac(unscaled, pow10(literal.Type.Scale))
	case literal.Type.Kind == types.Float || literal.Type.Kind == types.Double:
		return new(big.Rat).SetFloat64(v.Float)
	}
	return new(big.Rat).SetInt64(v.Int)
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// unitsPerMilli is how many units a time column counts in a millisecond; nil for other
// columns.
func unitsPerMilli(t types.Type) *big.Rat {
	switch {
	case t.Kind == types.Date:
		return big.NewRat(1, 24*60*60*1000)
	case t.Kind != types.Time && t.Kind != types.Timestamp && t.Kind != types.TimestampLTZ:
		return nil
	case t.Precision <= 3:
		return big.NewRat(1, 1)
	case t.Precision <= 6:
		return big.NewRat(1000, 1)
	}
	return big.NewRat(1000*1000, 1)
}
