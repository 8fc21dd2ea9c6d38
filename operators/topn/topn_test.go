package topn_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/topn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build makes a case out of `in`, `partition`, `order`, `offset`, `count`, `rank`,
// `last`, `retracts`, `upsert`.
func build(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	cfg := topn.Config{
		Offset: h.Int("offset", 0), Count: h.Int("count", 1), Rank: h.Has("rank"), InputRetracts: h.Has("retracts"),
		LastOfTies: h.Has("last"), EmitUpdateBefore: !h.Has("upsert"), TTL: h.Duration("ttl"),
	}
	if cfg.PartitionBy, err = h.Columns("partition", in); err != nil {
		return optest.Case{}, err
	}
	if cfg.OrderBy, err = h.SortKeys("order", in); err != nil {
		return optest.Case{}, err
	}
	c := optest.Case{
		New:    func() (op.Operator, error) { return topn.New(cfg) },
		Inputs: []types.Schema{in}, Output: in, Same: optest.InOrder, Rebatched: optest.Folded,
	}
	if cfg.Rank {
		c.Output = append(c.Output[:len(in):len(in)], types.Field{Name: "rank", Type: types.Of(types.BigInt)})
	}
	if !cfg.EmitUpdateBefore {
		for _, p := range cfg.PartitionBy {
			c.UpsertKey = append(c.UpsertKey, in[p].Name)
		}
		if cfg.Rank {
			c.UpsertKey = append(c.UpsertKey, "rank")
		}
	}
	return c, nil
}

func TestTopN(t *testing.T) { optest.RunText(t, "testdata/topn", build) }
