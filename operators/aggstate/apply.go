package aggstate

import (
	"unsafe"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// Tables is the state beside the groups' rows, in the order of DistinctLayouts and
// SetSpecs.
type Tables struct {
	Distinct []*state.Table
	Sets     []*state.Multi
}

// Groups says which group each row of a batch belongs to.
type Groups struct {
	// Keys are the rows' group keys.
	Keys *rowcodec.Keys
	// SetKeys are the keys of the rows' groups in Tables.Sets; nil means Keys.
	SetKeys *rowcodec.Keys
	// Rows are the rows' groups.
	Rows []unsafe.Pointer
	// Touched are the distinct groups among Rows, First the first input row of
	// each. They may be nil without sets.
	Touched []unsafe.Pointer
	First   []int32
	// Heap is the heap of the groups' table.
	Heap agg.Heap
}

// Apply counts a batch of input rows into their groups.
func (p *Program) Apply(batch stream.Batch, groups Groups, tables Tables) error {
	p.weigh(batch)
	for i, d := range p.distincts {
		if err := d.weigh(p, batch, groups.Keys, tables.Distinct[i]); err != nil {
			return err
		}
	}
	if p.cfg.InputRetracts {
		countRows(groups.Rows, p.weighKinds(batch))
	}
	for i := range p.calls {
		c := &p.calls[i]
		if c.set >= 0 {
			continue
		}
		for j, arg := range c.columns {
			c.args[j] = batch.Column(arg)
		}
		weights := p.filters[c.filter].weights
		if c.distinct >= 0 {
			weights = p.distincts[c.distinct].weights[c.counter]
		}
		c.agg.Accumulate(c.accs(groups.Rows, groups.Heap), c.args, weights)
		if err := agg.ErrOf(c.agg); err != nil {
			return err
		}
	}
	setKeys := groups.SetKeys
	if setKeys == nil {
		setKeys = groups.Keys
	}
	for i, s := range p.sets {
		if err := s.apply(p, batch, setKeys, tables.Sets[i]); err != nil {
			return err
		}
	}
	if len(p.sets) > 0 {
		return p.refresh(groups.Touched, groups.First, groups.Heap, tables.Sets)
	}
	return nil
}
