package expr

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// conversion is one cast of one type into another, as its kernels see it.
type conversion struct {
	from, to types.Type
	// try makes values that don't convert NULL instead of failing.
	try bool
	// source names the converted expression in errors.
	source string
}

// cast compiles CAST and TRY_CAST.
func (g *graph) cast(e rex.Expr) (*node, error) {
	arg, err := g.compile(e.Args[0])
	if err != nil {
		return nil, err
	}
	c := &conversion{from: arg.typ, to: e.Type, try: e.Kind == rex.TryCast, source: sourceName(arg)}
	kernel, err := c.kernel()
	if err != nil {
		return nil, err
	}
	n := &node{typ: e.Type, args: []*node{arg}, expr: foldedCall(e, []*node{arg}), run: runCall, kernel: kernel,
		lazy: !c.try && !c.safe(), zoned: usesZone(c.from, c.to)}
	return g.fold(g.share(n)), nil
}

// sourceName says in errors where a value came from.
func sourceName(n *node) string {
	if n.op == opInput {
		return "column " + n.label
	}
	return n.label
}

// usesZone reports casts that depend on the session's zone: those between
// TIMESTAMP_LTZ and anything but itself.
func usesZone(from, to types.Type) bool {
	if from.IsNested() || to.IsNested() {
		return anyLTZ(from) != anyLTZ(to) || anyLTZ(from) && (from.IsString() || to.IsString())
	}
	return (from.Kind == types.TimestampLTZ) != (to.Kind == types.TimestampLTZ) && !from.IsNumeric() && !to.IsNumeric()
}

func anyLTZ(t types.Type) bool {
	if t.Key != nil && anyLTZ(*t.Key) || t.Elem != nil && anyLTZ(*t.Elem) {
		return true
	}
	for _, f := range t.Fields {
		if anyLTZ(f.Type) {
			return true
		}
	}
	return t.Kind == types.TimestampLTZ
}

// safe reports casts that can't fail.
func (c *conversion) safe() bool {
	from, to := c.from, c.to
	switch {
	case from.Kind == types.Null || from.Same(to) || to.IsString() || to.Kind == types.Boolean && from.IsNumeric():
		return true
	case from.IsInteger() && to.Kind == types.Decimal:
		return to.Precision-to.Scale >= types.IntegerDigits(from.Kind)
	case from.Kind == types.Decimal && to.Kind == types.Decimal:
		return to.Precision-to.Scale >= from.Precision-from.Scale+1 || to.Precision-to.Scale >= from.Precision-from.Scale && to.Scale >= from.Scale
	case from.IsNumeric() && to.IsNumeric():
		return to.IsApproximate() || from.IsInteger() && to.IsInteger()
	}
	return from.IsTemporal() && to.IsTemporal() && (!to.IsTimestamp() || nanosPerUnit(to.Precision) > 1) ||
		(from.IsInterval() || to.IsInterval()) && to.Kind != types.Decimal
}

// fail is the error for a value, given as text, that doesn't convert.
func (c *conversion) fail(text, reason string) error {
	if len(text) > 80 {
		text = text[:80] + "…"
	}
	return errs.Userf("cannot cast '%s' (%s) to %s: %s", text, c.source, c.to.WithNullable(true), reason).
		WithHint("TRY_CAST gives NULL instead")
}

// kernel picks the kernel of the conversion; an error says that there is none.
func (c *conversion) kernel() (Kernel, error) {
	from, to := c.from, c.to
	switch {
	case from.Kind == types.Null:
		return func(ctx *EvalContext, _ []Vector, n int) (arrow.Array, error) {
			return nulls(ctx.Alloc, to.Arrow(), n), nil
		}, nil
	case c.retypes():
		return passThrough, nil
	}
	var k Kernel
	switch {
	case to.IsString():
		k = c.toText()
	case from.IsString():
		k = c.fromText()
	case from.IsNumeric() && to.IsNumeric():
		k = c.numeric()
	case from.Kind == types.Boolean || to.Kind == types.Boolean:
		k = c.boolean()
	case from.IsInterval() || to.IsInterval():
		k = c.interval()
	default:
		k = c.rare()
	}
	if k == nil {
		return nil, errs.Userf("cannot cast %s (%s) to %s", from.WithNullable(true), c.source, to.WithNullable(true))
	}
	return k, nil
}

// retypes reports conversions that change no value.
func (c *conversion) retypes() bool {
	from, to := c.from, c.to
	switch {
	case interchangeable(from, to):
		return true
	case from.IsString() && to.IsString(), from.IsBinary() && to.IsBinary():
		return to.Length >= from.Length && (to.Kind == types.Varchar || to.Kind == types.Varbinary)
	case from.Kind == types.IntervalDayTime || from.Kind == types.IntervalYearMonth:
		return from.Kind == to.Kind
	case from.Kind == to.Kind && from.IsTimestamp():
		return from.Precision <= to.Precision && nanosPerUnit(from.Precision) == nanosPerUnit(to.Precision)
	}
	return false
}

func passThrough(_ *EvalContext, args []Vector, _ int) (arrow.Array, error) {
	args[0].Array.Retain()
	return args[0].Array, nil
}
