package watermark_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/watermark"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build makes a case out of `in` (its second column is the time), `delay` and
// `idle`.
func build(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	ts := in[1].Type
	delay := rex.Lit(types.Of(types.IntervalDayTime).NotNull(), rex.Value{Int: h.Duration("delay").Milliseconds()})
	cfg := watermark.Config{
		Column: 1, Expr: rex.CallOf("-", ts, rex.Col(1, ts), delay), IdleAfter: h.Duration("idle"), Registry: expr.NewRegistry(),
	}
	return optest.Case{
		New:    func() (op.Operator, error) { return watermark.New(cfg) },
		Inputs: []types.Schema{in}, Output: in, Same: optest.InOrder, Rebatched: optest.FinalOnly,
		NoRestore: "watermarks begin anew with the source's next rows, as in Flink",
	}, nil
}

func TestWatermark(t *testing.T) { optest.RunText(t, "testdata/watermark", build) }

// BenchmarkWatermark evaluates a watermark some seconds behind the rows.
func BenchmarkWatermark(b *testing.B) {
	ts := types.TimestampOf(3)
	delay := rex.Lit(types.Of(types.IntervalDayTime).NotNull(), rex.Value{Int: 4000})
	operator, err := watermark.New(watermark.Config{
		Column: 1, Expr: rex.CallOf("-", ts, rex.Col(1, ts), delay), Registry: expr.NewRegistry(),
	})
	if err != nil {
		b.Fatal(err)
	}
	optest.Drive(b, operator)
}

// held is an output whose operator's input is held back, or not.
type held struct{ paused, idle bool }

func (*held) Emit(b stream.Batch) error        { b.Release(); return nil }
func (*held) Watermark(stream.Watermark) error { return nil }
func (h *held) Idle() error                    { h.idle = true; return nil }
func (h *held) Paused() bool                   { return h.paused }

func TestInputThatIsHeldBackIsNotIdle(t *testing.T) {
	ts := types.TimestampOf(3)
	w, err := watermark.New(watermark.Config{Expr: rex.Col(0, ts), IdleAfter: 10 * time.Second, Registry: expr.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	out := &held{paused: true}
	for _, step := range []struct {
		atMillis int64
		paused   bool
		idle     bool
	}{{1, false, false}, {9_000, true, false}, {20_000, true, false}, {29_000, false, false}, {30_000, false, true}} {
		out.paused = step.paused
		if err := w.Tick(step.atMillis, out); err != nil {
			t.Fatal(err)
		}
		if out.idle != step.idle {
			t.Errorf("at %d ms the split is idle=%t", step.atMillis, out.idle)
		}
	}
}
