package job_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/build"
	"github.com/thalweg/thalweg/engine/coordinator"
	"github.com/thalweg/thalweg/engine/enginetest"
	"github.com/thalweg/thalweg/engine/job"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/planner/plan"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/memstate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a world with one job's worth of parts.
type fixture struct {
	tables  *enginetest.Tables
	backend *enginetest.Backend
	alloc   *memory.CheckedAllocator
	cfg     job.Config
}

var rows = types.Schema{{Name: "k", Type: types.StringType()}, {Name: "v", Type: types.Of(types.BigInt)},
	{Name: "ts", Type: types.TimestampOf(3)}}

// newFixture makes a job that copies table "in" to table "out", with a hash exchange
// between and event time ts.
func newFixture(t *testing.T, parallelism, batchRows int) *fixture {
	t.Helper()
	tables := enginetest.NewTables()
	registry, err := connector.NewRegistry(tables.Connector())
	if err != nil {
		t.Fatal(err)
	}
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	t.Cleanup(func() { alloc.AssertSize(t, 0) })
	f := &fixture{tables: tables, backend: &enginetest.Backend{}, alloc: alloc}
	f.cfg = job.Config{ID: "job", Plan: copyPlan(), Parallelism: parallelism, KeyGroups: 16, Latency: time.Millisecond,
		Env:   &build.Env{Functions: expr.NewRegistry(), Connectors: registry, BatchRows: batchRows},
		Alloc: alloc, Backend: f.backend, Clock: func() int64 { return time.Now().UnixMilli() },
		Restart: coordinator.Restart{Strategy: coordinator.FixedDelay, Attempts: 3, Delay: time.Millisecond}}
	return f
}

// latest is the last published checkpoint.
func (f *fixture) latest(t *testing.T) *job.Checkpoint {
	t.Helper()
	c, err := f.backend.Latest(context.Background())
	if err != nil || c == nil {
		t.Fatalf("no checkpoint: %v", err)
	}
	return c
}

func copyPlan() *plan.Plan {
	ref := func(name string) plan.TableRef {
		return plan.TableRef{Name: name, Connector: "memory", Schema: rows}
	}
	keep := rex.CallOf(">", types.Of(types.Boolean), rex.Col(1, rows[1].Type), rex.BigInt(0))
	return &plan.Plan{Version: plan.Version, Nodes: []plan.Node{
		{ID: 0, Kind: plan.KindSource, UID: "source", Schema: rows, Rowtime: -1, Source: &plan.Source{Table: ref("in")}},
		{ID: 1, Kind: plan.KindWatermark, UID: "time", Schema: rows, Rowtime: 2, Inputs: []plan.Input{{Node: 0}},
			Watermark: &plan.Watermark{Column: 2, Expr: rex.Col(2, rows[2].Type)}},
		{ID: 2, Kind: plan.KindCalc, UID: "filter", Schema: rows, Rowtime: 2,
			Inputs: []plan.Input{{Node: 1, Exchange: plan.Hash, Keys: []int{0}}}, Calc: &plan.Calc{Filter: &keep}},
		{ID: 3, Kind: plan.KindSink, UID: "sink", Schema: rows, Rowtime: 2, Inputs: []plan.Input{{Node: 2}},
			Sink: &plan.Sink{Table: ref("out"), Mode: "retract", Guarantee: "exactly-once"}},
	}}
}

