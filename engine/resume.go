package engine

import (
	"context"

	"github.com/thalweg/thalweg/engine/coordinator"
	"github.com/thalweg/thalweg/engine/meta"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/plan"
	"github.com/thalweg/thalweg/sql"
)

// resumeAll lists the recorded jobs and starts those that ran.
func (e *Engine) resumeAll(ctx context.Context) error {
	records, err := e.meta.Jobs()
	if err != nil {
		return err
	}
	for _, record := range records {
		if err := ctx.Err(); err != nil {
			return err
		}
		e.resumeRecorded(ctx, record)
	}
	return nil
}

// resumeRecorded lists one job, and starts it if it ran. What goes wrong is the
// job's failure and not the engine's.
func (e *Engine) resumeRecorded(ctx context.Context, record meta.Job) {
	if e.orphaned(&record) {
		e.bury(&record)
	}
	run, err := e.fromRecord(record)
	if err == nil && !parseState(record.State).Ended() {
		if err = e.restart(ctx, run); err == nil {
			return
		}
	}
	if err != nil {
		err = errs.Wrap(errs.Resource, err, "job %s could not be resumed", record.ID)
		e.log.Error("resume job", "job", record.ID, "error", err)
		run.record.State = coordinator.Failed.String()
		run.record.Error, run.record.ErrorClass = err.Error(), errs.ClassOf(err).String()
		run.err = err
	}
	close(run.done)
	e.mu.Lock()
	e.enter(run)
	e.mu.Unlock()
	if parseState(run.record.State) == coordinator.Finished {
		e.retire(run)
	}
}

// fromRecord makes the books of a recorded job.
func (e *Engine) fromRecord(record meta.Job) (*jobRun, error) {
	run := newJobRun(e, record, &plan.Plan{}, nil)
	if parseState(record.State) == coordinator.Failed {
		run.err = errs.Resourcef("%s", record.Error)
	}
	p, err := plan.Decode(record.Plan)
	if err != nil {
		return run, errs.Wrap(errs.Corruption, err, "job %s", record.ID)
	}
	run.plan = p
	return run, nil
}

// restart starts a job from its last checkpoint.
func (e *Engine) restart(ctx context.Context, run *jobRun) error {
	latest, err := run.backend().Latest(ctx)
	if err != nil {
		return err
	}
	run.resumed = true
	return run.start(latest)
}

// Resume starts a suspended, cancelled or failed job again from its last
// checkpoint.
func (e *Engine) Resume(ctx context.Context, id string) (*Job, error) {
	return e.ResumeAt(ctx, id, 0)
}

// ResumeAt is Resume with another parallelism; 0 leaves it.
func (e *Engine) ResumeAt(ctx context.Context, id string, parallelism int) (*Job, error) {
	e.mu.Lock()
	old, ok := e.jobs[id]
	e.mu.Unlock()
	if !ok {
		return nil, errs.Userf("there is no job %q", id)
	}
	info := old.info()
	switch {
	case !info.State.Ended():
		return nil, errs.Userf("job %s still runs", id)
	case info.State == coordinator.Finished:
		return nil, errs.Userf("job %s has finished: there is nothing left to do", id)
	case old.collect != nil:
		return nil, errs.Userf("job %s is a SELECT, whose rows are gone", id).WithHint("run the statement again")
	case !old.durable():
		return nil, errs.Userf("job %s has ended, and without a data directory its checkpoints are gone", id).
			WithHint("run the statement again, or open the engine with a data directory")
	}
	record := old.snapshotRecord()
	if parallelism != 0 {
		record.Parallelism = parallelism
	}
	run, err := e.fromRecord(record)
	if err != nil {
		return nil, err
	}
	run.replaces = old
	if err := e.restart(ctx, run); err != nil {
		return nil, err
	}
	return &Job{run: run}, nil
}

// snapshotRecord copies the record.
func (r *jobRun) snapshotRecord() meta.Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.record
}

// stopJob stops a job by its ID.
func (st *statement) stopJob(ctx context.Context, stmt *sql.StopJob) (Result, error) {
	job, ok := st.session.engine.Job(stmt.Job)
	if !ok {
		return Result{}, errs.Userf("there is no job '%s'", stmt.Job).At(stmt.JobPlace.Span)
	}
	if !stmt.Savepoint && !stmt.Drain {
		return Result{Message: "cancelled job " + stmt.Job}, job.Cancel(ctx)
	}
	path, err := job.StopWithSavepoint(ctx, stmt.Drain)
	if err != nil {
		return Result{}, err
	}
	return Result{Kind: ResultRows, Rows: textRows([]string{"savepoint path"}, [][]string{{path}})}, nil
}
