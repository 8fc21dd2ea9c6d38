package window_test

import (
	"errors"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/operators/window"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func build(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	s := windows.Spec{StepMillis: h.Duration("step").Milliseconds(), OffsetMillis: h.Duration("offset").Milliseconds(), ProcTime: h.Has("proctime")}
	for kind, name := range []string{"tumble", "hop", "cumulate"} {
		if h.Has(name) {
			s.Kind, s.SizeMillis = windows.Kind(kind), h.Duration(name).Milliseconds()
		}
	}
	zone, err := h.Zone("zone")
	if err != nil {
		return optest.Case{}, err
	}
	s.Zone = windows.NewZone(zone)
	s.Time = in.Index("ts")
	c := optest.Case{
		New:    func() (op.Operator, error) { return window.New(window.Config{Windows: s}) },
		Inputs: []types.Schema{in}, Output: in[:len(in):len(in)], Same: optest.InOrder, Rebatched: optest.InOrder, BatchRows: 4,
	}
	for _, name := range []string{"window_start", "window_end", "window_time"} {
		c.Output = append(c.Output, types.Field{Name: name, Type: types.TimestampOf(3)})
	}
	return c, nil
}

func TestWindow(t *testing.T) { optest.RunText(t, "testdata/window", build) }

// full is an output that takes nothing.
type full struct{ rows int }

var errFull = errors.New("full")

func (f *full) Emit(b stream.Batch) error {
	f.rows = b.Rows()
	b.Release()
	return errFull
}

func (*full) Watermark(stream.Watermark) error { return nil }

// TestRowOfManyWindowsComesOutInBatches would need gigabytes if all windows of a batch
// were listed first.
func TestRowOfManyWindowsComesOutInBatches(t *testing.T) {
	in := types.Schema{{Name: "ts", Type: types.TimestampOf(3)}}
	w, err := window.New(window.Config{Windows: windows.Spec{Kind: windows.Hop, SizeMillis: 10_000_000_000, StepMillis: 1}})
	if err != nil {
		t.Fatal(err)
	}
	output := append(in[:1:1], types.Field{Name: "window_start", Type: types.TimestampOf(3)},
		types.Field{Name: "window_end", Type: types.TimestampOf(3)}, types.Field{Name: "window_time", Type: types.TimestampOf(3)})
	if err := w.Open(&op.Context{Alloc: memory.DefaultAllocator, Inputs: []*arrow.Schema{in.Arrow()}, Output: output.Arrow(), BatchRows: 100}); err != nil {
		t.Fatal(err)
	}
	batch, err := stream.ParseRows(memory.DefaultAllocator, in, []string{"+I ts=1s"})
	if err != nil {
		t.Fatal(err)
	}
	defer batch.Release()
	out := &full{}
	if err := w.Process(0, batch, out); !errors.Is(err, errFull) || out.rows != 100 {
		t.Errorf("%d rows, error %v", out.rows, err)
	}
}

// BenchmarkWindow attaches a row's window, or its five.
func BenchmarkWindow(b *testing.B) {
	for name, spec := range map[string]windows.Spec{
		"tumble": {Kind: windows.Tumble, SizeMillis: 10_000, Time: 1},
		"hop":    {Kind: windows.Hop, SizeMillis: 10_000, StepMillis: 2000, Time: 1},
	} {
		b.Run(name, func(b *testing.B) {
			operator, err := window.New(window.Config{Windows: spec})
			if err != nil {
				b.Fatal(err)
			}
			bound := types.TimestampOf(3)
			optest.Drive(b, operator, types.Field{Name: "window_start", Type: bound}, types.Field{Name: "window_end", Type: bound}, types.Field{Name: "window_time", Type: bound})
		})
	}
}
