package window_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
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
