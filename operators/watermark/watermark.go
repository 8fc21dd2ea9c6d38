// Package watermark assigns event time: after each batch it tells the greatest
// value so far of the watermark expression.
package watermark

import (
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

// Config describes a Watermark operator.
type Config struct {
	// Column is the event time column, which must not hold NULL.
	Column int
	// Expr gives each row's watermark, of a timestamp type: rows with a time at or
	// below the greatest one so far are late from then on. As in Flink nothing
	// more is subtracted.
	Expr rex.Expr
	// IdleAfter declares the task idle when no row came for so long; 0 never.
	IdleAfter time.Duration
	// Registry holds the functions of Expr.
	Registry *expr.Registry
	// Zone is the session's time zone; nil is UTC.
	Zone *time.Location
}

// Watermark passes rows on and a watermark after them. Watermarks from upstream
// are ignored, but for the end of time.
type Watermark struct {
	cfg     Config
	ctx     *op.Context
	program *expr.Program
	eval    expr.EvalContext
	current stream.Watermark
	// lastRowMillis is the processing time of the last row; idle says that the
	// silence since has been told.
	lastRowMillis int64
	idle          bool
}

var (
	_ op.Operator = (*Watermark)(nil)
	_ op.Ticker   = (*Watermark)(nil)
)

// New makes a Watermark operator; it compiles the expression.
func New(cfg Config) (*Watermark, error) {
	if !cfg.Expr.Type.IsTimestamp() {
		return nil, errs.Userf("a watermark must be a TIMESTAMP, not %s", cfg.Expr.Type)
	}
	program, err := expr.Compile(cfg.Expr, expr.CompileEnv{Registry: cfg.Registry})
	if err != nil {
		return nil, err
	}
	return &Watermark{cfg: cfg, program: program, current: stream.NoWatermark}, nil
}

// Open implements op.Operator.
func (w *Watermark) Open(ctx *op.Context) error {
	w.ctx = ctx
	w.eval = expr.NewEvalContext(ctx.Context, ctx.Alloc, w.cfg.Zone)
	return nil
}

// Process implements op.Operator.
func (w *Watermark) Process(_ int, batch stream.Batch, out op.Output) error {
	w.lastRowMillis, w.idle = w.eval.NowMillis, false
	if w.cfg.Column >= 0 && batch.Column(w.cfg.Column).NullN() > 0 {
		return errs.Userf("%s: event time column %s is NULL in a row", w.ctx.Label, batch.Record.ColumnName(w.cfg.Column)).
			WithHint("filter such rows out or give the column a default with COALESCE")
	}
	times, err := w.program.Eval(&w.eval, batch)
	if err != nil {
		return err
	}
	greatest := greatestMillis(times)
	times.Release()
	if err := out.Emit(batch.Retain()); err != nil {
		return err
	}
	if greatest <= w.current {
		return nil
	}
	w.current = greatest
	w.eval.WatermarkMillis = int64(greatest)
	return out.Watermark(greatest)
}

// greatestMillis is the greatest value of a timestamp column in milliseconds,
// rounded down, or NoWatermark when all are NULL.
func greatestMillis(arr arrow.Array) stream.Watermark {
	ts, ok := arr.(*array.Timestamp)
	if !ok || ts.NullN() == ts.Len() {
		return stream.NoWatermark
	}
	values := columns.Values[int64](ts)
	greatest := int64(stream.NoWatermark)
	if ts.NullN() == 0 {
		for _, v := range values {
			greatest = max(greatest, v)
		}
	} else {
		for i, v := range values {
			if bitutil.BitIsSet(ts.NullBitmapBytes(), ts.Data().Offset()+i) {
				greatest = max(greatest, v)
			}
		}
	}
	millis := stream.Watermark(windows.ToMillis(greatest, ts.DataType().(*arrow.TimestampType).Unit))
	return min(millis, stream.NearEnd) // a row is not the end of time
}

// Advance implements op.Operator: upstream's event time is not this one's.
func (w *Watermark) Advance(wm stream.Watermark, out op.Output) error {
	if wm != stream.EndOfTime {
		return nil
	}
	w.current = wm
	return out.Watermark(wm)
}

// Tick implements op.Ticker: it tells once that the task has become idle.
func (w *Watermark) Tick(nowMillis int64, out op.Output) error {
	w.eval.NowMillis = nowMillis
	if w.lastRowMillis == 0 {
		w.lastRowMillis = nowMillis
	}
	if w.cfg.IdleAfter <= 0 || w.idle || nowMillis-w.lastRowMillis < w.cfg.IdleAfter.Milliseconds() {
		return nil
	}
	o, ok := out.(op.IdleOutput)
	if ok && o.Paused() {
		w.lastRowMillis = nowMillis
		return nil
	}
	w.idle = true
	if !ok {
		return nil
	}
	return o.Idle()
}

// Flush implements op.Operator.
func (*Watermark) Flush(op.Output) error { return nil }

// Close implements op.Operator.
func (*Watermark) Close() error { return nil }
