package build_test

import (
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/engine/build"
	"github.com/thalweg/thalweg/planner/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryPlanKindHasExactlyOneBuilder(t *testing.T) {
	operators := build.Operators()
	for _, k := range plan.Kinds() {
		places := 0
		if _, ok := operators[k]; ok {
			places++
		}
		if slices.Contains(build.SourceKinds(), k) {
			places++
		}
		if slices.Contains(build.SinkKinds(), k) {
			places++
		}
		if places != 1 {
			t.Errorf("%s has %d builders", k, places)
		}
	}
}

func TestOperatorsThatRunPerSplitKeepNoState(t *testing.T) {
	for k, o := range build.Operators() {
		if o.PerRow && o.Stateful || o.Assigner && !o.PerRow {
			t.Errorf("%s: stateful=%t perRow=%t assigner=%t", k, o.Stateful, o.PerRow, o.Assigner)
		}
	}
}
