package job

import (
	"log/slog"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/engine/build"
	"github.com/thalweg/thalweg/engine/coordinator"
	"github.com/thalweg/thalweg/planner/plan"
)

// Config describes a job.
type Config struct {
	// ID is unique on the data directory; sinks name their writes by it.
	ID   string
	Plan *plan.Plan
	// Parallelism and KeyGroups shape the graph.
	Parallelism int
	KeyGroups   int
	// Latency bounds how long operators hold rows back.
	Latency time.Duration
	// BudgetBytes bounds the state kept in memory, all tasks together.
	BudgetBytes int64
	Env         *build.Env
	Alloc       memory.Allocator
	// Interval, CommitDelay, MinPause, Timeout and Restart are as in
	// coordinator.Config.
	Interval    time.Duration
	CommitDelay time.Duration
	MinPause    time.Duration
	Timeout     time.Duration
	Restart     coordinator.Restart
	Backend     Backend
	// Ephemeral jobs do not outlive the process: a final checkpoint that holds
	// nothing to commit need not be published.
	Ephemeral bool
	// Resumed tells that the job was started before, maybe by a process that is
	// gone, so that its sinks may find leftovers even without a checkpoint.
	Resumed bool
	// Restore is the checkpoint to start from, nil for none; LastEpoch the last
	// epoch that was ever used.
	Restore   *Checkpoint
	LastEpoch uint64
	// Clock is the wall clock in epoch milliseconds.
	Clock  func() int64
	Logger *slog.Logger
	// Changed is called on the loop's goroutine after each change of Status.
	Changed func(Status)
}

// Status is a job at one moment.
type Status struct {
	State coordinator.State
	// Err is the last failure, nil before any.
	Err error
	// Published is the last published epoch, 0 before the first.
	Published uint64
	// Savepoint is where the last savepoint lies.
	Savepoint string
	// Deployed: its sources and sinks have been opened, and rows could flow.
	Deployed bool
	Stats    coordinator.Stats
}
