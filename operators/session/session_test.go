package session_test

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/session"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var bounds = []windows.Property{windows.WindowStart, windows.WindowEnd, windows.WindowTime}

// withBounds appends the window's columns to a schema.
func withBounds(schema types.Schema) types.Schema {
	for _, p := range bounds {
		schema = append(schema, types.Field{Name: p.String(), Type: types.TimestampOf(3)})
	}
	return schema
}

// build makes a case out of `in`, `keys`, `time`, `gap`, `proctime`, and for an
// aggregate `aggs` and `retracts`, and `early`, `late`, `lateness`, `upsert` for one
// that emits more than once; with `tells` of what tells late rows.
func build(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	keys, err := h.Columns("keys", in)
	if err != nil {
		return optest.Case{}, err
	}
	spec := windows.Spec{Kind: windows.Session, SizeMillis: h.Duration("gap").Milliseconds(), ProcTime: h.Has("proctime")}
	time, err := h.Columns("time", in)
	if err != nil {
		return optest.Case{}, err
	}
	if len(time) == 1 {
		spec.Time = time[0]
	}
	zone, err := h.Zone("zone")
	if err != nil {
		return optest.Case{}, err
	}
	spec.Zone = windows.NewZone(zone)
	c := optest.Case{Inputs: []types.Schema{in}, Same: optest.InOrder, Rebatched: optest.InOrder, BatchRows: 2}
	if h.Has("tells") {
		c.Output = append(in[:len(in):len(in)], lateField)
		cfg := session.LateConfig{Windows: spec, Keys: keys, LatenessMillis: h.Duration("lateness").Milliseconds()}
		c.New = func() (op.Operator, error) { return session.NewLate(cfg) }
		return c, nil
	}
	if !h.Has("aggs") {
		c.Output = withBounds(in[:len(in):len(in)])
		c.New = func() (op.Operator, error) { return session.NewRows(session.RowsConfig{Windows: spec, Keys: keys}) }
		return c, nil
	}
	cfg := session.AggregateConfig{Windows: spec, Keys: keys, InputSchema: in, Properties: bounds, Registry: agg.NewRegistry(), InputRetracts: h.Has("retracts")}
	var fields []types.Field
	if cfg.Aggs, fields, err = h.Aggs("aggs", in, cfg.Registry); err != nil {
		return c, err
	}
	for _, k := range keys {
		c.Output = append(c.Output, in[k])
	}
	c.Output = withBounds(append(c.Output, fields...))
	c.New = func() (op.Operator, error) { return session.NewAggregate(cfg) }
	emission := windows.Emission{Early: h.Has("early"), EarlyDelay: h.Duration("early"), Late: h.Has("late"), LateDelay: h.Duration("late"),
		Lateness: h.Duration("lateness")}
	if emission.Early || emission.Late {
		c.New = func() (op.Operator, error) { return session.NewUpdating(cfg, emission, !h.Has("upsert")) }
		c.Same, c.Rebatched = optest.Folded, optest.Folded
		if h.Has("upsert") {
			c.UpsertKey = strings.Fields(h.Text("upsert"))
		}
	}
	return c, nil
}

// lateField is the column that a Late appends.
var lateField = types.Field{Name: "$late", Type: types.Of(types.Boolean)}

func TestLate(t *testing.T) { optest.RunText(t, "testdata/late", build) }

func TestUpdating(t *testing.T) { optest.RunText(t, "testdata/updating", build) }

func TestSession(t *testing.T) { optest.RunText(t, "testdata/session", build) }
