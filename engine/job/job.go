package job

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/thalweg/thalweg/engine/coordinator"
	"github.com/thalweg/thalweg/engine/graph"
	"github.com/thalweg/thalweg/engine/task"
	"github.com/thalweg/thalweg/internal/errs"
)

// Job is a running job. Its exported methods may be called from any goroutine.
type Job struct {
	cfg     Config
	graph   *graph.Graph
	plan    []byte
	started time.Time
	// ctx ends when the job has ended; work lets the loop wait for what it started.
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	done   chan struct{}
	inbox  *inbox

	// Only the loop's goroutine touches what follows.
	machine *coordinator.Machine
	attempt *attempt
	acks    map[graph.TaskID]task.Ack
	carried carried
	// last is the last published checkpoint.
	last *Checkpoint
	// uncertain: a later one may have become visible although its publication
	// failed.
	uncertain bool
	waiters   map[coordinator.RequestID]chan<- answer
	nextID    coordinator.RequestID
	failure   error
	saved     string
	// deployed: an attempt has begun.
	deployed bool
	// finished: the job has ended and all it started is gone.
	finished bool

	// mu guards what others may read.
	mu      sync.Mutex
	status  Status
	metrics func() Metrics
}

// answer is the outcome of a request.
type answer struct {
	epoch     uint64
	savepoint string
	err       error
}

// Start starts a job. The plan is not touched again.
func Start(cfg Config) (*Job, error) {
	g, err := graph.New(cfg.Plan, graph.Options{Parallelism: cfg.Parallelism, KeyGroups: cfg.KeyGroups})
	if err != nil {
		return nil, err
	}
	encoded, err := cfg.Plan.Encode()
	if err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Changed == nil {
		cfg.Changed = func(Status) {}
	}
	j := &Job{cfg: cfg, graph: g, plan: encoded, started: time.Now(), done: make(chan struct{}), inbox: newInbox(),
		acks: map[graph.TaskID]task.Ack{}, carried: carried{}, last: cfg.Restore, waiters: map[coordinator.RequestID]chan<- answer{},
		metrics: func() Metrics { return Metrics{} }}
	j.ctx, j.cancel = context.WithCancel(context.Background())
	j.machine = coordinator.New(j.machineConfig())
	go j.loop()
	return j, nil
}

func (j *Job) machineConfig() coordinator.Config {
	cfg := coordinator.Config{Tasks: j.graph.Tasks(), Interval: j.cfg.Interval, CommitDelay: j.cfg.CommitDelay, MinPause: j.cfg.MinPause,
		Timeout: j.cfg.Timeout, Restart: j.cfg.Restart, Random: rand.Float64}
	for _, t := range cfg.Tasks {
		if j.graph.IsSource(t.Stage) {
			cfg.Sources = append(cfg.Sources, t)
		}
	}
	return cfg
}

// Graph is the job's graph.
func (j *Job) Graph() *graph.Graph { return j.graph }

// Done is closed when the job has ended.
func (j *Job) Done() <-chan struct{} { return j.done }

// Status is the job's status now.
func (j *Job) Status() Status {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.status
}

// Wait blocks until the job has ended or ctx is done, and returns a failed job's
// error.
func (j *Job) Wait(ctx context.Context) error {
	select {
	case <-j.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if s := j.Status(); s.State == coordinator.Failed {
		return s.Err
	}
	return nil
}

// Cancel ends the job at once and waits for its end.
func (j *Job) Cancel(ctx context.Context) error {
	j.inbox.post(func() { j.step(coordinator.Cancel{}) })
	select {
	case <-j.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// RequestCheckpoint asks for a checkpoint without waiting for it.
func (j *Job) RequestCheckpoint() {
	j.inbox.post(func() { j.step(coordinator.Checkpoint{}) })
}

// Checkpoint takes a checkpoint and returns its epoch once published.
func (j *Job) Checkpoint(ctx context.Context) (uint64, error) {
	a, err := j.request(ctx, func(id coordinator.RequestID) coordinator.Message { return coordinator.Checkpoint{ID: id} })
	return a.epoch, err
}

// Savepoint writes a complete snapshot and returns where it lies.
func (j *Job) Savepoint(ctx context.Context) (string, error) {
	a, err := j.request(ctx, func(id coordinator.RequestID) coordinator.Message { return coordinator.Savepoint{ID: id} })
	return a.savepoint, err
}

// StopOptions say how a job is stopped.
type StopOptions struct {
	// Savepoint makes the last snapshot complete; Drain sends the end of time
	// first.
	Savepoint bool
	Drain     bool
}

// Stop ends the job with a last snapshot, waits for its end, and returns where the
// savepoint lies, if one was asked for.
func (j *Job) Stop(ctx context.Context, o StopOptions) (string, error) {
	a, err := j.request(ctx, func(id coordinator.RequestID) coordinator.Message {
		return coordinator.Stop{ID: id, Savepoint: o.Savepoint, Drain: o.Drain}
	})
	if err != nil {
		return "", err
	}
	return a.savepoint, j.Wait(ctx)
}

// request posts a request and waits for its answer.
func (j *Job) request(ctx context.Context, message func(coordinator.RequestID) coordinator.Message) (answer, error) {
	reply := make(chan answer, 1)
	j.inbox.post(func() {
		j.nextID++
		j.waiters[j.nextID] = reply
		j.step(message(j.nextID))
	})
	select {
	case a := <-reply:
		return a, a.err
	case <-ctx.Done():
		return answer{}, ctx.Err()
	case <-j.done:
	}
	select {
	case a := <-reply:
		return a, a.err
	default:
		return answer{}, errs.Userf("the job has ended: %s", j.Status().State)
	}
}
