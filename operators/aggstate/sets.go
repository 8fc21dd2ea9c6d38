package aggstate

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/bitutil"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// setWidth is the payload of a set's entry: its count, and in a set by arrival
// the next number to give out, kept in the entries themselves as their order.
const setWidth = 8

// arrivalBytes is the arrival number before the key in sets by arrival.
const arrivalBytes = 8

// set is the multisets of values of all groups, shared by the calls that order the
// same arguments, under the same filter, in the same way.
type set struct {
	kind   agg.SetKind
	args   []int
	filter int
	// keyer encodes the values; one of the calls.
	keyer agg.SetAgg
	// single sets have keys of their own kind and aren't shared.
	single bool
	// nulls says that rows with NULL arguments are kept.
	nulls bool
	// distinct is the index in Program.distincts of the table that tells which
	// rows' values come and go, or -1, and counter the filter's place in its rows.
	distinct, counter int
	slots             []state.Slot
	sub               []byte
	cols              []arrow.Array
}

// addSet finds or adds the multiset that call c reads.
func (p *Program) addSet(c *call, spec agg.Spec) error {
	keyer, ok := c.agg.(agg.SetAgg)
	if !ok {
		return errs.Bugf("aggregate %s needs a set and can't read one", c.Name)
	}
	own := spec.OwnSet || c.distinct >= 0
	for i, s := range p.sets {
		if s.kind == spec.Set && s.filter == c.filter && slices.Equal(s.args, c.Args) && !own && !s.single {
			c.set = i
			return nil
		}
	}
	c.set = len(p.sets)
	p.sets = append(p.sets, &set{
		kind: spec.Set, args: c.Args, filter: c.filter, keyer: keyer, single: own, nulls: spec.KeepsNulls,
		distinct: c.distinct, counter: c.counter, cols: make([]arrow.Array, len(c.Args)),
	})
	return nil
}

// SetSpecs describe the multisets that Apply needs, in order; the caller names
// them. They are keyed like the groups.
func (p *Program) SetSpecs() []state.MultiSpec {
	specs := make([]state.MultiSpec, len(p.sets))
	for i := range specs {
		specs[i] = state.MultiSpec{Width: setWidth, Ordered: true}
	}
	return specs
}

// apply adds the batch's values to the groups' sets and takes them away.
func (s *set) apply(p *Program, batch stream.Batch, keys *rowcodec.Keys, multi *state.Multi) error {
	s.slots = grow(s.slots, batch.Rows())
	if err := multi.Upsert(keys, s.slots); err != nil {
		return err
	}
	for i, arg := range s.args {
		s.cols[i] = batch.Column(arg)
	}
	weights := p.filters[s.filter].weights
	if s.distinct >= 0 {
		weights = p.distincts[s.distinct].weights[s.counter]
	}
	for i, slot := range s.slots {
		if weights != nil && weights[i] == 0 || !s.nulls && s.anyNull(i) {
			continue
		}
		if weights == nil || weights[i] > 0 {
			s.insert(multi, slot, i)
		} else {
			s.remove(multi, slot, i)
		}
	}
	return nil
}

func (s *set) anyNull(i int) bool {
	for _, c := range s.cols {
		if c.NullN() > 0 && (len(c.NullBitmapBytes()) == 0 || !bitutil.BitIsSet(c.NullBitmapBytes(), c.Data().Offset()+i)) {
			return true
		}
	}
	return false
}

func (s *set) insert(multi *state.Multi, slot state.Slot, i int) {
	s.sub = s.sub[:0]
	if s.kind == agg.ByArrival {
		number := uint64(1)
		if last := multi.Last(slot); last != state.NoEntry {
			number = binary.BigEndian.Uint64(multi.Sub(last)) + 1
		}
		s.sub = binary.BigEndian.AppendUint64(s.sub, number)
	}
	s.sub = s.keyer.AppendKey(s.sub, s.cols, i)
	entry, _ := multi.Put(slot, s.sub)
	*(*int64)(multi.Payload(entry))++
	multi.MarkDirty(slot, entry)
}

// remove takes one value away; by arrival, the earliest equal one. A value that is
// not there is let be, as it is in Flink.
func (s *set) remove(multi *state.Multi, slot state.Slot, i int) {
	s.sub = s.keyer.AppendKey(s.sub[:0], s.cols, i)
	entry := state.NoEntry
	if s.kind == agg.ByArrival {
		for e := multi.First(slot); e != state.NoEntry; e = multi.Next(e) {
			if bytes.Equal(multi.Sub(e)[arrivalBytes:], s.sub) {
				entry = e
				break
			}
		}
	} else {
		entry = multi.Get(slot, s.sub)
	}
	if entry == state.NoEntry {
		return
	}
	count := (*int64)(multi.Payload(entry))
	if *count--; *count == 0 {
		multi.Remove(slot, entry)
		return
	}
	multi.MarkDirty(slot, entry)
}

// groupSet is one group's multiset, as aggregates see it.
type groupSet struct {
	multi *state.Multi
	slot  state.Slot
	skip  int // bytes of the sub-key before the value's key
}

var _ agg.Set = (*groupSet)(nil)

func (g *groupSet) key(e state.Entry) ([]byte, bool) {
	if e == state.NoEntry {
		return nil, false
	}
	return g.multi.Sub(e)[g.skip:], true
}

// First implements agg.Set.
func (g *groupSet) First() ([]byte, bool) { return g.key(g.multi.First(g.slot)) }

// Last implements agg.Set.
func (g *groupSet) Last() ([]byte, bool) { return g.key(g.multi.Last(g.slot)) }

// Each implements agg.Set.
func (g *groupSet) Each(visit func(key []byte, count int64) bool) {
	for e := g.multi.First(g.slot); e != state.NoEntry; e = g.multi.Next(e) {
		key, _ := g.key(e)
		if !visit(key, *(*int64)(g.multi.Payload(e))) {
			return
		}
	}
}

// refresh sets the accumulators of the calls that read sets. rows are the groups
// the batch touched, first the batch's first row of each.
func (p *Program) refresh(rows []unsafe.Pointer, first []int32, heap agg.Heap, multis []*state.Multi) error {
	for c := range p.calls {
		one := &p.calls[c]
		if one.set < 0 {
			continue
		}
		s := p.sets[one.set]
		reader, view := one.agg.(agg.SetAgg), groupSet{multi: multis[one.set]}
		if s.kind == agg.ByArrival {
			view.skip = arrivalBytes
		}
		accs := one.accs(rows, heap)
		for i := range rows {
			view.slot = s.slots[first[i]]
			reader.Refresh(accs, i, &view)
		}
		if err := agg.ErrOf(one.agg); err != nil {
			return err
		}
	}
	return nil
}
