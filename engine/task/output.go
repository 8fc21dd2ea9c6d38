package task

import (
	"time"

	"github.com/thalweg/thalweg/engine/exchange"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
)

// output is where one operator emits: to the operators it feeds, then to the
// edges out of the task.
type output struct {
	chain *chain
	// node is whose output it is; nil where only watermarks pass.
	node    *Node
	metrics *Metrics
	links   []*link
	writers []*exchange.Writer
	// watermark is the last one passed on.
	watermark stream.Watermark
	// divert and divertIdle take watermarks and idleness instead when set, and paused says
	// whether the input is held back: see splitLine.
	divert     func(stream.Watermark) error
	divertIdle func() error
	paused     func() bool
}

var _ op.IdleOutput = (*output)(nil)

// Emit passes a batch on; see op.Output.
func (o *output) Emit(batch stream.Batch) error {
	rows := batch.Rows()
	if rows == 0 {
		batch.Release()
		return nil
	}
	if err := o.check(batch); err != nil {
		batch.Release()
		return err
	}
	o.metrics.RowsOut.Add(int64(rows))
	for _, l := range o.links {
		if err := l.process(0, batch); err != nil {
			batch.Release()
			return err
		}
	}
	if len(o.writers) == 0 {
		batch.Release()
		return nil
	}
	return o.write(batch)
}

// write sends batch out of the task. Time spent there is the exchange's, not the
// operator's.
func (o *output) write(batch stream.Batch) error {
	previous := o.chain.switchTo(nil)
	start := time.Now()
	var err error
	last := len(o.writers) - 1
	for _, w := range o.writers[:last] {
		if err = w.Batch(o.chain.ctx, batch.Retain()); err != nil {
			break
		}
	}
	if err == nil {
		err = o.writers[last].Batch(o.chain.ctx, batch)
	} else {
		batch.Release()
	}
	o.metrics.BlockedNanos.Add(int64(time.Since(start)))
	o.chain.switchTo(previous)
	return err
}

// Watermark passes event time on; see op.Output. One that is not greater than the
// last is dropped.
func (o *output) Watermark(wm stream.Watermark) error {
	if o.divert != nil {
		return o.divert(wm)
	}
	if wm <= o.watermark {
		return nil
	}
	o.watermark = wm
	o.metrics.watermark.Store(int64(wm))
	for _, l := range o.links {
		if err := l.advance(wm); err != nil {
			return err
		}
	}
	for _, w := range o.writers {
		if err := w.All(o.chain.ctx, stream.Element{Kind: stream.ElementWatermark, Watermark: wm}); err != nil {
			return err
		}
	}
	return nil
}

// Paused reports that the input waits for others; see op.IdleOutput.
func (o *output) Paused() bool { return o.paused != nil && o.paused() }

// Idle passes on that there is no input for now; see op.IdleOutput. Operators of
// the same task need not know, since only exchanges merge watermarks: it goes to the
// edges that this output or one behind it feeds. Others of the task may have rows.
func (o *output) Idle() error {
	if o.divertIdle != nil {
		return o.divertIdle()
	}
	for _, l := range o.links {
		if err := l.out.Idle(); err != nil {
			return err
		}
	}
	for _, w := range o.writers {
		if err := w.All(o.chain.ctx, stream.Element{Kind: stream.ElementIdle}); err != nil {
			return err
		}
	}
	return nil
}
