package state

import (
	"slices"
	"time"
)

// SlicedSpec describes a Sliced.
type SlicedSpec = TableSpec

// Sliced is a table for each slice of event time, named by the slice's end. A
// slice is cheap to open and is dropped as a whole.
type Sliced struct {
	sliceSet[*Table]
	spec TableSpec
}

// Sliced opens a sliced table. TTL must be 0: slices end by being dropped.
func (s *Store) Sliced(spec SlicedSpec) (*Sliced, error) {
	spec.ID, spec.TTL = s.scope+spec.ID, time.Duration(0)
	info := TableInfo{Name: spec.ID, Kind: KindSliced, Width: spec.Layout.Width, Refs: spec.Layout.Refs}
	d := &Sliced{spec: spec}
	return d, d.open(s.core, info, d.newTable)
}

func (d *Sliced) newTable(end int64, restored bool) *Table {
	t := newTable(d.core, d.spec, space{id: d.id, namespace: end})
	t.cold.unknown = restored
	return t
}

// Slice is the table of the slice ending at end, made if it doesn't exist. It is
// the same until the slice is dropped.
func (d *Sliced) Slice(end int64) (*Table, error) { return d.get(end), nil }

// Lookup is the table of the slice ending at end, or nil when there is none.
func (d *Sliced) Lookup(end int64) *Table { return d.slices[end] }

// Ends lists the ends of the slices that hold keys, ascending. The caller owns it.
func (d *Sliced) Ends() []int64 {
	out := make([]int64, 0, len(d.ends))
	for _, end := range d.ends {
		if t := d.slices[end]; t.size > 0 || !t.complete() {
			out = append(out, end)
		}
	}
	return out
}

// Drop removes a slice: its memory is freed whole and its stored rows are deleted.
// Its Table may not be used any more.
func (d *Sliced) Drop(end int64) error { return d.drop(end) }

// destroy frees the table's memory and deletes its rows in the backing.
func (t *Table) destroy() error {
	b := t.core.options.Backing.NewBatch()
	defer b.Close()
	for g := t.core.options.KeyGroups.First; g < t.core.options.KeyGroups.End; g++ {
		if !t.cold.unknown && !t.groups.has(g) {
			continue
		}
		lower := t.space.appendPrefix(nil, g)
		if err := b.DeleteRange(lower, prefixEnd(slices.Clone(lower))); err != nil {
			return err
		}
	}
	t.arena.reset()
	t.heap.reset()
	t.index.reset()
	t.cold.filter.reset()
	t.cold = coldKeys{filter: t.cold.filter}
	t.added, t.changed, t.garbage, t.fresh, t.size = nil, nil, nil, 0, 0
	t.charge()
	if b.Bytes() == 0 {
		return nil
	}
	return b.Commit()
}
