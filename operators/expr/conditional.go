package expr

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/decimal"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

func conditionalFunctions() []Function {
	lazy := func(name, usage, doc string, resolve resolver, examples ...Example) Function {
		return Function{Name: name, Family: "conditional", Usage: usage, Doc: doc, Examples: examples, Resolve: resolve,
			Bind: func(c *Call) (Kernel, error) { return nil, errs.Bugf("expr: %s must be compiled lazily", c.Name) }}
	}
	extreme := func(name, doc string, least bool, example Example) Function {
		return Function{Name: name, Family: "conditional", Usage: name + "(value, …)", Doc: doc, Examples: []Example{example},
			Resolve: resolveExtreme(name), Bind: func(c *Call) (Kernel, error) { return bindExtreme(c, least) }}
	}
	return []Function{
		lazy("CASE", "CASE WHEN condition THEN value … ELSE value END", "The value of the first condition that is TRUE; `CASE x WHEN 1, 2 THEN …` compares `x` with each value.",
			resolveCase, Example{"CASE WHEN 1 > 2 THEN 'a' ELSE 'bc' END", "bc"}),
		lazy("IF", "IF(condition, value, value)", "The first value if the condition is TRUE, else the second.",
			resolveIf, Example{"IF(1 < 2, 1, 2.5)", "1.0"}),
		lazy("COALESCE", "COALESCE(value, …)", "The first value that is not NULL.",
			resolveCoalesce("COALESCE", 1), Example{"COALESCE(NULL, 5)", "5"}),
		lazy("IFNULL", "IFNULL(value, value)", "The first value, or the second if that is NULL.",
			resolveCoalesce("IFNULL", 2), Example{"IFNULL(NULL, 5)", "5"}),
		lazy("NULLIF", "NULLIF(value, value)", "NULL if the values are equal, else the first.",
			resolveNullIf, Example{"NULLIF(5, 5)", "NULL"}, Example{"NULLIF(5, 0)", "5"}),
		extreme("GREATEST", "The greatest of the values; NULL if one is NULL.", false, Example{"GREATEST(1, 3, 2)", "3"}),
		extreme("LEAST", "The least of the values; NULL if one is NULL.", true, Example{"LEAST('b', 'a')", "a"}),
		{Name: "TYPEOF", Family: "conditional", Usage: "TYPEOF(value)", Doc: "The type of the value as text.",
			Examples: []Example{{"TYPEOF(1)", "INT NOT NULL"}},
			Resolve:  rule{params: []param{anyParam()}, result: always(types.StringType().NotNull()), keepNull: true}.to("TYPEOF"),
			Bind: func(c *Call) (Kernel, error) {
				name, err := constantArray(types.StringType(), rex.Value{Str: c.Args[0].Type.String()})
				return func(ctx *EvalContext, _ []Vector, n int) (arrow.Array, error) {
					return broadcast(ctx.Alloc, name, n), nil
				}, err
			}},
	}
}

// resolveCase types CASE's arguments: conditions and values alternate, the ELSE
// is last.
func resolveCase(args []rex.Expr) (rex.Resolved, error) {
	if len(args)%2 == 0 {
		return rex.Resolved{}, errs.Userf("CASE needs pairs of condition and value, and a value for ELSE")
	}
	var values []rex.Expr
	for i, a := range args {
		switch {
		case i%2 == 1 || i == len(args)-1:
			values = append(values, a)
		case a.Type.Kind != types.Boolean && a.Type.Kind != types.Null:
			return rex.Resolved{}, errs.Userf("a condition of CASE must be BOOLEAN, not %s", a.Type.WithNullable(true))
		}
	}
	common, err := commonValue("CASE", values)
	if err != nil {
		return rex.Resolved{}, err
	}
	out := rex.Resolved{Result: common}
	for i, a := range args {
		if i%2 == 1 || i == len(args)-1 {
			out.Args = append(out.Args, common.WithNullable(isNullable(a.Type)))
		} else {
			out.Args = append(out.Args, types.Of(types.Boolean).WithNullable(isNullable(a.Type)))
		}
	}
	return out, nil
}

// commonValue is the common type of alternative results.
func commonValue(name string, values []rex.Expr) (types.Type, error) {
	ts := make([]types.Type, len(values))
	for i, v := range values {
		ts[i] = v.Type
	}
	common, ok := CommonType(ts...)
	if !ok {
		return common, errs.Userf("the values of %s have no common type: %s", name, typeList(values)).WithHint("cast them to one type")
	}
	return common, nil
}

