package job

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/task"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/planner/plan"
)

// Metrics are the counters of the present or last attempt, by plan node.
type Metrics struct {
	Nodes []NodeMetrics
}

// NodeMetrics sums up one node over its tasks.
type NodeMetrics struct {
	Node         plan.NodeID
	Label        string
	Stage        int
	Tasks        int
	RowsIn       int64
	RowsOut      int64
	LateRows     int64
	StateRows    int64
	BadRecords   int64
	BusyNanos    int64
	BlockedNanos int64
	// Watermark is the least over tasks.
	Watermark stream.Watermark
	// Source is set for sources only.
	Source *task.ProgressInfo
}

// watch lets readers see the attempt's counters.
func (j *Job) watch(a *attempt) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.metrics = a.readMetrics
}

// Metrics reads the counters.
func (j *Job) Metrics() Metrics {
	j.mu.Lock()
	read := j.metrics
	j.mu.Unlock()
	return read()
}

// readMetrics sums up all tasks. Everything it reads is atomic or immutable.
func (a *attempt) readMetrics() Metrics {
	nodes := make([]NodeMetrics, len(a.job.cfg.Plan.Nodes))
	for i := range nodes {
		nodes[i] = NodeMetrics{Node: plan.NodeID(i), Watermark: stream.EndOfTime}
	}
	for _, t := range a.tasks {
		for i := range t.cfg.Nodes {
			n := &t.cfg.Nodes[i]
			sum := &nodes[n.ID]
			sum.Label, sum.Stage = n.Label, int(t.id.Stage)
			sum.add(t.metrics[i])
			if i == 0 && t.cfg.Source != nil {
				sum.addSource(t.cfg.Source.Progress.Load())
			}
		}
	}
	for _, e := range a.sources {
		nodes[e.node.ID].addSource(e.waitingInfo())
	}
	return Metrics{Nodes: nodes}
}

func (n *NodeMetrics) add(m *task.Metrics) {
	n.Tasks++
	n.RowsIn += m.RowsIn.Load()
	n.RowsOut += m.RowsOut.Load()
	n.LateRows += m.LateRows.Load()
	n.StateRows += m.StateRows.Load()
	n.BusyNanos += m.BusyNanos.Load()
	n.BlockedNanos += m.BlockedNanos.Load()
	n.Watermark = min(n.Watermark, m.Watermark())
}

func (n *NodeMetrics) addSource(p task.ProgressInfo) {
	n.BadRecords += p.Bad
	if n.Source == nil {
		n.Source = &task.ProgressInfo{Lag: connector.Lag{}}
	}
	n.Source.Splits += p.Splits
	n.Source.Ended += p.Ended
	n.Source.Lag = n.Source.Lag.Add(p.Lag)
}
