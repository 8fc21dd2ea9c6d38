package engine_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/enginetest"
)

// TestStateIsForgottenByTheClock runs one query over and over, each time from the last
// savepoint, at another time and with another TTL: a group lives for the TTL of the run
// that meets it, counted from when it was written last.
func TestStateIsForgottenByTheClock(t *testing.T) {
	ctx, dir, tables := context.Background(), t.TempDir(), enginetest.NewTables()
	in := tables.Table("t")
	in.SetSplits(true, nil)
	var clock atomic.Int64
	eng, err := engine.Open(ctx, engine.Options{DataDir: dir, Parallelism: 1, WorkDir: dir, Now: clock.Load,
		Connectors: []connector.Connector{tables.Connector()}})
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close()
	s := eng.NewSession()
	must[[]engine.Result](t)(s.Execute(ctx, `CREATE TABLE t (k STRING, v BIGINT) WITH ('connector' = 'memory');
		CREATE TABLE o (k STRING, n BIGINT) WITH ('connector' = 'memory');`))
	for i, step := range []struct {
		seconds int64
		ttl     string
		hint    string
		n       int
	}{
		{0, "10 s", "", 1},
		{9, "10 s", "", 2},
		{18, "10 s", "", 3},
		{28, "10 s", "", 1}, // exactly the TTL after the last write
		{80, "1 min", "", 2},
		{90, "1 s", "", 1},
		{95, "1 s", "/*+ STATE_TTL('t' = '1 h') */", 2},
		{9_999, "1 s", "/*+ STATE_TTL('t' = '0 s') */", 3},
		{9_999_999, "0 s", "", 4},
		{9_999_999, "5 s", "", 5}, // was kept for ever, and so counts from its return
	} {
		clock.Store(1_700_000_000_000 + step.seconds*1000)
		in.Append(0, "+I k=a v=1")
		results := must[[]engine.Result](t)(s.Execute(ctx, fmt.Sprintf("SET 'table.exec.state.ttl' = '%s'; INSERT INTO o SELECT %s k, COUNT(*) FROM t GROUP BY k", step.ttl, step.hint)))
		if err := in.WaitRead(ctx); err != nil {
			t.Fatal(err)
		}
		path := must[string](t)(results[1].Job.StopWithSavepoint(ctx, false))
		rel := must[string](t)(filepath.Rel(dir, path))
		must[[]engine.Result](t)(s.Execute(ctx, "SET 'execution.state-recovery.path' = '"+rel+"'"))
		rows := tables.Table("o").Rows()
		want := fmt.Sprintf("+U k=a n=%d", step.n)
		if step.n == 1 {
			want = "+I k=a n=1"
		}
		if len(rows) == 0 || rows[len(rows)-1] != want {
			t.Fatalf("step %d at %d s with TTL %s %s: %v, want %s", i, step.seconds, step.ttl, step.hint, rows, want)
		}
	}
}
