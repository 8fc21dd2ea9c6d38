package graph

import (
	"fmt"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/plan"
)

// Graph is a plan spread over stages.
type Graph struct {
	// Plan is the plan it was made from.
	Plan *plan.Plan
	// Stages stand in topological order; a stage's ID is its index.
	Stages []Stage
	// Edges stand in order of their receiver's stage and input; an edge's ID is
	// its index.
	Edges []Edge
	// KeyGroups is the number of key groups of the job's state.
	KeyGroups int
}

// StageID is the index of a stage, EdgeID that of an edge.
type (
	StageID int
	EdgeID  int
)

// Stage is a tree of nodes that one task drives.
type Stage struct {
	ID StageID
	// Nodes are the stage's nodes in topological order, its head first.
	Nodes []plan.NodeID
	// Tasks is the number of copies that run.
	Tasks int
	// Inputs are the edges into the head, one per input of the head, in order.
	Inputs []EdgeID
	// Outputs are the edges that leave nodes of the stage, in order of edges.
	Outputs []EdgeID
}

// Edge is an exchange between two stages.
type Edge struct {
	ID EdgeID
	// From and FromNode send, To and ToNode receive as input ToInput.
	From     StageID
	FromNode plan.NodeID
	To       StageID
	ToNode   plan.NodeID
	ToInput  int
	Exchange plan.Exchange
	// Keys are the sender's columns that a Hash exchange spreads by.
	Keys []int
}

// TaskID names one task of a job.
type TaskID struct {
	Stage StageID
	Index int
}

// String gives `stage/index`.
func (t TaskID) String() string { return fmt.Sprintf("%d/%d", t.Stage, t.Index) }

// Head is the stage's first node.
func (s Stage) Head() plan.NodeID { return s.Nodes[0] }

// Tasks lists all tasks by stage and index.
func (g *Graph) Tasks() []TaskID {
	var tasks []TaskID
	for _, s := range g.Stages {
		for i := range s.Tasks {
			tasks = append(tasks, TaskID{Stage: s.ID, Index: i})
		}
	}
	return tasks
}

// StageOf finds the stage that node belongs to.
func (g *Graph) StageOf(node plan.NodeID) StageID {
	for _, s := range g.Stages {
		for _, n := range s.Nodes {
			if n == node {
				return s.ID
			}
		}
	}
	panic(fmt.Sprintf("graph: node %d is in no stage", node))
}

// Consumers lists, for node, the nodes of the same stage it feeds directly.
func (g *Graph) Consumers(stage StageID, node plan.NodeID) []plan.NodeID {
	var out []plan.NodeID
	for _, n := range g.Stages[stage].Nodes[1:] {
		if g.Plan.Nodes[n].Inputs[0].Node == node {
			out = append(out, n)
		}
	}
	return out
}

// EdgesFrom lists the edges that leave node.
func (g *Graph) EdgesFrom(stage StageID, node plan.NodeID) []Edge {
	var out []Edge
	for _, id := range g.Stages[stage].Outputs {
		if g.Edges[id].FromNode == node {
			out = append(out, g.Edges[id])
		}
	}
	return out
}

// IsSource reports whether the stage's head has no inputs.
func (g *Graph) IsSource(stage StageID) bool { return len(g.Stages[stage].Inputs) == 0 }

// Options are what a graph depends on besides the plan.
type Options struct {
	// Parallelism is the number of tasks of nodes that are not singletons.
	Parallelism int
	KeyGroups   int
}

// New cuts p into stages.
func New(p *plan.Plan, opts Options) (*Graph, error) {
	if opts.Parallelism < 1 || opts.KeyGroups < opts.Parallelism {
		return nil, errs.Userf("parallelism %d does not fit %d key groups", opts.Parallelism, opts.KeyGroups)
	}
	if len(p.Nodes) == 0 {
		return nil, errs.Bugf("the plan has no nodes")
	}
	g := &Graph{Plan: p, KeyGroups: opts.KeyGroups}
	stageOf := make([]StageID, len(p.Nodes))
	for i := range p.Nodes {
		if err := checkNode(p, i); err != nil {
			return nil, err
		}
		stageOf[i] = g.place(&p.Nodes[i], stageOf, opts)
	}
	g.connect(stageOf)
	return g, nil
}

