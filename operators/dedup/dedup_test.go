package dedup_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/dedup"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build makes a case out of `in`, `keys`, `time`, `last`, `upsert`, `ttl`.
func build(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	cfg := dedup.Config{Time: -1, KeepLast: h.Has("last"), EmitUpdateBefore: !h.Has("upsert"), TTL: h.Duration("ttl")}
	if cfg.Keys, err = h.Columns("keys", in); err != nil {
		return optest.Case{}, err
	}
	time, err := h.Columns("time", in)
	if err != nil {
		return optest.Case{}, err
	}
	if len(time) > 0 {
		cfg.Time = time[0]
	}
	c := optest.Case{
		New:    func() (op.Operator, error) { return dedup.New(cfg), nil },
		Inputs: []types.Schema{in}, Output: in, Same: optest.InOrder, Rebatched: optest.Folded,
	}
	if !cfg.EmitUpdateBefore {
		for _, k := range cfg.Keys {
			c.UpsertKey = append(c.UpsertKey, in[k].Name)
		}
	}
	return c, nil
}

func TestDedup(t *testing.T) { optest.RunText(t, "testdata/dedup", build) }

// BenchmarkDedup keeps the row of each of 10,000 keys that drift, by arrival and by time.
func BenchmarkDedup(b *testing.B) {
	for name, cfg := range map[string]dedup.Config{
		"first": {Keys: []int{0}, Time: -1},
		"last":  {Keys: []int{0}, Time: 1, KeepLast: true, EmitUpdateBefore: true},
	} {
		b.Run(name, func(b *testing.B) { optest.Drive(b, dedup.New(cfg)) })
	}
}
