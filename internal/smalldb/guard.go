package smalldb

import (
	"runtime"
	"sync"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
)

// guard keeps a full disk from ending the process: where Pebble can't write its log
// it calls Fatalf, which must not return. The guard lets such calls end a goroutine
// of their own, and refuses all later ones. A call that waits for a goroutine of
// Pebble's that was ended so is left alone. (A disk that fails to sync directories
// does end the process: Pebble panics, since nobody knows then what is written.)
type guard struct {
	mu     sync.Mutex
	broken error
	// breaks is closed when broken is set.
	breaks chan struct{}
}

func newGuard() *guard { return &guard{breaks: make(chan struct{})} }

// closeGrace is how long a broken store may take to close.
const closeGrace = time.Second

// do runs a call of the store.
func (g *guard) do(call func() error) error {
	if err := g.err(); err != nil {
		return err
	}
	select {
	case err := <-g.start(call):
		return err
	case <-g.breaks:
		return g.err()
	}
}

// start runs a call on a goroutine that may be ended under it.
func (g *guard) start(call func() error) <-chan error {
	result := make(chan error, 1)
	go func() {
		returned := false
		defer func() {
			if r := recover(); r != nil {
				g.fail("%v", r)
			}
			if !returned {
				result <- g.err()
			}
		}()
		err := call()
		returned = true
		result <- err
	}()
	return result
}

// close runs the store's Close. A broken store is closed as far as it lets itself:
// that it is broken was told before.
func (g *guard) close(call func() error) error {
	if g.err() == nil {
		return g.do(call)
	}
	grace := time.NewTimer(closeGrace)
	defer grace.Stop()
	select {
	case <-g.start(call):
	case <-grace.C:
	}
	return nil
}

func (g *guard) err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.broken
}

// fail makes all later calls fail.
func (g *guard) fail(format string, args ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.broken == nil {
		g.broken = errs.Resourcef(format, args...).WithHint("mend the disk, then start the program again")
		close(g.breaks)
	}
}

// Infof drops a line of Pebble's log.
func (g *guard) Infof(string, ...any) {}

// Errorf drops a line: errors are returned as well.
func (g *guard) Errorf(string, ...any) {}

// Fatalf notes that the store is broken and ends the calling goroutine.
func (g *guard) Fatalf(format string, args ...any) {
	g.fail(format, args...)
	runtime.Goexit()
}
