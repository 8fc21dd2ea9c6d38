package expr

import (
	"bytes"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/decimal"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

func arrayFunctions() []Function {
	withElement := func(name, doc string, bind binder, result func(args []types.Type) types.Type, strict bool, examples ...Example) Function {
		return Function{Name: name, Family: "collection", Usage: name + "(array, value)", Doc: doc, Examples: examples,
			Resolve: resolveWithElement(name, result, strict), Bind: bind}
	}
	sets := func(name, doc string, keep func(s listSet) elementFilter, example Example) Function {
		return Function{Name: name, Family: "collection", Usage: name + "(array, array)", Doc: doc, Examples: []Example{example},
			Resolve: resolveArrays(name, 2), Bind: bindSetOperation(keep)}
	}
	n := intParam()
	return []Function{
		withElement("ARRAY_APPEND", "The array with the value added at its end.", bindExtend(false), sameAs(0), false,
			Example{"ARRAY_APPEND(ARRAY[1, 2], NULL)", "[1, 2, NULL]"}),
		withElement("ARRAY_PREPEND", "The array with the value added at its start.", bindExtend(true), sameAs(0), false,
			Example{"ARRAY_PREPEND(ARRAY[1, 2], 0)", "[0, 1, 2]"}),
		withElement("ARRAY_CONTAINS", "TRUE if the value (NULL too) is in the array.", bindContains,
			always(types.Of(types.Boolean)), false, Example{"ARRAY_CONTAINS(ARRAY[1, 2], 2)", "TRUE"}),
		withElement("ARRAY_POSITION", "Where the value first is in the array, from 1; 0 if nowhere.", bindArrayPosition,
			always(types.Of(types.Int)), true, Example{"ARRAY_POSITION(ARRAY['a', 'b'], 'b')", "2"}),
		withElement("ARRAY_REMOVE", "The array without the elements that equal the value.", bindRemove, sameAs(0), false,
			Example{"ARRAY_REMOVE(ARRAY[1, 2, 1], 1)", "[2]"}),
		{Name: "ARRAY_CONCAT", Family: "collection", Usage: "ARRAY_CONCAT(array, …)", Doc: "All arrays joined.",
			Examples: []Example{{"ARRAY_CONCAT(ARRAY[1], ARRAY[2, 3])", "[1, 2, 3]"}}, Resolve: resolveArrays("ARRAY_CONCAT", 1), Bind: bindArrayConcat},
		def("collection", "ARRAY_DISTINCT", "ARRAY_DISTINCT(array)", "The array without repeated elements.", arrayRule(arrayParam()),
			bindElements(distinctRows), Example{"ARRAY_DISTINCT(ARRAY[1, 2, 1, NULL, NULL])", "[1, 2, NULL]"}),
		def("collection", "ARRAY_REVERSE", "ARRAY_REVERSE(array)", "The array in reverse order.", arrayRule(arrayParam()),
			bindElements(func(l listColumn, _ []Vector, i int) ([]int, error) {
				rows := spanRows(l, i)
				slices.Reverse(rows)
				return rows, nil
			}), Example{"ARRAY_REVERSE(ARRAY[1, 2])", "[2, 1]"}),
		def("collection", "ARRAY_SLICE", "ARRAY_SLICE(array, INT [, INT])", "The elements from a position to another (from 1; negative from the end).",
			arrayRule(arrayParam(), n, n).opt(1), bindElements(sliceRows), Example{"ARRAY_SLICE(ARRAY[1, 2, 3, 4], 2, 3)", "[2, 3]"},
			Example{"ARRAY_SLICE(ARRAY[1, 2, 3], -2)", "[2, 3]"}),
		def("collection", "ARRAY_SORT", "ARRAY_SORT(array [, BOOLEAN [, BOOLEAN]])", "The array sorted: ascending or not, NULLs first or not.",
			arrayRule(arrayParam(), boolParam(), boolParam()).opt(2), bindSort, Example{"ARRAY_SORT(ARRAY[3, 1, NULL, 2])", "[NULL, 1, 2, 3]"},
			Example{"ARRAY_SORT(ARRAY[3, 1, NULL], FALSE)", "[3, 1, NULL]"}),
		def("collection", "ARRAY_MAX", "ARRAY_MAX(array)", "The greatest element.", rule{params: []param{arrayParam()}, result: elementOf, mayNull: true},
			bindArrayExtreme(1), Example{"ARRAY_MAX(ARRAY[1, 3, 2])", "3"}),
		def("collection", "ARRAY_MIN", "ARRAY_MIN(array)", "The least element.", rule{params: []param{arrayParam()}, result: elementOf, mayNull: true},
			bindArrayExtreme(-1), Example{"ARRAY_MIN(ARRAY['b', 'a'])", "a"}),
		def("collection", "ARRAY_JOIN", "ARRAY_JOIN(array, string [, string])", "The elements as text with a separator; NULLs are left out or replaced.",
			textRule(arrayParam(), stringParam(), stringParam()).opt(1), bindArrayJoin, Example{"ARRAY_JOIN(ARRAY['a', NULL, 'b'], ',')", "a,b"},
			Example{"ARRAY_JOIN(ARRAY[1, NULL], '-', '?')", "1-?"}),
		sets("ARRAY_UNION", "The elements of both arrays, each once.", func(s listSet) elementFilter {
			return func(at int, fromFirst bool) bool { return true }
		}, Example{"ARRAY_UNION(ARRAY[1, 2], ARRAY[2, 3])", "[1, 2, 3]"}),
		sets("ARRAY_INTERSECT", "The elements that are in both arrays, each once.", func(s listSet) elementFilter {
			return func(at int, fromFirst bool) bool { return fromFirst && s.second(at) }
		}, Example{"ARRAY_INTERSECT(ARRAY[1, 2], ARRAY[2, 3])", "[2]"}),
		sets("ARRAY_EXCEPT", "The elements of the first array that are not in the second, each once.", func(s listSet) elementFilter {
			return func(at int, fromFirst bool) bool { return fromFirst && !s.second(at) }
		}, Example{"ARRAY_EXCEPT(ARRAY[1, 2], ARRAY[2, 3])", "[1]"}),
	}
}

func arrayRule(params ...param) rule { return rule{params: params, result: sameAs(0)} }

// resolveWithElement types f(array, value): both take the common element type.
func resolveWithElement(name string, result func(args []types.Type) types.Type, strict bool) resolver {
	return func(args []rex.Expr) (rex.Resolved, error) {
		if len(args) != 2 || args[0].Type.Kind != types.Array {
			return rex.Resolved{}, errs.Userf("%s takes an array and a value, not %s", name, typeList(args))
		}
		elem, ok := CommonType(*args[0].Type.Elem, args[1].Type)
		if !ok {
			return rex.Resolved{}, errs.Userf("%s: the array's elements and the value have no common type: %s", name, typeList(args))
		}
		list := types.ArrayOf(elem).WithNullable(args[0].Type.Nullable)
		out := rex.Resolved{Args: []types.Type{list, elem.WithNullable(isNullable(args[1].Type))}}
		out.Result = result(out.Args)
		out.Result.Nullable = args[0].Type.Nullable || strict && isNullable(args[1].Type)
		return out, nil
	}
}

// resolveArrays types functions of at least least arrays of a common type.
func resolveArrays(name string, least int) resolver {
	return func(args []rex.Expr) (rex.Resolved, error) {
		if len(args) < least || least == 2 && len(args) > 2 {
			return rex.Resolved{}, errs.Userf("%s takes arrays, not %s", name, typeList(args))
		}
		common, err := commonValue(name, args)
		if err != nil {
			return rex.Resolved{}, err
		}
		if common.Kind != types.Array {
			return rex.Resolved{}, errs.Userf("%s takes arrays, not %s", name, typeList(args))
		}
		out := rex.Resolved{Result: common}
		for _, a := range args {
			out.Args = append(out.Args, common.WithNullable(isNullable(a.Type)))
		}
		return out, nil
	}
}

func bindExtend(front bool) binder {
	return func(c *Call) (Kernel, error) {
		return listRows(c.Type, []int{0}, func(_ *EvalContext, args []Vector) func(i int, out array.Builder) error {
			list := listOf(args[0])
			return func(i int, out array.Builder) error {
				if front {
					columns.Append(out, args[1].Array, i&args[1].stride())
				}
				appendSpan(out, list, i)
				if !front {
					columns.Append(out, args[1].Array, i&args[1].stride())
				}
				return nil
			}
		}), nil
	}
}

func appendSpan(out array.Builder, list listColumn, i int) {
	from, to := list.span(i)
	for at := from; at < to; at++ {
		columns.Append(out, list.values, at)
	}
}

// find is the position of a value in the array of row i, or -1.
func (c listColumn) find(i int, value arrow.Array, row int) int {
	from, to := c.span(i)
	for at := from; at < to; at++ {
		if columns.Equal(c.values, at, value, row) {
			return at - from
		}
	}
	return -1
}

func bindContains(*Call) (Kernel, error) {
	return firstBoolRows(func(args []Vector) func(i int) (bool, error) {
		list := listOf(args[0])
		return func(i int) (bool, error) { return list.find(i, args[1].Array, i&args[1].stride()) >= 0, nil }
	}), nil
}

// firstBoolRows makes a kernel whose rows are NULL by the first argument alone.
func firstBoolRows(bind func(args []Vector) func(i int) (bool, error)) Kernel {
	var all []Vector
	kernel := boolRows(func(*EvalContext, []Vector) func(i int) (bool, error) { return bind(all) })
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		all = args
		defer func() { all = nil }()
		return kernel(ctx, args[:1], n)
	}
}

