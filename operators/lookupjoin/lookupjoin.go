package lookupjoin

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
)

// Join asks for the partners of its input's rows.
type Join struct {
	cfg   Config
	ctx   *op.Context
	asker Asker
	// life ends with Close, or when the job stops.
	life context.Context
	end  context.CancelFunc
	// questions are those asked in the background.
	questions op.Background[*question]
	cache     *cache

	encoder    *rowcodec.KeyEncoder
	codec      *rows.Codec // of the rows that were asked for
	schema     *arrow.Schema
	right      *arrow.Schema
	filter     *expr.Predicate
	projection *expr.Projection
	condition  *expr.Predicate
	eval       expr.EvalContext
	nowMillis  int64
	keys       rowcodec.Keys
	distinct   distinct
	pairs      pairs
}

var (
	_ op.Operator = (*Join)(nil)
	_ op.Ticker   = (*Join)(nil)
	_ op.Drainer  = (*Join)(nil)
)

// New makes a Join; it compiles the expressions.
func New(cfg Config) (*Join, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	j := &Join{cfg: cfg, schema: cfg.Asked.Arrow()}
	j.questions = op.Background[*question]{Capacity: cfg.Asking.Capacity, Unordered: cfg.Asking.Unordered,
		Work: j.ask, Done: j.answer, Drop: (*question).release}
	env := expr.CompileEnv{Registry: cfg.Registry, InputNames: cfg.Asked.Names(), Label: "LookupJoin"}
	var err error
	if j.filter, err = expr.CompileCondition(cfg.Filter, env); err != nil {
		return nil, err
	}
	if cfg.Project != nil {
		if j.projection, err = expr.CompileProject(cfg.Project, env); err != nil {
			return nil, err
		}
	}
	j.condition, err = expr.CompileCondition(cfg.Condition, expr.CompileEnv{Registry: cfg.Registry, Label: "LookupJoin"})
	return j, err
}

// Open implements op.Operator.
func (j *Join) Open(ctx *op.Context) error {
	if len(ctx.Inputs) != 1 {
		return errs.Bugf("%s has %d inputs, not 1", ctx.Label, len(ctx.Inputs))
	}
	j.ctx = ctx
	life := ctx.Context
	if life == nil {
		life = context.Background()
	}
	j.life, j.end = context.WithCancel(life)
	j.eval = expr.NewEvalContext(j.life, ctx.Alloc, j.cfg.Zone)
	j.right = arrow.NewSchema(ctx.Output.Fields()[ctx.Inputs[0].NumFields():], nil)
	var err error
	if j.codec, err = rows.NewCodec(j.schema); err != nil {
		return err
	}
	if j.encoder, err = rowcodec.NewKeyEncoder(j.codec.Pick(j.cfg.RightKeys)); err != nil {
		return err
	}
	if c := j.cfg.Asking.Cache; c != nil {
		j.cache = newCache(*c, ctx.MemoryBytes)
	}
	j.asker, err = j.cfg.Open(j.life, ctx)
	return err
}

// Process implements op.Operator.
func (j *Join) Process(_ int, batch stream.Batch, out op.Output) error {
	if batch.Rows() == 0 {
		return nil
	}
	q, err := j.question(batch)
	if err != nil {
		return err
	}
	if j.cfg.Asking.Async {
		return j.questions.Begin(q, out)
	}
	j.ask(q)
	return j.answer(q, out)
}

// Advance implements op.Operator: a watermark waits behind the rows before it.
func (j *Join) Advance(wm stream.Watermark, out op.Output) error {
	j.eval.WatermarkMillis = int64(wm)
	return j.questions.Advance(wm, out)
}

// Tick implements op.Ticker: answers that have come meanwhile come out.
func (j *Join) Tick(nowMillis int64, out op.Output) error {
	j.nowMillis, j.eval.NowMillis = nowMillis, nowMillis
	return j.questions.Ready(out)
}

// Flush implements op.Operator: what has been answered comes out.
func (j *Join) Flush(out op.Output) error { return j.questions.Ready(out) }

// Drain implements op.Drainer.
func (j *Join) Drain(out op.Output) error { return j.questions.Drain(out) }

// Close implements op.Operator.
func (j *Join) Close() error {
	if j.end == nil {
		return nil
	}
	j.end()
	j.questions.Close()
	if j.asker == nil {
		return nil
	}
	return j.asker.Close()
}
