// Package correlate calls a table function for each row and joins the row with what
// comes out: CROSS JOIN UNNEST(…), LATERAL TABLE(f(…)) and ML_PREDICT(…). It keeps no
// state: calls in the background are waited for before a barrier (op.Drainer). A row
// that takes one back takes back what the function gives for it, so the function must
// be pure where rows are taken back.
package correlate

import (
	"context"
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
	// Calling says how the function is called.
	Calling Calling
	// InputNames name the input's columns in errors; may be nil.
	InputNames []string
	// Registry holds the functions.
	Registry *expr.Registry
	// Zone is the session's time zone; nil is UTC.
	Zone *time.Location
	// Random feeds RAND and UUID in Args; nil is the process' own source.
	Random rand.Source
}

// Calling says how a function that waits for something outside is called.
type Calling struct {
	// Async calls it in the background, Capacity batches at most; Unordered lets rows
	// overtake each other between watermarks.
	Async     bool
	Unordered bool
	// Capacity bounds the function's requests under way, too, and Timeout the time of
	// one; 0 leaves both to the function.
	Capacity int
	Timeout  time.Duration
}

// Correlate is the operator.
type Correlate struct {
	cfg    Config
	ctx    *op.Context
	args   *expr.Projection
	kernel expr.TableKernel
	eval   expr.EvalContext
	// end ends the calls under way, which are in calls if they are in the background.
	end   context.CancelFunc
	calls op.Background[*call]
	// padLeft and padRight are the memory of pad.
	padLeft, padRight []int32
}

// call is a batch and what the function gives for its rows.
type call struct {
	batch stream.Batch
	args  []arrow.Array
	eval  expr.EvalContext
	table expr.Rows
	err   error
}

func (c *call) release() {
	c.batch.Release()
	columns.Release(c.args)
	c.table.Release()
}

// pairs are the rows of each side that make the output's; right is nil when they are
// the function's rows as they are, and -1 in it is padding.
type pairs struct{ left, right []int32 }

var (
	_ op.Operator = (*Correlate)(nil)
	_ op.Ticker   = (*Correlate)(nil)
	_ op.Drainer  = (*Correlate)(nil)
)

// New makes a Correlate; it compiles the arguments and binds the function.
func New(cfg Config) (*Correlate, error) {
	f, ok := cfg.Registry.TableFunction(cfg.Function)
	if !ok {
		return nil, errs.Userf("there is no table function called %s", cfg.Function).
			WithHint("register it before the job starts: Options.TableFunctions")
	}
	if cfg.Calling.Async && (!f.Overlaps || cfg.Calling.Capacity < 1) {
		return nil, errs.Bugf("%s is called in the background, %d at a time", cfg.Function, cfg.Calling.Capacity)
	}
	c := &Correlate{cfg: cfg}
	c.calls = op.Background[*call]{Capacity: cfg.Calling.Capacity, Unordered: cfg.Calling.Unordered,
		Work: c.answer, Done: c.emit, Drop: (*call).release}
	var err error
	env := expr.CompileEnv{Registry: cfg.Registry, InputNames: cfg.InputNames}
	if c.args, err = expr.CompileProject(cfg.Args, env); err != nil {
		return nil, err
	}
	read := make([]bool, len(cfg.Columns))
	for _, column := range cfg.Read {
		read[column] = true
	}
	label := rex.FormatCall(f.Name, cfg.Args, cfg.InputNames)
	c.kernel, err = f.Bind(&expr.TableCall{Name: f.Name, Args: cfg.Args, Columns: cfg.Columns, Read: read, Label: label,
		Concurrency: cfg.Calling.Capacity, Timeout: cfg.Calling.Timeout})
	return c, err
}

// Open implements op.Operator.
func (c *Correlate) Open(ctx *op.Context) error {
	c.ctx = ctx
	life := ctx.Context
	if life == nil {
		life = context.Background()
	}
	life, c.end = context.WithCancel(life)
	c.eval = expr.NewEvalContext(life, ctx.Alloc, c.cfg.Zone)
	c.eval.Random = c.cfg.Random
	return nil
}

// Process implements op.Operator.
func (c *Correlate) Process(_ int, batch stream.Batch, out op.Output) error {
	args, err := c.args.Eval(&c.eval, batch)
	if err != nil {
		return err
	}
	call := &call{batch: batch.Retain(), args: args, eval: c.eval}
	if c.cfg.Calling.Async {
		return c.calls.Begin(call, out)
	}
	c.answer(call)
	return c.emit(call, out)
}

// answer calls the function; it may run in the background.
func (c *Correlate) answer(call *call) {
	call.table, call.err = c.kernel(&call.eval, call.args, call.batch.Rows())
}

// emit emits the rows of an answered call and releases it.
func (c *Correlate) emit(call *call, out op.Output) error {
	defer call.release()
	if call.err != nil {
		return call.err
	}
	table, rows := call.table, call.batch.Rows()
	all := pairs{left: table.Parents}
	if c.cfg.Left && misses(table.Parents, rows) {
		all = c.pad(table.Parents, rows)
	}
	for from := 0; from < len(all.left); from += c.ctx.BatchRows {
		to := min(from+c.ctx.BatchRows, len(all.left))
		if err := out.Emit(c.rows(call.batch, table, all, from, to)); err != nil {
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

// Advance implements op.Operator: a watermark waits behind the rows before it.
func (c *Correlate) Advance(wm stream.Watermark, out op.Output) error {
	c.eval.WatermarkMillis = int64(wm)
	return c.calls.Advance(wm, out)
}

// Tick implements op.Ticker: what has been answered meanwhile comes out.
func (c *Correlate) Tick(nowMillis int64, out op.Output) error {
	c.eval.NowMillis = nowMillis
	return c.calls.Ready(out)
}

// Flush implements op.Operator: what has been answered comes out.
func (c *Correlate) Flush(out op.Output) error { return c.calls.Ready(out) }

// Drain implements op.Drainer.
func (c *Correlate) Drain(out op.Output) error { return c.calls.Drain(out) }

// Close implements op.Operator.
func (c *Correlate) Close() error {
	if c.end != nil {
		c.end()
	}
	c.calls.Close()
	return nil
}