func bindArrayPosition(c *Call) (Kernel, error) {
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int32, error) {
		list := listOf(args[0])
		return func(i int) (int32, error) { return int32(list.find(i, args[1].Array, i&args[1].stride()) + 1), nil }
	}), nil
}

func bindRemove(c *Call) (Kernel, error) {
	return bindElements(func(l listColumn, args []Vector, i int) ([]int, error) {
		return slices.DeleteFunc(spanRows(l, i), func(at int) bool {
			return columns.Equal(l.values, at, args[1].Array, i&args[1].stride())
		}), nil
	})(c)
}

func bindArrayConcat(c *Call) (Kernel, error) {
	strict := make([]int, len(c.Args))
	for i := range strict {
		strict[i] = i
	}
	return listRows(c.Type, strict, func(_ *EvalContext, args []Vector) func(i int, out array.Builder) error {
		return func(i int, out array.Builder) error {
			for _, a := range args {
				appendSpan(out, listOf(a), i)
			}
			return nil
		}
	}), nil
}

// bindElements makes a kernel of a function that picks element rows of the first
// argument's array.
func bindElements(pick func(l listColumn, args []Vector, i int) ([]int, error)) binder {
	return func(c *Call) (Kernel, error) {
		return listRows(c.Type, []int{0}, func(_ *EvalContext, args []Vector) func(i int, out array.Builder) error {
			list := listOf(args[0])
			return func(i int, out array.Builder) error {
				rows, err := pick(list, args, i)
				for _, at := range rows {
					columns.Append(out, list.values, at)
				}
				return err
			}
		}), nil
	}
}

