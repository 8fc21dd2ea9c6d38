package join_test

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/join"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build makes a case out of `left`, `right` (schemas), `lkeys`, `rkeys`, `kind`,
// `nullequal` (all keys), `where` (a comparison of two columns), and `inserts` (LEFT,
// RIGHT or both: the inputs planned as insert-only).
func build(h optest.Header) (optest.Case, error) {
	cfg := join.Config{Registry: expr.NewRegistry(), TTL: [2]time.Duration{h.Duration("ttl"), h.Duration("ttl")}}
	if h.Has("rttl") {
		cfg.TTL[1] = h.Duration("rttl")
	}
	left, err := h.Schema("left")
	if err != nil {
		return optest.Case{}, err
	}
	right, err := h.Schema("right")
	if err != nil {
		return optest.Case{}, err
	}
	if cfg.LeftKeys, err = h.Columns("lkeys", left); err != nil {
		return optest.Case{}, err
	}
	if cfg.RightKeys, err = h.Columns("rkeys", right); err != nil {
		return optest.Case{}, err
	}
	inserts := h.Text("inserts")
	cfg.InsertOnly = [2]bool{strings.Contains(inserts, "LEFT"), strings.Contains(inserts, "RIGHT")}
	for cfg.Kind.String() != h.Text("kind") {
		if cfg.Kind++; cfg.Kind > join.Mark {
			return optest.Case{}, errs.Userf("no such kind")
		}
	}
	if h.Has("nullequal") {
		for range cfg.LeftKeys {
			cfg.NullEqual = append(cfg.NullEqual, true)
		}
	}
	joined := append(append(types.Schema{}, left...), right...)
	if where := strings.Fields(h.Text("where")); len(where) == 3 {
		a, b := joined.Index(where[0]), joined.Index(where[2])
		e := rex.CallOf(where[1], types.Of(types.Boolean), rex.Col(a, joined[a].Type), rex.Col(b, joined[b].Type))
		cfg.Condition = &e
	}
	c := optest.Case{
		New:    func() (op.Operator, error) { return join.New(cfg) },
		Inputs: []types.Schema{left, right}, Output: joined, BatchRows: 3,
		Same: optest.InOrder, Rebatched: optest.InOrder,
	}
	switch cfg.Kind {
	case join.Semi, join.Anti:
		c.Output = left
	case join.Mark:
		c.Output = marked(left)
	}
	return c, nil
}

// marked is the output of a MARK join.
func marked(left types.Schema) types.Schema {
	return append(left[:len(left):len(left)], types.Field{Name: "mark", Type: types.Of(types.Boolean).NotNull()})
}

func TestJoin(t *testing.T) { optest.RunText(t, "testdata/join", build) }
