package rules

import (
	"strings"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// unusedWatermark drops watermarks that nothing waits for, so that conditions and
// projections reach the source.
func unusedWatermark() Rule {
	return Rule{
		Name: "unused_watermark", Doc: "drop watermarks that no operator or sink waits for",
		Apply: func(_ *Context, roots []logical.Node) ([]logical.Node, error) {
			used := map[logical.Node]bool{}
			logical.Walk(roots, func(n logical.Node) {
				if waits(n) {
					logical.Walk([]logical.Node{n}, func(below logical.Node) { used[below] = true })
				}
			})
			return logical.RewriteFrom(roots, func(n, was logical.Node) logical.Node {
				if w, ok := n.(*logical.Watermark); ok && w.Align == nil && !used[was] {
					return n.Inputs()[0]
				}
				return n
			}), nil
		},
	}
}

// waits reports operators whose output depends on watermarks.
func waits(n logical.Node) bool {
	switch n := n.(type) {
	case *logical.WindowAggregate:
		return !n.Window.Proctime
	case *logical.LateRows:
		return true
	case *logical.Sort:
		return !n.Proctime()
	case *logical.TopN:
		return n.Windowed
	case *logical.WindowTVF:
		return n.Window.Kind == logical.Session && !n.Window.Proctime
	case *logical.Join:
		if x := n.Interval(); x != nil && !x.Proctime {
			return true
		}
	case *logical.TemporalJoin:
		if n.Mode == logical.AtRowtime {
			return true
		}
	case *logical.Over:
		return n.Mode == logical.OverRowtime
	case *logical.Match:
		return !n.ProcTime
	case *logical.Sink:
		if n.Table == nil {
			return false
		}
		for k := range n.Table.Options {
			if strings.HasPrefix(k, "sink.partition-commit.") {
				return true
			}
		}
		return false
	}
	found := false
	logical.MapExprs(n, func(e rex.Expr) rex.Expr {
		e.Walk(func(x rex.Expr) bool {
			found = found || x.Kind == rex.Call && x.Name == "CURRENT_WATERMARK"
			return !found
		})
		return e
	})
	return found
}