func spanRows(l listColumn, i int) []int {
	from, to := l.span(i)
	rows := make([]int, 0, to-from)
	for at := from; at < to; at++ {
		rows = append(rows, at)
	}
	return rows
}

func distinctRows(l listColumn, _ []Vector, i int) ([]int, error) {
	from, _ := l.span(i)
	return slices.DeleteFunc(spanRows(l, i), func(at int) bool {
		for earlier := from; earlier < at; earlier++ {
			if columns.Equal(l.values, earlier, l.values, at) {
				return true
			}
		}
		return false
	}), nil
}

func sliceRows(l listColumn, args []Vector, i int) ([]int, error) {
	from, to := l.span(i)
	bound := func(arg, otherwise int) int {
		if arg >= len(args) || args[arg].Null(i) {
			return otherwise
		}
		at := int(fixedOf[int32](args[arg]).at(i))
		if at < 0 {
			at += to - from + 1
		}
		return at
	}
	first, last := max(bound(1, 1), 1), min(bound(2, to-from), to-from)
	if last < first {
		return nil, nil
	}
	return spanRows(l, i)[first-1 : last], nil
}

// orderOf compares elements of an array column; NULLs are not compared.
func orderOf(values arrow.Array, t types.Type) (func(a, b int) int, error) {
	v := Vector{Array: values}
	switch physOf(t) {
	case physInt8, physInt16, physInt32, physInt64:
		at := integers(v)
		return func(a, b int) int { return compareNumber(at(a), at(b)) }, nil
	case physFloat32, physFloat64:
		at, _ := floats(v)
		return func(a, b int) int { return compareNumber(at(a), at(b)) }, nil
	case physDecimal:
		col := fixedOf[decimal.Num](v)
		return func(a, b int) int { return decimal.Cmp(col.at(a), col.at(b)) }, nil
	case physBytes:
		col := bytesOf(v)
		return func(a, b int) int { return bytes.Compare(col.at(a), col.at(b)) }, nil
	case physBool:
		col := values.(*array.Boolean)
		return func(a, b int) int { return int(bit(col.Value(a))) - int(bit(col.Value(b))) }, nil
	}
	return nil, errs.Userf("values of type %s have no order", t)
}

