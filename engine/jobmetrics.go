package engine

import (
	"github.com/thalweg/thalweg/engine/job"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/planner/plan"
)

// metrics reads the counters of the running or last job.
func (r *jobRun) metrics() Metrics {
	r.mu.Lock()
	j, stats := r.job, r.status.Stats
	r.mu.Unlock()
	m := Metrics{Checkpoints: stats.Published, FailedCheckpoints: stats.Failed, LastCheckpoint: stats.LastDuration}
	if j == nil {
		return m
	}
	for _, n := range j.Metrics().Nodes {
		m.Nodes = append(m.Nodes, r.nodeMetrics(n))
	}
	return m
}

func (r *jobRun) nodeMetrics(n job.NodeMetrics) NodeMetrics {
	out := NodeMetrics{Node: int(n.Node), Label: n.Label, Stage: n.Stage, Tasks: n.Tasks, RowsIn: n.RowsIn, RowsOut: n.RowsOut,
		LateRows: n.LateRows, BadRecords: n.BadRecords, StateRows: n.StateRows, BusyNanos: n.BusyNanos, BlockedNanos: n.BlockedNanos}
	if n.Watermark != stream.NoWatermark {
		out.Watermark, out.HasWatermark = int64(n.Watermark), true
	}
	out.LateKept = r.plan.Nodes[n.Node].Kind == plan.KindLateRows
	if sink := r.plan.Nodes[n.Node].Sink; sink != nil {
		out.SinkTable = sink.Table.Name
	}
	if n.Source != nil {
		out.Source = &SourceMetrics{Splits: n.Source.Splits, Ended: n.Source.Ended, LagRows: n.Source.Lag.Rows,
			LagMillis: n.Source.Lag.Millis, Done: n.Source.Lag.Done, Total: n.Source.Lag.Total}
		if src := r.plan.Nodes[n.Node].Source; src != nil {
			out.Source.Table = src.Table.Name
		}
	}
	return out
}

// planText is the plan in EXPLAIN form.
func (r *jobRun) planText() string { return r.plan.String() }
