package timesort_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/timesort"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build makes a case out of `in`, `order`, `proctime`.
func build(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	cfg := timesort.Config{ProcTime: h.Has("proctime")}
	cfg.OrderBy, err = h.SortKeys("order", in)
	return sortCase(cfg, in), err
}

func sortCase(cfg timesort.Config, in types.Schema) optest.Case {
	return optest.Case{
		New:    func() (op.Operator, error) { return timesort.New(cfg) },
		Inputs: []types.Schema{in}, Output: in, Same: optest.InOrder, Rebatched: optest.InOrder, BatchRows: 3,
	}
}

func TestTimeSort(t *testing.T) { optest.RunText(t, "testdata/timesort", build) }

// TestAgreesWithATwin sorts the rows that came in time; the order must be exactly
// theirs.
func TestAgreesWithATwin(t *testing.T) {
	schema, err := stream.ParseSchema("v BIGINT, s STRING, ts TIMESTAMP(3)")
	if err != nil {
		t.Fatal(err)
	}
	cfg := timesort.Config{OrderBy: []rex.SortKey{{Column: 2, NullsFirst: true}, {Column: 0, Descending: true}}}
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 1))
		type row struct {
			v    int
			at   int64
			line string
		}
		var script optest.Script
		var kept []row
		wm := int64(-1)
		for now := range int64(30) {
			step := optest.Step{Kind: optest.Rows}
			for i := range 1 + r.IntN(6) {
				one := row{v: r.IntN(4), at: max(0, 300*(now+r.Int64N(10)-5))}
				one.line = fmt.Sprintf("v=%d s=s%d.%d ts=%dms", one.v, now, i, one.at)
				step.Lines = append(step.Lines, "+I "+one.line)
				if one.at > wm {
					kept = append(kept, one)
				}
			}
			script = append(script, step)
			if r.IntN(2) == 0 {
				wm = max(wm, 300*(now-3)+r.Int64N(50))
				script = append(script, optest.Step{Kind: optest.Watermark, Value: wm})
			}
		}
		script = append(script, optest.Step{Kind: optest.Watermark, Value: int64(stream.EndOfTime)})
		slices.SortStableFunc(kept, func(a, b row) int {
			if a.at != b.at {
				return int(a.at - b.at)
			}
			return b.v - a.v
		})
		lines, err := optest.Verify(sortCase(cfg, schema), script)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(script.Lines(), "\n"))
		}
		var got []string
		for _, line := range lines {
			if rest, ok := strings.CutPrefix(line, "+I "); ok {
				got = append(got, rest[:strings.Index(rest, " ts=")])
			}
		}
		for i, k := range kept {
			if want := k.line[:strings.Index(k.line, " ts=")]; i >= len(got) || got[i] != want {
				t.Fatalf("seed %d: row %d is not %s in\n%s", seed, i, want, strings.Join(got, "\n"))
			}
		}
		if len(got) != len(kept) {
			t.Fatalf("seed %d: %d rows, want %d", seed, len(got), len(kept))
		}
	}
}

// BenchmarkTimeSort sorts ten rows a millisecond, out of order by up to a second.
func BenchmarkTimeSort(b *testing.B) {
	const rows = 4096
	schema, err := stream.ParseSchema("v BIGINT, ts TIMESTAMP(3)")
	if err != nil {
		b.Fatal(err)
	}
	operator, err := timesort.New(timesort.Config{OrderBy: []rex.SortKey{{Column: 1, NullsFirst: true}}})
	if err != nil {
		b.Fatal(err)
	}
	bench, err := optest.NewBench(operator, []types.Schema{schema}, schema)
	if err != nil {
		b.Fatal(err)
	}
	defer bench.Close()
	r := rand.New(rand.NewPCG(1, 2))
	row := int64(0)
	batches := make([]stream.Batch, b.N)
	for i := range batches {
		v, ts := array.NewInt64Builder(memory.DefaultAllocator), array.NewTimestampBuilder(memory.DefaultAllocator, schema[1].Type.Arrow().(*arrow.TimestampType))
		for range rows {
			v.Append(row)
			ts.Append(arrow.Timestamp(1000 + row/10 - r.Int64N(1000)))
			row++
		}
		batches[i] = stream.NewBatch(schema.Arrow(), []arrow.Array{v.NewArray(), ts.NewArray()}, rows, nil)
	}
	b.ReportAllocs()
	b.ResetTimer()
	cpu := optest.CPUSeconds()
	for i, batch := range batches {
		if err := bench.Process(0, batch); err != nil {
			b.Fatal(err)
		}
		if err := bench.Advance(stream.Watermark((i+1)*rows/10 - 1)); err != nil {
			b.Fatal(err)
		}
	}
	optest.ReportRows(b, float64(b.N)*rows, cpu)
}