func compareNumber[T number](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func bindSort(c *Call) (Kernel, error) {
	elem := *c.Type.Elem
	return bindElements(func(l listColumn, args []Vector, i int) ([]int, error) {
		order, err := orderOf(l.values, elem)
		if err != nil {
			return nil, err
		}
		ascending := len(args) < 2 || args[1].Array.(*array.Boolean).Value(i&args[1].stride())
		nullsFirst := ascending
		if len(args) > 2 {
			nullsFirst = args[2].Array.(*array.Boolean).Value(i & args[2].stride())
		}
		rows := spanRows(l, i)
		slices.SortStableFunc(rows, func(a, b int) int {
			x, y := l.values.IsNull(a), l.values.IsNull(b)
			switch {
			case x && y:
				return 0
			case x || y:
				if x == nullsFirst {
					return -1
				}
				return 1
			case ascending:
				return order(a, b)
			}
			return order(b, a)
		})
		return rows, nil
	})(c)
}

// bindArrayExtreme picks the greatest (want 1) or least (want -1) element.
func bindArrayExtreme(want int) binder {
	return func(c *Call) (Kernel, error) {
		return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
			list := listOf(args[0])
			order, err := orderOf(list.values, c.Type)
			if err != nil {
				return nil, err
			}
			sel := make([]int32, n)
			for i := range sel {
				sel[i] = -1
				if args[0].Null(i) {
					continue
				}
				from, to := list.span(i)
				for at := from; at < to; at++ {
					if list.values.IsValid(at) && (sel[i] < 0 || order(at, int(sel[i])) == want) {
						sel[i] = int32(at)
					}
				}
			}
			return columns.TakeOrNull(ctx.Alloc, list.values, sel), nil
		}, nil
	}
}

func bindArrayJoin(c *Call) (Kernel, error) {
	elem := *c.Args[0].Type.Elem
	return textRows(c.Type, func(ctx *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		list, separator := listOf(args[0]), bytesOf(args[1])
		cell := columns.Cell{Array: list.values, Type: elem, Zone: ctx.zone()}
		return func(dst []byte, i int) ([]byte, error) {
			from, to := list.span(i)
			first := true
			for at := from; at < to; at++ {
				null := cell.Array.IsNull(at)
				if null && len(args) < 3 {
					continue
				}
				if !first {
					dst = append(dst, separator.at(i)...)
				}
				first = false
				if null {
					dst = append(dst, bytesOf(args[2]).at(i)...)
				} else {
					dst = columns.AppendCell(dst, cell, at)
				}
			}
			return dst, nil
		}
	}), nil
}

// listSet is a pair of arrays of one row.
type listSet struct {
	left, right listColumn
	row         int
}

// second reports whether the element at of the first array is in the second.
func (s listSet) second(at int) bool { return s.right.find(s.row, s.left.values, at) >= 0 }

// elementFilter tells whether an element belongs to the result.
type elementFilter func(at int, fromFirst bool) bool

// bindSetOperation collects elements of both arrays that pass the filter, each
// once.
func bindSetOperation(keep func(s listSet) elementFilter) binder {
	return func(c *Call) (Kernel, error) {
		return listRows(c.Type, []int{0, 1}, func(_ *EvalContext, args []Vector) func(i int, out array.Builder) error {
			left, right := listOf(args[0]), listOf(args[1])
			return func(i int, out array.Builder) error {
				filter := keep(listSet{left, right, i})
				firsts, _ := distinctRows(left, nil, i)
				for _, at := range firsts {
					if filter(at, true) {
						columns.Append(out, left.values, at)
					}
				}
				seconds, _ := distinctRows(right, nil, i)
				for _, at := range seconds {
					if filter(at, false) && left.find(i, right.values, at) < 0 {
						columns.Append(out, right.values, at)
					}
				}
				return nil
			}
		}), nil
	}
}
