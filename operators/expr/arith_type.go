package expr

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// minDivisionScale is the least number of digits after the point of a DECIMAL
// quotient, and what a result that is too long keeps.
const minDivisionScale = 6

// adjustDecimal cuts a DECIMAL of too many digits to 38: digits before the point
// are kept, those after it shrink to no less than six.
func adjustDecimal(precision, scale int) types.Type {
	if precision <= types.MaxDecimalPrecision {
		return types.DecimalOf(precision, scale)
	}
	whole := precision - scale
	scale = max(types.MaxDecimalPrecision-whole, min(scale, minDivisionScale))
	return types.DecimalOf(types.MaxDecimalPrecision, scale)
}

// decimalResult is Flink's type of a op b on exact numbers, at least one of them
// a DECIMAL.
func decimalResult(op string, a, b types.Type) types.Type {
	a, b = asDecimal(a), asDecimal(b)
	p1, s1, p2, s2 := a.Precision, a.Scale, b.Precision, b.Scale
	switch op {
	case "*":
		return adjustDecimal(p1+p2+1, s1+s2)
	case "/":
		scale := max(minDivisionScale, s1+p2+1)
		return adjustDecimal(p1-s1+s2+scale, scale)
	case "%":
		scale := max(s1, s2)
		return adjustDecimal(min(p1-s1, p2-s2)+scale, scale)
	}
	scale := max(s1, s2)
	return adjustDecimal(max(p1-s1, p2-s2)+scale+1, scale)
}

// resolveArithmetic is the type rule of + - * / %.
func resolveArithmetic(op string) resolver {
	return func(args []rex.Expr) (rex.Resolved, error) {
		if len(args) != 2 {
			return rex.Resolved{}, errs.Userf("%s takes two values, not %d", op, len(args))
		}
		a, b := args[0].Type, args[1].Type
		nullable := isNullable(a) || isNullable(b)
		if op == "+" || op == "-" || op == "*" || op == "/" {
			if out, ok := resolveTimeArithmetic(op, a, b); ok {
				out.Result.Nullable = nullable
				return out, nil
			}
		}
		a, b, ok := numbersOf(a, b)
		if !ok {
			return rex.Resolved{}, errs.Userf("%s is not defined for %s and %s", op,
				args[0].Type.WithNullable(true), args[1].Type.WithNullable(true))
		}
		out := rex.Resolved{Args: []types.Type{a, b}}
		switch {
		case a.IsApproximate() || b.IsApproximate() || a.Kind != types.Decimal && b.Kind != types.Decimal:
			common := commonNumber(a, b)
			out.Args = []types.Type{common.WithNullable(isNullable(a)), common.WithNullable(isNullable(b))}
			out.Result = common
		default:
			out.Result = decimalResult(op, a, b)
		}
		if op == "%" && wholeNumber(a) && wholeNumber(b) {
			// The remainder is less than the divisor.
			out.Result = b
		}
		// A DECIMAL overflow gives NULL, but Flink's type does not say so either.
		out.Result.Nullable = nullable || out.Result.Kind == types.Decimal
		return out, nil
	}
}

// wholeNumber reports the exact types without digits after the point.
func wholeNumber(t types.Type) bool { return t.IsInteger() || t.Kind == types.Decimal && t.Scale == 0 }

// numbersOf reads NULL and text as the number type of the other side.
func numbersOf(a, b types.Type) (types.Type, types.Type, bool) {
	read := func(t, other types.Type) (types.Type, bool) {
		switch {
		case t.IsNumeric():
			return t, true
		case t.Kind == types.Null && other.IsNumeric():
			return other.WithNullable(true), true
		case t.Kind == types.Null || t.IsString():
			return types.Of(types.Double).WithNullable(isNullable(t)), true
		}
		return t, false
	}
	x, ok1 := read(a, b)
	y, ok2 := read(b, a)
	return x, y, ok1 && ok2
}

// resolveTimeArithmetic is the type rule where times and intervals take part.
func resolveTimeArithmetic(op string, a, b types.Type) (rex.Resolved, bool) {
	as := func(result types.Type, args ...types.Type) (rex.Resolved, bool) {
		return rex.Resolved{Args: args, Result: result}, true
	}
	switch {
	case op == "+" && a.IsInterval() && b.IsTemporal():
		return as(timePlus(b, a), a, b)
	case (op == "+" || op == "-") && a.IsTemporal() && b.IsInterval():
		return as(timePlus(a, b), a, b)
	case (op == "+" || op == "-") && a.IsInterval() && a.Kind == b.Kind:
		return as(a, a, b)
	case op == "*" && a.IsInterval() && b.IsNumeric():
		return as(a, a, factorOf(b))
	case op == "*" && a.IsNumeric() && b.IsInterval():
		return as(b, factorOf(a), b)
	case op == "/" && a.IsInterval() && b.IsNumeric():
		return as(a, a, factorOf(b))
	case op == "-" && a.IsTemporal() && b.IsTemporal():
		if common, ok := commonTemporal(a, b); ok {
			return as(types.Of(types.IntervalDayTime), common.WithNullable(isNullable(a)), common.WithNullable(isNullable(b)))
		}
	}
	return rex.Resolved{}, false
}

// timePlus is the type of a time moved by an interval: itself, but at least
// milliseconds where milliseconds are added. A DATE moved by less than days stays
// a DATE, as in Flink.
func timePlus(t, interval types.Type) types.Type {
	if interval.Kind == types.IntervalDayTime && t.IsTimestamp() {
		t.Precision = max(t.Precision, 3)
	}
	return t
}

// factorOf is the type a factor of an interval is cast to.
func factorOf(t types.Type) types.Type {
	if t.IsInteger() {
		return types.Of(types.BigInt).WithNullable(isNullable(t))
	}
	return types.Of(types.Double).WithNullable(isNullable(t))
}
