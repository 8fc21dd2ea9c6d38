package exchange

import (
	"context"
	"fmt"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// EventKind tells what a gate delivers.
type EventKind uint8

// The kinds of event.
const (
	// EventNone says that the time to wait ran out.
	EventNone EventKind = iota
	// EventBatch is a batch of input Input, owned by the caller.
	EventBatch
	// EventWatermark is a new least watermark over all inputs.
	EventWatermark
	// EventBarrier is an aligned barrier.
	EventBarrier
	// EventIdle says that every channel is idle.
	EventIdle
	// EventEnd says that every channel has ended; nothing follows.
	EventEnd
)

// String gives the kind's lower-case name.
func (k EventKind) String() string {
	names := [...]string{"none", "batch", "watermark", "barrier", "idle", "end"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("event(%d)", uint8(k))
}

// Event is what a gate delivers: one of the kinds, with the member of that name.
type Event struct {
	Kind      EventKind
	Input     int
	Batch     stream.Batch
	Watermark stream.Watermark
	Barrier   stream.Barrier
}

// Gate merges the channels of all inputs of a task. One goroutine uses it; only its
// receivers call wake from others.
type Gate struct {
	channels []gateChannel
	merge    *WatermarkMerge
	ready    chan struct{}
	timer    *time.Timer
	// next is the channel to poll first, so that none starves.
	next int
	// live counts channels that have not ended; aligned those of them that wait
	// for barrier.
	live    int
	aligned int
	barrier stream.Barrier
	// events are due before anything more is polled: at most a few.
	events []Event
}

// gateChannel is a channel and where it stands.
type gateChannel struct {
	receiver Receiver
	input    int
	// blocked channels have delivered the barrier that others have not.
	blocked bool
	ended   bool
}

// NewGate makes a gate over inputs, each a list of channels.
func NewGate(inputs [][]Receiver) *Gate {
	g := &Gate{ready: make(chan struct{}, 1)}
	for i, channels := range inputs {
		for _, r := range channels {
			g.channels = append(g.channels, gateChannel{receiver: r, input: i})
			r.Notify(g.wake)
		}
	}
	g.live = len(g.channels)
	g.merge = NewWatermarkMerge(len(g.channels))
	return g
}

// wake makes a blocked Next look again.
func (g *Gate) wake() {
	select {
	case g.ready <- struct{}{}:
	default:
	}
}

// TryNext delivers what there is without blocking; ok is false for nothing.
func (g *Gate) TryNext() (Event, bool, error) {
	for {
		if len(g.events) > 0 {
			e := g.events[0]
			g.events = g.events[1:]
			return e, true, nil
		}
		e, ok, err := g.poll()
		if err != nil || !ok || e.Kind != EventNone {
			return e, ok, err
		}
	}
}

// Next delivers the next event. It blocks at most for wait (forever when it is
// negative), then returns EventNone.
func (g *Gate) Next(ctx context.Context, wait time.Duration) (Event, error) {
	e, ok, err := g.TryNext()
	if ok || err != nil {
		return e, err
	}
	var timeout <-chan time.Time
	if wait >= 0 {
		timeout = g.startTimer(wait)
		defer g.timer.Stop()
	}
	for {
		select {
		case <-g.ready:
			if e, ok, err = g.TryNext(); ok || err != nil {
				return e, err
			}
		case <-timeout:
			return Event{}, nil
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

func (g *Gate) startTimer(wait time.Duration) <-chan time.Time {
	if g.timer == nil {
		g.timer = time.NewTimer(wait)
	} else {
		g.timer.Reset(wait)
	}
	return g.timer.C
}

// poll takes one element from the next channel that has one. An element that
// gives no event by itself returns EventNone with ok.
func (g *Gate) poll() (Event, bool, error) {
	n := len(g.channels)
	for range n {
		i := g.next
		g.next = (g.next + 1) % n
		c := &g.channels[i]
		if c.blocked || c.ended {
			continue
		}
		if element, ok := c.receiver.Poll(); ok {
			e, err := g.take(i, element)
			return e, true, err
		}
	}
	return Event{}, false, nil
}

// take turns an element of channel i into an event.
func (g *Gate) take(i int, element stream.Element) (Event, error) {
	switch element.Kind {
	case stream.ElementBatch:
		g.merge.Active(i)
		return Event{Kind: EventBatch, Input: g.channels[i].input, Batch: element.Batch}, nil
	case stream.ElementWatermark:
		return g.watermark(g.merge.Update(i, element.Watermark))
	case stream.ElementIdle:
		return g.watermark(g.merge.Idle(i))
	case stream.ElementBarrier:
		return g.arrive(i, element.Barrier)
	case stream.ElementEnd:
		return g.end(i)
	}
	return Event{}, errs.Bugf("exchange: element of kind %s", element.Kind)
}

// watermark makes the event of a merge step.
func (g *Gate) watermark(step MergeStep) (Event, error) {
	switch {
	case step.Advanced:
		return Event{Kind: EventWatermark, Watermark: step.Watermark}, nil
	case step.Idle:
		return Event{Kind: EventIdle}, nil
	}
	return Event{}, nil
}

// arrive notes barrier b on channel i, and delivers it when it was the last.
func (g *Gate) arrive(i int, b stream.Barrier) (Event, error) {
	if g.aligned > 0 && b != g.barrier {
		return Event{}, errs.Bugf("exchange: barrier %d (%s) on one channel while %d (%s) is being aligned",
			b.Epoch, b.Kind, g.barrier.Epoch, g.barrier.Kind)
	}
	g.barrier = b
	g.channels[i].blocked = true
	g.aligned++
	return g.complete(), nil
}

// complete gives the barrier event if every live channel has delivered it.
func (g *Gate) complete() Event {
	if g.aligned == 0 || g.aligned < g.live {
		return Event{}
	}
	for i := range g.channels {
		g.channels[i].blocked = false
	}
	g.aligned = 0
	return Event{Kind: EventBarrier, Barrier: g.barrier}
}

// end notes that channel i has ended: it holds back neither watermark nor barrier.
func (g *Gate) end(i int) (Event, error) {
	g.channels[i].ended = true
	g.live--
	step := g.merge.End(i)
	if e, _ := g.watermark(step); e.Kind != EventNone {
		g.events = append(g.events, e)
	}
	if e := g.complete(); e.Kind != EventNone {
		g.events = append(g.events, e)
	}
	if g.live == 0 {
		g.events = append(g.events, Event{Kind: EventEnd})
	}
	return Event{}, nil
}

// Close closes all channels and drops what is queued.
func (g *Gate) Close() {
	for _, c := range g.channels {
		c.receiver.Close()
	}
}
