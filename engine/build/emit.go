package build

import (
	"time"

	"github.com/thalweg/thalweg/planner/plan"
)

// emitsUpdateBefore reports whether somebody needs the node's -U rows.
func (n Node) emitsUpdateBefore() bool { return n.Mode == plan.Retract }

// millis turns a plan's lengths of time into durations.
func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
