package task

import (
	"sync"

	"github.com/thalweg/thalweg/operators/stream"
)

// Alignment has splits of a job go on in step, by event time: each looks before it reads
// whether it is too far ahead of the slowest. Splits that have had no event time yet, are
// idle or have ended are waited for by none. It may be used by any number of goroutines.
type Alignment struct {
	mu      sync.Mutex
	reached map[*aligned]stream.Watermark
	// least is that of reached; moved is closed, and made anew, when it changes.
	least stream.Watermark
	moved chan struct{}
}

// NewAlignment makes one of no splits.
func NewAlignment() *Alignment {
	return &Alignment{reached: map[*aligned]stream.Watermark{}, moved: make(chan struct{})}
}

// aligned is a split in an Alignment. Nil stands for one that goes on as it can.
type aligned struct {
	of          *Alignment
	driftMillis int64
}

// reach tells how far the split is.
func (m *aligned) reach(wm stream.Watermark) {
	if m == nil {
		return
	}
	a := m.of
	a.mu.Lock()
	defer a.mu.Unlock()
	before, there := a.reached[m]
	if there && wm <= before {
		return
	}
	a.reached[m] = wm
	if !there || before == a.least {
		a.move()
	}
}

// leave tells that nobody need wait for the split, until it reaches something again.
func (m *aligned) leave() {
	if m == nil {
		return
	}
	a := m.of
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, there := a.reached[m]; there {
		delete(a.reached, m)
		a.move()
	}
}

// move finds the least anew.
func (a *Alignment) move() {
	least := stream.EndOfTime
	for _, wm := range a.reached {
		least = min(least, wm)
	}
	if least != a.least {
		a.least = least
		close(a.moved)
		a.moved = make(chan struct{})
	}
}

// ahead is nil if the split may read on, else what is closed when it should look again.
func (m *aligned) ahead() <-chan struct{} {
	if m == nil {
		return nil
	}
	a := m.of
	a.mu.Lock()
	defer a.mu.Unlock()
	own, there := a.reached[m]
	if !there || own <= a.least || int64(own)-int64(a.least) <= m.driftMillis {
		return nil
	}
	return a.moved
}
