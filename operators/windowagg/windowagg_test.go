package windowagg_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/operators/windowagg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// spec makes windows out of `tumble`, `hop`, `cumulate` (sizes), `step`, `offset`,
// `time`, `proctime` and `attached` (start and end columns).
func spec(h optest.Header, in types.Schema) (windows.Spec, error) {
	s := windows.Spec{
		StepMillis: h.Duration("step").Milliseconds(), OffsetMillis: h.Duration("offset").Milliseconds(), ProcTime: h.Has("proctime"),
	}
	for kind, name := range []string{"tumble", "hop", "cumulate"} {
		if h.Has(name) {
			s.Kind, s.SizeMillis = windows.Kind(kind), h.Duration(name).Milliseconds()
		}
	}
	zone, err := h.Zone("zone")
	if err != nil {
		return s, err
	}
	s.Zone = windows.NewZone(zone)
	time, err := h.Columns("time", in)
	if err != nil {
		return s, err
	}
	if len(time) > 0 {
		s.Time = time[0]
	}
	attached, err := h.Columns("attached", in)
	if len(attached) == 2 {
		s.Attached, s.Start, s.End = true, attached[0], attached[1]
	}
	return s, err
}

func config(h optest.Header) (windowagg.Config, []types.Field, error) {
	cfg := windowagg.Config{Registry: agg.NewRegistry(), InputRetracts: h.Has("retracts")}
	var err error
	if cfg.InputSchema, err = h.Schema("in"); err != nil {
		return cfg, nil, err
	}
	if cfg.Keys, err = h.Columns("keys", cfg.InputSchema); err != nil {
		return cfg, nil, err
	}
	if cfg.Windows, err = spec(h, cfg.InputSchema); err != nil {
		return cfg, nil, err
	}
	var fields []types.Field
	cfg.Aggs, fields, err = h.Aggs("aggs", cfg.InputSchema, cfg.Registry)
	return cfg, fields, err
}

func build(h optest.Header) (optest.Case, error) {
	cfg, fields, err := config(h)
	if err != nil {
		return optest.Case{}, err
	}
	cfg.Properties = []windows.Property{windows.WindowStart, windows.WindowEnd, windows.WindowTime}
	c := optest.Case{
		New:    func() (op.Operator, error) { return newOperator(h, cfg) },
		Inputs: []types.Schema{cfg.InputSchema}, Same: optest.Bag, Rebatched: optest.Bag, BatchRows: 2,
	}
	if h.Has("early") || h.Has("late") {
		c.Rebatched = optest.Folded
	}
	h.Has("lateness")
	if h.Has("upsert") {
		c.UpsertKey = []string{cfg.InputSchema[cfg.Keys[0]].Name, "window_end"}
	}
	for _, k := range cfg.Keys {
		c.Output = append(c.Output, cfg.InputSchema[k])
	}
	c.Output = append(c.Output, fields...)
	for _, p := range cfg.Properties {
		c.Output = append(c.Output, types.Field{Name: p.String(), Type: types.TimestampOf(3)})
	}
	return c, nil
}

// newOperator makes a WindowAgg, or with `early`, `late`, `lateness` (durations) and
// `upsert` an Updating.
func newOperator(h optest.Header, cfg windowagg.Config) (op.Operator, error) {
	emit := windows.Emission{Early: h.Has("early"), EarlyDelay: h.Duration("early"), Late: h.Has("late"), LateDelay: h.Duration("late"),
		Lateness: h.Duration("lateness")}
	if upsert := h.Has("upsert"); emit.Early || emit.Late {
		return windowagg.NewUpdating(cfg, emit, !upsert)
	}
	return windowagg.New(cfg)
}

func TestWindowAgg(t *testing.T) { optest.RunText(t, "testdata/windowagg", build) }

func TestUpdating(t *testing.T) { optest.RunText(t, "testdata/updating", build) }
