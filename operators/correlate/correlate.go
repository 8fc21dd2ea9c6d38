// Package correlate calls a table function for each row and joins the row with what
// comes out: CROSS JOIN UNNEST(…) and LATERAL TABLE(f(…)). It keeps no state and
// holds nothing back; a row that takes one back takes back what the function gives
// for it, so the function must be pure.
package correlate

import (
	"math/rand/v2"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// Config describes a Correlate. Its output is the input's columns Keep, then the
// function's columns Read.
type Config struct {
	// Function is the table function's name, Args its arguments over the input.
	Function string
	Args     []rex.Expr
	// Columns are all columns that the function gives.
	Columns types.Schema
	Keep    []int
	Read    []int
	// Left gives a row for which the function gives none once, with NULLs.
	Left bool
	// InputNames name the input's columns in errors; may be nil.
	InputNames []string
	// Registry holds the functions.
	Registry *expr.Registry
	// Zone is the session's time zone; nil is UTC.
	Zone *time.Location
	// Random feeds RAND and UUID in Args; nil is the process' own source.
	Random rand.Source
}

// Correlate is the operator.
type Correlate struct {
	cfg    Config
	ctx    *op.Context
	args   *expr.Projection
	kernel expr.TableKernel
	eval   expr.EvalContext
	// padLeft and padRight are the memory of pad.
	padLeft, padRight []int32
}

// pairs are the rows of each side that make the output's; right is nil when they are
// the function's rows as they are, and -1 in it is padding.
type pairs struct{ left, right []int32 }

var (
	_ op.Operator = (*Correlate)(nil)
	_ op.Ticker   = (*Correlate)(nil)
)

// New makes a Correlate; it compiles the arguments and binds the function.
func New(cfg Config) (*Correlate, error) {
	f, ok := cfg.Registry.TableFunction(cfg.Function)
	if !ok {
		return nil, errs.Userf("there is no table function called %s", cfg.Function).
			WithHint("register it before the job starts: Options.TableFunctions")
	}
	c := &Correlate{cfg: cfg}
	var err error
	env := expr.CompileEnv{Registry: cfg.Registry, InputNames: cfg.InputNames}
	if c.args, err = expr.CompileProject(cfg.Args, env); err != nil {
		return nil, err
	}
	read := make([]bool, len(cfg.Columns))
	for _, column := range cfg.Read {
		read[column] = true
	}
	label := rex.CallOf(f.Name, types.Type{}, cfg.Args...).Format(cfg.InputNames)
	c.kernel, err = f.Bind(&expr.TableCall{Name: f.Name, Args: cfg.Args, Columns: cfg.Columns, Read: read, Label: label})
	return c, err
}

// Open implements op.Operator.
func (c *Correlate) Open(ctx *op.Context) error {
	c.ctx = ctx
	c.eval = expr.NewEvalContext(ctx.Context, ctx.Alloc, c.cfg.Zone)
	c.eval.Random = c.cfg.Random
	return nil
}

// Process implements op.Operator.
func (c *Correlate) Process(_ int, batch stream.Batch, out op.Output) error {
	args, err := c.args.Eval(&c.eval, batch)
	if err != nil {
		return err
	}
	table, err := c.kernel(&c.eval, args, batch.Rows())
	for _, a := range args {
		a.Release()
	}
	if err != nil {
		return err
	}
	defer table.Release()
	all := pairs{left: table.Parents}
	if c.cfg.Left && misses(table.Parents, batch.Rows()) {
		all = c.pad(table.Parents, batch.Rows())
	}
	for from := 0; from < len(all.left); from += c.ctx.BatchRows {
		to := min(from+c.ctx.BatchRows, len(all.left))
		if err := out.Emit(c.rows(batch, table, all, from, to)); err != nil {
			return err
		}
	}
	return nil
}

// misses reports whether one of the rows 0 to rows-1 is not in parents.
func misses(parents []int32, rows int) bool {
	next := int32(0)
	for _, p := range parents {
		if p > next {
			return true
		}
		next = p + 1
	}
	return int(next) < rows
}

// pad lists the rows of both sides with one for each row that is not in parents.
func (c *Correlate) pad(parents []int32, rows int) pairs {
	left, right := c.padLeft[:0], c.padRight[:0]
	at := 0
	for row := range int32(rows) {
		if at == len(parents) || parents[at] != row {
			left, right = append(left, row), append(right, -1)
			continue
		}
		for ; at < len(parents) && parents[at] == row; at++ {
			left, right = append(left, row), append(right, int32(at))
		}
	}
	c.padLeft, c.padRight = left, right
	return pairs{left, right}
}

// rows makes the output's rows from to to-1.
func (c *Correlate) rows(batch stream.Batch, table expr.Rows, all pairs, from, to int) stream.Batch {
	left := all.left[from:to]
	cols := make([]arrow.Array, 0, len(c.cfg.Keep)+len(c.cfg.Read))
	for _, column := range c.cfg.Keep {
		cols = append(cols, columns.Take(c.ctx.Alloc, batch.Column(column), left))
	}
	for _, column := range c.cfg.Read {
		if all.right != nil {
			cols = append(cols, columns.TakeOrNull(c.ctx.Alloc, table.Columns[column], all.right[from:to]))
		} else {
			cols = append(cols, array.NewSlice(table.Columns[column], int64(from), int64(to)))
		}
	}
	var kinds []stream.RowKind
	if batch.Kinds != nil {
		kinds = make([]stream.RowKind, len(left))
		for i, row := range left {
			kinds[i] = batch.Kinds[row]
		}
	}
	return stream.NewBatch(c.ctx.Output, cols, len(left), kinds)
}

// Advance implements op.Operator.
func (c *Correlate) Advance(wm stream.Watermark, out op.Output) error {
	c.eval.WatermarkMillis = int64(wm)
	return out.Watermark(wm)
}

// Tick implements op.Ticker.
func (c *Correlate) Tick(nowMillis int64, _ op.Output) error {
	c.eval.NowMillis = nowMillis
	return nil
}

// Flush implements op.Operator.
func (*Correlate) Flush(op.Output) error { return nil }

// Close implements op.Operator.
func (*Correlate) Close() error { return nil }
