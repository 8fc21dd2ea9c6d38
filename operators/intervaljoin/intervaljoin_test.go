package intervaljoin_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/intervaljoin"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build makes a case out of `left`, `right` (schemas), `lkeys`, `rkeys`, `times` (a
// column of each side), `kind`, `lower`, `upper` (of left less right), `where` (a
// comparison of two columns), `keeps` (the side whose rows never die) `proctime`, and
// `windowed`.
func build(h optest.Header) (optest.Case, error) {
	left, err := h.Schema("left")
	if err != nil {
		return optest.Case{}, err
	}
	right, err := h.Schema("right")
	if err != nil {
		return optest.Case{}, err
	}
	lower, upper := h.Duration("lower").Milliseconds(), h.Duration("upper").Milliseconds()
	cfg := intervaljoin.Config{
		Registry: expr.NewRegistry(), LowerMillis: lower, UpperMillis: upper, LeftLifeMillis: -lower, RightLifeMillis: upper,
		DelayMillis: max(-lower, upper), Proctime: h.Text("proctime") != "",
	}
	if cfg.Proctime {
		cfg.DelayMillis = 0
	}
	switch h.Text("keeps") {
	case "right":
		cfg.RightLifeMillis, cfg.DelayMillis = intervaljoin.Never, 0
	case "both":
		cfg.LeftLifeMillis, cfg.RightLifeMillis, cfg.DelayMillis = intervaljoin.Never, intervaljoin.Never, 0
		cfg.LowerMillis = intervaljoin.NoLower
	}
	if cfg.LeftKeys, err = h.Columns("lkeys", left); err != nil {
		return optest.Case{}, err
	}
	if cfg.RightKeys, err = h.Columns("rkeys", right); err != nil {
		return optest.Case{}, err
	}
	times := strings.Fields(h.Text("times"))
	cfg.LeftTime, cfg.RightTime = left.Index(times[0]), right.Index(times[1])
	for cfg.Kind.String() != h.Text("kind") {
		if cfg.Kind++; cfg.Kind > intervaljoin.Anti {
			return optest.Case{}, errs.Userf("no such kind")
		}
	}
	joined := append(append(types.Schema{}, left...), right...)
	if where := strings.Fields(h.Text("where")); len(where) == 3 {
		a, b := joined.Index(where[0]), joined.Index(where[2])
		e := rex.CallOf(where[1], types.Of(types.Boolean), rex.Col(a, joined[a].Type), rex.Col(b, joined[b].Type))
		cfg.Condition = &e
	}
	if h.Text("windowed") != "" {
		cfg.Windowed, cfg.LeftLifeMillis, cfg.RightLifeMillis, cfg.DelayMillis = true, -1, -1, 0
	}
	output := joined
	if cfg.Kind >= intervaljoin.Semi {
		output = left
	}
	return optest.Case{
		New:    func() (op.Operator, error) { return intervaljoin.New(cfg) },
		Inputs: []types.Schema{left, right}, Output: output, BatchRows: 3,
		Same: optest.InOrder, Rebatched: optest.Bag,
	}, nil
}

func TestIntervalJoin(t *testing.T) { optest.RunText(t, "testdata/intervaljoin", build) }

func TestBadConfigurationsAreRefused(t *testing.T) {
	for name, cfg := range map[string]intervaljoin.Config{
		"keys":  {LeftKeys: []int{1}},
		"empty": {LowerMillis: 1},
		"pads":  {Kind: intervaljoin.Left, LeftLifeMillis: intervaljoin.Never},
	} {
		if _, err := intervaljoin.New(cfg); errs.ClassOf(err) != errs.Bug {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEqualRowsComeOutInBatches has many equal rows, which the state counts as one entry,
// come out as pairs and padded.
func TestEqualRowsComeOutInBatches(t *testing.T) {
	schema := types.Schema{{Name: "k", Type: types.Of(types.BigInt)}, {Name: "ts", Type: types.TimestampOf(3)}}
	j, err := intervaljoin.New(intervaljoin.Config{Kind: intervaljoin.Full, LeftKeys: []int{0}, RightKeys: []int{0}, LeftTime: 1, RightTime: 1})
	if err != nil {
		t.Fatal(err)
	}
	bench, err := optest.NewBench(j, []types.Schema{schema, schema}, append(schema[:2:2], schema...))
	if err != nil {
		t.Fatal(err)
	}
	defer bench.Close()
	const equal = 3 * optest.BenchBatchRows
	give := func(input, rows int, row string) {
		t.Helper()
		batch, err := stream.ParseRows(memory.DefaultAllocator, schema, slices.Repeat([]string{row}, rows))
		if err != nil {
			t.Fatal(err)
		}
		defer batch.Release()
		if err := bench.Process(input, batch); err != nil {
			t.Fatal(err)
		}
	}
	give(1, equal, "+I k=1 ts=1s")
	give(1, equal, "+I k=2 ts=1s")
	give(0, 1, "+I k=1 ts=1s")
	if err := bench.Advance(stream.EndOfTime); err != nil {
		t.Fatal(err)
	}
	if bench.Rows != 2*equal || bench.Largest > optest.BenchBatchRows {
		t.Errorf("%d rows came out, want %d; %d in one batch", bench.Rows, 2*equal, bench.Largest)
	}
}
