package state

import (
	"math"
	"slices"
	"time"
)

// SlicedSpec describes a Sliced.
type SlicedSpec = TableSpec

// Sliced is a table for each slice of event time, named by the slice's end. A
// slice is cheap to open and is dropped as a whole.
type Sliced struct {
	core   *core
	spec   TableSpec
	id     tableID
	slices map[int64]*Table
	ends   []int64
}

// Sliced opens a sliced table. TTL must be 0: slices end by being dropped.
func (s *Store) Sliced(spec SlicedSpec) (*Sliced, error) {
	spec.ID, spec.TTL = s.scope+spec.ID, time.Duration(0)
	info := TableInfo{Name: spec.ID, Kind: KindSliced, Width: spec.Layout.Width, Refs: spec.Layout.Refs}
	if err := checkLayout(info); err != nil {
		return nil, err
	}
	id, err := s.core.open(info)
	if err != nil {
		return nil, err
	}
	d := &Sliced{core: s.core, spec: spec, id: id, slices: map[int64]*Table{}}
	s.core.tables = append(s.core.tables, d)
	if !s.core.options.Restored {
		return d, nil
	}
	ends, err := storedNamespaces(s.core, id)
	if err != nil {
		return nil, err
	}
	for _, end := range ends {
		t := d.add(end, true)
		if err := t.warm(); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// storedNamespaces lists the namespaces that the backing has rows of, ascending.
func storedNamespaces(c *core, id tableID) ([]int64, error) {
	var out []int64
	for g := c.options.KeyGroups.First; g < c.options.KeyGroups.End; g++ {
		lower := space{id: id, namespace: math.MinInt64}.appendPrefix(nil, g)
		upper := prefixEnd(slices.Clone(lower[:prefixBytes]))
		for lower != nil {
			var next []byte
			err := c.options.Backing.MultiScan([]KeyRange{{lower, upper}}, func(_ int, key, _ []byte) error {
				k, err := parseDiskKey(key)
				if err != nil {
					return err
				}
				out = append(out, k.namespace)
				next = prefixEnd(slices.Clone(key[:prefixBytes+namespaceBytes]))
				return errStop
			})
			if err != nil && err != errStop {
				return nil, err
			}
			lower = next
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Slice is the table of the slice ending at end, made if it doesn't exist. It is
// the same until the slice is dropped.
func (d *Sliced) Slice(end int64) (*Table, error) {
	if t, ok := d.slices[end]; ok {
		return t, nil
	}
	return d.add(end, false), nil
}

// Lookup is the table of the slice ending at end, or nil when there is none.
func (d *Sliced) Lookup(end int64) *Table { return d.slices[end] }

func (d *Sliced) add(end int64, restored bool) *Table {
	t := newTable(d.core, d.spec, space{id: d.id, namespace: end})
	t.cold.unknown = restored
	d.slices[end] = t
	at, _ := slices.BinarySearch(d.ends, end)
	d.ends = slices.Insert(d.ends, at, end)
	return t
}

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
func (d *Sliced) Drop(end int64) error {
	t, ok := d.slices[end]
	if !ok {
		return nil
	}
	delete(d.slices, end)
	at, _ := slices.BinarySearch(d.ends, end)
	d.ends = slices.Delete(d.ends, at, at+1)
	return t.destroy()
}

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

func (d *Sliced) flush(b Batch) error {
	for _, end := range d.ends {
		if err := d.slices[end].flush(b); err != nil {
			return err
		}
	}
	return nil
}

// evict takes from the slices that end last first: they fire last.
func (d *Sliced) evict(bytes int64) error {
	for i := len(d.ends) - 1; i >= 0 && bytes > 0; i-- {
		t := d.slices[d.ends[i]]
		before := t.liveBytes()
		if err := t.evict(bytes); err != nil {
			return err
		}
		bytes -= before - t.liveBytes()
	}
	return nil
}

func (d *Sliced) liveBytes() int64 {
	total := int64(0)
	for _, t := range d.slices {
		total += t.liveBytes()
	}
	return total
}

func (d *Sliced) indexBytes() int64 {
	total := int64(0)
	for _, t := range d.slices {
		total += t.indexBytes()
	}
	return total
}

func (d *Sliced) info() TableInfo { return d.core.infos[d.spec.ID] }
