package coordinator

import (
	"time"

	"github.com/thalweg/thalweg/engine/graph"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// onAcked publishes once every task has passed the barrier.
func (m *Machine) onAcked(msg Acked) {
	if !m.Wants(msg.Epoch) {
		return
	}
	f := m.flight
	f.acked[msg.Task] = true
	if len(f.acked) < len(m.cfg.Tasks) {
		return
	}
	f.phase = publishing
	m.emit(Publish{Epoch: f.barrier.Epoch, Kind: f.barrier.Kind, Savepoint: f.savepoint})
}

func (m *Machine) onPublished(now time.Duration, epoch uint64) {
	f := m.flight
	if f == nil || f.phase != publishing || f.barrier.Epoch != epoch {
		return
	}
	m.published = epoch
	m.stats.Published++
	m.stats.LastDuration = now - f.started
	for _, id := range f.requests {
		m.emit(Answer{ID: id, Epoch: epoch})
	}
	f.requests = nil
	if m.canceled {
		m.flight = nil
		return
	}
	f.phase = committing
	m.emit(Commit{Epoch: epoch})
}

// onPublishFailed goes on without the checkpoint, unless the tasks have ended with
// it.
func (m *Machine) onPublishFailed(now time.Duration, msg PublishFailed) {
	f := m.flight
	if f == nil || f.phase != publishing || f.barrier.Epoch != msg.Epoch {
		return
	}
	m.flight, m.lastEnd = nil, now
	m.hold(now + promptRetry)
	m.stats.Failed++
	for _, id := range f.requests {
		m.emit(Answer{ID: id, Err: msg.Err})
	}
	if f.barrier.Kind.Last() {
		m.fail(msg.Err)
	}
}

func (m *Machine) onCommitted(now time.Duration, epoch uint64) {
	f := m.flight
	if f == nil || f.phase != committing || f.barrier.Epoch != epoch {
		return
	}
	m.lastEnd, m.lastTook = now, now-f.started
	if !f.barrier.Kind.Last() {
		m.flight = nil
		return
	}
	f.committed = true
}

// onCommitFailed leaves the commit to the next attempt's restore. After a last
// barrier there is nothing to restore: its commit alone is tried again.
func (m *Machine) onCommitFailed(msg CommitFailed) {
	if f := m.flight; f != nil && f.barrier.Kind.Last() {
		m.uncommitted = f
	}
	m.flight = nil
	m.fail(msg.Err)
}

// onTime does what is due in the present state.
func (m *Machine) onTime(now time.Duration) {
	switch {
	case m.finish():
	case m.gone && m.settle(now):
	case m.deployed && !m.tearing && m.failure == nil:
		m.expire(now)
		m.trigger(now)
	}
}

// finish ends the job after its last barrier was committed and its tasks went away.
func (m *Machine) finish() bool {
	f := m.flight
	if f == nil || !f.barrier.Kind.Last() || !f.committed || !m.gone {
		return false
	}
	state := Finished
	if f.barrier.Kind == stream.Stop {
		state = Suspended
	}
	m.end(state, nil)
	return true
}

// settle decides what becomes of a job without tasks; false means nothing yet.
func (m *Machine) settle(now time.Duration) bool {
	switch {
	case m.flight != nil:
		// A manifest or commit under way decides what to restore.
		return true
	case m.canceled:
		m.end(Cancelled, nil)
	case m.state == Restarting:
		m.restart(now)
	case m.failure != nil:
		m.retryOrFail(now)
	case m.ran:
		m.failure = errs.Bugf("all tasks ended without a last barrier")
		m.retryOrFail(now)
	}
	return true
}

// retryOrFail waits for another attempt, or gives up.
func (m *Machine) retryOrFail(now time.Duration) {
	wait, ok := m.backOff(now)
	if !ok || !retryable(m.failure) {
		m.end(Failed, m.failure)
		return
	}
	m.state, m.retryAt = Restarting, now+wait
	m.emit(Retry{Wait: wait, Err: m.failure})
}

// retryable reports whether trying again may help: it does not for what the user
// must mend, and for data that is broken.
func retryable(err error) bool {
	class := errs.ClassOf(err)
	return class == errs.Resource || class == errs.Bug
}

// restart deploys again when the wait is over. A stop needs no tasks: the last
// checkpoint is where the job stands.
func (m *Machine) restart(now time.Duration) {
	stops := m.takeRequests(func(r request) bool { return r.stop && !r.savepoint && !r.drain })
	for _, r := range stops {
		m.emit(Answer{ID: r.id, Epoch: m.published})
	}
	if len(stops) > 0 {
		m.end(Suspended, nil)
		return
	}
	m.refuse(errs.Resourcef("the job is waiting to be restarted").WithHint("try again when it runs"))
	if now < m.retryAt {
		return
	}
	m.attempt++
	m.stats.Restarts++
	m.state = Running
	if m.uncommitted != nil {
		m.flight, m.uncommitted, m.failure = m.uncommitted, nil, nil
		m.emit(Commit{Epoch: m.flight.barrier.Epoch})
		return
	}
	m.deploy()
}

func (m *Machine) end(state State, err error) {
	m.refuse(errs.Userf("the job has ended: %s", state))
	m.state = state
	m.flight = nil
	m.emit(End{State: state, Err: err})
}

// expire abandons a checkpoint that takes too long. A last one is waited for: its
// tasks can't go on.
func (m *Machine) expire(now time.Duration) {
	f := m.flight
	if f == nil || f.phase != aligning || f.barrier.Kind.Last() || now-f.started < m.cfg.Timeout {
		return
	}
	m.abandon("it took longer than " + m.cfg.Timeout.String())
	m.lastEnd = now
	m.hold(now + promptRetry)
}

// trigger starts the next snapshot if one is due.
func (m *Machine) trigger(now time.Duration) {
	if m.flight != nil || m.canceled {
		return
	}
	switch {
	case len(m.ended) == len(m.cfg.Sources):
		m.inject(now, stream.Final, m.takeRequests(func(request) bool { return true }))
	case m.stopping(now):
	case len(m.wanted) > 0:
		requests := m.takeRequests(func(r request) bool { return !r.stop })
		if len(requests) > 0 {
			m.inject(now, kindOf(requests), requests)
		}
	default:
		if at, ok := m.due(); ok && now >= at {
			m.inject(now, stream.Checkpoint, nil)
		}
	}
}

// stopping begins a stop if one is wanted.
func (m *Machine) stopping(now time.Duration) bool {
	for _, r := range m.wanted {
		switch {
		case !r.stop:
		case r.drain:
			if !m.draining {
				m.draining, m.state = true, Stopping
				m.emit(Drain{})
			}
			return true
		default:
			m.state = Stopping
			m.inject(now, stream.Stop, m.takeRequests(func(request) bool { return true }))
			return true
		}
	}
	return false
}

// takeRequests takes the requests that match off the waiting list.
func (m *Machine) takeRequests(match func(request) bool) []request {
	var taken, rest []request
	for _, r := range m.wanted {
		if match(r) {
			taken = append(taken, r)
		} else {
			rest = append(rest, r)
		}
	}
	m.wanted = rest
	return taken
}

func kindOf(requests []request) stream.BarrierKind {
	for _, r := range requests {
		if r.savepoint {
			return stream.Savepoint
		}
	}
	return stream.Checkpoint
}

func (m *Machine) inject(now time.Duration, kind stream.BarrierKind, requests []request) {
	m.epoch++
	f := &flight{barrier: stream.Barrier{Epoch: m.epoch, Kind: kind}, acked: map[graph.TaskID]bool{}, started: now}
	for _, r := range requests {
		f.requests = append(f.requests, r.id)
		f.savepoint = f.savepoint || r.savepoint
	}
	m.flight, m.lastStart, m.held = f, now, false
	m.emit(Inject{Barrier: f.barrier})
}

// due is when the next checkpoint starts by itself; ok is false for never.
func (m *Machine) due() (at time.Duration, ok bool) {
	if m.cfg.Interval > 0 {
		at, ok = m.lastStart+m.cfg.Interval, true
	}
	if m.held && m.cfg.CommitDelay > 0 {
		prompt := max(m.heldAt+m.cfg.CommitDelay, m.lastEnd+promptPause*m.lastTook)
		if !ok || prompt < at {
			at, ok = prompt, true
		}
	}
	return max(at, m.lastEnd+m.cfg.MinPause), ok
}

// NextWake is when Step wants a Tick; ok is false when only messages matter.
func (m *Machine) NextWake() (at time.Duration, ok bool) {
	switch {
	case m.state == Restarting:
		return m.retryAt, true
	case !m.deployed || m.tearing || m.state.Ended():
		return 0, false
	case m.flight != nil && m.flight.phase == aligning && !m.flight.barrier.Kind.Last():
		return m.flight.started + m.cfg.Timeout, true
	case m.flight == nil:
		return m.due()
	}
	return 0, false
}
