package build

import (
	"fmt"

	"github.com/thalweg/thalweg/planner/plan"
)

// Label names a node in errors and metrics, such as `GroupAggregate[3]` or
// `Source[0] orders`.
func Label(n *plan.Node) string {
	label := fmt.Sprintf("%s[%d]", n.Kind, n.ID)
	switch {
	case n.Source != nil:
		return label + " " + n.Source.Table.Name
	case n.Sink != nil && !n.Sink.Collect:
		return label + " " + n.Sink.Table.Name
	}
	return label
}
