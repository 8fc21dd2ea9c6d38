package engine

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/thalweg/thalweg/engine/coordinator"
	"github.com/thalweg/thalweg/engine/job"
	"github.com/thalweg/thalweg/engine/meta"
	"github.com/thalweg/thalweg/engine/snapshots"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/redact"
	"github.com/thalweg/thalweg/planner/plan"
)

// shutdownPatience is how long Close waits for a job's last checkpoint.
const shutdownPatience = 20 * time.Second

// jobRun is a job and whatever runs of it.
type jobRun struct {
	engine  *Engine
	id      string
	plan    *plan.Plan
	collect *collector
	// replaces is the ended run that this one goes on from, nil for none in this
	// process; resumed tells that the job has been started before.
	replaces *jobRun
	resumed  bool
	// done is closed when the job has ended; a resumed job has a new one.
	done chan struct{}

	mu        sync.Mutex
	snapshots *snapshots.Backend
	record    meta.Job
	job       *job.Job
	status    job.Status
	// err is why a job that has no job.Job ended.
	err error
	// closing: the engine closes; the record keeps saying that the job runs.
	// abandoned: it could not be stopped and is cancelled.
	closing, abandoned bool
}

// stopRequest says how a job is stopped.
type stopRequest struct {
	savepoint bool
	drain     bool
}

func newJobRun(e *Engine, record meta.Job, p *plan.Plan, c *collector) *jobRun {
	return &jobRun{engine: e, id: record.ID, plan: p, collect: c, record: record, done: make(chan struct{})}
}

// durable jobs are resumed by the next Open.
func (r *jobRun) durable() bool { return r.collect == nil && r.engine.durable }

// start starts the job from a checkpoint (nil: afresh) and enters it in the
// engine's books.
func (r *jobRun) start(restore *job.Checkpoint) error {
	cfg, err := r.config(restore)
	if err != nil {
		return err
	}
	e := r.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errClosed()
	}
	if e.jobs[r.id] != r.replaces {
		return errs.Userf("job %s was started meanwhile", r.id)
	}
	r.record.State, r.record.Started = coordinator.Running.String(), time.UnixMilli(e.opts.Now()).UTC()
	r.record.Ended, r.record.Error, r.record.ErrorClass, r.record.ErrorLine, r.record.ErrorColumn = time.Time{}, "", "", 0, 0
	if err := r.save(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	started, err := job.Start(cfg)
	if err != nil {
		return err
	}
	r.job = started
	if r.collect != nil {
		r.collect.started(started.RequestCheckpoint)
	}
	e.enter(r)
	return nil
}

// enter lists the job. The engine's lock is held. No new job gets its ID, even if
// the clock goes back.
func (e *Engine) enter(r *jobRun) {
	if n, err := strconv.ParseInt(r.id, 16, 64); err == nil {
		e.lastJob = max(e.lastJob, n)
	}
	if _, known := e.jobs[r.id]; !known {
		e.order = append(e.order, r.id)
	}
	e.jobs[r.id] = r
}

// save writes the record of a durable job.
func (r *jobRun) save() error {
	if !r.durable() {
		return nil
	}
	return r.engine.meta.PutJob(r.record)
}

// changed notes a new status; it runs on the job's loop.
func (r *jobRun) changed(s job.Status) {
	r.mu.Lock()
	before := r.status
	r.status = s
	r.record.Restarts = s.Stats.Restarts
	r.record.Savepoint = s.Savepoint
	ended := s.State.Ended()
	if s.Err != nil {
		r.noteError(s.Err)
	}
	if ended {
		r.record.Ended = time.UnixMilli(r.engine.opts.Now()).UTC()
	}
	if !(r.closing && s.State == coordinator.Suspended) && !r.abandoned {
		r.record.State = s.State.String()
	}
	write, saved := before.State != s.State || before.Savepoint != s.Savepoint, true
	if write {
		if err := r.save(); err != nil {
			saved = false
			r.engine.log.Error("write job record", "job", r.id, "error", err)
		}
	}
	r.mu.Unlock()
	if ended {
		r.end(s, saved)
	}
}

