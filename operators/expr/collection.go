package expr

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

func constructorFunctions() []Function {
	return []Function{
		{Name: "ROW", Family: "collection", Usage: "ROW(value, …)", Doc: "A row of the values.",
			Examples: []Example{{"ROW(1, 'a')", "(1, a)"}}, Resolve: resolveRow, Bind: bindRow},
		{Name: "ARRAY", Family: "collection", Usage: "ARRAY[value, …]", Doc: "An array of the values.",
			Examples: []Example{{"ARRAY[1, NULL, 3]", "[1, NULL, 3]"}}, Resolve: resolveArray, Bind: bindArray},
		{Name: "MAP", Family: "collection", Usage: "MAP[key, value, …]", Doc: "A map of keys to values; a later one of equal keys wins.",
			Examples: []Example{{"MAP['a', 1, 'b', 2]", "{a=1, b=2}"}}, Resolve: resolveMap, Bind: bindMap},
		{Name: "ITEM", Family: "collection", Usage: "array[INT] or map[key]", Doc: "An element of an array (from 1) or the value of a key; NULL when there is none.",
			Examples: []Example{{"ARRAY[4, 5][2]", "5"}, {"ARRAY[4, 5][3]", "NULL"}, {"MAP['a', 1]['a']", "1"}},
			Resolve:  resolveItem, Bind: bindItem},
		def("collection", "CARDINALITY", "CARDINALITY(array or map)", "The number of elements.",
			intRule(collectionParam()), bindCardinality, Example{"CARDINALITY(ARRAY[1, 2])", "2"}),
		def("collection", "ELEMENT", "ELEMENT(array)", "The only element of an array; NULL if it is empty.",
			rule{params: []param{arrayParam()}, result: elementOf, mayNull: true}, bindElement, Example{"ELEMENT(ARRAY[7])", "7"}).fallible(),
	}
}

func arrayParam() param {
	return param{"ARRAY", func(t types.Type) (types.Type, bool) { return t, t.Kind == types.Array }}
}

func mapParam() param {
	return param{"MAP", func(t types.Type) (types.Type, bool) { return t, t.Kind == types.Map }}
}

func collectionParam() param {
	return param{"ARRAY or MAP", func(t types.Type) (types.Type, bool) {
		return t, t.Kind == types.Array || t.Kind == types.Map || t.Kind == types.Multiset
	}}
}

func elementOf(args []types.Type) types.Type { return *args[0].Elem }

func resolveRow(args []rex.Expr) (rex.Resolved, error) {
	var out rex.Resolved
	fields := make([]types.Field, len(args))
	for i, a := range args {
		fields[i] = types.Field{Name: fieldName(i), Type: a.Type}
		out.Args = append(out.Args, a.Type)
	}
	out.Result = types.RowOf(fields...).NotNull()
	return out, nil
}

// fieldName is the name Flink gives to field i of ROW(…).
func fieldName(i int) string { return "EXPR$" + string(appendInt(nil, int64(i))) }

func bindRow(c *Call) (Kernel, error) {
	dt := c.Type.Arrow()
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		children := make([]arrow.ArrayData, len(args))
		for i, a := range args {
			if a.Const && n != 1 {
				child := broadcast(ctx.Alloc, a.Array, n)
				defer child.Release()
				children[i] = child.Data()
			} else {
				children[i] = a.Array.Data()
			}
		}
		return columns.Make(dt, n, []*memory.Buffer{nil}, children, 0), nil
	}, nil
}

func resolveArray(args []rex.Expr) (rex.Resolved, error) {
	if len(args) == 0 {
		return rex.Resolved{}, errs.Userf("ARRAY needs at least one element")
	}
	common, err := commonValue("ARRAY", args)
	if err != nil {
		return rex.Resolved{}, err
	}
	out := rex.Resolved{Result: types.ArrayOf(common).NotNull()}
	for _, a := range args {
		out.Args = append(out.Args, common.WithNullable(isNullable(a.Type)))
	}
	return out, nil
}

func bindArray(c *Call) (Kernel, error) {
	return listRows(c.Type, nil, func(_ *EvalContext, args []Vector) func(i int, out array.Builder) error {
		return func(i int, out array.Builder) error {
			for _, a := range args {
				columns.Append(out, a.Array, i&a.stride())
			}
			return nil
		}
	}), nil
}

func resolveMap(args []rex.Expr) (rex.Resolved, error) {
	if len(args) == 0 || len(args)%2 != 0 {
		return rex.Resolved{}, errs.Userf("MAP needs pairs of key and value")
	}
	var keys, vals []rex.Expr
	for i, a := range args {
		if i%2 == 0 {
			keys = append(keys, a)
		} else {
			vals = append(vals, a)
		}
	}
	key, err := commonValue("MAP", keys)
	if err != nil {
		return rex.Resolved{}, err
	}
	value, err := commonValue("MAP", vals)
	if err != nil {
		return rex.Resolved{}, err
	}
	out := rex.Resolved{Result: types.MapOf(key, value).NotNull()}
	for i, a := range args {
		out.Args = append(out.Args, []types.Type{key, value}[i%2].WithNullable(isNullable(a.Type)))
	}
	return out, nil
}

