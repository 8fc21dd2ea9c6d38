package lookupjoin

import (
	"context"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
)

// Join asks for the partners of its input's rows.
//
// Invariant QUEUE: what is asked and not emitted, and the watermarks that wait behind
// it, stand in queue in the order they came; it is empty after Drain.
type Join struct {
	cfg   Config
	ctx   *op.Context
	asker Asker
	// life ends with Close, or when the job stops.
	life    context.Context
	end     context.CancelFunc
	workers sync.WaitGroup
	queue   []*question
	// asked counts the questions in queue.
	asked int
	cache *cache

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
		j.cache = newCache(*c)
	}
	j.asker, err = j.cfg.Open(ctx)
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
	if !j.cfg.Asking.Async {
		defer q.release()
		j.ask(q)
		return j.answer(q, out)
	}
	j.queue, j.asked = append(j.queue, q), j.asked+1
	q.done = make(chan struct{})
	j.workers.Go(func() {
		defer close(q.done)
		j.ask(q)
	})
	for j.asked > j.cfg.Asking.Capacity {
		if err := j.emitNext(out); err != nil {
			return err
		}
	}
	return j.emitReady(out)
}

// Advance implements op.Operator: a watermark waits behind the rows before it.
func (j *Join) Advance(wm stream.Watermark, out op.Output) error {
	j.eval.WatermarkMillis = int64(wm)
	if wm == stream.EndOfTime {
		if err := j.Drain(out); err != nil {
			return err
		}
	}
	if len(j.queue) == 0 {
		return out.Watermark(wm)
	}
	j.queue = append(j.queue, &question{watermark: wm, isWatermark: true})
	return j.emitReady(out)
}

// Tick implements op.Ticker: answers that have come meanwhile come out.
func (j *Join) Tick(nowMillis int64, out op.Output) error {
	j.nowMillis, j.eval.NowMillis = nowMillis, nowMillis
	return j.emitReady(out)
}

// Flush implements op.Operator: what has been answered comes out.
func (j *Join) Flush(out op.Output) error { return j.emitReady(out) }

// Drain implements op.Drainer.
func (j *Join) Drain(out op.Output) error {
	for len(j.queue) > 0 {
		if err := j.emitNext(out); err != nil {
			return err
		}
	}
	return nil
}

// emitNext waits for the first question and emits its answer.
func (j *Join) emitNext(out op.Output) error {
	if q := j.queue[0]; !q.isWatermark {
		<-q.done
	}
	return j.emitAt(0, out)
}

// emitReady emits what is answered: from the front of the queue, and if rows may
// overtake each other, from behind it up to the next watermark.
func (j *Join) emitReady(out op.Output) error {
	for len(j.queue) > 0 && j.queue[0].ready() {
		if err := j.emitAt(0, out); err != nil {
			return err
		}
	}
	for i := 1; j.cfg.Asking.Unordered && i < len(j.queue) && !j.queue[i].isWatermark; {
		if !j.queue[i].ready() {
			i++
			continue
		}
		if err := j.emitAt(i, out); err != nil {
			return err
		}
	}
	return nil
}

// emitAt takes an answered question, or a watermark, out of the queue and emits it.
func (j *Join) emitAt(i int, out op.Output) error {
	q := j.queue[i]
	j.queue = append(j.queue[:i], j.queue[i+1:]...)
	if q.isWatermark {
		return out.Watermark(q.watermark)
	}
	j.asked--
	defer q.release()
	return j.answer(q, out)
}

// Close implements op.Operator.
func (j *Join) Close() error {
	if j.end == nil {
		return nil
	}
	j.end()
	j.workers.Wait()
	for _, q := range j.queue {
		q.release()
	}
	j.queue = nil
	if j.asker == nil {
		return nil
	}
	return j.asker.Close()
}
