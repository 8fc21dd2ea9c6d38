package task

import (
	"sync"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/operators/stream"
)

// Commands is the mailbox of a source task. Any goroutine may put commands in.
type Commands struct {
	// wake has a token when there may be commands, or when it is time to look at
	// the clock.
	wake chan struct{}

	mu      sync.Mutex
	pending []command
}

// command is one of: splits to read, a barrier to inject, the order to end, the
// news that the first discovery is over, or that the children of splits have been given.
type command struct {
	splits []Split
	// noMore tells that no splits will follow these.
	noMore  bool
	barrier *stream.Barrier
	drain   bool
	// discovered tells that all splits known at the start have been given out.
	discovered bool
	// settled are splits that have ended and whose children have been looked for.
	settled []connector.SplitID
}

// NewCommands makes an empty mailbox.
func NewCommands() *Commands { return &Commands{wake: make(chan struct{}, 1)} }

// AddSplits gives the task splits to read. noMore tells that these were the last.
func (c *Commands) AddSplits(splits []Split, noMore bool) {
	c.put(command{splits: splits, noMore: noMore})
}

// Discovered tells the task that all splits known at the start have been given out,
// restored ones included. Until then a task without splits must not let event time
// run ahead: its split may be on the way.
func (c *Commands) Discovered() { c.put(command{discovered: true}) }

// Settled tells the task that ended splits of its have no children but those that it
// was given before. Until then the splits hold event time back: a child's rows follow
// its parents'.
func (c *Commands) Settled(splits []connector.SplitID) { c.put(command{settled: splits}) }

// Inject makes the task send barrier b after the rows it has read so far.
func (c *Commands) Inject(b stream.Barrier) { c.put(command{barrier: &b}) }

// Drain makes the task behave as if all its splits had ended.
func (c *Commands) Drain() { c.put(command{drain: true}) }

func (c *Commands) put(cmd command) {
	c.mu.Lock()
	c.pending = append(c.pending, cmd)
	c.mu.Unlock()
	c.poke()
}

// poke makes the task look at its mailbox and its clock.
func (c *Commands) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// take empties the mailbox.
func (c *Commands) take() []command {
	c.mu.Lock()
	defer c.mu.Unlock()
	cmds := c.pending
	c.pending = nil
	return cmds
}
