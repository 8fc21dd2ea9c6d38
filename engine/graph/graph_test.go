package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/engine/graph"
	"github.com/thalweg/thalweg/planner/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestGraphs cuts plans written one node a line: `Kind [single] inputs…`, where an
// input is `exchange:node` and a hash one ends in its key columns, `hash:0:1,2`.
func TestGraphs(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "graph" {
				d.Fatalf(t, "unknown command %q", d.Cmd)
			}
			opts := graph.Options{Parallelism: 1, KeyGroups: 128}
			d.MaybeScanArgs(t, "parallelism", &opts.Parallelism)
			d.MaybeScanArgs(t, "groups", &opts.KeyGroups)
			g, err := graph.New(parsePlan(t, d.Input), opts)
			if err != nil {
				return fmt.Sprintln("error:", err)
			}
			checkLaws(t, g)
			return g.String()
		})
	})
}

func parsePlan(t *testing.T, text string) *plan.Plan {
	p := &plan.Plan{Version: plan.Version}
	for i, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		n := plan.Node{ID: plan.NodeID(i), UID: fmt.Sprint(i)}
		for _, k := range plan.Kinds() {
			if k.String() == words[0] {
				n.Kind = k
			}
		}
		for _, w := range words[1:] {
			if w == "single" {
				n.Singleton = true
				continue
			}
			n.Inputs = append(n.Inputs, parseInput(t, w))
		}
		p.Nodes = append(p.Nodes, n)
	}
	return p
}

func parseInput(t *testing.T, text string) plan.Input {
	parts := strings.Split(text, ":")
	var in plan.Input
	for x := plan.Forward; x <= plan.Broadcast; x++ {
		if x.String() == parts[0] {
			in.Exchange = x
		}
	}
	if _, err := fmt.Sscan(parts[1], &in.Node); err != nil {
		t.Fatal(err)
	}
	if len(parts) > 2 {
		for _, k := range strings.Split(parts[2], ",") {
			var key int
			if _, err := fmt.Sscan(k, &key); err != nil {
				t.Fatal(err)
			}
			in.Keys = append(in.Keys, key)
		}
	}
	return in
}

// checkLaws checks CHAIN and FORWARD, and that every node is in exactly one stage.
func checkLaws(t *testing.T, g *graph.Graph) {
	t.Helper()
	seen := map[plan.NodeID]bool{}
	for _, s := range g.Stages {
		for i, n := range s.Nodes {
			if seen[n] {
				t.Errorf("node %d is in two stages", n)
			}
			seen[n] = true
			if g.StageOf(n) != s.ID {
				t.Errorf("node %d is said to be in stage %d", n, g.StageOf(n))
			}
			if i > 0 && !slices.Contains(s.Nodes, g.Plan.Nodes[n].Inputs[0].Node) {
				t.Errorf("CHAIN: the input of node %d is outside its stage", n)
			}
		}
		if g.IsSource(s.ID) != (len(g.Plan.Nodes[s.Head()].Inputs) == 0) {
			t.Errorf("stage %d is a source stage: %t", s.ID, g.IsSource(s.ID))
		}
	}
	if len(seen) != len(g.Plan.Nodes) {
		t.Errorf("%d of %d nodes are in stages", len(seen), len(g.Plan.Nodes))
	}
	for _, e := range g.Edges {
		if e.Exchange == plan.Forward && g.Stages[e.From].Tasks > g.Stages[e.To].Tasks {
			t.Errorf("FORWARD: edge %d joins %d tasks with %d", e.ID, g.Stages[e.From].Tasks, g.Stages[e.To].Tasks)
		}
	}
}
