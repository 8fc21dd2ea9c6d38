package task

import (
	"context"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// chain is the operators of one task. Only the task's goroutine touches it.
type chain struct {
	ctx   context.Context
	nodes []Node
	// links has one per node; nil for a source head and for nodes that run once
	// per split.
	links []*link
	// all are the links in the order they were built, for closing.
	all   []*link
	clock func() int64
	// nowMillis is the wall clock as operators were told last.
	nowMillis int64
	tickers   bool

	// current is whose time runs, since that moment.
	current *Metrics
	since   time.Time
	failed  bool
}

// link is one operator in a chain.
type link struct {
	chain    *chain
	node     *Node
	operator op.Operator
	ticker   op.Ticker
	counters *op.Counters
	state    *state.Store
	out      output
	late     int64
}

// newChain makes a chain without links.
func newChain(ctx context.Context, cfg *Config) *chain {
	return &chain{ctx: ctx, nodes: cfg.Nodes, links: make([]*link, len(cfg.Nodes)), clock: cfg.Clock}
}

// build makes and opens node i's operator. Its output is wired by the caller.
func (c *chain) build(i int) (*link, error) {
	node := &c.nodes[i]
	instance, err := node.Build()
	if err != nil {
		return nil, errs.Wrap(errs.Bug, err, "%s", node.Label)
	}
	l := &link{chain: c, node: node, operator: instance.Operator}
	l.ticker, _ = instance.Operator.(op.Ticker)
	c.tickers = c.tickers || l.ticker != nil
	l.out = output{chain: c, node: node, metrics: node.Metrics, watermark: stream.NoWatermark}
	c.all = append(c.all, l)
	if instance.Context == nil {
		instance.Context = &op.Context{}
	}
	if instance.Context.Counters == nil {
		instance.Context.Counters = &op.Counters{}
	}
	l.counters, l.state = instance.Context.Counters, instance.Context.State
	if s, ok := instance.Operator.(*Sink); ok {
		s.ctx = c.ctx
	}
	if l.state != nil {
		// Restored rows that had no TTL count from now on.
		l.state.SetNow(c.clock())
	}
	if err := l.operator.Open(instance.Context); err != nil {
		return nil, c.fail(l, err)
	}
	return l, nil
}

// buildAll builds the nodes that skip leaves, and wires them.
func (c *chain) buildAll(skip []bool) error {
	for i := range c.nodes {
		if c.nodes[i].Build == nil || skip != nil && skip[i] {
			continue
		}
		l, err := c.build(i)
		if err != nil {
			return err
		}
		c.links[i] = l
	}
	for i, l := range c.links {
		if l != nil {
			c.wire(&l.out, i)
		}
	}
	return nil
}

// wire makes out feed node i's consumers among the links, and its writers.
func (c *chain) wire(out *output, i int) {
	for _, k := range c.nodes[i].Consumers {
		if c.links[k] != nil {
			out.links = append(out.links, c.links[k])
		}
	}
	out.writers = c.nodes[i].Writers
}

// switchTo lets m's time run and returns whose ran before.
func (c *chain) switchTo(m *Metrics) *Metrics {
	now := time.Now()
	previous := c.current
	if previous != nil {
		previous.BusyNanos.Add(int64(now.Sub(c.since)))
	}
	c.current, c.since = m, now
	return previous
}

// fail names the link in err, once.
func (c *chain) fail(l *link, err error) error {
	if c.failed || c.ctx.Err() != nil {
		return err
	}
	c.failed = true
	return errs.Wrap(errs.Bug, err, "%s", l.node.Label)
}

// now reads the clock; what operators are told never goes back.
func (c *chain) now() int64 {
	c.nowMillis = max(c.nowMillis, c.clock())
	return c.nowMillis
}

// process hands the operator a batch, borrowed.
func (l *link) process(input int, batch stream.Batch) error {
	c := l.chain
	l.node.Metrics.RowsIn.Add(int64(batch.Rows()))
	previous := c.switchTo(l.node.Metrics)
	err := l.tell(c.now())
	if err == nil {
		err = l.operator.Process(input, batch, &l.out)
	}
	if err == nil && l.state != nil {
		err = l.state.Trim()
	}
	c.switchTo(previous)
	l.count()
	if err != nil {
		return c.fail(l, err)
	}
	return nil
}

// tell tells the operator and its state the time.
func (l *link) tell(nowMillis int64) error {
	if l.state != nil {
		l.state.SetNow(nowMillis)
	}
	if l.ticker == nil {
		return nil
	}
	return l.ticker.Tick(nowMillis, &l.out)
}

// do runs one of the operator's other calls.
func (l *link) do(call func(out op.Output) error) error {
	previous := l.chain.switchTo(l.node.Metrics)
	err := call(&l.out)
	l.chain.switchTo(previous)
	l.count()
	if err != nil {
		return l.chain.fail(l, err)
	}
	return nil
}

func (l *link) advance(wm stream.Watermark) error {
	return l.do(func(out op.Output) error { return l.operator.Advance(wm, out) })
}

// count carries what the operator counted over to the metrics.
func (l *link) count() {
	if late := l.counters.LateRows; late != l.late {
		l.node.Metrics.LateRows.Add(late - l.late)
		l.late = late
	}
	l.node.Metrics.StateRows.Store(l.counters.StateRows)
}

// flush flushes every link in topological order.
func (c *chain) flush() error {
	for _, l := range c.links {
		if l == nil {
			continue
		}
		if err := l.do(l.operator.Flush); err != nil {
			return err
		}
	}
	return nil
}

// drain flushes every link, and waits for what runs in the background, in topological
// order.
func (c *chain) drain() error {
	for _, l := range c.links {
		if l == nil {
			continue
		}
		if err := l.do(l.operator.Flush); err != nil {
			return err
		}
		if d, ok := l.operator.(op.Drainer); ok {
			if err := l.do(d.Drain); err != nil {
				return err
			}
		}
	}
	return nil
}

// tick tells the tickers among links the time.
func (c *chain) tick(links []*link) error {
	now := c.now()
	for _, l := range links {
		if l == nil || l.ticker == nil {
			continue
		}
		if err := l.do(func(op.Output) error { return l.tell(now) }); err != nil {
			return err
		}
	}
	return nil
}

// broadcast sends e on every channel out of the task.
func (c *chain) broadcast(e stream.Element) error {
	for i := range c.nodes {
		for _, w := range c.nodes[i].Writers {
			if err := w.All(c.ctx, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// snapshot fixes the state of all links; on an error it frees what it has.
func (c *chain) snapshot(b stream.Barrier) ([]NodeAck, error) {
	var acks []NodeAck
	for _, l := range c.links {
		if l == nil {
			continue
		}
		ack, ok, err := l.snapshot(b)
		if err != nil {
			Ack{Nodes: acks}.Discard()
			return nil, c.fail(l, err)
		}
		if ok {
			acks = append(acks, ack)
		}
	}
	return acks, nil
}

// snapshot gives the node's part of a checkpoint, if it has one. A job that ends
// for good needs only what its sinks still have to commit.
func (l *link) snapshot(b stream.Barrier) (ack NodeAck, ok bool, err error) {
	ack = NodeAck{Node: l.node.ID}
	if sink, isSink := l.operator.(*Sink); isSink {
		ack.IsSink = true
		ack.Prepared, err = sink.prepare(b)
		return ack, true, err
	}
	if l.state == nil || b.Kind == stream.Final {
		return ack, false, nil
	}
	snapshot, err := l.state.Snapshot(l.chain.ctx, b.Epoch)
	ack.State = &snapshot
	return ack, true, err
}

// close closes all operators, the last built first, and then their state.
func (c *chain) close() error {
	var first error
	keep := func(err error) {
		if first == nil {
			first = err
		}
	}
	for i := len(c.all) - 1; i >= 0; i-- {
		keep(c.all[i].close())
	}
	c.all = nil
	return first
}

func (l *link) close() error {
	err := l.operator.Close()
	if l.state != nil {
		if stateErr := l.state.Close(); err == nil {
			err = stateErr
		}
	}
	return err
}
