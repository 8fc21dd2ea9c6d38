package optest

import (
	"testing"

	"github.com/thalweg/thalweg/operators/stream"
)

// Allocations bounds what a batch may allocate: Process by the input, Flush by what the
// operator emits at the end of a batch.
type Allocations struct{ Process, Flush float64 }

// CheckAllocations fails when the operator, warmed up by the same batch, allocates more
// than most for it. Bounds far below the number of rows tell that no row costs an
// allocation; Arrow's immutable records cost some a batch.
func CheckAllocations(t *testing.T, most Allocations, bench *Bench, batch stream.Batch) {
	t.Helper()
	if rows := float64(batch.Rows()); most.Process+most.Flush >= rows/40 {
		t.Fatalf("bounds of %v allocations say nothing about %v rows", most, rows)
	}
	process := func() {
		if err := bench.Process(0, batch); err != nil {
			t.Fatal(err)
		}
	}
	both := func() {
		process()
		if err := bench.op.Flush(bench); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		both()
	}
	if got := testing.AllocsPerRun(20, process); got > most.Process {
		t.Errorf("%v allocations for a batch of %d rows, want at most %v", got, batch.Rows(), most.Process)
	}
	if got := testing.AllocsPerRun(20, both); got > most.Process+most.Flush {
		t.Errorf("%v allocations with what is emitted, want at most %v", got, most.Process+most.Flush)
	}
}
