package temporaljoin_test

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/temporaljoin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build makes a case out of `left`, `right` (schemas), `lkeys`, `rkeys`, `times` (a
// column of each side), `where` (a comparison of two columns), `keeps` (LEFT JOIN)
// and `proctime`.
func build(h optest.Header) (optest.Case, error) {
	left, err := h.Schema("left")
	if err != nil {
		return optest.Case{}, err
	}
	right, err := h.Schema("right")
	if err != nil {
		return optest.Case{}, err
	}
	cfg := temporaljoin.Config{Registry: expr.NewRegistry(), KeepsLeft: h.Has("keeps"), Proctime: h.Has("proctime")}
	if cfg.LeftKeys, err = h.Columns("lkeys", left); err != nil {
		return optest.Case{}, err
	}
	if cfg.RightKeys, err = h.Columns("rkeys", right); err != nil {
		return optest.Case{}, err
	}
	if times := strings.Fields(h.Text("times")); len(times) == 2 {
		cfg.LeftTime, cfg.RightTime = left.Index(times[0]), right.Index(times[1])
	}
	joined := append(append(types.Schema{}, left...), right...)
	if where := strings.Fields(h.Text("where")); len(where) == 3 {
		a, b := joined.Index(where[0]), joined.Index(where[2])
		e := rex.CallOf(where[1], types.Of(types.Boolean), rex.Col(a, joined[a].Type), rex.Col(b, joined[b].Type))
		cfg.Condition = &e
	}
	return joinCase(cfg, left, right), nil
}

func joinCase(cfg temporaljoin.Config, left, right types.Schema) optest.Case {
	return optest.Case{
		New:    func() (op.Operator, error) { return temporaljoin.New(cfg) },
		Inputs: []types.Schema{left, right}, Output: append(append(types.Schema{}, left...), right...), BatchRows: 3,
		Same: optest.InOrder, Rebatched: optest.Bag,
	}
}

func TestTemporalJoin(t *testing.T) { optest.RunText(t, "testdata/temporaljoin", build) }

func TestBadConfigurationsAreRefused(t *testing.T) {
	for name, cfg := range map[string]temporaljoin.Config{
		"no keys":   {},
		"odd keys":  {LeftKeys: []int{1, 2}, RightKeys: []int{1}},
		"left only": {LeftKeys: []int{1}},
	} {
		if _, err := temporaljoin.New(cfg); errs.ClassOf(err) != errs.Bug {
			t.Errorf("%s: %v", name, err)
		}
	}
}
