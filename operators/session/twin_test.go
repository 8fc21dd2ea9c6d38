package session_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/session"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

const twinGap = 3000

// twin keeps all rows of open sessions and looks for what they make up anew at
// each step.
type twin struct {
	open map[string][]timed
	wm   int64
	// lateness is for how long closed clusters still take rows.
	lateness int64
	// out are the lines of an aggregate, distinct those of one that can't be merged, rows
	// those of a Rows, told those of a Late.
	out, distinct, rows, told []string
}

type timed struct {
	k  string
	v  int
	at int64
}

func (w *twin) row(r timed) {
	late := r.at+twinGap-1 <= w.wm && !slices.ContainsFunc(w.open[r.k], func(o timed) bool { return max(o.at-r.at, r.at-o.at) <= twinGap })
	w.told = append(w.told, fmt.Sprintf("k=%s v=%d ts=%s $late=%t", r.k, r.v, millis(r.at), late))
	if late {
		return
	}
	w.open[r.k] = append(w.open[r.k], r)
}

// advance closes the clusters that are over.
func (w *twin) advance(wm int64) {
	wm -= w.lateness
	w.wm = wm
	for k, rows := range w.open {
		slices.SortStableFunc(rows, func(a, b timed) int { return int(a.at - b.at) })
		var left []timed
		for from := 0; from < len(rows); {
			to := from + 1
			for to < len(rows) && rows[to].at-rows[to-1].at <= twinGap {
				to++
			}
			if rows[to-1].at+twinGap-1 <= wm {
				w.close(k, rows[from:to])
			} else {
				left = append(left, rows[from:to]...)
			}
			from = to
		}
		w.open[k] = left
	}
}

func (w *twin) close(k string, rows []timed) {
	sum, lo := 0, rows[0].v
	end := rows[len(rows)-1].at + twinGap
	bounds := fmt.Sprintf("window_start=%s window_end=%s window_time=%s", millis(rows[0].at), millis(end), millis(end-1))
	for _, r := range rows {
		sum, lo = sum+r.v, min(lo, r.v)
		w.rows = append(w.rows, fmt.Sprintf("k=%s v=%d ts=%s %s", k, r.v, millis(r.at), bounds))
	}
	w.out = append(w.out, fmt.Sprintf("k=%s n=%d s=%d lo=%d %s", k, len(rows), sum, lo, bounds))
	values := map[int]bool{}
	for _, r := range rows {
		values[r.v] = true
	}
	w.distinct = append(w.distinct, fmt.Sprintf("k=%s n=%d s=%d lo=%d d=%d %s", k, len(rows), sum, lo, len(values), bounds))
}

func millis(v int64) string { return (time.Duration(v) * time.Millisecond).String() }

func randomSessions(seed uint64, lateness int64) (optest.Script, *twin) {
	r := rand.New(rand.NewPCG(seed, 9))
	w := &twin{open: map[string][]timed{}, wm: -1 << 40, lateness: lateness}
	told := w.wm
	var script optest.Script
	now := int64(0)
	for range 25 {
		step := optest.Step{Kind: optest.Rows}
		for range 1 + r.IntN(5) {
			row := timed{k: fmt.Sprint("k", r.IntN(3)), v: r.IntN(9), at: now - 6000 + 500*r.Int64N(24)}
			w.row(row)
			step.Lines = append(step.Lines, fmt.Sprintf("+I k=%s v=%d ts=%dms", row.k, row.v, row.at))
			now += r.Int64N(900)
		}
		script = append(script, step)
		if r.IntN(2) == 0 {
			told = max(told, now-4000+lateness)
			w.advance(told)
			script = append(script, optest.Step{Kind: optest.Watermark, Value: told})
		}
	}
	w.advance(int64(stream.EndOfTime))
	return append(script, optest.Step{Kind: optest.Watermark, Value: int64(stream.EndOfTime)}), w
}

func TestAgreesWithATwin(t *testing.T) {
	schema, err := stream.ParseSchema("k STRING, v BIGINT, ts TIMESTAMP(3)")
	if err != nil {
		t.Fatal(err)
	}
	spec := windows.Spec{Kind: windows.Session, SizeMillis: twinGap, Time: 2}
	cfg := session.AggregateConfig{Windows: spec, Keys: []int{0}, InputSchema: schema, Properties: bounds, Registry: agg.NewRegistry()}
	output := aggregates(t, &cfg)
	distinct := cfg
	withDistinct := addDistinct(t, &distinct, output)
	for seed := range uint64(5) {
		script, w := randomSessions(seed, 0)
		c := optest.Case{Inputs: []types.Schema{schema}, Output: withBounds(output), Same: optest.Bag, Rebatched: optest.Bag, BatchRows: 3}
		c.New = func() (op.Operator, error) { return session.NewAggregate(cfg) }
		if err := optest.Check(c, script, w.out); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(script.Lines(), "\n"))
		}
		c.Output = withBounds(withDistinct)
		c.New = func() (op.Operator, error) { return session.NewAggregate(distinct) }
		if err := optest.Check(c, script, w.distinct); err != nil {
			t.Fatalf("distinct, seed %d: %v\n%s", seed, err, strings.Join(script.Lines(), "\n"))
		}
		c.Output = withBounds(schema[:3:3])
		c.New = func() (op.Operator, error) { return session.NewRows(session.RowsConfig{Windows: spec, Keys: []int{0}}) }
		if err := optest.Check(c, script, w.rows); err != nil {
			t.Fatalf("rows, seed %d: %v\n%s", seed, err, strings.Join(script.Lines(), "\n"))
		}
	}
}

