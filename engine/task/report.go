package task

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/graph"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/planner/plan"
	"github.com/thalweg/thalweg/state"
)

// Reporter takes what happens in tasks. Its methods are called from the tasks'
// goroutines and must not block for long.
type Reporter interface {
	// Acked tells that the task has passed a barrier.
	Acked(ack Ack)
	// SourceEnded tells that a source task has read all its splits to their end
	// and has sent the end of time.
	SourceEnded(task graph.TaskID)
	// SplitEnded tells that a split has been read to its end.
	SplitEnded(task graph.TaskID, node plan.NodeID, split connector.SplitID)
}

// Ack is a task's part of a checkpoint. The receiver owns the snapshots.
type Ack struct {
	Task    graph.TaskID
	Barrier stream.Barrier
	Nodes   []NodeAck
}

// NodeAck is one node's part of a checkpoint; nodes that keep nothing have none.
type NodeAck struct {
	Node plan.NodeID
	// Part tells two sinks of one node apart: a source's dead letters are its
	// LettersPart.
	Part string
	// State is the snapshot of a stateful operator, nil for others.
	State *state.Snapshot
	// Splits is where a source stands.
	Splits []Split
	// Prepared is what a sink has to commit; IsSink marks sinks.
	Prepared connector.Prepared
	IsSink   bool
}

// Discard frees the snapshots of an ack that nobody needs.
func (a Ack) Discard() {
	for _, n := range a.Nodes {
		if n.State != nil && n.State.Image != nil {
			_ = n.State.Image.Release()
		}
	}
}
