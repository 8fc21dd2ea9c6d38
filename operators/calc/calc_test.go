package calc_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/calc"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	bigint  = types.Of(types.BigInt)
	boolean = types.Of(types.Boolean)
	str     = types.StringType()
)

func plus(a rex.Expr, n int64) rex.Expr { return rex.CallOf("+", bigint, a, rex.BigInt(n)) }

func greater(a rex.Expr, n int64) *rex.Expr {
	e := rex.CallOf(">", boolean, a, rex.BigInt(n))
	return &e
}

// build makes a case out of `in` (its second column is a BIGINT), `filter` (keeps
// rows where that exceeds a number) and `project` (second column plus a number,
// then the first).
func build(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	cfg := calc.Config{Registry: expr.NewRegistry(), InputNames: in.Names()}
	out := in
	if h.Has("filter") {
		cfg.Filter = greater(rex.Col(1, bigint), h.Int("filter", 0))
	}
	if h.Has("project") {
		cfg.Project = []rex.Expr{plus(rex.Col(1, bigint), h.Int("project", 0)), rex.Col(0, str)}
		out = types.Schema{{Name: "sum", Type: bigint}, {Name: "first", Type: str}}
	}
	return optest.Case{
		New:    func() (op.Operator, error) { return calc.New(cfg) },
		Inputs: []types.Schema{in}, Output: out, Same: optest.InOrder, Rebatched: optest.InOrder,
	}, nil
}

func TestCalc(t *testing.T) { optest.RunText(t, "testdata/calc", build) }