func start(t *testing.T, cfg job.Config) *job.Job {
	t.Helper()
	j, err := job.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// input is n rows, the ones with v = 0 to be filtered out.
func input(n int) (all, kept []string) {
	for i := range n {
		row := fmt.Sprintf("+I k=k%d v=%d ts=%s", i%7, i%5, time.Duration(i)*time.Second)
		all = append(all, row)
		if i%5 > 0 {
			kept = append(kept, row)
		}
	}
	return all, kept
}

func equalBags(t *testing.T, got, want []string) {
	t.Helper()
	got, want = slices.Clone(got), slices.Clone(want)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("got %d rows, want %d:\n%s\n----\n%s", len(got), len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestBoundedJobCopiesEveryRowOnce(t *testing.T) {
	for _, parallelism := range []int{1, 2, 4} {
		for _, batchRows := range []int{1, 3, 4096} {
			t.Run(fmt.Sprintf("parallelism=%d/batch=%d", parallelism, batchRows), func(t *testing.T) {
				f := newFixture(t, parallelism, batchRows)
				a, keptA := input(200)
				b, keptB := input(90)
				f.tables.Table("in").SetSplits(false, a, b, nil)
				j := start(t, f.cfg)
				if err := j.Wait(context.Background()); err != nil {
					t.Fatal(err)
				}
				if s := j.Status(); s.State != coordinator.Finished {
					t.Fatalf("state %s", s.State)
				}
				equalBags(t, f.tables.Table("out").Rows(), append(keptA, keptB...))
				checkMetrics(t, j, 290, len(keptA)+len(keptB))
			})
		}
	}
}

// inMemory is a backend with state that dies with the job.
type inMemory struct{ *enginetest.Backend }

func (inMemory) Open(context.Context, job.OpenState) (*state.Store, error) {
	return memstate.Open(memstate.Options{})
}

// TestRowsOfAChildAreNotLate reads a split whose child goes on with it beside one that
// is far ahead. A sort by time drops what is late.
func TestRowsOfAChildAreNotLate(t *testing.T) {
	for _, parallelism := range []int{1, 2, 3} {
		f := newFixture(t, parallelism, 1)
		f.cfg.Backend = inMemory{f.backend}
		f.cfg.Plan.Nodes[2] = plan.Node{ID: 2, Kind: plan.KindTemporalSort, UID: "sort", Schema: rows, Rowtime: 2, Singleton: true,
			Inputs: []plan.Input{{Node: 1, Exchange: plan.Single}}, TemporalSort: &plan.TemporalSort{OrderBy: []rex.SortKey{{Column: 2}}}}
		var want []string
		times := func(from, step, n int) (split []string) {
			for i := range n {
				split = append(split, fmt.Sprintf("+I k=a v=1 ts=%s", time.Duration(from+i*step)*time.Second))
			}
			want = append(want, split...)
			return split
		}
		f.tables.Table("in").SetSplits(false, times(1, 1, 5), times(1, 50, 20), times(6, 1, 20), times(26, 1, 5))
		f.tables.Table("in").SetParents(2, 0)
		f.tables.Table("in").SetParents(3, 2)
		if err := start(t, f.cfg).Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
		equalBags(t, f.tables.Table("out").Rows(), want)
	}
}

func checkMetrics(t *testing.T, j *job.Job, read, written int) {
	t.Helper()
	m := j.Metrics().Nodes
	if m[0].RowsOut != int64(read) || m[3].RowsIn != int64(written) {
		t.Errorf("read %d rows of %d, wrote %d of %d", m[0].RowsOut, read, m[3].RowsIn, written)
	}
	if m[0].Source.Splits != 3 || m[0].Source.Ended != 3 {
		t.Errorf("%d splits of which %d ended, want 3", m[0].Source.Splits, m[0].Source.Ended)
	}
	if m[1].Watermark != stream.EndOfTime {
		t.Errorf("watermark %s at the end", m[1].Watermark)
	}
}

func TestCheckpointCommitsAndStopKeepsPositions(t *testing.T) {
	f := newFixture(t, 2, 4)
	a, kept := input(40)
	in := f.tables.Table("in")
	in.SetSplits(true, a[:10], nil)
	j := start(t, f.cfg)
	ctx := context.Background()
	for len(f.tables.Table("out").Rows()) < 8 {
		if _, err := j.Checkpoint(ctx); err != nil {
			t.Fatal(err)
		}
	}
	in.Append(0, a[10:20]...)
	if _, err := j.Stop(ctx, job.StopOptions{}); err != nil {
		t.Fatal(err)
	}
	if s := j.Status(); s.State != coordinator.Suspended {
		t.Fatalf("state %s", s.State)
	}
	in.Append(0, a[20:]...)
	in.Finish()
	f.cfg.Restore = f.latest(t)
	f.cfg.LastEpoch = f.cfg.Restore.Barrier.Epoch
	f.cfg.Parallelism = 4
	if err := start(t, f.cfg).Wait(ctx); err != nil {
		t.Fatal(err)
	}
	equalBags(t, f.tables.Table("out").Rows(), kept)
}

func TestFailedWriteRestartsFromTheLastCheckpoint(t *testing.T) {
	f := newFixture(t, 2, 4)
	a, kept := input(40)
	in, out := f.tables.Table("in"), f.tables.Table("out")
	in.SetSplits(true, a[:20])
	j := start(t, f.cfg)
	ctx := context.Background()
	for len(out.Rows()) < 16 {
		if _, err := j.Checkpoint(ctx); err != nil {
			t.Fatal(err)
		}
	}
	out.FailWrites(1)
	in.Append(0, a[20:]...)
	in.Finish()
	if err := j.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if s := j.Status(); s.Stats.Restarts != 1 {
		t.Errorf("%d restarts", s.Stats.Restarts)
	}
	equalBags(t, out.Rows(), kept)
	if out.Pending() != 0 {
		t.Errorf("%d prepared writes were left over", out.Pending())
	}
}

func TestAttemptsRunOut(t *testing.T) {
	f := newFixture(t, 1, 4)
	a, _ := input(4)
	f.tables.Table("in").SetSplits(false, a)
	f.tables.Table("out").FailWrites(-1)
	err := start(t, f.cfg).Wait(context.Background())
	if errs.ClassOf(err) != errs.Resource || !strings.Contains(err.Error(), "Sink[3] out: the test's table takes no rows") {
		t.Fatalf("error %v", err)
	}
}

func TestFailedPublicationOfTheLastCheckpointIsRepeated(t *testing.T) {
	f := newFixture(t, 2, 4)
	a, kept := input(40)
	f.tables.Table("in").SetSplits(false, a)
	f.backend.FailPublish(1)
	if err := start(t, f.cfg).Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	equalBags(t, f.tables.Table("out").Rows(), kept)
}

func TestFinalCheckpointWithoutCommitIsCommittedByTheNextStart(t *testing.T) {
	f := newFixture(t, 1, 4)
	a, kept := input(10)
	f.tables.Table("in").SetSplits(false, a)
	if err := start(t, f.cfg).Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	f.cfg.Restore = f.latest(t)
	j := start(t, f.cfg)
	if err := j.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if s := j.Status(); s.State != coordinator.Finished {
		t.Fatalf("state %s", s.State)
	}
	equalBags(t, f.tables.Table("out").Rows(), kept)
}

func TestBadRecordFailsTheJobAtOnceAndNamesThePlace(t *testing.T) {
	f := newFixture(t, 1, 4)
	f.tables.Table("in").SetSplits(false, []string{"+I k=a v=1 ts=1s", "! broken"})
	j := start(t, f.cfg)
	err := j.Wait(context.Background())
	if errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), "split 0, row 1: malformed") {
		t.Fatalf("error %v", err)
	}
	if s := j.Status(); s.Stats.Restarts != 0 {
		t.Errorf("%d restarts", s.Stats.Restarts)
	}
}

func TestCancelEndsABlockedJob(t *testing.T) {
	f := newFixture(t, 2, 4)
	f.tables.Table("in").SetSplits(true, nil, nil, nil)
	j := start(t, f.cfg)
	if err := j.Cancel(context.Background()); err != nil {
		t.Fatal(err)
	}
	if s := j.Status(); s.State != coordinator.Cancelled {
		t.Fatalf("state %s", s.State)
	}
	if _, err := j.Checkpoint(context.Background()); err == nil {
		t.Error("a cancelled job took a checkpoint")
	}
}

func TestDrainEndsTime(t *testing.T) {
	f := newFixture(t, 2, 4)
	a, _ := input(10)
	f.tables.Table("in").SetSplits(true, a)
	j := start(t, f.cfg)
	path, err := j.Stop(context.Background(), job.StopOptions{Savepoint: true, Drain: true})
	if err != nil || path != "savepoint" {
		t.Fatalf("savepoint %q, error %v", path, err)
	}
	if s := j.Status(); s.State != coordinator.Finished {
		t.Fatalf("state %s", s.State)
	}
	if wm := j.Metrics().Nodes[1].Watermark; wm != stream.EndOfTime {
		t.Errorf("watermark %s", wm)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	f := newFixture(t, 1, 4)
	f.tables.Table("in").SetSplits(true, nil)
	j := start(t, f.cfg)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := j.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := j.Cancel(context.Background()); err != nil {
		t.Fatal(err)
	}
}
