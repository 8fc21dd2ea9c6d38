package optest

import (
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
)

// Chain makes one operator out of two, the second taking what the first emits: the
// phases of an aggregation, say. Both see the same context.
func Chain(first, second op.Operator) op.Operator { return &chained{first: first, second: second} }

type chained struct{ first, second op.Operator }

var _ op.Ticker = (*chained)(nil)

// link is the output of the first operator.
type link struct {
	to  op.Operator
	out op.Output
}

// Emit implements op.Output.
func (l link) Emit(batch stream.Batch) error {
	defer batch.Release()
	return l.to.Process(0, batch, l.out)
}

// Watermark implements op.Output.
func (l link) Watermark(wm stream.Watermark) error { return l.to.Advance(wm, l.out) }

// Open implements op.Operator.
func (c *chained) Open(ctx *op.Context) error {
	if err := c.first.Open(ctx); err != nil {
		return err
	}
	return c.second.Open(ctx)
}

// Process implements op.Operator.
func (c *chained) Process(input int, batch stream.Batch, out op.Output) error {
	return c.first.Process(input, batch, link{c.second, out})
}

// Advance implements op.Operator.
func (c *chained) Advance(wm stream.Watermark, out op.Output) error {
	return c.first.Advance(wm, link{c.second, out})
}

// Tick implements op.Ticker.
func (c *chained) Tick(nowMillis int64, out op.Output) error {
	if t, ok := c.first.(op.Ticker); ok {
		if err := t.Tick(nowMillis, link{c.second, out}); err != nil {
			return err
		}
	}
	if t, ok := c.second.(op.Ticker); ok {
		return t.Tick(nowMillis, out)
	}
	return nil
}

// Flush implements op.Operator.
func (c *chained) Flush(out op.Output) error {
	if err := c.first.Flush(link{c.second, out}); err != nil {
		return err
	}
	return c.second.Flush(out)
}

// Close implements op.Operator.
func (c *chained) Close() error {
	err := c.first.Close()
	if secondErr := c.second.Close(); err == nil {
		err = secondErr
	}
	return err
}
