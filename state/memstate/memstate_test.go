package memstate_test

import (
	"testing"

	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/memstate"
	"github.com/thalweg/thalweg/state/statetest"
)

func TestContract(t *testing.T) {
	statetest.Run(t, func(tb testing.TB, o statetest.Options) *state.Store {
		s, err := memstate.Open(memstate.Options{KeyGroups: o.KeyGroups, BudgetBytes: o.BudgetBytes, Restore: o.Restore})
		if err != nil {
			tb.Fatal(err)
		}
		return s
	})
}
