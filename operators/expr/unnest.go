package expr

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// The names under which UNNEST is registered.
const (
	Unnest           = "UNNEST"
	UnnestOrdinality = "UNNEST WITH ORDINALITY"
)

// tableFunctions are the built-in table functions.
func tableFunctions() []TableFunction {
	out := make([]TableFunction, 2)
	for i, name := range []string{Unnest, UnnestOrdinality} {
		ordinality := name == UnnestOrdinality
		out[i] = TableFunction{
			Name: name, Usage: "UNNEST(collection)" + name[len(Unnest):],
			Doc:     "A row for each element of an ARRAY or MULTISET, whose fields are columns if it is a ROW, or for each entry of a MAP.",
			Resolve: func(args []rex.Expr) (rex.ResolvedTable, error) { return resolveUnnest(args, ordinality) },
			Bind: func(c *TableCall) (TableKernel, error) {
				return (&unnest{of: c.Args[0].Type, read: c.Read, ordinality: ordinality}).rows, nil
			},
		}
	}
	return out
}

// resolveUnnest gives the columns under the names that Flink gives them.
func resolveUnnest(args []rex.Expr, ordinality bool) (rex.ResolvedTable, error) {
	if len(args) != 1 {
		return rex.ResolvedTable{}, errs.Userf("UNNEST takes one ARRAY, MAP or MULTISET, not %d values", len(args)).
			WithHint("join a second UNNEST")
	}
	t := args[0].Type
	out := rex.ResolvedTable{Args: []types.Type{t}}
	switch {
	case t.Kind == types.Map:
		out.Columns = types.Schema{{Name: "KEY", Type: *t.Key}, {Name: "VALUE", Type: *t.Elem}}
		out.Key = []int{0}
	case t.Kind != types.Array && t.Kind != types.Multiset:
		return out, errs.Userf("UNNEST takes an ARRAY, MAP or MULTISET, not %s", t.WithNullable(true))
	case t.Elem.Kind == types.Row:
		out.Columns = append(out.Columns, t.Elem.Fields...)
	default:
		out.Columns = types.Schema{{Name: "EXPR$0", Type: *t.Elem}}
	}
	if ordinality {
		out.Key = []int{len(out.Columns)}
		out.Columns = append(out.Columns, types.Field{Name: "ORDINALITY", Type: types.Of(types.Int).NotNull()})
	}
	return out, nil
}

// unnest is a call of UNNEST. Its slices are reused from batch to batch.
type unnest struct {
	of         types.Type
	read       []bool
	ordinality bool
	parents    []int32
	// at are the elements that come out, as rows of the collection's child.
	at       []int32
	ordinals []int32
}

// rows is the kernel.
func (u *unnest) rows(ctx *EvalContext, args []arrow.Array, rows int) (Rows, error) {
	u.parents, u.at, u.ordinals = u.parents[:0], u.at[:0], u.ordinals[:0]
	if rows == 0 {
		return Rows{Columns: make([]arrow.Array, len(u.read))}, nil
	}
	offsets := columns.Offsets(args[0])
	out := Rows{Columns: make([]arrow.Array, 0, len(u.read))}
	switch arr := args[0].(type) {
	case *array.Map:
		// Before List, which a Map embeds.
		if u.of.Kind == types.Multiset {
			u.repeated(arr, offsets)
			u.element(ctx, &out, arr.Keys())
			break
		}
		u.elements(arr, offsets, nil)
		u.column(ctx, &out, arr.Keys())
		u.column(ctx, &out, arr.Items())
	case *array.List:
		values := arr.ListValues()
		skip := values
		if u.of.Elem.Kind != types.Row {
			skip = nil
		}
		u.elements(arr, offsets, skip)
		u.element(ctx, &out, values)
	}
	if u.ordinality {
		u.ordinalColumn(ctx, &out)
	}
	out.Parents = u.parents
	return out, nil
}

// elements lists the elements of all rows, without those for which skip is NULL: a
// NULL among rows is no row, as in Flink, but has its number.
func (u *unnest) elements(arr arrow.Array, offsets []int32, skip arrow.Array) {
	nulls, skips := arr.NullN() > 0, skip != nil && skip.NullN() > 0
	for row := range arr.Len() {
		if nulls && arr.IsNull(row) {
			continue
		}
		from, to := offsets[row], offsets[row+1]
		for at := from; at < to; at++ {
			if skips && skip.IsNull(int(at)) {
				continue
			}
			u.add(int32(row), at, at-from+1)
		}
	}
}

// repeated lists the elements of multisets, each as often as it is in them.
func (u *unnest) repeated(arr *array.Map, offsets []int32) {
	counts := columns.Values[int32](arr.Items())
	keys := arr.Keys()
	skips := u.of.Elem.Kind == types.Row && keys.NullN() > 0
	for row := range arr.Len() {
		if arr.IsNull(row) {
			continue
		}
		ordinal := int32(0)
		for at := offsets[row]; at < offsets[row+1]; at++ {
			for range counts[at] {
				ordinal++
				if !skips || keys.IsValid(int(at)) {
					u.add(int32(row), at, ordinal)
				}
			}
		}
	}
}

func (u *unnest) add(row, at, ordinal int32) {
	u.parents, u.at = append(u.parents, row), append(u.at, at)
	if u.ordinality {
		u.ordinals = append(u.ordinals, ordinal)
	}
}

// element makes the columns of an array's or multiset's elements.
func (u *unnest) element(ctx *EvalContext, out *Rows, values arrow.Array) {
	rows, ok := values.(*array.Struct)
	if !ok || u.of.Elem.Kind != types.Row {
		u.column(ctx, out, values)
		return
	}
	for i := range rows.NumField() {
		u.column(ctx, out, rows.Field(i))
	}
}

// column gathers the next column, if it is read. Elements that lie side by side, as
// they do when no collection is NULL, are not copied.
func (u *unnest) column(ctx *EvalContext, out *Rows, values arrow.Array) {
	n := len(u.at)
	switch {
	case !u.read[len(out.Columns)]:
		out.Columns = append(out.Columns, nil)
	case n > 0 && u.of.Kind != types.Multiset && int(u.at[n-1]-u.at[0]) == n-1:
		out.Columns = append(out.Columns, array.NewSlice(values, int64(u.at[0]), int64(u.at[0])+int64(n)))
	default:
		out.Columns = append(out.Columns, columns.Take(ctx.Alloc, values, u.at))
	}
}

func (u *unnest) ordinalColumn(ctx *EvalContext, out *Rows) {
	if !u.read[len(out.Columns)] {
		out.Columns = append(out.Columns, nil)
		return
	}
	buf, values := newValues[int32](ctx.Alloc, len(u.ordinals))
	copy(values, u.ordinals)
	out.Columns = append(out.Columns, columns.Make(arrow.PrimitiveTypes.Int32, len(u.ordinals), []*memory.Buffer{nil, buf}, nil, 0))
}
