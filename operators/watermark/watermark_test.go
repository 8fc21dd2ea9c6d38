package watermark_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/watermark"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build makes a case out of `in` (its second column is the time), `delay` and
// `idle`.
func build(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	ts := in[1].Type
	delay := rex.Lit(types.Of(types.IntervalDayTime).NotNull(), rex.Value{Int: h.Duration("delay").Milliseconds()})
	cfg := watermark.Config{
		Column: 1, Expr: rex.CallOf("-", ts, rex.Col(1, ts), delay), IdleAfter: h.Duration("idle"), Registry: expr.NewRegistry(),
	}
	return optest.Case{
		New:    func() (op.Operator, error) { return watermark.New(cfg) },
		Inputs: []types.Schema{in}, Output: in, Same: optest.InOrder, Rebatched: optest.FinalOnly,
		NoRestore: "watermarks begin anew with the source's next rows, as in Flink",
	}, nil
}

func TestWatermark(t *testing.T) { optest.RunText(t, "testdata/watermark", build) }

// BenchmarkWatermark evaluates a watermark some seconds behind the rows.
func BenchmarkWatermark(b *testing.B) {
	ts := types.TimestampOf(3)
	delay := rex.Lit(types.Of(types.IntervalDayTime).NotNull(), rex.Value{Int: 4000})
	operator, err := watermark.New(watermark.Config{
		Column: 1, Expr: rex.CallOf("-", ts, rex.Col(1, ts), delay), Registry: expr.NewRegistry(),
	})
	if err != nil {
		b.Fatal(err)
	}
	optest.Drive(b, operator)
}
