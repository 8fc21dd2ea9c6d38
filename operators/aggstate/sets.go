package aggstate

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/bitutil"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// setWidth is the payload of a set's entry: its count, or in a set by arrival the
// length of its sort key.
const setWidth = 8

// arrivalBytes is the length of the arrival number in sets by arrival. Their entries
// are the sort key, the number, and the value; numbers count from 1 among equal sort
// keys.
const arrivalBytes = 8

// set is the multisets of values of all groups, shared by the calls that order the
// same arguments, under the same filter, in the same way.
type set struct {
	kind   agg.SetKind
	args   []int
	order  []rex.SortKey
	filter int
	// sorter encodes sort keys; nil without an order.
	sorter *rowcodec.SortEncoder
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
	added := &set{
		kind: spec.Set, args: c.Args, order: c.OrderBy, filter: c.filter, keyer: keyer, single: spec.OwnSet || c.distinct >= 0, nulls: spec.KeepsNulls,
		distinct: c.distinct, counter: c.counter, cols: make([]arrow.Array, len(c.args)),
	}
	if c.set = slices.IndexFunc(p.sets, added.same); c.set >= 0 {
		return nil
	}
	if len(c.OrderBy) > 0 {
		types := make([]arrow.DataType, len(c.ArgTypes))
		for i, t := range c.ArgTypes {
			types[i] = t.Arrow()
		}
		var err error
		if added.sorter, err = rowcodec.NewSortEncoder(types, agg.OrderOf(c.AggCall)); err != nil {
			return err
		}
	}
	c.set = len(p.sets)
	p.sets = append(p.sets, added)
	return nil
}

// same tells whether s can stand for o.
func (s *set) same(o *set) bool {
	return s.kind == o.kind && s.filter == o.filter && slices.Equal(s.args, o.args) && slices.Equal(s.order, o.order) && s.nulls == o.nulls &&
		!s.single && !o.single
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
	for i, key := range s.order {
		s.cols[len(s.args)+i] = batch.Column(key.Column)
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
	for _, c := range s.cols[:len(s.args)] {
		if c.NullN() > 0 && (len(c.NullBitmapBytes()) == 0 || !bitutil.BitIsSet(c.NullBitmapBytes(), c.Data().Offset()+i)) {
			return true
		}
	}
	return false
}

func (s *set) insert(multi *state.Multi, slot state.Slot, i int) {
	if s.kind == agg.ByArrival {
		s.insertLast(multi, slot, i)
		return
	}
	s.sub = s.keyer.AppendKey(s.sub[:0], s.cols, i)
	entry, _ := multi.Put(slot, s.sub)
	*(*int64)(multi.Payload(entry))++
	multi.MarkDirty(slot, entry)
}

// insertLast puts a value behind those of equal sort keys.
func (s *set) insertLast(multi *state.Multi, slot state.Slot, i int) {
	key := s.sortKey(i)
	s.sub = append(key, lastArrival...)
	last := multi.Last(slot)
	if next := multi.Seek(slot, s.sub); next != state.NoEntry {
		last = multi.Prev(next)
	}
	number := uint64(1)
	if last != state.NoEntry && bytes.HasPrefix(multi.Sub(last), key) {
		number = binary.BigEndian.Uint64(multi.Sub(last)[len(key):]) + 1
	}
	s.sub = s.keyer.AppendKey(binary.BigEndian.AppendUint64(key, number), s.cols, i)
	entry, _ := multi.Put(slot, s.sub)
	*(*int64)(multi.Payload(entry)) = int64(len(key))
	multi.MarkDirty(slot, entry)
}

// lastArrival is behind all arrival numbers.
var lastArrival = bytes.Repeat([]byte{0xff}, arrivalBytes)

// sortKey is the sort key of row i, empty without an order, in s.sub.
func (s *set) sortKey(i int) []byte {
	if s.sorter == nil {
		return s.sub[:0]
	}
	return s.sorter.AppendRow(s.sub[:0], s.cols, i)
}

// remove takes one value away. One that is not there is let be, as it is in Flink.
func (s *set) remove(multi *state.Multi, slot state.Slot, i int) {
	if s.kind == agg.ByArrival {
		s.removeFirst(multi, slot, i)
		return
	}
	s.sub = s.keyer.AppendKey(s.sub[:0], s.cols, i)
	entry := multi.Get(slot, s.sub)
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

// removeFirst takes the earliest value away that is equal in all.
func (s *set) removeFirst(multi *state.Multi, slot state.Slot, i int) {
	key := s.sortKey(i)
	s.sub = s.keyer.AppendKey(key, s.cols, i)
	key, value := s.sub[:len(key)], s.sub[len(key):]
	entry := multi.First(slot)
	if len(key) > 0 {
		entry = multi.Seek(slot, key)
	}
	for ; entry != state.NoEntry; entry = multi.Next(entry) {
		sub := multi.Sub(entry)
		if !bytes.HasPrefix(sub, key) {
			return
		}
		if bytes.Equal(sub[len(key)+arrivalBytes:], value) {
			multi.Remove(slot, entry)
			return
		}
	}
}

// groupSet is one group's multiset, as aggregates see it.
type groupSet struct {
	multi *state.Multi
	slot  state.Slot
	set   *set
}

var _ agg.Set = (*groupSet)(nil)

func (g *groupSet) key(e state.Entry) ([]byte, bool) {
	if e == state.NoEntry {
		return nil, false
	}
	sub := g.multi.Sub(e)
	if g.set.kind == agg.ByArrival {
		sub = sub[arrivalBytes:]
		if g.set.sorter != nil {
			sub = sub[*(*int64)(g.multi.Payload(e)):]
		}
	}
	return sub, true
}

// First implements agg.Set.
func (g *groupSet) First() ([]byte, bool) { return g.key(g.multi.First(g.slot)) }

// Last implements agg.Set.
func (g *groupSet) Last() ([]byte, bool) { return g.key(g.multi.Last(g.slot)) }

// Each implements agg.Set.
func (g *groupSet) Each(visit func(key []byte, count int64) bool) {
	for e := g.multi.First(g.slot); e != state.NoEntry; e = g.multi.Next(e) {
		key, _ := g.key(e)
		count := int64(1)
		if g.set.kind == agg.ByValue {
			count = *(*int64)(g.multi.Payload(e))
		}
		if !visit(key, count) {
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
		reader, view := one.agg.(agg.SetAgg), groupSet{multi: multis[one.set], set: s}
		accs := one.accs(rows, heap)
		for i := range rows {
			view.slot = s.slots[first[i]]
			reader.Refresh(accs, i, &view)
		}
		if settler, ok := reader.(agg.Settler); ok {
			settler.Settle(heap)
		}
		if err := agg.ErrOf(one.agg); err != nil {
			return err
		}
	}
	return nil
}
