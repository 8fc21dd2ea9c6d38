package model

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/engine/functions"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
)

// OfFunction makes a model of a function that takes the model's input: a table function
// that gives its output's columns, or a scalar one that gives its only column, or a ROW
// of all of them.
func (d Definition) OfFunction(e functions.Entry) (expr.TableFunction, error) {
	args := make([]rex.Expr, len(d.Input))
	for i, f := range d.Input {
		args[i] = rex.Col(i, f.Type)
	}
	switch {
	case e.Table != nil:
		r, err := e.Table.Resolve(args)
		if err == nil {
			err = d.matches(e.Table.Name, r.Args, r.Columns)
		}
		return d.Table(e.Table.Overlaps, e.Table.Bind), err
	case e.Scalar != nil:
		r, err := e.Scalar.Resolve(args)
		if err != nil {
			return expr.TableFunction{}, err
		}
		columns := types.Schema{{Name: d.Output[0].Name, Type: r.Result}}
		spread := len(d.Output) > 1 && r.Result.Kind == types.Row
		if spread {
			columns = append(types.Schema(nil), r.Result.Fields...)
		}
		if err := d.matches(e.Scalar.Name, r.Args, columns); err != nil {
			return expr.TableFunction{}, err
		}
		return d.Table(false, d.scalar(e.Scalar, args, r.Result, spread)), nil
	}
	return expr.TableFunction{}, errs.Userf("an aggregate function is no model").WithHint("a model has a scalar or a table function")
}

// matches checks a function's arguments and columns against the model's.
func (d Definition) matches(name string, args []types.Type, columns types.Schema) error {
	for i, want := range args {
		if in := d.Input[i]; !in.Type.Same(want) {
			return errs.Userf("the function %s takes %s, and the model's input `%s` is %s", name, want, in.Name, in.Type).
				WithHint("write INPUT (%s %s)", in.Name, want)
		}
	}
	if len(columns) != len(d.Output) {
		return errs.Userf("the function %s gives %d columns, and the model's output has %d", name, len(columns), len(d.Output)).
			WithHint("write OUTPUT (%s)", columns)
	}
	for i, out := range d.Output {
		if !out.Type.Same(columns[i].Type) {
			return errs.Userf("the function %s gives %s, and the model's output `%s` is %s", name, columns[i].Type, out.Name, out.Type).
				WithHint("write OUTPUT (%s)", columns)
		}
	}
	return nil
}

// scalar binds a scalar function as one that gives a row for each row.
func (d Definition) scalar(f *expr.Function, args []rex.Expr, result types.Type, spread bool) func(*expr.TableCall) (expr.TableKernel, error) {
	return func(c *expr.TableCall) (expr.TableKernel, error) {
		kernel, err := f.Bind(&expr.Call{Name: f.Name, Args: args, Type: result, Label: c.Label})
		if err != nil {
			return nil, err
		}
		var parents []int32
		return func(ctx *expr.EvalContext, args []arrow.Array, rows int) (expr.Rows, error) {
			vectors := make([]expr.Vector, len(args))
			for i, a := range args {
				vectors[i] = expr.Vector{Array: a}
			}
			out, err := kernel(ctx, vectors, rows)
			if err != nil {
				return expr.Rows{}, err
			}
			for len(parents) < rows {
				parents = append(parents, int32(len(parents)))
			}
			if !spread {
				return expr.Rows{Parents: parents[:rows], Columns: []arrow.Array{out}}, nil
			}
			defer out.Release()
			return expr.Rows{Parents: parents[:rows], Columns: fields(ctx, out.(*array.Struct))}, nil
		}, nil
	}
}

// fields are the columns of a ROW, NULL where it is.
func fields(ctx *expr.EvalContext, row *array.Struct) []arrow.Array {
	cols := make([]arrow.Array, row.NumField())
	for i := range cols {
		cols[i] = expr.Field(ctx.Alloc, row, i)
	}
	return cols
}
