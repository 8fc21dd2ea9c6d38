package enginetest

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/internal/errs"
)

// CrashAtWrite runs a case, and at its k-th write to the data directory copies what a
// crash at that moment would leave: files with none, half or all
// of what was not synced, in turn with k, and the outside world. It starts anew from
// the copy and checks the result against want: nothing lost, nothing twice. It reports whether the run ended before write k.
func (c Case) CrashAtWrite(t *testing.T, k int64, want []string) (uncut bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	mem, w := vfs.NewCrashableMem(), &crashWorld{c: c, tables: NewTables()}
	for name, splits := range c.Input {
		w.tables.Table(name).SetSplits(false, splits...)
	}
	var writes atomic.Int64
	unsynced := int(k%3) * 50
	var left *vfs.MemFS
	crashed := make(chan *crashWorld, 1)
	watched := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && writes.Add(1) == k+1 {
			w.tables.Freeze(func(copied *Tables) {
				left = mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: unsynced, RNG: rand.New(rand.NewPCG(uint64(k), 2))})
				after := &crashWorld{c: c, tables: copied}
				after.submitted.Store(w.submitted.Load())
				crashed <- after
			})
		}
		return nil
	}))
	if err := w.attempt(ctx, watched); err != nil {
		t.Fatalf("before the crash: %v", err)
	}
	after := w
	select {
	case after = <-crashed:
		if err := after.attempt(ctx, left); err != nil {
			t.Fatalf("cut at write %d: %v", k, err)
		}
	default:
		uncut = true
	}
	got, err := Fold(after.tables.Table("out").Rows())
	if err != nil {
		t.Fatalf("cut at write %d: %v", k, err)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("cut at write %d: got\n  %s\nwant\n  %s", k, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	return uncut
}

// crashWorld is what outlives a crash.
type crashWorld struct {
	c      Case
	tables *Tables
	// submitted: the INSERT was accepted, so that the engine must remember it.
	submitted atomic.Bool
}

// attempt opens an engine, sees that the job is there, takes checkpoints, and waits
// for the job's end.
func (w *crashWorld) attempt(ctx context.Context, fs vfs.FS) (err error) {
	eng, err := engine.Open(ctx, engine.Options{DataDir: "data", FS: fs, Parallelism: 2, BatchRows: 7, KeyGroups: 16,
		Connectors: []connector.Connector{w.tables.Connector()}})
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := eng.Close(); err == nil {
			err = closeErr
		}
	}()
	job, err := w.job(ctx, eng)
	if err != nil {
		return err
	}
	for {
		if _, err := job.Checkpoint(ctx); err != nil {
			break
		}
	}
	return job.Wait(ctx)
}

// job finds the job, or starts it if it never was accepted.
func (w *crashWorld) job(ctx context.Context, eng *engine.Engine) (*engine.Job, error) {
	if jobs := eng.Jobs(); len(jobs) > 0 {
		w.submitted.Store(true)
		return w.again(ctx, eng, jobs[0])
	}
	if w.submitted.Load() {
		return nil, errs.Corruptionf("an accepted job was forgotten")
	}
	results, err := eng.Execute(ctx, strings.ReplaceAll(w.c.DDL, "CREATE TABLE", "CREATE TABLE IF NOT EXISTS")+w.c.Insert)
	if err != nil {
		return nil, err
	}
	w.submitted.Store(true)
	return results[len(results)-1].Job, nil
}

// again resumes a job that had given up because of the disk.
func (w *crashWorld) again(ctx context.Context, eng *engine.Engine, job *engine.Job) (*engine.Job, error) {
	if job.Info().Status != "FAILED" {
		return job, nil
	}
	return eng.Resume(ctx, job.ID())
}
