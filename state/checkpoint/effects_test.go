package checkpoint_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/state/checkpoint"
	"github.com/thalweg/thalweg/state/pebblestate"
)

// TestEffects records what checkpoints do to the storage's file system, in order:
// a sync that moves or goes shows up in review.
func TestEffects(t *testing.T) {
	datadriven.RunTest(t, "testdata/effects", func(t *testing.T, d *datadriven.TestData) string {
		e := effectsOf(t)
		for _, line := range strings.Split(d.Input, "\n") {
			e.run(line)
		}
		return e.log.String()
	})
}

type effects struct {
	t       *testing.T
	log     strings.Builder
	counter *counter
	storage *checkpoint.Local
	epoch   uint64
	names   map[string]string
}

func effectsOf(t *testing.T) *effects {
	e := &effects{t: t, names: map[string]string{}}
	mem := vfs.NewMem()
	// The store works on the bare file system: the log is the storage's alone.
	e.counter = openCounter(t, pebblestate.Options{FS: mem, Dir: "state", SmallBytes: -1})
	t.Cleanup(func() { e.counter.store.Close() })
	logged := vfs.WithLogging(mem, func(format string, args ...any) { e.note(fmt.Sprintf(format, args...)) })
	storage, err := checkpoint.NewLocal(logged, "ckpt")
	if err != nil {
		t.Fatal(err)
	}
	e.storage = storage
	return e
}

var objectName = regexp.MustCompile(`[0-9a-f]{32}-[0-9]+`)

// note logs one effect, with the names of objects replaced by short ones.
func (e *effects) note(line string) {
	line = objectName.ReplaceAllStringFunc(line, func(name string) string {
		if e.names[name] == "" {
			e.names[name] = fmt.Sprintf("<table %d>", len(e.names)+1)
		}
		return e.names[name]
	})
	if !strings.HasPrefix(line, "open: ") {
		fmt.Fprintln(&e.log, line)
	}
}

func (e *effects) run(line string) {
	fmt.Fprintf(&e.log, "# %s\n", line)
	var from, to, keep int
	var err error
	switch {
	case line == "checkpoint":
		e.epoch++
		err = e.counter.checkpoint(e.storage, e.epoch)
	case scan(line, "set %d %d", &from, &to):
		e.counter.set(e.t, from, to, 1)
	case scan(line, "retain %d", &keep):
		err = e.storage.Retain(e.t.Context(), keep)
	default:
		e.t.Fatalf("unknown command %q", line)
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

func scan(line, format string, args ...any) bool {
	n, err := fmt.Sscanf(line, format, args...)
	return err == nil && n == len(args)
}
