package coordinator

import (
	"fmt"
	"time"

	"github.com/thalweg/thalweg/operators/stream"
)

// Effect is what the loop around the machine must do, in the order given.
type Effect interface {
	effect()
	// String prints the effect on one line, for logs and tests.
	String() string
}

// The effects.
type (
	// Deploy restores epoch Restore (0: starts afresh), commits what it holds,
	// lets sinks recover, and starts all tasks. LastEpoch is the last one used.
	// Answer: Deployed or DeployFailed.
	Deploy struct {
		Attempt   int
		Restore   uint64
		LastEpoch uint64
	}
	// Inject sends a barrier into all source tasks.
	Inject struct{ Barrier stream.Barrier }
	// Drain makes all source tasks end.
	Drain struct{}
	// Publish uploads what the tasks acked and publishes the epoch's manifest; a
	// savepoint is complete by itself. Answer: Published or PublishFailed.
	Publish struct {
		Epoch     uint64
		Kind      stream.BarrierKind
		Savepoint bool
	}
	// Commit commits what sinks prepared in the epoch. Answer: Committed or
	// CommitFailed.
	Commit struct{ Epoch uint64 }
	// Abandon drops what tasks acked for the epoch.
	Abandon struct {
		Epoch  uint64
		Reason string
	}
	// TearDown cancels the attempt's tasks. Answer: TornDown, once they are gone.
	TearDown struct{}
	// Answer answers a request.
	Answer struct {
		ID    RequestID
		Epoch uint64
		Err   error
	}
	// Retry tells that the job will be deployed again after Wait.
	Retry struct {
		Wait time.Duration
		Err  error
	}
	// End ends the job. Nothing follows.
	End struct {
		State State
		Err   error
	}
)

func (Deploy) effect()   {}
func (Inject) effect()   {}
func (Drain) effect()    {}
func (Publish) effect()  {}
func (Commit) effect()   {}
func (Abandon) effect()  {}
func (TearDown) effect() {}
func (Answer) effect()   {}
func (Retry) effect()    {}
func (End) effect()      {}

// String prints the effect.
func (e Deploy) String() string {
	return fmt.Sprintf("deploy attempt=%d restore=%d", e.Attempt, e.Restore)
}

// String prints the effect.
func (e Inject) String() string {
	return fmt.Sprintf("inject %s %d", e.Barrier.Kind, e.Barrier.Epoch)
}

// String prints the effect.
func (Drain) String() string { return "drain" }

// String prints the effect.
func (e Publish) String() string {
	s := fmt.Sprintf("publish %d (%s)", e.Epoch, e.Kind)
	if e.Savepoint {
		s += " as savepoint"
	}
	return s
}

// String prints the effect.
func (e Commit) String() string { return fmt.Sprintf("commit %d", e.Epoch) }

// String prints the effect.
func (e Abandon) String() string { return fmt.Sprintf("abandon %d: %s", e.Epoch, e.Reason) }

// String prints the effect.
func (TearDown) String() string { return "tear down" }

// String prints the effect.
func (e Answer) String() string {
	if e.Err != nil {
		return fmt.Sprintf("answer %d error: %v", e.ID, e.Err)
	}
	return fmt.Sprintf("answer %d epoch=%d", e.ID, e.Epoch)
}

// String prints the effect.
func (e Retry) String() string { return fmt.Sprintf("retry in %s: %v", e.Wait, e.Err) }

// String prints the effect.
func (e End) String() string {
	if e.Err != nil {
		return fmt.Sprintf("end %s: %v", e.State, e.Err)
	}
	return fmt.Sprintf("end %s", e.State)
}