// bindMap leaves out entries whose key comes again later or is NULL.
func bindMap(c *Call) (Kernel, error) {
	dt := c.Type.Arrow()
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		b := array.NewBuilder(ctx.Alloc, dt).(*array.MapBuilder)
		defer b.Release()
		for i := range n {
			b.Append(true)
			for k := 0; k < len(args); k += 2 {
				if args[k].Null(i) || keyRepeats(args, k, i) {
					continue
				}
				columns.Append(b.KeyBuilder(), args[k].Array, i&args[k].stride())
				columns.Append(b.ItemBuilder(), args[k+1].Array, i&args[k+1].stride())
			}
		}
		return b.NewArray(), nil
	}, nil
}

func keyRepeats(args []Vector, k, i int) bool {
	for later := k + 2; later < len(args); later += 2 {
		if columns.Equal(args[k].Array, i&args[k].stride(), args[later].Array, i&args[later].stride()) {
			return true
		}
	}
	return false
}

func resolveItem(args []rex.Expr) (rex.Resolved, error) {
	if len(args) == 2 {
		of, key := args[0].Type, args[1].Type
		switch {
		case of.Kind == types.Array && (key.IsInteger() || key.Kind == types.Null):
			return rex.Resolved{Args: []types.Type{of, types.Of(types.Int).WithNullable(isNullable(key))}, Result: of.Elem.WithNullable(true)}, nil
		case of.Kind == types.Map:
			if common, ok := comparable2(*of.Key, key); ok && common.Same(*of.Key) || of.Key.IsString() && key.IsString() {
				return rex.Resolved{Args: []types.Type{of, of.Key.WithNullable(isNullable(key))}, Result: of.Elem.WithNullable(true)}, nil
			}
		}
	}
	return rex.Resolved{}, errs.Userf("[] takes an array and a number, or a map and a key, not %s", typeList(args))
}

func bindItem(c *Call) (Kernel, error) {
	if c.Args[0].Type.Kind == types.Map {
		return mapItem, nil
	}
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		list, index := listOf(args[0]), fixedOf[int32](args[1])
		sel := make([]int32, n)
		for i := range sel {
			sel[i] = -1
			if args[0].Null(i) || args[1].Null(i) {
				continue
			}
			from, to := list.span(i)
			if at := int(index.at(i)); at >= 1 && at <= to-from {
				sel[i] = int32(from + at - 1)
			}
		}
		return columns.TakeOrNull(ctx.Alloc, list.values, sel), nil
	}, nil
}

// mapItem looks keys up entry by entry; the last of equal keys wins.
func mapItem(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
	m := args[0].Array.(*array.Map)
	list := listOf(args[0])
	sel := make([]int32, n)
	for i := range sel {
		sel[i] = -1
		if args[0].Null(i) || args[1].Null(i) {
			continue
		}
		from, to := list.span(i)
		for at := to - 1; at >= from; at-- {
			if columns.Equal(m.Keys(), at, args[1].Array, i&args[1].stride()) {
				sel[i] = int32(at)
				break
			}
		}
	}
	return columns.TakeOrNull(ctx.Alloc, m.Items(), sel), nil
}

// listColumn reads an array or map vector.
type listColumn struct {
	offsets []int32
	values  arrow.Array
	stride  int
}

func listOf(v Vector) listColumn {
	c := listColumn{offsets: columns.Offsets(v.Array), stride: v.stride()}
	if list, ok := v.Array.(array.ListLike); ok {
		c.values = list.ListValues()
	}
	return c
}

// span is where the elements of row i lie in values.
func (c listColumn) span(i int) (from, to int) {
	i &= c.stride
	return int(c.offsets[i]), int(c.offsets[i+1])
}

func bindCardinality(c *Call) (Kernel, error) {
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int32, error) {
		list := listOf(args[0])
		return func(i int) (int32, error) {
			from, to := list.span(i)
			return int32(to - from), nil
		}
	}), nil
}

func bindElement(c *Call) (Kernel, error) {
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		list := listOf(args[0])
		sel := make([]int32, n)
		for i := range sel {
			sel[i] = -1
			if args[0].Null(i) {
				continue
			}
			from, to := list.span(i)
			if to-from > 1 {
				return nil, errs.Userf("%s has an array of %d elements; it takes at most one", c.Label, to-from)
			}
			if to > from {
				sel[i] = int32(from)
			}
		}
		return columns.TakeOrNull(ctx.Alloc, list.values, sel), nil
	}, nil
}

// listRows makes a kernel that appends each row's elements to a builder. A row is
// NULL where one of the strict arguments is; the row function is not called then.
func listRows(t types.Type, strict []int, bind func(ctx *EvalContext, args []Vector) func(i int, out array.Builder) error) Kernel {
	return listRowsOrNull(t, strict, func(ctx *EvalContext, args []Vector) (func(i int) bool, func(i int, out array.Builder) error) {
		return func(int) bool { return false }, bind(ctx, args)
	})
}

// listRowsOrNull is listRows for functions that may make NULL of a row.
func listRowsOrNull(t types.Type, strict []int, bind func(ctx *EvalContext, args []Vector) (null func(i int) bool, row func(i int, out array.Builder) error)) Kernel {
	dt := t.Arrow()
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		b := array.NewBuilder(ctx.Alloc, dt).(*array.ListBuilder)
		defer b.Release()
		null, row := bind(ctx, args)
		for i := range n {
			if slices.ContainsFunc(strict, func(s int) bool { return args[s].Null(i) }) || null(i) {
				b.AppendNull()
				continue
			}
			b.Append(true)
			if err := row(i, b.ValueBuilder()); err != nil {
				return nil, err
			}
		}
		return b.NewArray(), nil
	}
}
