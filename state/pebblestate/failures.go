package pebblestate

import (
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/thalweg/thalweg/internal/errs"
)

// failures takes what Pebble reports from its own goroutines. Pebble expects a
// fatal error to end the process; here it ends the goroutine that met it and
// makes every later use of the store an error, so that one full disk does not
// take a server down.
type failures struct {
	mu sync.Mutex
	// background is the last error of a flush or compaction, which Pebble retries.
	background error
	// noted is readable after a background error, until taken.
	noted chan struct{}
	// compacted is readable after a compaction, until taken.
	compacted chan struct{}
	// fatal is closed at the first fatal error.
	fatal    chan struct{}
	fatalErr error
}

var _ pebble.Logger = (*failures)(nil)

func newFailures() *failures {
	return &failures{noted: make(chan struct{}, 1), compacted: make(chan struct{}, 1), fatal: make(chan struct{})}
}

// Infof and Errorf drop what is of interest to Pebble's developers.
func (f *failures) Infof(string, ...any) {}

// Errorf drops its message: errors that matter come back as errors.
func (f *failures) Errorf(string, ...any) {}

// Fatalf records the error and ends the calling goroutine.
func (f *failures) Fatalf(format string, args ...any) {
	f.mu.Lock()
	if f.fatalErr == nil {
		f.fatalErr = fmt.Errorf(format, args...)
		if f.background != nil {
			f.fatalErr = f.background
		}
		close(f.fatal)
	}
	f.mu.Unlock()
	runtime.Goexit()
}

// listener gives Pebble what replaces its own reactions. Its default one to
// corruption is fatal; here the error comes back from the read that met it.
func (f *failures) listener() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: f.note,
		DataCorruption:  func(pebble.DataCorruptionInfo) {},
		CompactionEnd: func(pebble.CompactionInfo) {
			select {
			case f.compacted <- struct{}{}:
			default:
			}
		},
	}
}

// note records a background error.
func (f *failures) note(err error) {
	f.mu.Lock()
	f.background = err
	f.mu.Unlock()
	select {
	case f.noted <- struct{}{}:
	default:
	}
}

// failed is the error that makes the store unusable, or nil.
func (f *failures) failed() error {
	select {
	case <-f.fatal:
		return f.fatalErr
	default:
		return nil
	}
}

// take is the last background error, taken once.
func (f *failures) take() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.background
	f.background = nil
	return err
}

// guard runs work on a goroutine of its own, since a fatal error ends it.
func (f *failures) guard(work func() error) error {
	if err := f.failed(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-f.fatal:
		return f.fatalErr
	}
}

// classify gives a Pebble error its class.
func classify(err error, dir string) error {
	if err == nil {
		return nil
	}
	if pebble.IsCorruptionError(err) {
		text, _, _ := strings.Cut(err.Error(), "\n")
		return errs.Corruptionf("state in %s: %s", dir, text)
	}
	return errs.Wrap(errs.Resource, err, "state in %s", dir)
}
