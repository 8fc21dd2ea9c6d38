package expr

import (
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/govalue"
)

// GoTable1 makes a SQL table function of a Go function of one argument, which gives
// the values of a column called column to emit. A NULL argument gives no rows,
// without a call. The function must be pure and must not keep what it is given; emit
// copies.
func GoTable1[A, R GoType](name, column string, f func(a A, emit func(R))) TableFunction {
	return goTable[R](name, column, []types.Type{govalue.SQL[A]()}, func(args []arrow.Array, emit func(R)) func(i int) {
		a := govalue.Column[A](args[0])
		return func(i int) { f(a(i), emit) }
	})
}

// GoTable2 is [GoTable1] for two arguments.
func GoTable2[A, B, R GoType](name, column string, f func(a A, b B, emit func(R))) TableFunction {
	params := []types.Type{govalue.SQL[A](), govalue.SQL[B]()}
	return goTable[R](name, column, params, func(args []arrow.Array, emit func(R)) func(i int) {
		a, b := govalue.Column[A](args[0]), govalue.Column[B](args[1])
		return func(i int) { f(a(i), b(i), emit) }
	})
}

// GoTablePairs is [GoTable1] for a function that gives two columns.
func GoTablePairs[A, R, Q GoType](name string, names [2]string, f func(a A, emit func(R, Q))) TableFunction {
	schema := types.Schema{{Name: names[0], Type: govalue.SQL[R]()}, {Name: names[1], Type: govalue.SQL[Q]()}}
	entry := UserTable(name, []types.Type{govalue.SQL[A]()}, schema)
	entry.Bind = func(*TableCall) (TableKernel, error) {
		var parents []int32
		return func(ctx *EvalContext, args []arrow.Array, rows int) (Rows, error) {
			left, right := govalue.NewBuilder[R](ctx.Alloc), govalue.NewBuilder[Q](ctx.Alloc)
			parent, a := int32(0), govalue.Column[A](args[0])
			parents = parents[:0]
			emit := func(r R, q Q) {
				left.Append(r)
				right.Append(q)
				parents = append(parents, parent)
			}
			eachWithoutNull(args, rows, func(i int) {
				parent = int32(i)
				f(a(i), emit)
			})
			return Rows{Parents: parents, Columns: []arrow.Array{left.Finish(), right.Finish()}}, nil
		}, nil
	}
	return entry
}

func goTable[R GoType](name, column string, params []types.Type, bind func(args []arrow.Array, emit func(R)) func(i int)) TableFunction {
	entry := UserTable(name, params, types.Schema{{Name: column, Type: govalue.SQL[R]()}})
	entry.Bind = func(*TableCall) (TableKernel, error) {
		var parents []int32
		return func(ctx *EvalContext, args []arrow.Array, rows int) (Rows, error) {
			values, parent := govalue.NewBuilder[R](ctx.Alloc), int32(0)
			parents = parents[:0]
			call := bind(args, func(r R) {
				values.Append(r)
				parents = append(parents, parent)
			})
			eachWithoutNull(args, rows, func(i int) {
				parent = int32(i)
				call(i)
			})
			return Rows{Parents: parents, Columns: []arrow.Array{values.Finish()}}, nil
		}, nil
	}
	return entry
}

// eachWithoutNull calls f for each row in which no argument is NULL.
func eachWithoutNull(args []arrow.Array, rows int, f func(i int)) {
	nulls := make([]bool, rows)
	columns.MarkNulls(nulls, args...)
	for i, null := range nulls {
		if !null {
			f(i)
		}
	}
}

// UserTable is the entry of a user's table function of the given parameters, without
// a kernel.
func UserTable(name string, params []types.Type, out types.Schema) TableFunction {
	name = strings.ToUpper(name)
	formal := make([]param, len(params))
	for i, t := range params {
		formal[i] = goParam(t)
	}
	resolve := rule{params: formal, result: always(types.Of(types.Int))}.to(name)
	return TableFunction{Name: name, Usage: usage(name, params), Doc: "A function of a user.",
		Resolve: func(args []rex.Expr) (rex.ResolvedTable, error) {
			r, err := resolve(args)
			return rex.ResolvedTable{Args: r.Args, Columns: out}, err
		},
		Bind: func(c *TableCall) (TableKernel, error) { return nil, errs.Bugf("%s has no kernel", c.Name) }}
}
