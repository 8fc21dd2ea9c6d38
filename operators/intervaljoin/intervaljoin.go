package intervaljoin

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
)

// Join joins its inputs 0 (left) and 1 (right).
type Join struct {
	cfg       Config
	ctx       *op.Context
	sides     [2]*side
	predicate *expr.Predicate
	eval      expr.EvalContext
	joined    *arrow.Schema // left then right columns

	// progress is event time, or the clock less one.
	progress op.Progress
	now      int64
	probe    probe
	pairs    pairs
	dues     dues
	sub      []byte
}

var (
	_ op.Operator = (*Join)(nil)
	_ op.Ticker   = (*Join)(nil)
)

// New makes a Join; it compiles the condition.
func New(cfg Config) (*Join, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	j := &Join{cfg: cfg}
	var err error
	j.predicate, err = expr.CompileCondition(cfg.Condition, expr.CompileEnv{Registry: cfg.Registry, Label: "IntervalJoin"})
	return j, err
}

// Open implements op.Operator.
func (j *Join) Open(ctx *op.Context) error {
	if len(ctx.Inputs) != 2 {
		return errs.Bugf("%s has %d inputs, not 2", ctx.Label, len(ctx.Inputs))
	}
	j.ctx = ctx
	j.eval = expr.NewEvalContext(ctx.Context, ctx.Alloc, j.cfg.Zone)
	for input := range j.sides {
		s, err := openSide(ctx, input, j.cfg)
		if err != nil {
			return err
		}
		j.sides[input] = s
	}
	j.progress = op.OpenProgress(ctx.State)
	fields := append(append([]arrow.Field{}, ctx.Inputs[0].Fields()...), ctx.Inputs[1].Fields()...)
	j.joined = arrow.NewSchema(fields, nil)
	return nil
}

// Process implements op.Operator.
func (j *Join) Process(input int, batch stream.Batch, out op.Output) error {
	if batch.Rows() == 0 {
		return nil
	}
	p := &j.probe
	defer p.finish()
	if err := p.start(j, input, batch); err != nil {
		return err
	}
	if err := j.match(p, out); err != nil {
		return err
	}
	if err := j.keep(p, out); err != nil {
		return err
	}
	j.ctx.Counters.StateRows = j.sides[0].rows() + j.sides[1].rows()
	return nil
}

// Advance implements op.Operator.
func (j *Join) Advance(wm stream.Watermark, out op.Output) error {
	j.eval.WatermarkMillis = int64(wm)
	if !j.cfg.Proctime || wm == stream.EndOfTime {
		if err := j.advanceTo(j.cfg.WindowZone.Passed(int64(wm)), out); err != nil {
			return err
		}
	}
	if wm = stream.Watermark(plus(int64(wm), -j.cfg.DelayMillis)); wm == stream.NoWatermark {
		return nil
	}
	return out.Watermark(wm)
}

// Tick implements op.Ticker.
func (j *Join) Tick(nowMillis int64, out op.Output) error {
	j.eval.NowMillis, j.now = nowMillis, j.progress.Clock(nowMillis)
	if !j.cfg.Proctime {
		return nil
	}
	return j.advanceTo(nowMillis-1, out)
}

// advanceTo pads the rows that died lonely and frees what is dead.
func (j *Join) advanceTo(wm int64, out op.Output) error {
	if wm <= j.progress.At() {
		return nil
	}
	j.progress.Reach(wm)
	for input, s := range j.sides {
		if s.preserved {
			if err := j.padDue(input, wm, out); err != nil {
				return err
			}
		}
		if err := s.drop(wm); err != nil {
			return err
		}
	}
	j.ctx.Counters.StateRows = j.sides[0].rows() + j.sides[1].rows()
	return nil
}

// Flush implements op.Operator; nothing is held back.
func (*Join) Flush(op.Output) error { return nil }

// Close implements op.Operator.
func (*Join) Close() error { return nil }
