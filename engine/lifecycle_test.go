package engine_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/enginetest"
	"github.com/thalweg/thalweg/internal/errs"
)

const sumScript = `
CREATE TABLE t (k STRING, v BIGINT) WITH ('connector' = 'memory');
CREATE TABLE o (k STRING, s BIGINT) WITH ('connector' = 'memory');
INSERT INTO o SELECT k, SUM(v) FROM t GROUP BY k;
`

// openWorld opens an engine on dir over tables.
func openWorld(t *testing.T, dir string, tables *enginetest.Tables) *engine.Engine {
	t.Helper()
	eng, err := engine.Open(context.Background(), engine.Options{DataDir: dir, Parallelism: 2, WorkDir: dir,
		Connectors: []connector.Connector{tables.Connector()}})
	if err != nil {
		t.Fatal(err)
	}
	return eng
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func rowsOf(n int) []string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("+I k=k%d v=%d", i%3, i)
	}
	return rows
}

// folded is the table that o's rows describe.
func folded(t *testing.T, tables *enginetest.Tables) string {
	t.Helper()
	return strings.Join(must[[]string](t)(enginetest.Fold(tables.Table("o").Rows())), "; ")
}

func TestNewJobGoesOnFromASavepoint(t *testing.T) {
	ctx, dir, tables := context.Background(), t.TempDir(), enginetest.NewTables()
	in := tables.Table("t")
	in.SetSplits(true, rowsOf(10))
	eng := openWorld(t, dir, tables)
	defer eng.Close()
	s := eng.NewSession()
	results := must[[]engine.Result](t)(s.Execute(ctx, sumScript))
	job := results[2].Job
	if err := in.WaitRead(ctx); err != nil {
		t.Fatal(err)
	}
	path := must[string](t)(job.StopWithSavepoint(ctx, false))
	if state := job.Info().Status; state != "SUSPENDED" {
		t.Errorf("state %s", state)
	}
	in.Append(0, rowsOf(20)[10:]...)
	in.Finish()
	rel := must[string](t)(filepath.Rel(dir, path))
	script := fmt.Sprintf("SET 'execution.state-recovery.path' = '%s'; SET 'parallelism.default' = '4'; INSERT INTO o SELECT k, SUM(v) FROM t GROUP BY k;", rel)
	results = must[[]engine.Result](t)(s.Execute(ctx, script))
	if err := results[2].Job.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if got := folded(t, tables); got != "k=k0 s=63; k=k1 s=70; k=k2 s=57" {
		t.Errorf("got %s", got)
	}
	_, err := s.Execute(ctx, "INSERT INTO o SELECT k, COUNT(*) FROM t GROUP BY k HAVING COUNT(*) > 1")
	if errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), "holds state of") {
		t.Errorf("a job with other state took the savepoint: %v", err)
	}
}

func TestCatalogAndJobsSurviveAndASecondEngineIsRefused(t *testing.T) {
	ctx, dir, tables := context.Background(), t.TempDir(), enginetest.NewTables()
	in := tables.Table("t")
	in.SetSplits(true, rowsOf(10))
	eng := openWorld(t, dir, tables)
	results := must[[]engine.Result](t)(eng.Execute(ctx, sumScript))
	id := results[2].Job.ID()
	_, err := engine.Open(ctx, engine.Options{DataDir: dir})
	if errs.ClassOf(err) != errs.Resource || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("a second engine opened: %v", err)
	}
	if err := eng.Close(); err != nil {
		t.Fatal(err)
	}
	in.Append(0, rowsOf(20)[10:]...)
	in.Finish()
	eng = openWorld(t, dir, tables)
	job, ok := eng.Job(id)
	if !ok {
		t.Fatal("the job is gone")
	}
	if err := job.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if got := folded(t, tables); got != "k=k0 s=63; k=k1 s=70; k=k2 s=57" {
		t.Errorf("got %s", got)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "jobs", id, "*", "*")); err != nil || len(left) > 0 {
		t.Errorf("a finished job left files: %v %v", left, err)
	}
	if err := eng.Close(); err != nil {
		t.Fatal(err)
	}
	eng = openWorld(t, dir, tables)
	defer eng.Close()
	if job, ok := eng.Job(id); !ok || job.Info().Status != "FINISHED" || job.Wait(ctx) != nil {
		t.Error("the finished job is not shown as such")
	}
	if rows := must[*engine.Rows](t)(eng.Query(ctx, "SHOW TABLES")); rows.Close() != nil {
		t.Error("SHOW TABLES failed")
	}
}

func TestRestartedSelectShowsEveryRowOnce(t *testing.T) {
	ctx, tables := context.Background(), enginetest.NewTables()
	in := tables.Table("t")
	in.SetSplits(true, rowsOf(30))
	eng := must[*engine.Engine](t)(engine.Open(ctx, engine.Options{Parallelism: 1, BatchRows: 4, Connectors: []connector.Connector{tables.Connector()}}))
	defer eng.Close()
	s := eng.NewSession()
	must[[]engine.Result](t)(s.Execute(ctx, "SET 'restart-strategy.type' = 'fixed-delay'; CREATE TABLE t (k STRING, v BIGINT) WITH ('connector' = 'memory');"))
	rows := must[*engine.Rows](t)(s.Query(ctx, "SELECT v FROM t"))
	defer rows.Close()
	must[uint64](t)(rows.Job().Checkpoint(ctx))
	in.Append(0, "! bad")
	seen := 0
	for {
		batch, err := rows.Next(ctx)
		if err != nil {
			if err == io.EOF || errs.ClassOf(err) != errs.User {
				t.Errorf("error %v", err)
			}
			break
		}
		seen += batch.Rows()
		batch.Release()
	}
	if seen > 30 {
		t.Errorf("%d of 30 rows were shown", seen)
	}
}

func TestUnreadResultHoldsItsJobBackAndCloseCancelsIt(t *testing.T) {
	ctx := context.Background()
	eng := must[*engine.Engine](t)(engine.Open(ctx, engine.Options{Parallelism: 1}))
	rows := must[*engine.Rows](t)(eng.Query(ctx, `CREATE TABLE g (v BIGINT) WITH ('connector' = 'datagen'); SELECT v FROM g`))
	batch := must[interface{ Rows() int }](t)(first(ctx, rows))
	if batch.Rows() == 0 {
		t.Error("an empty batch")
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	if state := rows.Job().Info().Status; state != "CANCELLED" {
		t.Errorf("state %s", state)
	}
	if err := eng.Close(); err != nil {
		t.Fatal(err)
	}
	if n := eng.AllocatedBytes(); n != 0 {
		t.Errorf("%d bytes were not given back", n)
	}
}

// first takes and drops the first batch.
func first(ctx context.Context, rows *engine.Rows) (interface{ Rows() int }, error) {
	batch, err := rows.Next(ctx)
	batch.Release()
	return batch, err
}
