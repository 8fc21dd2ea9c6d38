package catalog

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// PartialAggregates is implemented by Functions that know which aggregates can be
// computed in two phases. Without it every aggregate is computed in one.
type PartialAggregates interface {
	// Partial gives the types of the columns that hold the call's partial result;
	// ok is false when partial results can't be merged. retracts tells whether the
	// input may take rows away.
	Partial(call rex.AggCall, retracts bool) (columns []types.Type, ok bool)
}
