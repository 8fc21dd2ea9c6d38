package op

import (
	"sync"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// Background does work of an operator in goroutines of its own and hands the results
// back to the operator's: in the order in which the work came, or as they come. No
// result overtakes a watermark either way.
//
// Invariant QUEUE: work that is begun and not handed back, and the watermarks that wait
// behind it, stand in queue in the order they came; it is empty after Drain.
type Background[T any] struct {
	// Capacity is the most work under way, at least 1; Unordered lets results overtake
	// each other between watermarks.
	Capacity  int
	Unordered bool
	// Work does one piece, in a goroutine of its own. Done takes its result on the
	// operator's goroutine; Drop frees one that nothing will take.
	Work func(T)
	Done func(T, Output) error
	Drop func(T)

	queue   []*underway[T]
	workers sync.WaitGroup
	// begun counts the work in queue.
	begun int
}

// underway is a piece of work, or a watermark, whose done is nil.
type underway[T any] struct {
	item      T
	watermark stream.Watermark
	done      chan struct{}
	// err is set before done is closed: the work panicked.
	err error
}

func (u *underway[T]) ready() bool {
	if u.done == nil {
		return true
	}
	select {
	case <-u.done:
		return true
	default:
		return false
	}
}

// Begin begins a piece of work; it waits while there is more than Capacity.
func (b *Background[T]) Begin(item T, out Output) error {
	u := &underway[T]{item: item, done: make(chan struct{})}
	b.queue, b.begun = append(b.queue, u), b.begun+1
	b.workers.Go(func() {
		defer close(u.done)
		u.err = errs.Safely("work in the background", func() error {
			b.Work(item)
			return nil
		})
	})
	if err := b.Ready(out); err != nil {
		return err
	}
	for b.begun > b.Capacity {
		if err := b.next(out); err != nil {
			return err
		}
	}
	return nil
}

// Advance passes a watermark on behind the work before it; the end of time waits for
// all of it.
func (b *Background[T]) Advance(wm stream.Watermark, out Output) error {
	if wm == stream.EndOfTime {
		if err := b.Drain(out); err != nil {
			return err
		}
	}
	if len(b.queue) == 0 {
		return out.Watermark(wm)
	}
	if last := b.queue[len(b.queue)-1]; last.done == nil {
		last.watermark = wm // one tells as much, and may wait for long
	} else {
		b.queue = append(b.queue, &underway[T]{watermark: wm})
	}
	return b.Ready(out)
}

// Ready hands back what is done: from the front of the queue, and if results may
// overtake each other, from behind it up to the next watermark.
func (b *Background[T]) Ready(out Output) error {
	for len(b.queue) > 0 && b.queue[0].ready() {
		if err := b.handBack(0, out); err != nil {
			return err
		}
	}
	for i := 1; b.Unordered && i < len(b.queue) && b.queue[i].done != nil; {
		if !b.queue[i].ready() {
			i++
			continue
		}
		if err := b.handBack(i, out); err != nil {
			return err
		}
	}
	return nil
}

// Drain waits for all work and hands it back.
func (b *Background[T]) Drain(out Output) error {
	for len(b.queue) > 0 {
		if err := b.next(out); err != nil {
			return err
		}
	}
	return nil
}

// next waits for the first in the queue and hands it back.
func (b *Background[T]) next(out Output) error {
	if u := b.queue[0]; u.done != nil {
		<-u.done
	}
	return b.handBack(0, out)
}

// handBack takes what is done, or a watermark, out of the queue.
func (b *Background[T]) handBack(i int, out Output) error {
	u := b.queue[i]
	b.queue = append(b.queue[:i], b.queue[i+1:]...)
	if u.done == nil {
		return out.Watermark(u.watermark)
	}
	b.begun--
	if u.err != nil {
		b.Drop(u.item)
		return u.err
	}
	return b.Done(u.item, out)
}

// Close waits for the work, which must have been told to end, and drops it.
func (b *Background[T]) Close() {
	b.workers.Wait()
	for _, u := range b.queue {
		if u.done != nil {
			b.Drop(u.item)
		}
	}
	b.queue, b.begun = nil, 0
}
