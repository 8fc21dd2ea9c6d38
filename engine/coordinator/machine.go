package coordinator

import (
	"time"

	"github.com/thalweg/thalweg/engine/graph"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// Machine is the state of a job's life. It is used by one goroutine.
type Machine struct {
	cfg Config

	state   State
	attempt int
	// deployed: the attempt's tasks run, or did until teardown ends.
	deployed bool
	// tearing: a teardown was ordered and has not been answered.
	tearing bool
	// gone: no task of the attempt runs.
	gone bool
	// failure is why the attempt is being torn down; nil for a cancel.
	failure  error
	canceled bool

	// epoch is the last one used, published the last one published.
	epoch     uint64
	published uint64
	flight    *flight
	// uncommitted is a last flight whose commit failed: all that is left to do.
	uncommitted *flight
	ended       map[graph.TaskID]bool

	// wanted are requests that wait for their turn.
	wanted []request
	// draining: the sources were told to end.
	draining bool

	// failures are those that count by the restart strategy, or failedAt their times.
	failures int
	failedAt []time.Duration
	// retryAt is when the next attempt starts, or the last one did.
	retryAt time.Duration
	// ran: some attempt was deployed.
	ran       bool
	lastStart time.Duration
	lastEnd   time.Duration
	// lastTook is how long the last one took, from its barrier to its commit.
	lastTook time.Duration
	// held: rows wait for a commit since heldAt, and no barrier is behind them.
	held   bool
	heldAt time.Duration
	stats  Stats
	out    []Effect
}

// Stats counts checkpoints.
type Stats struct {
	Published int64
	Failed    int64
	// LastDuration is the time from trigger to publication.
	LastDuration time.Duration
	Restarts     int
}

// phase is how far a snapshot is.
type phase uint8

const (
	aligning phase = iota
	publishing
	committing
)

// flight is the snapshot in flight.
type flight struct {
	barrier   stream.Barrier
	savepoint bool
	phase     phase
	acked     map[graph.TaskID]bool
	// committed is set on a last flight, which stays until its tasks are gone.
	committed bool
	started   time.Duration
	requests  []RequestID
}

// request is a user's wish for a snapshot.
type request struct {
	id        RequestID
	savepoint bool
	stop      bool
	drain     bool
}

// New makes a machine in state Created.
func New(cfg Config) *Machine {
	return &Machine{cfg: cfg.WithDefaults(), gone: true, ended: map[graph.TaskID]bool{}}
}

// State is where the job is.
func (m *Machine) State() State { return m.state }

// Stats reads the counters.
func (m *Machine) Stats() Stats { return m.stats }

// Published is the last published epoch.
func (m *Machine) Published() uint64 { return m.published }

// Wants reports whether acks of epoch are still waited for.
func (m *Machine) Wants(epoch uint64) bool {
	return m.flight != nil && m.flight.phase == aligning && m.flight.barrier.Epoch == epoch
}

// Step takes a message at the time now (since any fixed moment) and returns what to
// do. An ended machine does nothing.
func (m *Machine) Step(now time.Duration, msg Message) []Effect {
	if m.state.Ended() {
		return m.late(msg)
	}
	m.out = nil
	m.apply(now, msg)
	m.onTime(now)
	return m.out
}

// late answers requests that come after the end.
func (m *Machine) late(msg Message) []Effect {
	err := errs.Userf("the job has ended: %s", m.state)
	switch msg := msg.(type) {
	case Checkpoint:
		return []Effect{Answer{ID: msg.ID, Err: err}}
	case Savepoint:
		return []Effect{Answer{ID: msg.ID, Err: err}}
	case Stop:
		return []Effect{Answer{ID: msg.ID, Err: err}}
	}
	return nil
}

func (m *Machine) emit(e Effect) { m.out = append(m.out, e) }

func (m *Machine) apply(now time.Duration, msg Message) {
	switch msg := msg.(type) {
	case Start:
		m.start(now, msg)
	case Deployed:
		m.onDeployed(now)
	case DeployFailed:
		m.gone = true
		m.fail(msg.Err)
	case Acked:
		m.onAcked(msg)
	case SourceEnded:
		m.ended[msg.Task] = true
	case TaskFailed:
		m.fail(msg.Err)
	case TornDown:
		m.gone, m.tearing, m.deployed = true, false, false
		m.abandon("the tasks have ended")
	case Published:
		m.onPublished(now, msg.Epoch)
	case PublishFailed:
		m.onPublishFailed(now, msg)
	case Committed:
		m.onCommitted(now, msg.Epoch)
	case CommitFailed:
		m.onCommitFailed(msg)
	case Checkpoint:
		m.wanted = append(m.wanted, request{id: msg.ID})
	case Savepoint:
		m.wanted = append(m.wanted, request{id: msg.ID, savepoint: true})
	case Stop:
		m.wanted = append(m.wanted, request{id: msg.ID, savepoint: msg.Savepoint, stop: true, drain: msg.Drain})
	case Cancel:
		m.cancel()
	case Held:
		if msg.After >= m.epoch {
			m.hold(now)
		}
	case Tick:
	}
}

func (m *Machine) start(now time.Duration, msg Start) {
	m.epoch, m.published = max(msg.LastEpoch, msg.Restore), msg.Restore
	m.state = Running
	if msg.RestoredFinal {
		m.flight = &flight{barrier: stream.Barrier{Epoch: msg.Restore, Kind: stream.Final}, phase: committing, started: now}
		m.emit(Commit{Epoch: msg.Restore})
		return
	}
	m.deploy()
}

func (m *Machine) deploy() {
	m.gone, m.failure = false, nil
	clear(m.ended)
	m.held = false
	m.emit(Deploy{Attempt: m.attempt, Restore: m.published, LastEpoch: m.epoch})
}

func (m *Machine) onDeployed(now time.Duration) {
	m.deployed, m.ran = true, true
	m.lastStart, m.lastEnd = now, now
	if m.canceled || m.failure != nil {
		m.tearDown()
	}
}

func (m *Machine) tearDown() {
	if m.tearing || m.gone || !m.deployed {
		return
	}
	m.tearing = true
	m.emit(TearDown{})
}

func (m *Machine) cancel() {
	m.canceled = true
	m.state = Cancelling
	m.abandon("the job is cancelled")
	m.tearDown()
}

// fail notes a failure of the attempt; the first one counts. Once everything is
// acked for the last time, tasks are not needed any more.
func (m *Machine) fail(err error) {
	if m.failure != nil || m.canceled {
		return
	}
	if f := m.flight; f != nil && f.barrier.Kind.Last() && f.phase != aligning {
		return
	}
	m.failure = err
	m.abandon("the job has failed")
	m.refuse(errs.Wrap(errs.Resource, err, "the job has failed"))
	m.tearDown()
}

// abandon drops a snapshot that is not being published yet.
func (m *Machine) abandon(reason string) {
	f := m.flight
	if f == nil || f.phase != aligning {
		return
	}
	m.stats.Failed++
	m.emit(Abandon{Epoch: f.barrier.Epoch, Reason: reason})
	for _, id := range f.requests {
		m.emit(Answer{ID: id, Err: errs.Resourcef("checkpoint %d was abandoned: %s", f.barrier.Epoch, reason)})
	}
	m.flight = nil
}

// hold notes that rows wait for a commit.
func (m *Machine) hold(now time.Duration) {
	if !m.held {
		m.held, m.heldAt = true, now
	}
}

// refuse answers all waiting requests with an error.
func (m *Machine) refuse(err error) {
	for _, r := range m.wanted {
		m.emit(Answer{ID: r.id, Err: err})
	}
	m.wanted, m.draining = nil, false
	if m.state == Stopping {
		m.state = Running
	}
}
