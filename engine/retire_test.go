package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/expr"
)

// A server that runs for long must not keep books of all it ever did.
func TestJobsThatCannotGoOnAreForgottenInTime(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	eng, err := Open(ctx, Options{DataDir: dir, Parallelism: 1})
	if err != nil {
		t.Fatal(err)
	}
	eng.retiredMax = 2
	if _, err := eng.Execute(ctx, "CREATE TABLE b (v INT) WITH ('connector' = 'blackhole')"); err != nil {
		t.Fatal(err)
	}
	var first, last *Job
	for i := range 3 {
		rows, err := eng.Query(ctx, fmt.Sprintf("SELECT %d", i))
		if err != nil {
			t.Fatal(err)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		results, err := eng.Execute(ctx, fmt.Sprintf("INSERT INTO b VALUES %d", i))
		if err != nil {
			t.Fatal(err)
		}
		last = results[0].Job
		if err := last.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = last
		}
	}
	if jobs := eng.Jobs(); len(jobs) != 2 || jobs[1].ID() != last.ID() {
		t.Errorf("%d jobs are listed, want the last two", len(jobs))
	}
	if _, known := eng.Job(first.ID()); known {
		t.Error("the first job is still known")
	}
	if n := first.Metrics().Nodes[0].RowsOut; n != 1 {
		t.Errorf("a handle on a forgotten job tells of %d rows, want 1", n)
	}
	if err := eng.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(ctx, Options{DataDir: dir, Parallelism: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if jobs := again.Jobs(); len(jobs) != 1 || jobs[0].ID() != last.ID() {
		t.Errorf("%d jobs are listed after a restart, want the one that was durable", len(jobs))
	}
}

func TestPanicInAStatementIsItsErrorAndNotTheProcesss(t *testing.T) {
	ctx := context.Background()
	boom := expr.GoFunc1("BOOM", func(int32) int32 { panic("not that number") })
	eng, err := Open(ctx, Options{Parallelism: 1, Functions: []expr.Function{boom}})
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close()
	for _, text := range []string{"EXPLAIN SELECT BOOM(1)", "SELECT BOOM(v) FROM (VALUES 1) AS t(v)"} {
		rows, err := eng.Query(ctx, text)
		if err == nil {
			_, err = rows.Table(ctx)
			rows.Close()
		}
		if err == nil || errs.ClassOf(err) != errs.Bug || !strings.Contains(err.Error(), "panicked: not that number") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestCheckpointThatIsWantedBeforeTheJobIsKnownIsAskedFor(t *testing.T) {
	c := newCollector(true)
	c.hurried = true
	asked := 0
	c.started(func() { asked++ })
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}
