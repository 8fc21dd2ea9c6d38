package job

import (
	"context"

	"github.com/thalweg/thalweg/engine/task"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// Backend keeps checkpoints and opens state. Its methods may be called from any
// goroutine.
type Backend interface {
	// Publish makes c durable, its state snapshots included, and then visible, at
	// once and as a whole. A savepoint is complete by itself, and where it lies is
	// returned. The snapshots' images are borrowed.
	Publish(ctx context.Context, c *Checkpoint) (savepoint string, err error)
	// Latest is the last published checkpoint, or nil. After a Publish that failed it
	// tells whether the checkpoint became visible all the same.
	Latest(ctx context.Context) (*Checkpoint, error)
	// Open opens the state of an operator in one task, as it is in the request's
	// checkpoint. The caller closes it.
	Open(ctx context.Context, req OpenState) (*state.Store, error)
}

// OpenState asks for the state of one operator in one task.
type OpenState struct {
	// UID is the plan node's.
	UID         string
	Task        int
	Tasks       int
	KeyGroups   int
	BudgetBytes int64
	// Restore is the checkpoint to open from; nil opens empty state.
	Restore *Checkpoint
}

// Checkpoint is what a checkpoint holds. Nodes are named by UID.
type Checkpoint struct {
	Job string
	// Origin is where the checkpoint lies when it is not one of the job's own: the
	// directory of a savepoint.
	Origin  string
	Barrier stream.Barrier
	// Savepoint asks for a complete copy.
	Savepoint bool
	// Plan is the job's plan in msgpack.
	Plan        []byte
	Parallelism int
	KeyGroups   int
	// Sources are the splits of each source, of all tasks.
	Sources map[string][]task.Split
	// Sinks are what each sink's writers prepared.
	Sinks map[string]SinkPart
	// Operators are the UIDs of those that have state, in order; only in a checkpoint
	// that was read back.
	Operators []string
	// States are the operators' snapshots by task; only in a checkpoint that is
	// about to be published.
	States map[string]map[int]*state.Snapshot
}

// SinkPart is a sink's part of a checkpoint, of all tasks.
type SinkPart struct {
	Committables [][]byte `msgpack:"c,omitempty"`
	States       [][]byte `msgpack:"s,omitempty"`
}

// hasCommittables reports whether anything is to be committed.
func (c *Checkpoint) hasCommittables() bool {
	for _, s := range c.Sinks {
		if len(s.Committables) > 0 {
			return true
		}
	}
	return false
}
