package task

import (
	"context"
	"time"

	"github.com/thalweg/thalweg/engine/exchange"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// gateTask is a task fed by other tasks.
type gateTask struct {
	cfg   *Config
	chain *chain
	// flushAt is when held-back rows must leave; zero when nothing came since the
	// last flush. Watermarks make rows, too.
	flushAt time.Time
}

// run drives the chain until a last barrier or the end of all channels.
func (t *gateTask) run() error {
	if err := t.chain.buildAll(nil); err != nil {
		return err
	}
	for {
		event, ok, err := t.cfg.Gate.TryNext()
		if !ok && err == nil {
			if err := t.flushIfDue(); err != nil {
				return err
			}
			event, err = t.cfg.Gate.Next(t.chain.ctx, t.wait())
		}
		if err != nil {
			return err
		}
		last, err := t.handle(event)
		if err != nil || last {
			return err
		}
		if err := t.flushIfDue(); err != nil {
			return err
		}
	}
}

// wait is how long the gate may block.
func (t *gateTask) wait() time.Duration {
	switch {
	case !t.flushAt.IsZero():
		return max(0, time.Until(t.flushAt))
	case t.chain.tickers:
		return max(t.cfg.Latency, silentTick)
	}
	return -1
}

// flushIfDue flushes when rows have been held back for the latency bound, and tells the
// time: an operator behind another may have no input while the task is busy.
func (t *gateTask) flushIfDue() error {
	if t.flushAt.IsZero() || time.Now().Before(t.flushAt) {
		return nil
	}
	t.flushAt = time.Time{}
	return t.tick()
}

// tick tells the time, and passes on what is held back then.
func (t *gateTask) tick() error {
	if err := t.chain.tick(t.chain.links); err != nil {
		return err
	}
	return t.chain.flush()
}

// arm makes held-back rows leave within the latency bound.
func (t *gateTask) arm() {
	if t.flushAt.IsZero() {
		t.flushAt = time.Now().Add(t.cfg.Latency)
	}
}

func (t *gateTask) handle(e exchange.Event) (last bool, err error) {
	head := t.chain.links[0]
	switch e.Kind {
	case exchange.EventNone:
		return false, t.tick()
	case exchange.EventBatch:
		err = head.process(e.Input, e.Batch)
		e.Batch.Release()
		t.arm()
		return false, err
	case exchange.EventWatermark:
		t.arm()
		return false, head.advance(e.Watermark)
	case exchange.EventIdle:
		return false, t.chain.broadcast(stream.Element{Kind: stream.ElementIdle})
	case exchange.EventBarrier:
		return t.barrier(e.Barrier)
	case exchange.EventEnd:
		return true, t.chain.broadcast(stream.Element{Kind: stream.ElementEnd})
	}
	return false, errs.Bugf("task: event of kind %s", e.Kind)
}

// barrier keeps FLUSH-BARRIER-SNAPSHOT and LAST.
func (t *gateTask) barrier(b stream.Barrier) (last bool, err error) {
	t.flushAt = time.Time{}
	acks, err := t.chain.passBarrier(b)
	if err != nil {
		return false, err
	}
	t.cfg.Report.Acked(Ack{Task: t.cfg.ID, Barrier: b, Nodes: acks})
	return b.Kind.Last(), nil
}

// passBarrier drains, sends the barrier (and the end after a last one), and
// snapshots.
func (c *chain) passBarrier(b stream.Barrier) ([]NodeAck, error) {
	if err := c.drain(); err != nil {
		return nil, err
	}
	if err := c.broadcast(stream.Element{Kind: stream.ElementBarrier, Barrier: b}); err != nil {
		return nil, err
	}
	if b.Kind.Last() {
		if err := c.broadcast(stream.Element{Kind: stream.ElementEnd}); err != nil {
			return nil, err
		}
	}
	return c.snapshot(b)
}

// Run runs the task to its end: nil after a last barrier, ctx's error after
// cancellation, otherwise the failure. It closes everything it was given.
func Run(ctx context.Context, cfg Config) error {
	c := newChain(ctx, &cfg)
	var err error
	if cfg.Source != nil {
		err = newSourceTask(&cfg, c).run()
	} else {
		err = (&gateTask{cfg: &cfg, chain: c}).run()
		cfg.Gate.Close()
	}
	if closeErr := c.close(); err == nil {
		err = closeErr
	}
	return err
}