// checkNode refuses a plan that is not in topological order.
func checkNode(p *plan.Plan, i int) error {
	node := &p.Nodes[i]
	if int(node.ID) != i {
		return errs.Bugf("plan node %d has ID %d", i, node.ID)
	}
	for _, in := range node.Inputs {
		if in.Node < 0 || int(in.Node) >= i {
			return errs.Bugf("plan node %d has input %d, which does not stand before it", i, in.Node)
		}
	}
	return nil
}

// place puts node into its input's stage or starts a new one.
func (g *Graph) place(node *plan.Node, stageOf []StageID, opts Options) StageID {
	tasks := g.tasksOf(node, stageOf, opts)
	if len(node.Inputs) == 1 {
		input := stageOf[node.Inputs[0].Node]
		if chains(node.Inputs[0].Exchange, g.Stages[input].Tasks, tasks) {
			g.Stages[input].Nodes = append(g.Stages[input].Nodes, node.ID)
			return input
		}
	}
	id := StageID(len(g.Stages))
	g.Stages = append(g.Stages, Stage{ID: id, Nodes: []plan.NodeID{node.ID}, Tasks: tasks})
	return id
}

// tasksOf is the number of tasks of a node. Rows that are forwarded stay in their
// tasks, since only so the changes of one row stay in order: a node has as many
// tasks as those it gets forwarded rows from.
func (g *Graph) tasksOf(node *plan.Node, stageOf []StageID, opts Options) int {
	if node.Singleton {
		return 1
	}
	forwarded := 0
	for _, in := range node.Inputs {
		if in.Exchange != plan.Forward {
			return opts.Parallelism
		}
		forwarded = max(forwarded, g.Stages[stageOf[in.Node]].Tasks)
	}
	if forwarded == 0 {
		return opts.Parallelism
	}
	return forwarded
}

// chains reports whether a node of tasks tasks can run in its input's stage: the
// rows must stay where they are, either by plan or because there is one place.
func chains(x plan.Exchange, inputTasks, tasks int) bool {
	if inputTasks != tasks {
		return false
	}
	return x == plan.Forward || tasks == 1
}

// connect makes the edges.
func (g *Graph) connect(stageOf []StageID) {
	for s := range g.Stages {
		head := &g.Plan.Nodes[g.Stages[s].Head()]
		for i, in := range head.Inputs {
			from := stageOf[in.Node]
			e := Edge{ID: EdgeID(len(g.Edges)), From: from, FromNode: in.Node, To: StageID(s), ToNode: head.ID,
				ToInput: i, Exchange: in.Exchange, Keys: in.Keys}
			e.Exchange = effective(in.Exchange, g.Stages[from].Tasks, g.Stages[s].Tasks)
			if e.Exchange != plan.Hash {
				e.Keys = nil
			}
			g.Edges = append(g.Edges, e)
			g.Stages[s].Inputs = append(g.Stages[s].Inputs, e.ID)
			g.Stages[from].Outputs = append(g.Stages[from].Outputs, e.ID)
		}
	}
}

// effective is the exchange that is really needed between so many tasks.
func effective(x plan.Exchange, from, to int) plan.Exchange {
	switch {
	case to == 1:
		if from == 1 {
			return plan.Forward
		}
		return plan.Single
	case x == plan.Single:
		return plan.Rebalance
	}
	return x
}

// String prints stages and edges, one a line.
func (g *Graph) String() string {
	var b strings.Builder
	for _, s := range g.Stages {
		fmt.Fprintf(&b, "stage %d tasks=%d:", s.ID, s.Tasks)
		for _, n := range s.Nodes {
			fmt.Fprintf(&b, " %s[%d]", g.Plan.Nodes[n].Kind, n)
		}
		b.WriteByte('\n')
		for _, id := range s.Inputs {
			e := g.Edges[id]
			fmt.Fprintf(&b, "  input %d: %s from stage %d node %d", e.ToInput, e.Exchange, e.From, e.FromNode)
			if e.Keys != nil {
				fmt.Fprintf(&b, " keys=%v", e.Keys)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}
