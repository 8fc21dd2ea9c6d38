package job

import (
	"testing"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/build"
	"github.com/thalweg/thalweg/planner/plan"
)

// deepSource knows of seven rows in each split that waits.
type deepSource struct{ connector.Source }

func (deepSource) Waiting(splits []connector.Split) connector.Lag {
	return connector.Lag{Rows: 7 * int64(len(splits)), Millis: 5, Total: -1}
}

// TestMetricsCountSplitsThatWait has two splits whose parent is being read: they are
// among the splits and in the lag, until they are given to a task.
func TestMetricsCountSplitsThatWait(t *testing.T) {
	for name, c := range map[string]struct {
		source connector.Source
		rows   int64
	}{"known": {deepSource{}, 14}, "unknown": {struct{ connector.Source }{}, -1}} {
		p := &plan.Plan{Nodes: make([]plan.Node, 1)}
		e := &enumerator{node: build.NodeOf(p, 0), source: c.source, every: 1, ended: map[connector.SplitID]bool{"parent": false}}
		a := &attempt{job: &Job{cfg: Config{Plan: p}}, sources: []*enumerator{e}}
		source := func() (splits int, rows int64) {
			s := a.readMetrics().Nodes[0].Source
			return s.Splits, s.Lag.Rows
		}
		if splits, rows := source(); splits != 0 || rows != 0 {
			t.Errorf("%s: at first %d splits, %d rows", name, splits, rows)
		}
		e.add([]connector.Split{{ID: "left", Parents: []connector.SplitID{"parent"}}, {ID: "right", Parents: []connector.SplitID{"parent"}}})
		if splits, rows := source(); splits != 2 || rows != c.rows {
			t.Errorf("%s: %d splits, %d rows, want 2 and %d", name, splits, rows, c.rows)
		}
		e.pending = nil
		e.release()
		if splits, rows := source(); splits != 0 || rows != 0 {
			t.Errorf("%s: in the end %d splits, %d rows", name, splits, rows)
		}
	}
}
