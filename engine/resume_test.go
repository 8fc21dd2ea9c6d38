package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/enginetest"
)

const copyKeys = `
CREATE TABLE IF NOT EXISTS src (k BIGINT) WITH ('connector' = 'memory');
CREATE TABLE IF NOT EXISTS dst (k BIGINT) WITH ('connector' = 'memory');
INSERT INTO dst SELECT k FROM src;`

// openAt opens an engine on dir whose clock stands still.
func openAt(t *testing.T, dir string, tables *enginetest.Tables) *engine.Engine {
	t.Helper()
	e, err := engine.Open(context.Background(), engine.Options{DataDir: dir, Parallelism: 1, RestartAttempts: -1,
		Connectors: []connector.Connector{tables.Connector()}, Now: func() int64 { return 1_700_000_000_000 }})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// submit starts the copying job.
func submit(t *testing.T, e *engine.Engine) *engine.Job {
	t.Helper()
	results, err := e.Execute(context.Background(), copyKeys)
	if err != nil {
		t.Fatal(err)
	}
	return results[len(results)-1].Job
}

func TestNoJobGetsTheIDOfAnOlderOne(t *testing.T) {
	dir, tables := t.TempDir(), enginetest.NewTables()
	tables.Table("src").SetSplits(false, []string{"+I k=1"})
	ids := map[string]bool{}
	for range 3 {
		e := openAt(t, dir, tables)
		job := submit(t, e)
		if err := job.Wait(context.Background()); err != nil {
			t.Error(err)
		}
		ids[job.ID()] = true
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(ids) != 3 {
		t.Errorf("three jobs have the IDs %v", ids)
	}
}

func TestAJobIsResumedOnceAtATime(t *testing.T) {
	ctx, tables := context.Background(), enginetest.NewTables()
	tables.Table("src").SetSplits(true, []string{"+I k=1"})
	e := openAt(t, t.TempDir(), tables)
	defer e.Close()
	job := submit(t, e)
	if err := job.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	started := make(chan *engine.Job, 16)
	begin := make(chan struct{})
	for range cap(started) {
		wait.Add(1)
		go func() {
			defer wait.Done()
			<-begin
			if j, err := e.Resume(ctx, job.ID()); err == nil {
				started <- j
			}
		}()
	}
	close(begin)
	wait.Wait()
	if len(started) != 1 {
		t.Errorf("%d of 16 callers have resumed the job", len(started))
	}
	close(started)
	for j := range started {
		if err := j.Cancel(ctx); err != nil {
			t.Error(err)
		}
	}
}

// What a job of an engine without a directory has written is not written again.
func TestAJobWhoseCheckpointsAreGoneIsNotResumed(t *testing.T) {
	tables := enginetest.NewTables()
	tables.Table("src").SetSplits(true, []string{"+I k=1"})
	e := openAt(t, "", tables)
	defer e.Close()
	job := submit(t, e)
	if err := job.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Resume(context.Background(), job.ID()); err == nil || !strings.Contains(err.Error(), "without a data directory") {
		t.Errorf("resuming gave %v", err)
	}
}

// The engine closes and a job's last checkpoint can't be written. That is no reason
// to forget the job.
func TestAJobThatCouldNotBeStoppedIsResumed(t *testing.T) {
	dir, tables := t.TempDir(), enginetest.NewTables()
	tables.Table("src").SetSplits(true, []string{"+I k=1"})
	e := openAt(t, dir, tables)
	id := submit(t, e).ID()
	// A file where the directory of the checkpoints has to be.
	inTheWay := filepath.Join(dir, "jobs", id, "checkpoints")
	if err := os.MkdirAll(filepath.Dir(inTheWay), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	e = openAt(t, dir, tables)
	defer e.Close()
	job, ok := e.Job(id)
	if !ok || job.Info().State.Ended() {
		t.Errorf("the job is %+v", job.Info())
	}
}

// TestJobsAndStreamsAreListed lists a job while it runs and when it was stopped.
func TestJobsAndStreamsAreListed(t *testing.T) {
	w := newWorld(t, engine.Options{Parallelism: 1})
	w.tables.Table("src").SetSplits(true, []string{"+I k=1"})
	job := submit(t, w.engine)
	const created = "2023-11-14T22:13:20.000Z"
	want := job.ID() + "," + job.Info().Name
	if got := w.lines(t, "SHOW JOBS"); !strings.HasPrefix(got, want+",") || !strings.HasSuffix(got, ","+created) {
		t.Errorf("SHOW JOBS gives %s", got)
	}
	w.must(t, "STOP JOB '"+job.ID()+"' WITH SAVEPOINT; CREATE STREAM a; CREATE STREAM b")
	if got := w.lines(t, "DESCRIBE JOB '"+job.ID()+"'"); got != want+",SUSPENDED,"+created {
		t.Errorf("DESCRIBE JOB gives %s", got)
	}
	if got := w.lines(t, "SHOW STREAMS"); got != "a b" {
		t.Errorf("SHOW STREAMS gives %s", got)
	}
}