func resolveIf(args []rex.Expr) (rex.Resolved, error) {
	if len(args) != 3 {
		return rex.Resolved{}, errs.Userf("IF takes a condition and two values, not %s", typeList(args))
	}
	return resolveCase(args)
}

func resolveCoalesce(name string, least int) resolver {
	return func(args []rex.Expr) (rex.Resolved, error) {
		if len(args) < least || name == "IFNULL" && len(args) > 2 {
			return rex.Resolved{}, errs.Userf("%s takes values of one type, not %s", name, typeList(args))
		}
		common, err := commonValue(name, args)
		if err != nil {
			return rex.Resolved{}, err
		}
		out := rex.Resolved{Result: common}
		for _, a := range args {
			out.Result.Nullable = out.Result.Nullable && isNullable(a.Type)
			out.Args = append(out.Args, common.WithNullable(isNullable(a.Type)))
		}
		return out, nil
	}
}

// resolveNullIf leaves the arguments as they are: they are compared in their
// common type, but the first is given back unchanged.
func resolveNullIf(args []rex.Expr) (rex.Resolved, error) {
	if _, err := resolveComparison("NULLIF")(args); err != nil {
		return rex.Resolved{}, err
	}
	return rex.Resolved{Args: []types.Type{args[0].Type, args[1].Type}, Result: args[0].Type.WithNullable(true)}, nil
}

func resolveExtreme(name string) resolver {
	return func(args []rex.Expr) (rex.Resolved, error) {
		common, err := commonValue(name, args)
		if err != nil {
			return rex.Resolved{}, err
		}
		if common.IsNested() {
			return rex.Resolved{}, errs.Userf("values of type %s have no order", common)
		}
		out := rex.Resolved{Result: common}
		for _, a := range args {
			out.Args = append(out.Args, common.WithNullable(isNullable(a.Type)))
		}
		return out, nil
	}
}

// bindExtreme is GREATEST or LEAST.
func bindExtreme(c *Call, least bool) (Kernel, error) {
	switch physOf(c.Type) {
	case physNull:
		return func(_ *EvalContext, _ []Vector, n int) (arrow.Array, error) { return array.NewNull(n), nil }, nil
	case physBool:
		return boolRows(func(_ *EvalContext, args []Vector) func(i int) (bool, error) {
			return func(i int) (bool, error) {
				for _, a := range args {
					if a.Array.(*array.Boolean).Value(i&a.stride()) != least {
						return !least, nil
					}
				}
				return least, nil
			}
		}), nil
	case physInt8:
		return extremeKernel(c.Type, lessNumber[int8], least), nil
	case physInt16:
		return extremeKernel(c.Type, lessNumber[int16], least), nil
	case physInt32:
		return extremeKernel(c.Type, lessNumber[int32], least), nil
	case physInt64:
		return extremeKernel(c.Type, lessNumber[int64], least), nil
	case physFloat32:
		return extremeKernel(c.Type, lessNumber[float32], least), nil
	case physFloat64:
		return extremeKernel(c.Type, lessNumber[float64], least), nil
	case physDecimal:
		return extremeKernel(c.Type, decimal.Less, least), nil
	}
	return extremeBytes(c.Type, least), nil
}

func lessNumber[T number](a, b T) bool { return a < b }

func extremeKernel[T any](t types.Type, less func(a, b T) bool, least bool) Kernel {
	return fixedRows(t, func(_ *EvalContext, args []Vector) func(i int) (T, error) {
		cols := make([]fixedColumn[T], len(args))
		for k, a := range args {
			cols[k] = fixedOf[T](a)
		}
		return func(i int) (T, error) {
			best := cols[0].at(i)
			for _, c := range cols[1:] {
				if v := c.at(i); least && less(v, best) || !least && less(best, v) {
					best = v
				}
			}
			return best, nil
		}
	})
}

func extremeBytes(t types.Type, least bool) Kernel {
	return textRows(t, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		cols := make([]byteColumn, len(args))
		for k, a := range args {
			cols[k] = bytesOf(a)
		}
		return func(dst []byte, i int) ([]byte, error) {
			best := cols[0].at(i)
			for _, c := range cols[1:] {
				if v := c.at(i); bytes.Compare(v, best) < 0 == least && !bytes.Equal(v, best) {
					best = v
				}
			}
			return append(dst, best...), nil
		}
	})
}
