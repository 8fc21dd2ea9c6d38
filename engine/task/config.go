package task

import (
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/exchange"
	"github.com/thalweg/thalweg/engine/graph"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/planner/plan"
)

// Config describes a task. The task owns everything in it once it runs.
type Config struct {
	ID graph.TaskID
	// Nodes are the stage's nodes in topological order, its head first.
	Nodes []Node
	// Gate feeds the head; nil for a source stage.
	Gate *exchange.Gate
	// Source reads for a source stage, whose head it is; nil otherwise.
	Source *Source
	// Latency bounds how long rows are held back in the chain.
	Latency time.Duration
	// Clock gives the wall clock in epoch milliseconds.
	Clock func() int64
	// Report takes what happens in the task.
	Report Reporter
}

// Node is one plan node in one task.
type Node struct {
	ID plan.NodeID
	// Label names the node in errors, such as `GroupAggregate[3]`.
	Label string
	// Build makes an operator with what it may use of the world: once per task,
	// or once per split for the nodes before a watermark. It is nil for the head
	// of a source stage.
	Build func() (Instance, error)
	// Consumers are the indexes of the nodes of the task that this one feeds.
	Consumers []int
	// Writers are the edges out of the task that this node feeds.
	Writers []*exchange.Writer
	// Assigner marks a node that assigns watermarks; Stateless one that keeps
	// nothing between rows and may run once per split.
	Assigner  bool
	Stateless bool
	// Align has the splits of an Assigner go on in step with others, none more than
	// DriftMillis ahead of the slowest; nil lets them go as they can.
	Align       *Alignment
	DriftMillis int64
	// Schema and InsertOnly are what builds with the tag `invariants` hold the node's
	// output to; a nil Schema is not checked.
	Schema     *arrow.Schema
	InsertOnly bool
	Metrics    *Metrics
}

// Instance is an operator that was built but not opened. The task closes the
// operator and then Context.State, if there is one.
type Instance struct {
	Operator op.Operator
	Context  *op.Context
}

// Source is what a source stage reads.
type Source struct {
	Source connector.Source
	Env    connector.ReaderEnv
	// Bounded sources end once every split has ended and Commands says that no
	// more will come; their readers are used in turn by the task's goroutine.
	// Readers of unbounded ones, which may block, run on goroutines of their own.
	Bounded bool
	// Policy says what becomes of bad records; Letters takes them under dead-letter.
	Policy  connector.BadPolicy
	Letters *Letters
	// Commands takes splits and barriers.
	Commands *Commands
	// Progress publishes how far the splits are.
	Progress *Progress
}

// Split is a split, and where its reading stands.
type Split struct {
	Split connector.Split `msgpack:"s"`
	// Position is where reading goes on; nil means at the split's start.
	Position []byte `msgpack:"p,omitempty"`
	// Watermarks are the event times the split had reached, one per assigner of
	// the stage, in the order of nodes.
	Watermarks []stream.Watermark `msgpack:"w,omitempty"`
	// Ended splits have been read to their end.
	Ended bool `msgpack:"e,omitempty"`
}
