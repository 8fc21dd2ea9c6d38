package job

import (
	"time"

	"github.com/thalweg/thalweg/engine/coordinator"
	"github.com/thalweg/thalweg/engine/graph"
	"github.com/thalweg/thalweg/engine/task"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// loop feeds the machine until the job has ended.
func (j *Job) loop() {
	defer close(j.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	j.step(j.startMessage())
	for !j.machine.State().Ended() {
		if at, ok := j.machine.NextWake(); ok {
			timer.Reset(max(0, at-j.now()))
		} else {
			timer.Stop()
		}
		select {
		case <-j.inbox.ready:
			for _, do := range j.inbox.take() {
				do()
			}
		case <-timer.C:
			j.step(coordinator.Tick{})
		}
	}
	j.finish()
}

// finish answers who still waits, and waits for what still runs.
func (j *Job) finish() {
	for _, do := range j.inbox.take() {
		do()
	}
	j.inbox.end()
	j.cancel()
	j.work.Wait()
	j.dropAcks()
	if j.attempt != nil {
		j.attempt.closeSinks()
		j.freeze()
	}
	for id := range j.waiters {
		j.reply(id, answer{err: errs.Userf("the job has ended: %s", j.machine.State())})
	}
	j.finished = true
	j.publishStatus()
}

// freeze keeps the last counters of a job that has ended and lets go of its parts.
func (j *Job) freeze() {
	last := j.Metrics()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.metrics = func() Metrics { return last }
	j.attempt, j.last, j.plan = nil, nil, nil
	j.cfg.Restore, j.cfg.Env, j.cfg.Backend = nil, nil, nil
}

func (j *Job) startMessage() coordinator.Start {
	msg := coordinator.Start{LastEpoch: j.cfg.LastEpoch}
	if r := j.cfg.Restore; r != nil {
		msg.Restore, msg.RestoredFinal = r.Barrier.Epoch, r.Barrier.Kind == stream.Final
	}
	return msg
}

// now is the time since the job's start, by the monotonic clock.
func (j *Job) now() time.Duration { return time.Since(j.started) }

// step feeds the machine and performs what it wants.
func (j *Job) step(msg coordinator.Message) {
	for _, e := range j.machine.Step(j.now(), msg) {
		j.cfg.Logger.Debug("job", "id", j.cfg.ID, "effect", e.String())
		j.perform(e)
	}
	j.publishStatus()
}

func (j *Job) perform(e coordinator.Effect) {
	switch e := e.(type) {
	case coordinator.Deploy:
		j.deploy(e)
	case coordinator.Inject:
		j.attempt.inject(e.Barrier)
	case coordinator.Drain:
		j.attempt.drain()
	case coordinator.Publish:
		j.publish(e)
	case coordinator.Commit:
		j.commit(e.Epoch)
	case coordinator.Abandon:
		j.cfg.Logger.Warn("checkpoint abandoned", "job", j.cfg.ID, "epoch", e.Epoch, "reason", e.Reason)
		j.dropAcks()
	case coordinator.TearDown:
		j.attempt.cancel()
	case coordinator.Answer:
		j.reply(e.ID, answer{epoch: e.Epoch, savepoint: j.saved, err: e.Err})
	case coordinator.Retry:
		j.failure = e.Err
		j.cfg.Logger.Warn("job failed and will restart", "job", j.cfg.ID, "wait", e.Wait, "error", e.Err)
	case coordinator.End:
		if e.Err != nil {
			j.failure = e.Err
		}
		j.cfg.Logger.Info("job ended", "job", j.cfg.ID, "state", e.State.String(), "error", e.Err)
	}
}

// reply answers a request; one without a waiter needs none.
func (j *Job) reply(id coordinator.RequestID, a answer) {
	if reply, ok := j.waiters[id]; ok {
		reply <- a
		delete(j.waiters, id)
	}
}

// publishStatus lets others see how the job is. They see its end only when nothing
// of it is left.
func (j *Job) publishStatus() {
	if j.machine.State().Ended() && !j.finished {
		return
	}
	s := Status{State: j.machine.State(), Err: j.failure, Published: j.machine.Published(), Savepoint: j.saved,
		Deployed: j.deployed, Stats: j.machine.Stats()}
	j.mu.Lock()
	changed := j.status != s
	j.status = s
	j.mu.Unlock()
	if changed {
		j.cfg.Changed(s)
	}
}

// dropAcks frees what tasks acked, but for what sinks prepared.
func (j *Job) dropAcks() {
	for _, t := range j.graph.Tasks() {
		if a, ok := j.acks[t]; ok {
			j.carried.add(j.cfg.Plan, a)
			a.Discard()
		}
	}
	clear(j.acks)
}

// acked keeps a task's ack for the manifest if it is still wanted.
func (j *Job) acked(a task.Ack) {
	if !j.machine.Wants(a.Barrier.Epoch) {
		j.carried.add(j.cfg.Plan, a)
		a.Discard()
		return
	}
	j.acks[a.Task] = a
	j.step(coordinator.Acked{Task: a.Task, Epoch: a.Barrier.Epoch})
}

// reporter posts what happens in the tasks of one attempt.
type reporter struct {
	job     *Job
	attempt *attempt
}

var _ task.Reporter = reporter{}

// Acked posts an ack.
func (r reporter) Acked(a task.Ack) { r.job.inbox.post(func() { r.job.acked(a) }) }

// SourceEnded posts the end of a source task.
func (r reporter) SourceEnded(t graph.TaskID) {
	r.job.inbox.post(func() { r.job.step(coordinator.SourceEnded{Task: t}) })
}
