package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// over computes the window functions of the select list, QUALIFY and ORDER BY as
// columns.
func (sb *selectBinder) over() error {
	var calls []*sql.Call
	for _, e := range sb.outputs() {
		walkCalls(e, func(c *sql.Call) bool {
			if c.Over != nil {
				calls = append(calls, c)
				return false
			}
			return true
		})
	}
	if len(calls) == 0 {
		return nil
	}
	if len(sb.correlated) > 0 {
		return unsupported(calls[0], "a window function in a sub-query that reads columns of the query around")
	}
	cols := &overColumns{sb: sb, exprs: logical.AllCols(sb.node.Props().Schema), names: sb.node.Props().Schema.Names()}
	specs := make([]logical.OverSpec, len(calls))
	for i, call := range calls {
		spec, err := cols.spec(call)
		if err != nil {
			return err
		}
		spec.Name = "$rank" + itoa(i)
		specs[i] = spec
	}
	if len(cols.exprs) > len(sb.node.Props().Schema) {
		sb.node = logical.NewProject(sb.node, cols.exprs, cols.names)
	}
	for i, spec := range specs {
		sb.node = logical.NewOver(sb.node, spec)
		column := len(sb.node.Props().Schema) - 1
		sb.computed[calls[i]] = rex.Col(column, spec.Type)
	}
	return nil
}

// overColumns collects the columns that OVER clauses need.
type overColumns struct {
	sb    *selectBinder
	exprs []rex.Expr
	names []string
}

func (c *overColumns) column(e sql.Expr) (int, error) {
	bound, err := c.sb.binder("OVER").expr(e)
	if err != nil {
		return 0, err
	}
	for i, x := range c.exprs {
		if x.Equal(bound) {
			return i, nil
		}
	}
	c.exprs, c.names = append(c.exprs, bound), append(c.names, "$over"+itoa(len(c.exprs)))
	return len(c.exprs) - 1, nil
}

// spec binds one window function. Only ROW_NUMBER can run, where a filter on it
// makes it a top-N.
func (c *overColumns) spec(call *sql.Call) (logical.OverSpec, error) {
	name := functionName(call)
	spec := logical.OverSpec{Function: name, Type: types.Of(types.BigInt).NotNull(), Span: call.Pos()}
	if name != "ROW_NUMBER" {
		return spec, unsupported(call, "the window function %s", name)
	}
	if len(call.Args) > 0 {
		return spec, errs.Userf("ROW_NUMBER takes no arguments").At(call.Pos())
	}
	w, err := c.sb.window(call.Over)
	if err != nil {
		return spec, err
	}
	if w.Frame != nil {
		return spec, errs.Userf("ROW_NUMBER takes no frame").At(w.Frame.Pos())
	}
	if len(w.OrderBy) == 0 {
		return spec, errs.Userf("ROW_NUMBER needs an ORDER BY in its OVER clause").At(call.Pos())
	}
	for _, e := range w.PartitionBy {
		column, err := c.column(e)
		if err != nil {
			return spec, err
		}
		spec.PartitionBy = append(spec.PartitionBy, column)
	}
	for _, o := range w.OrderBy {
		column, err := c.column(o.Expr)
		if err != nil {
			return spec, err
		}
		spec.OrderBy = append(spec.OrderBy, sortKey(o, column))
	}
	return spec, nil
}

// window resolves the named windows that an OVER clause builds on.
func (sb *selectBinder) window(w *sql.WindowSpec) (*sql.WindowSpec, error) {
	out := *w
	for depth := 0; out.Base != nil; depth++ {
		base := sb.namedWindow(out.Base.Text)
		if base == nil || depth > len(sb.s.Windows) {
			return nil, errs.Userf("there is no window called %s", out.Base.Text).At(out.Base.Pos())
		}
		if len(out.PartitionBy) == 0 {
			out.PartitionBy = base.PartitionBy
		}
		if len(out.OrderBy) == 0 {
			out.OrderBy = base.OrderBy
		}
		if out.Frame == nil {
			out.Frame = base.Frame
		}
		out.Base = base.Base
	}
	return &out, nil
}

func (sb *selectBinder) namedWindow(name string) *sql.WindowSpec {
	for _, w := range sb.s.Windows {
		if w.Name.Text == name {
			return w.Spec
		}
	}
	return nil
}
