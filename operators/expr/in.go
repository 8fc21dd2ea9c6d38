package expr

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/decimal"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// inSetMin is how many literals make a hash set worth while.
const inSetMin = 4

func inFunction() Function {
	return Function{Name: "IN", Family: "comparison", Usage: "value IN (value, …)",
		Doc:      "TRUE if the first value equals one of the others, NULL if none does and one of them is NULL.",
		Examples: []Example{{"3 IN (1, 2, 3)", "TRUE"}, {"3 IN (1, NULL)", "NULL"}},
		Resolve:  resolveIn, Bind: bindIn}
}

func resolveIn(args []rex.Expr) (rex.Resolved, error) {
	if len(args) < 2 {
		return rex.Resolved{}, errs.Userf("IN takes a value and a list of at least one value")
	}
	common, ok := comparableAll(args)
	if !ok {
		return rex.Resolved{}, errs.Userf("the values of IN have no common type: %s", typeList(args))
	}
	out := rex.Resolved{Args: make([]types.Type, len(args)), Result: types.Of(types.Boolean).NotNull(), TryText: triesText(args)}
	out.Result.Nullable = out.TryText
	for i, a := range args {
		out.Args[i] = compareAs(a.Type, common)
		out.Result.Nullable = out.Result.Nullable || isNullable(a.Type)
	}
	return out, nil
}

// bindIn makes a set of the literals; other items are compared one by one.
func bindIn(c *Call) (Kernel, error) {
	if len(c.Args)-1 < inSetMin || !allLiterals(c.Args[1:]) {
		return inByComparison(c)
	}
	hasNull := false
	var items []rex.Value
	for _, a := range c.Args[1:] {
		if a.IsNull() {
			hasNull = true
			continue
		}
		items = append(items, a.Value)
	}
	asInt := func(v rex.Value) int64 { return v.Int }
	switch physOf(c.Args[0].Type) {
	case physInt8:
		return inSet[int8](items, hasNull, asInt), nil
	case physInt16:
		return inSet[int16](items, hasNull, asInt), nil
	case physInt32:
		return inSet[int32](items, hasNull, asInt), nil
	case physInt64:
		return inSet[int64](items, hasNull, asInt), nil
	case physBytes:
		return inTextSet(items, hasNull), nil
	case physDecimal:
		return inDecimalSet(items, hasNull), nil
	}
	return inByComparison(c)
}

func allLiterals(args []rex.Expr) bool {
	for _, a := range args {
		if !a.IsLiteral() {
			return false
		}
	}
	return true
}

// inListMax is up to how many integers are compared one after another, which is
// faster than looking them up.
const inListMax = 12

// inSet looks integers up in a set.
func inSet[T integer](items []rex.Value, hasNull bool, get func(rex.Value) int64) Kernel {
	if len(items) <= inListMax {
		return inList[T](items, hasNull, get)
	}
	set := make(map[T]struct{}, len(items))
	for _, v := range items {
		set[T(get(v))] = struct{}{}
	}
	return membership(hasNull, func(v Vector, dst []byte, n int) {
		for i, x := range values[T](v)[:n] {
			_, in := set[x]
			dst[i>>3] |= bit(in) << (i & 7)
		}
	})
}

// inList compares a column with each item in turn.
func inList[T integer](items []rex.Value, hasNull bool, get func(rex.Value) int64) Kernel {
	var equal []byte
	return membership(hasNull, func(v Vector, dst []byte, n int) {
		equal = slices.Grow(equal[:0], len(dst))[:len(dst)]
		for _, item := range items {
			eqConst(equal, values[T](v)[:n], T(get(item)))
			for i, b := range equal {
				dst[i] |= b
			}
		}
	})
}

func inTextSet(items []rex.Value, hasNull bool) Kernel {
	set := make(map[string]struct{}, len(items))
	for _, v := range items {
		set[v.Str] = struct{}{}
	}
	return membership(hasNull, func(v Vector, dst []byte, n int) {
		col := bytesOf(v)
		for i := range n {
			_, in := set[string(col.at(i))]
			dst[i>>3] |= bit(in) << (i & 7)
		}
	})
}

func inDecimalSet(items []rex.Value, hasNull bool) Kernel {
	set := make(map[decimal.Num]struct{}, len(items))
	for _, v := range items {
		n, _, _ := decimal.Parse(v.Str, decimal.MaxPrecision, 0)
		set[n] = struct{}{}
	}
	return membership(hasNull, func(v Vector, dst []byte, n int) {
		for i, x := range values[decimal.Num](v)[:n] {
			_, in := set[x]
			dst[i>>3] |= bit(in) << (i & 7)
		}
	})
}

// membership finishes IN: with a NULL among the items, what is not found is NULL.
func membership(hasNull bool, find func(v Vector, dst []byte, n int)) Kernel {
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args[0])
		if all {
			return nulls(ctx.Alloc, arrow.FixedWidthTypes.Boolean, n), nil
		}
		buf, dst := newBits(ctx.Alloc, n)
		clear(dst)
		find(args[0], dst, n)
		found := fixed(arrow.FixedWidthTypes.Boolean, n, valid, buf)
		if !hasNull {
			return found, nil
		}
		defer found.Release()
		t := truthOf(Vector{Array: found}, n)
		clear(t.no)
		return t.array(ctx.Alloc, n), nil
	}
}

// inByComparison is a disjunction of comparisons.
func inByComparison(c *Call) (Kernel, error) {
	equal, err := compareKernel(cmpEq, c.Args[0].Type)
	if err != nil {
		return nil, err
	}
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		t := truth{make([]byte, bitmapBytes(n)), make([]byte, bitmapBytes(n))}
		invert(t.no)
		pair := [2]Vector{args[0]}
		for _, item := range args[1:] {
			pair[1] = item
			rows := n
			if pair[0].Const && item.Const {
				rows = 1
			}
			arr, err := equal(ctx, pair[:], rows)
			if err != nil {
				return nil, err
			}
			t.or(truthOf(Vector{Array: arr, Const: rows < n}, n))
			arr.Release()
		}
		return t.array(ctx.Alloc, n), nil
	}, nil
}
