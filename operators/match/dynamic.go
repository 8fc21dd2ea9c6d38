package match

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// dynamic is a condition that looks at the rows mapped before.
type dynamic struct {
	navs []nav
	fast *program
	env  env
	// slow evaluates what programs do not know as a batch of one row; aggs are its
	// aggregates by navigation, nil for other navigations.
	slow   *expr.Program
	fields *arrow.Schema
	aggs   []*aggregate
}

func newDynamic(m *Match, c *conditions, cond rowpattern.Condition) (*dynamic, error) {
	d := &dynamic{}
	for _, n := range cond.Navs {
		d.navs = append(d.navs, c.nav(n))
	}
	d.env.cells = make([]int32, len(d.navs))
	sums := len(c.sums)
	t := translator{m: m, c: c, navs: cond.Navs}
	if d.fast = t.program(*cond.Expr); d.fast != nil {
		return d, nil
	}
	c.sums = c.sums[:sums]
	d.fields, d.aggs = navSchema(cond.Navs), make([]*aggregate, len(cond.Navs))
	for i, n := range cond.Navs {
		if n.Kind != rowpattern.Aggregate {
			continue
		}
		var err error
		if d.aggs[i], err = newAggregate(m, n); err != nil {
			return nil, err
		}
	}
	var err error
	d.slow, err = expr.Compile(*cond.Expr, expr.CompileEnv{Registry: m.cfg.Functions, Label: m.ctx.Label})
	return d, err
}

// holds evaluates the condition for the last row of the path, at depth.
func (d *dynamic) holds(m *Match, p *part, depth int) (bool, error) {
	for i := range d.navs {
		if n := &d.navs[i]; n.Kind == rowpattern.Value {
			d.env.cells[i] = m.cellOf(p, n, depth)
		}
	}
	if d.fast == nil {
		return d.slowly(m, p, depth)
	}
	if n := len(m.conds.sums); n > 0 {
		d.env.specs, d.env.sums = m.conds.sums, p.sums[depth*n:(depth+1)*n]
	}
	v, null := d.fast.ints(&d.env)
	return v == 1 && !null, nil
}

// slowly evaluates the condition as a batch of one row.
func (d *dynamic) slowly(m *Match, p *part, depth int) (bool, error) {
	cols := make([]arrow.Array, len(d.navs))
	for i := range d.navs {
		var err error
		if a := d.aggs[i]; a != nil {
			a.add(m, p, depth, 0)
			cols[i], err = a.results(m, 1)
		} else {
			cols[i], err = m.cells.cols[d.navs[i].Column].gather(m.ctx.Alloc, d.env.cells[i:i+1])
		}
		if err != nil {
			columns.Release(cols)
			return false, err
		}
	}
	batch := stream.NewBatch(d.fields, cols, 1, nil)
	defer batch.Release()
	result, err := d.slow.Eval(&m.cfg.Eval, batch)
	if err != nil {
		return false, err
	}
	defer result.Release()
	mask, ok := result.(*array.Boolean)
	return ok && mask.IsValid(0) && mask.Value(0), nil
}
