package windowagg

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

// Config describes a WindowAgg or its local phase.
type Config struct {
	// Windows are over the input's columns.
	Windows windows.Spec
	// Keys are the grouping columns besides the window.
	Keys []int
	// Aggs are the aggregate calls.
	Aggs []rex.AggCall
	// Properties are the output's last columns.
	Properties []windows.Property
	// InputSchema is the schema that Windows, Keys and Aggs refer to.
	InputSchema types.Schema
	// Registry holds the aggregate functions.
	Registry *agg.Registry
	// FromLocal tells that the input comes from a local phase: the keys, the
	// slice's end as BIGINT, then the columns of partial results.
	FromLocal bool
	// InputRetracts tells whether the input of the aggregation may take rows away.
	InputRetracts bool
}

func (c Config) program() (*aggstate.Program, error) {
	if c.Windows.Kind == windows.Session && !c.Windows.Attached {
		return nil, errs.Bugf("SESSION windows given to an aggregate of slices")
	}
	if err := c.Windows.Check(); err != nil {
		return nil, err
	}
	return aggstate.New(aggstate.Config{
		Keys: c.Keys, Aggs: c.Aggs, InputSchema: c.InputSchema, Registry: c.Registry, InputRetracts: c.InputRetracts,
	})
}
