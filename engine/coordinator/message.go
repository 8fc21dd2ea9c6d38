package coordinator

import (
	"github.com/thalweg/thalweg/engine/graph"
)

// Message is what happened, as told to the machine.
type Message interface{ message() }

// RequestID names a user's request, so that it can be answered.
type RequestID uint64

// The messages.
type (
	// Start begins the job's life in this process. Restore is the last published
	// epoch, or 0; RestoredFinal tells that it was the job's final one, so that
	// only its commit may be missing. LastEpoch is the last epoch ever used.
	Start struct {
		Restore       uint64
		RestoredFinal bool
		LastEpoch     uint64
	}
	// Deployed tells that the attempt's tasks run; DeployFailed that they don't.
	Deployed     struct{}
	DeployFailed struct{ Err error }
	// Acked tells that a task has passed the barrier of an epoch.
	Acked struct {
		Task  graph.TaskID
		Epoch uint64
	}
	// SourceEnded tells that a source task has sent the end of time.
	SourceEnded struct{ Task graph.TaskID }
	// TaskFailed tells of an attempt's first or a later failure.
	TaskFailed struct {
		Task graph.TaskID
		Err  error
	}
	// TornDown tells that no task of the attempt runs any more.
	TornDown struct{}
	// Published and PublishFailed answer a Publish.
	Published     struct{ Epoch uint64 }
	PublishFailed struct {
		Epoch uint64
		Err   error
	}
	// Committed and CommitFailed answer a Commit.
	Committed    struct{ Epoch uint64 }
	CommitFailed struct {
		Epoch uint64
		Err   error
	}
	// Held tells that a sink holds rows back until their commit, written behind the
	// barrier of epoch After.
	Held struct{ After uint64 }
	// Tick tells that time has passed.
	Tick struct{}
	// Checkpoint asks for a checkpoint soon; Savepoint for a complete one. They
	// are answered once published.
	Checkpoint struct{ ID RequestID }
	Savepoint  struct{ ID RequestID }
	// Stop asks for the job's end with a last snapshot: of the state as it is, or
	// with Drain after the end of time.
	Stop struct {
		ID        RequestID
		Savepoint bool
		Drain     bool
	}
	// Cancel asks for the job's end at once. It has no answer but the end.
	Cancel struct{}
)

func (Start) message()         {}
func (Deployed) message()      {}
func (DeployFailed) message()  {}
func (Acked) message()         {}
func (SourceEnded) message()   {}
func (TaskFailed) message()    {}
func (TornDown) message()      {}
func (Published) message()     {}
func (PublishFailed) message() {}
func (Committed) message()     {}
func (CommitFailed) message()  {}
func (Held) message()          {}
func (Tick) message()          {}
func (Checkpoint) message()    {}
func (Savepoint) message()     {}
func (Stop) message()          {}
func (Cancel) message()        {}
