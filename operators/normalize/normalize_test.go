package normalize_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/normalize"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func build(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	cfg := normalize.Config{OmitUpdateBefore: h.Has("upsert")}
	if cfg.Keys, err = h.Columns("keys", in); err != nil {
		return optest.Case{}, err
	}
	c := optest.Case{
		New:    func() (op.Operator, error) { return normalize.New(cfg), nil },
		Inputs: []types.Schema{in}, Output: in, Same: optest.InOrder, Rebatched: optest.Folded,
	}
	if cfg.OmitUpdateBefore {
		for _, k := range cfg.Keys {
			c.UpsertKey = append(c.UpsertKey, in[k].Name)
		}
	}
	return c, nil
}

func TestNormalize(t *testing.T) { optest.RunText(t, "testdata/normalize", build) }

// BenchmarkNormalize reads each row as the newest of its key, as upserts are.
func BenchmarkNormalize(b *testing.B) {
	optest.Drive(b, normalize.New(normalize.Config{Keys: []int{0}}))
}