func TestLateAgreesWithATwin(t *testing.T) {
	schema, err := stream.ParseSchema("k STRING, v BIGINT, ts TIMESTAMP(3)")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(8) {
		lateness := int64(seed%2) * 2500
		script, w := randomSessions(seed, lateness)
		cfg := session.LateConfig{Windows: windows.Spec{Kind: windows.Session, SizeMillis: twinGap, Time: 2}, Keys: []int{0}, LatenessMillis: lateness}
		c := optest.Case{Inputs: []types.Schema{schema}, Output: append(schema[:3:3], lateField), Same: optest.InOrder, Rebatched: optest.InOrder}
		c.New = func() (op.Operator, error) { return session.NewLate(cfg) }
		if err := optest.Check(c, script, w.told); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(script.Lines(), "\n"))
		}
	}
}

func TestUpdatingAgreesWithATwin(t *testing.T) {
	schema, err := stream.ParseSchema("k STRING, v BIGINT, ts TIMESTAMP(3)")
	if err != nil {
		t.Fatal(err)
	}
	const lateness = 2500
	cfg := session.AggregateConfig{Windows: windows.Spec{Kind: windows.Session, SizeMillis: twinGap, Time: 2}, Keys: []int{0}, InputSchema: schema,
		Properties: bounds, Registry: agg.NewRegistry()}
	output := aggregates(t, &cfg)
	distinct := cfg
	withDistinct := addDistinct(t, &distinct, output)
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	for _, delay := range []time.Duration{0, 3 * time.Millisecond, time.Hour} {
		for seed := range seeds {
			script, w := randomSessions(seed, lateness)
			for i := 5; i < len(script); i += 7 {
				script = slices.Insert(script, i, optest.Step{Kind: optest.Tick, Value: int64(i)})
			}
			for _, e := range []windows.Emission{
				{Early: true, EarlyDelay: delay, Late: true, LateDelay: delay, Lateness: lateness * time.Millisecond},
				{Late: true, LateDelay: delay, Lateness: lateness * time.Millisecond},
			} {
				// What stands of a session that is open again depends on batches until it is due.
				c := optest.Case{Inputs: []types.Schema{schema}, Output: withBounds(output), Same: optest.Folded, Rebatched: optest.FinalOnly, BatchRows: 3}
				c.New = func() (op.Operator, error) { return session.NewUpdating(cfg, e, true) }
				if err := optest.Check(c, script, w.out); err != nil {
					t.Fatalf("seed %d, delay %s: %v\n%s", seed, delay, err, strings.Join(script.Lines(), "\n"))
				}
				c.Output = withBounds(withDistinct)
				c.New = func() (op.Operator, error) { return session.NewUpdating(distinct, e, true) }
				if err := optest.Check(c, script, w.distinct); err != nil {
					t.Fatalf("distinct, seed %d, delay %s: %v\n%s", seed, delay, err, strings.Join(script.Lines(), "\n"))
				}
			}
		}
	}
}

// addDistinct adds an aggregate that can't be merged to cfg and its output.
func addDistinct(t *testing.T, cfg *session.AggregateConfig, output types.Schema) types.Schema {
	call, field, err := optest.ParseAgg("COUNT(DISTINCT v) AS d", cfg.InputSchema, cfg.Registry)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Aggs = append(cfg.Aggs[:len(cfg.Aggs):len(cfg.Aggs)], call)
	return append(output[:len(output):len(output)], field)
}

// aggregates adds the twin's aggregates to cfg, and gives the output without bounds.
func aggregates(t *testing.T, cfg *session.AggregateConfig) types.Schema {
	output := cfg.InputSchema[:1:1]
	for _, text := range []string{"COUNT(*) AS n", "SUM(v) AS s", "MIN(v) AS lo"} {
		call, field, err := optest.ParseAgg(text, cfg.InputSchema, cfg.Registry)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Aggs, output = append(cfg.Aggs, call), append(output, field)
	}
	return output
}
