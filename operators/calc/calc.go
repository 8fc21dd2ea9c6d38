// Package calc filters rows and projects columns: WHERE and SELECT without
// aggregates. It keeps no state and holds nothing back.
package calc

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// Config describes a Calc.
type Config struct {
	// Filter keeps the rows for which it is TRUE; nil keeps all.
	Filter *rex.Expr
	// Project gives the output's columns over the input's; nil keeps them all.
	Project []rex.Expr
	// InputNames name the input's columns in errors; may be nil.
	InputNames []string
	// Registry holds the functions.
	Registry *expr.Registry
	// Zone is the session's time zone; nil is UTC.
	Zone *time.Location
	// Random feeds RAND and UUID; nil is the process' own source.
	Random rand.Source
	// Label names the operator in errors of evaluation; may be empty.
	Label string
}

// Calc filters, then projects. Columns that pass unchanged share memory with the
// input; a batch in which nothing changes is passed on as it is. A filter gathers
// only the columns that the projection reads.
type Calc struct {
	cfg       Config
	ctx       *op.Context
	predicate *expr.Predicate
	// projection runs over the columns used, in that order, when there is a
	// filter, and over the whole input otherwise; nil keeps all columns.
	projection *expr.Projection
	used       []int
	usedSchema *arrow.Schema
	eval       expr.EvalContext
	selected   []int32
}

var (
	_ op.Operator = (*Calc)(nil)
	_ op.Ticker   = (*Calc)(nil)
)

// New makes a Calc; it compiles the expressions.
func New(cfg Config) (*Calc, error) {
	c := &Calc{cfg: cfg}
	env := expr.CompileEnv{Registry: cfg.Registry, InputNames: cfg.InputNames, Label: cfg.Label}
	var err error
	if cfg.Filter != nil {
		if c.predicate, err = expr.CompilePredicate(*cfg.Filter, env); err != nil {
			return nil, err
		}
	}
	if cfg.Project == nil {
		return c, nil
	}
	project := cfg.Project
	if c.predicate != nil {
		project = c.narrow(&env)
	}
	c.projection, err = expr.CompileProject(project, env)
	return c, err
}

// narrow finds the columns that the projection reads and rewrites it to run over
// these alone.
func (c *Calc) narrow(env *expr.CompileEnv) []rex.Expr {
	place := map[int]int{}
	var names []string
	project := make([]rex.Expr, len(c.cfg.Project))
	for i, e := range c.cfg.Project {
		project[i] = e.Map(func(x rex.Expr) rex.Expr {
			if x.Kind != rex.Input {
				return x
			}
			at, seen := place[x.Index]
			if !seen {
				at = len(c.used)
				place[x.Index] = at
				c.used = append(c.used, x.Index)
				if x.Index < len(env.InputNames) {
					names = append(names, env.InputNames[x.Index])
				}
			}
			x.Index = at
			return x
		})
	}
	if len(env.InputNames) > 0 {
		env.InputNames = names
	}
	return project
}

// Open implements op.Operator.
func (c *Calc) Open(ctx *op.Context) error {
	c.ctx = ctx
	c.eval = expr.NewEvalContext(ctx.Context, ctx.Alloc, c.cfg.Zone)
	c.eval.Random = c.cfg.Random
	return nil
}

// Process implements op.Operator.
func (c *Calc) Process(_ int, batch stream.Batch, out op.Output) error {
	filtered, err := c.filter(batch)
	if err != nil || filtered.Rows() == 0 {
		filtered.Release()
		return err
	}
	if c.projection == nil {
		return out.Emit(c.renamed(filtered))
	}
	cols, err := c.projection.Eval(&c.eval, filtered)
	rows, kinds := filtered.Rows(), filtered.Kinds
	filtered.Release()
	if err != nil {
		return err
	}
	return out.Emit(stream.NewBatch(c.ctx.Output, cols, rows, kinds))
}

// renamed gives a batch, which it takes over, the output's names: a projection that
// only renames is none to the planner.
func (c *Calc) renamed(batch stream.Batch) stream.Batch {
	out := c.ctx.Output
	same := out.NumFields() == int(batch.Record.NumCols())
	for i := 0; same && i < out.NumFields(); i++ {
		same = batch.Record.ColumnName(i) == out.Field(i).Name
	}
	if same {
		return batch
	}
	cols := slices.Clone(batch.Record.Columns())
	for _, col := range cols {
		col.Retain()
	}
	defer batch.Release()
	return stream.NewBatch(out, cols, batch.Rows(), batch.Kinds)
}

// filter gives the rows that pass, owned by the caller. With a projection the
// batch holds only the used columns.
func (c *Calc) filter(batch stream.Batch) (stream.Batch, error) {
	if c.predicate == nil {
		return batch.Retain(), nil
	}
	var all bool
	var err error
	c.selected, all, err = c.predicate.Select(&c.eval, batch, c.selected[:0])
	if err != nil {
		return stream.Batch{}, err
	}
	if !all && len(c.selected) == 0 {
		return stream.Batch{}, nil
	}
	if c.projection == nil {
		if all {
			return batch.Retain(), nil
		}
		return columns.TakeRows(c.ctx.Alloc, batch, c.selected), nil
	}
	if c.usedSchema == nil {
		c.usedSchema = pickFields(batch.Record.Schema(), c.used)
	}
	return c.gather(batch, all), nil
}

// gather picks the used columns of the selected rows, or of all.
func (c *Calc) gather(batch stream.Batch, all bool) stream.Batch {
	cols := make([]arrow.Array, len(c.used))
	if all {
		for i, column := range c.used {
			cols[i] = batch.Column(column)
			cols[i].Retain()
		}
		return stream.NewBatch(c.usedSchema, cols, batch.Rows(), batch.Kinds)
	}
	for i, column := range c.used {
		cols[i] = columns.Take(c.ctx.Alloc, batch.Column(column), c.selected)
	}
	var kinds []stream.RowKind
	if batch.Kinds != nil {
		kinds = make([]stream.RowKind, len(c.selected))
		for i, row := range c.selected {
			kinds[i] = batch.Kinds[row]
		}
	}
	return stream.NewBatch(c.usedSchema, cols, len(c.selected), kinds)
}

func pickFields(schema *arrow.Schema, used []int) *arrow.Schema {
	fields := make([]arrow.Field, len(used))
	for i, column := range used {
		fields[i] = schema.Field(column)
	}
	return arrow.NewSchema(fields, nil)
}

// Advance implements op.Operator.
func (c *Calc) Advance(wm stream.Watermark, out op.Output) error {
	c.eval.WatermarkMillis = int64(wm)
	return out.Watermark(wm)
}

// Tick implements op.Ticker.
func (c *Calc) Tick(nowMillis int64, _ op.Output) error {
	c.eval.NowMillis = nowMillis
	return nil
}

// Flush implements op.Operator.
func (*Calc) Flush(op.Output) error { return nil }

// Close implements op.Operator.
func (*Calc) Close() error { return nil }