// noteError records a failure.
func (r *jobRun) noteError(err error) {
	rec := &r.record
	rec.Error, rec.ErrorClass, rec.ErrorLine, rec.ErrorColumn = err.Error(), errs.ClassOf(err).String(), 0, 0
	if span := errs.SpanOf(err); span != (errs.Span{}) {
		rec.ErrorLine, rec.ErrorColumn = rec.Place.Position(rec.SQL, span.Start)
	}
}

// end tells the job's end to those who wait. A job whose record could not be saved
// keeps its checkpoints: the next Open would run it again from the start without.
func (r *jobRun) end(s job.Status, saved bool) {
	if r.collect != nil {
		var err error
		if s.State == coordinator.Failed {
			err = r.failure(s)
		}
		r.collect.end(err)
	}
	if saved {
		r.tidy(s)
	}
	if r.collect == nil && s.State == coordinator.Finished {
		r.engine.retire(r)
	}
	close(r.done)
}

func (r *jobRun) info() JobInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec := &r.record
	state := r.state()
	return JobInfo{ID: r.id, Name: rec.Name, SQL: redact.SQL(rec.SQL), State: state, Status: state.String(), Parallelism: rec.Parallelism,
		Created: rec.Created, Started: rec.Started, Ended: rec.Ended, Restarts: rec.Restarts, Error: rec.Error,
		ErrorClass: rec.ErrorClass, ErrorLine: rec.ErrorLine, ErrorColumn: rec.ErrorColumn, Checkpoint: r.status.Published, Savepoint: rec.Savepoint, Collect: r.collect != nil}
}

// state is the job's state: that of the running job, or the recorded one.
func (r *jobRun) state() JobState {
	if r.job != nil {
		return r.status.State
	}
	return parseState(r.record.State)
}

// parseState reads a state's name back.
func parseState(name string) JobState {
	for s := coordinator.Created; s <= coordinator.Failed; s++ {
		if s.String() == name {
			return s
		}
	}
	return coordinator.Failed
}

// running gives the job that runs, or nil.
func (r *jobRun) running() *job.Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.job
}

func (r *jobRun) wait(ctx context.Context) error {
	select {
	case <-r.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.job == nil:
		return r.err
	case r.status.State == coordinator.Failed:
		return r.failure(r.status)
	}
	return nil
}

// failure is the error of a job that failed with status s.
func (r *jobRun) failure(s job.Status) error {
	if !s.Deployed {
		return s.Err // as that of a statement that starts no job
	}
	return &JobError{Job: r.id, Cause: s.Err}
}

func (r *jobRun) cancel(ctx context.Context) error {
	j := r.running()
	if j == nil {
		return nil
	}
	if err := j.Cancel(ctx); err != nil {
		return err
	}
	<-r.done
	return nil
}

func (r *jobRun) checkpoint(ctx context.Context) (uint64, error) {
	j := r.running()
	if j == nil {
		return 0, r.notRunning()
	}
	return j.Checkpoint(ctx)
}

func (r *jobRun) savepoint(ctx context.Context) (string, error) {
	j := r.running()
	if j == nil {
		return "", r.notRunning()
	}
	return j.Savepoint(ctx)
}

func (r *jobRun) stop(ctx context.Context, req stopRequest) (string, error) {
	j := r.running()
	if j == nil {
		return "", r.notRunning()
	}
	return j.Stop(ctx, job.StopOptions{Savepoint: req.savepoint, Drain: req.drain})
}

func (r *jobRun) notRunning() error {
	return errs.Userf("job %s does not run: it is %s", r.id, r.info().Status)
}

// shutdown ends the job because the engine closes.
func (r *jobRun) shutdown() {
	r.mu.Lock()
	r.closing = true
	j := r.job
	r.mu.Unlock()
	if j == nil {
		return
	}
	if r.durable() {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownPatience)
		defer cancel()
		if _, err := j.Stop(ctx, job.StopOptions{}); err == nil {
			return
		}
	}
	r.abandon(j)
}

// abandon ends a job without a last checkpoint. The record of a durable one is left
// as it was: the next Open resumes it from its last checkpoint.
func (r *jobRun) abandon(j *job.Job) {
	r.mu.Lock()
	r.abandoned = !r.status.State.Ended()
	r.mu.Unlock()
	_ = j.Cancel(context.Background())
	<-j.Done()
}
