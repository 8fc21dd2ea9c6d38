package engine

import (
	"context"
	"time"

	"github.com/thalweg/thalweg/engine/coordinator"
)

// JobState is where a job is in its life.
type JobState = coordinator.State

// JobInfo is a job at one moment, as plain data.
type JobInfo struct {
	// ID is unique on the data directory; Name is 'pipeline.name' or is made from
	// the statement.
	ID   string `json:"id"`
	Name string `json:"name"`
	// SQL is the statement's text.
	SQL   string   `json:"sql"`
	State JobState `json:"-"`
	// Status is State in words.
	Status      string `json:"state"`
	Parallelism int    `json:"parallelism"`
	// Created, Started and Ended are zero until they happen.
	Created time.Time `json:"created"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	// Restarts counts attempts after the first.
	Restarts int `json:"restarts"`
	// Error is the last failure, and ErrorClass its class; empty without one.
	Error      string `json:"error,omitempty"`
	ErrorClass string `json:"error_class,omitempty"`
	// ErrorLine and ErrorColumn are where in the script the expression stands that
	// failed, from 1; 0 where the failure has no place in it.
	ErrorLine   int `json:"error_line,omitempty"`
	ErrorColumn int `json:"error_column,omitempty"`
	// Checkpoint is the last published epoch, 0 before the first.
	Checkpoint uint64 `json:"checkpoint"`
	// Savepoint is where the last savepoint lies; empty without one.
	Savepoint string `json:"savepoint,omitempty"`
	// Collect marks a SELECT, whose rows somebody reads.
	Collect bool `json:"collect,omitempty"`
}

// JobError is the failure of a job that had opened its sources and sinks, as opposed
// to that of a statement which started no job or named what is not there.
type JobError struct {
	// Job is the job's ID.
	Job   string
	Cause error
}

// Error is the cause's message.
func (e *JobError) Error() string { return e.Cause.Error() }

// Unwrap gives the cause.
func (e *JobError) Unwrap() error { return e.Cause }

// Metrics is a snapshot of a running job's counters.
type Metrics struct {
	// Nodes has one entry a plan node, in plan order.
	Nodes []NodeMetrics `json:"nodes"`
	// Checkpoints counts published ones; LastCheckpoint is how long the last took.
	Checkpoints    int64         `json:"checkpoints"`
	LastCheckpoint time.Duration `json:"last_checkpoint_ns"`
	// FailedCheckpoints counts abandoned ones.
	FailedCheckpoints int64 `json:"failed_checkpoints"`
}

// NodeMetrics sums up the tasks of one plan node.
type NodeMetrics struct {
	Node  int    `json:"node"`
	Label string `json:"label"`
	Stage int    `json:"stage"`
	Tasks int    `json:"tasks"`
	// RowsIn, RowsOut and LateRows count since the start of the attempt.
	RowsIn   int64 `json:"rows_in"`
	RowsOut  int64 `json:"rows_out"`
	LateRows int64 `json:"late_rows"`
	// LateKept is set if the late rows went to the table for them.
	LateKept bool `json:"late_kept,omitempty"`
	// BadRecords counts records a source could not decode.
	BadRecords int64 `json:"bad_records,omitempty"`
	// StateRows is the number of entries held in state, where known.
	StateRows int64 `json:"state_rows,omitempty"`
	// BusyNanos is the time spent in the node's own code, all tasks together.
	BusyNanos int64 `json:"busy_ns"`
	// BlockedNanos is the time its tasks waited for room behind them.
	BlockedNanos int64 `json:"blocked_ns"`
	// Watermark is the least over tasks, in epoch milliseconds; HasWatermark is
	// false before any was seen.
	Watermark    int64 `json:"watermark,omitempty"`
	HasWatermark bool  `json:"has_watermark"`
	// Source tells a source's progress; nil for other nodes.
	Source *SourceMetrics `json:"source,omitempty"`
	// SinkTable is the table that a sink writes, with RowsIn changes so far;
	// empty for other nodes.
	SinkTable string `json:"sink_table,omitempty"`
}

// SourceMetrics is the progress of a source over all its splits.
type SourceMetrics struct {
	Table  string `json:"table"`
	Splits int    `json:"splits"`
	Ended  int    `json:"ended"`
	// LagRows and LagMillis are the sum and the greatest over splits; -1 unknown.
	LagRows   int64 `json:"lag_rows"`
	LagMillis int64 `json:"lag_ms"`
	// Done and Total are in the connector's unit; Total is -1 when unknown.
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
}

// Job is a handle on a job. Its methods may be called from any goroutine.
type Job struct {
	run *jobRun
}

// ID names the job on its data directory.
func (j *Job) ID() string { return j.run.id }

// Info tells how the job is now.
func (j *Job) Info() JobInfo { return j.run.info() }

// Metrics reads the job's counters; those of an ended job are its last.
func (j *Job) Metrics() Metrics { return j.run.metrics() }

// Plan is the job's physical plan in EXPLAIN form.
func (j *Job) Plan() string { return j.run.planText() }

// Wait blocks until the job has ended or ctx is done. It returns nil for a job
// that finished, was cancelled or suspended, and the job's error for a failed one.
func (j *Job) Wait(ctx context.Context) error { return j.run.wait(ctx) }

// Done is closed when the job has ended.
func (j *Job) Done() <-chan struct{} { return j.run.done }

// Cancel stops the job at once, without a snapshot, and waits until it has ended.
// Results that were not committed are discarded. Cancelling an ended job does
// nothing.
func (j *Job) Cancel(ctx context.Context) error { return j.run.cancel(ctx) }

// Checkpoint takes a checkpoint now and returns its epoch once published.
func (j *Job) Checkpoint(ctx context.Context) (uint64, error) { return j.run.checkpoint(ctx) }

// Savepoint writes a complete, self-contained snapshot while the job runs on, and
// returns its directory.
func (j *Job) Savepoint(ctx context.Context) (string, error) { return j.run.savepoint(ctx) }

// StopWithSavepoint takes a savepoint as the job's last act and returns its
// directory. With drain the sources are told that time has ended first, so that
// open windows fire. The job ends Suspended (Finished with drain).
func (j *Job) StopWithSavepoint(ctx context.Context, drain bool) (string, error) {
	return j.run.stop(ctx, stopRequest{savepoint: true, drain: drain})
}

// Stop takes a last checkpoint and ends the job Suspended; Engine.Resume starts
// it again from there.
func (j *Job) Stop(ctx context.Context) error {
	_, err := j.run.stop(ctx, stopRequest{})
	return err
}
