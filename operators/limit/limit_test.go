package limit_test

import (
	"math"
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/limit"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func build(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	cfg := limit.Config{Offset: h.Int("offset", 0), Count: h.Int("count", 0)}
	return optest.Case{
		New:    func() (op.Operator, error) { return limit.New(cfg) },
		Inputs: []types.Schema{in}, Output: in, Same: optest.InOrder, Rebatched: optest.InOrder,
	}, err
}

func TestLimit(t *testing.T) { optest.RunText(t, "testdata/limit", build) }

// BenchmarkLimit passes on what is below a limit that is never reached.
func BenchmarkLimit(b *testing.B) {
	operator, err := limit.New(limit.Config{Count: math.MaxInt64})
	if err != nil {
		b.Fatal(err)
	}
	optest.Drive(b, operator)
}
