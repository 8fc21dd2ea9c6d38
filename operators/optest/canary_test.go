package optest_test

import (
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

// leaky keeps a reference on each batch, and gives it back only when all went well.
type leaky struct{}

func (leaky) Open(*op.Context) error { return nil }

func (leaky) Process(_ int, batch stream.Batch, out op.Output) error {
	kept := batch.Retain()
	if err := out.Emit(batch.Retain()); err != nil {
		return err
	}
	kept.Release()
	return nil
}

func (leaky) Advance(wm stream.Watermark, out op.Output) error { return out.Watermark(wm) }
func (leaky) Flush(op.Output) error                            { return nil }
func (leaky) Close() error                                     { return nil }

// TestHarnessFindsALeakWhereTheOutputFails is the canary of that circumstance.
func TestHarnessFindsALeakWhereTheOutputFails(t *testing.T) {
	schema := types.Schema{{Name: "v", Type: types.Of(types.BigInt)}}
	script, err := optest.Parse("+ v=1\nbatch\n+ v=2")
	if err != nil {
		t.Fatal(err)
	}
	c := optest.Case{New: func() (op.Operator, error) { return leaky{}, nil }, Inputs: []types.Schema{schema}, Output: schema}
	if _, err := optest.Verify(c, script); err == nil || !strings.Contains(err.Error(), "an output that fails at batch 1") {
		t.Errorf("got %v", err)
	}
}
