package groupagg_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/groupagg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build makes a case out of `in`, `keys`, `aggs`, `retracts`, `upsert`, `ttl`,
// `hold`.
func build(h optest.Header) (optest.Case, error) {
	registry := agg.NewRegistry()
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	keys, err := h.Columns("keys", in)
	if err != nil {
		return optest.Case{}, err
	}
	aggs, fields, err := h.Aggs("aggs", in, registry)
	if err != nil {
		return optest.Case{}, err
	}
	cfg := groupagg.Config{
		Keys: keys, Aggs: aggs, InputSchema: in, Registry: registry, InputRetracts: h.Has("retracts"),
		EmitUpdateBefore: !h.Has("upsert"), TTL: h.Duration("ttl"), HoldRows: int(h.Int("hold", -1)),
	}
	c := optest.Case{
		New:    func() (op.Operator, error) { return groupagg.New(cfg) },
		Inputs: []types.Schema{in},
		Same:   optest.InOrder, Rebatched: optest.Folded,
	}
	if cfg.HoldRows > 0 {
		c.Same = optest.Folded // a restore flushes
	}
	for _, k := range keys {
		c.Output = append(c.Output, in[k])
		if !cfg.EmitUpdateBefore {
			c.UpsertKey = append(c.UpsertKey, in[k].Name)
		}
	}
	c.Output = append(c.Output, fields...)
	return c, nil
}

func TestGroupAgg(t *testing.T) { optest.RunText(t, "testdata/groupagg", build) }
