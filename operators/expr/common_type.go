package expr

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// CommonType is the least restrictive type of ts, the type of CASE, COALESCE,
// ARRAY elements and UNION columns; ok is false when there is none. It is
// nullable when any of ts is.
func CommonType(ts ...types.Type) (common types.Type, ok bool) {
	common = types.Type{Kind: types.Null}
	nullable := false
	for _, t := range ts {
		nullable = nullable || isNullable(t)
		if common, ok = common2(common, t); !ok {
			return types.Type{}, false
		}
	}
	return common.WithNullable(nullable), len(ts) > 0
}

func common2(a, b types.Type) (types.Type, bool) {
	switch {
	case a.Kind == types.Null:
		return b, true
	case b.Kind == types.Null || a.Same(b):
		return a, true
	case a.IsNumeric() && b.IsNumeric():
		return commonNumber(a, b), true
	case a.IsString() && b.IsString():
		return types.Type{Kind: types.Varchar, Length: max(a.Length, b.Length)}, true
	case a.IsBinary() && b.IsBinary():
		return types.Type{Kind: types.Varbinary, Length: max(a.Length, b.Length)}, true
	case a.IsTemporal() && b.IsTemporal():
		return commonTemporal(a, b)
	case a.IsNested() && a.Kind == b.Kind:
		return commonNested(a, b)
	}
	return types.Type{}, false
}

// commonNumber follows Calcite: FLOAT with an integer is FLOAT, with DECIMAL
// DOUBLE.
func commonNumber(a, b types.Type) types.Type {
	if a.Kind > b.Kind {
		a, b = b, a
	}
	switch {
	case b.Kind == types.Decimal && a.IsApproximate():
		return types.Of(types.Double)
	case b.Kind != types.Decimal:
		return types.Of(b.Kind)
	}
	x, y := asDecimal(a), asDecimal(b)
	scale := max(x.Scale, y.Scale)
	whole := max(x.Precision-x.Scale, y.Precision-y.Scale)
	if whole+scale > types.MaxDecimalPrecision {
		scale = max(types.MaxDecimalPrecision-whole, 0)
		return types.DecimalOf(types.MaxDecimalPrecision, scale)
	}
	return types.DecimalOf(whole+scale, scale)
}

// asDecimal is the DECIMAL that holds all values of an exact number type.
func asDecimal(t types.Type) types.Type {
	if t.IsInteger() {
		return types.DecimalOf(types.IntegerDigits(t.Kind), 0)
	}
	return t
}

func commonTemporal(a, b types.Type) (types.Type, bool) {
	if a.Kind > b.Kind {
		a, b = b, a
	}
	switch {
	case a.Kind == b.Kind:
		return types.Type{Kind: a.Kind, Precision: max(a.Precision, b.Precision)}, true
	case a.Kind == types.Date && b.IsTimestamp():
		return b, true
	case a.Kind == types.Timestamp && b.Kind == types.TimestampLTZ:
		return types.Type{Kind: types.TimestampLTZ, Precision: max(a.Precision, b.Precision)}, true
	}
	return types.Type{}, false
}

func commonNested(a, b types.Type) (types.Type, bool) {
	out := a
	if len(a.Fields) != len(b.Fields) {
		return types.Type{}, false
	}
	if a.Key != nil {
		key, ok := CommonType(*a.Key, *b.Key)
		if !ok {
			return types.Type{}, false
		}
		out.Key = &key
	}
	if a.Elem != nil {
		elem, ok := CommonType(*a.Elem, *b.Elem)
		if !ok {
			return types.Type{}, false
		}
		out.Elem = &elem
	}
	out.Fields = nil
	for i, f := range a.Fields {
		t, ok := CommonType(f.Type, b.Fields[i].Type)
		if !ok {
			return types.Type{}, false
		}
		out.Fields = append(out.Fields, types.Field{Name: f.Name, Type: t})
	}
	return out, true
}

// comparable2 is the type in which a and b are compared: the common type, or what
// text is read as when the other side is a number, a time or a BOOLEAN.
func comparable2(a, b types.Type) (types.Type, bool) {
	if t, ok := common2(a, b); ok {
		return t, true
	}
	if b.IsString() {
		a, b = b, a
	}
	if a.IsString() && (b.IsNumeric() || b.IsTemporal() || b.Kind == types.Boolean) {
		return b, true
	}
	if a.IsNumeric() && b.Kind == types.Boolean || b.IsNumeric() && a.Kind == types.Boolean {
		return types.Of(types.Boolean), true
	}
	return types.Type{}, false
}

// comparableAll is comparable2 over all arguments.
func comparableAll(args []rex.Expr) (types.Type, bool) {
	common := types.Type{Kind: types.Null}
	for _, a := range args {
		var ok bool
		if common, ok = comparable2(common, a.Type); !ok {
			return types.Type{}, false
		}
	}
	return common, true
}

// compareAs is the type argument t is cast to for a comparison in common. A
// DECIMAL of common's scale needs no cast.
func compareAs(t, common types.Type) types.Type {
	switch {
	case t.Kind == types.Decimal && common.Kind == types.Decimal && t.Scale == common.Scale,
		t.IsString() && common.IsString(), t.IsBinary() && common.IsBinary():
		return t
	}
	return common.WithNullable(isNullable(t))
}
