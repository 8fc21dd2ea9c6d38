package session

import (
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
)

// clocked is what both operators do as time goes on.
type clocked struct {
	times   timeReader
	tracker *tracker
	// over is told of sessions that are over; see tracker.advance.
	over func(keys *rowcodec.Keys, closed []closed, out op.Output) error
}

// Advance implements op.Operator: it closes the sessions that are over.
func (c *clocked) Advance(wm stream.Watermark, out op.Output) error {
	if !c.times.spec.ProcTime || wm == stream.EndOfTime {
		if err := c.advanceTo(c.times.spec.Zone.Passed(int64(wm)), out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// Tick implements op.Ticker: sessions of processing time are over by the clock.
func (c *clocked) Tick(nowMillis int64, out op.Output) error {
	c.times.nowMs = nowMillis
	if !c.times.spec.ProcTime {
		return nil
	}
	return c.advanceTo(c.times.spec.Zone.Passed(nowMillis-1), out)
}

func (c *clocked) advanceTo(wm int64, out op.Output) error {
	return c.tracker.advance(wm, func(keys *rowcodec.Keys, over []closed) error { return c.over(keys, over, out) })
}
