package state

import (
	"maps"
	"slices"
)

// SlicedMulti is a Multi for each slice of event time, named by the slice's end. A
// slice is cheap to open and is dropped as a whole.
type SlicedMulti struct {
	core   *core
	spec   MultiSpec
	id     tableID
	slices map[int64]*Multi
	ends   []int64
}

// SlicedMulti opens a sliced Multi. TTL must be 0: slices end by being dropped.
func (s *Store) SlicedMulti(spec MultiSpec) (*SlicedMulti, error) {
	spec.ID, spec.TTL, spec.Appended = s.scope+spec.ID, 0, false
	info := TableInfo{Name: spec.ID, Kind: KindSlicedMulti, Width: spec.Width, Ordered: spec.Ordered}
	if err := checkLayout(info); err != nil {
		return nil, err
	}
	id, err := s.core.open(info)
	if err != nil {
		return nil, err
	}
	d := &SlicedMulti{core: s.core, spec: spec, id: id, slices: map[int64]*Multi{}}
	s.core.tables = append(s.core.tables, d)
	if !s.core.options.Restored {
		return d, nil
	}
	ends, err := storedNamespaces(s.core, id)
	if err != nil {
		return nil, err
	}
	for _, end := range ends {
		m := d.add(end)
		m.keys.cold.unknown = true
		if err := m.warm(); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Slice is the Multi of the slice ending at end, made if it doesn't exist. It is
// the same until the slice is dropped.
func (d *SlicedMulti) Slice(end int64) *Multi {
	if m, ok := d.slices[end]; ok {
		return m
	}
	return d.add(end)
}

func (d *SlicedMulti) add(end int64) *Multi {
	m := newMulti(d.core, d.spec, space{id: d.id, namespace: end})
	m.keys.cold.unknown = false
	d.slices[end] = m
	at, _ := slices.BinarySearch(d.ends, end)
	d.ends = slices.Insert(d.ends, at, end)
	return m
}

// Ends lists the ends of the slices, ascending. It is valid, and to be read only,
// until the next call.
func (d *SlicedMulti) Ends() []int64 { return d.ends }

// Drop removes a slice: its memory is freed whole and its stored entries are
// deleted. Its Multi may not be used any more.
func (d *SlicedMulti) Drop(end int64) error {
	m, ok := d.slices[end]
	if !ok {
		return nil
	}
	delete(d.slices, end)
	at, _ := slices.BinarySearch(d.ends, end)
	d.ends = slices.Delete(d.ends, at, at+1)
	return m.destroy()
}

// destroy frees the memory and deletes the stored entries.
func (m *Multi) destroy() error {
	m.entries.reset()
	m.entries.count, m.entries.fresh = 0, 0
	m.subs.reset()
	m.byHash.reset()
	m.directories, m.spareDirectories, m.directoryBytes = nil, nil, 0
	m.added, m.changed, m.dead, m.loading = nil, nil, nil, nil
	err := m.keys.destroy()
	m.charge()
	return err
}

func (d *SlicedMulti) flush(b Batch) error {
	for _, end := range d.ends {
		if err := d.slices[end].flush(b); err != nil {
			return err
		}
	}
	return nil
}

// evict takes from the slices that end last first, as a Sliced does.
func (d *SlicedMulti) evict(bytes int64) error {
	for _, end := range slices.Backward(d.ends) {
		if bytes <= 0 {
			break
		}
		m := d.slices[end]
		before := m.liveBytes()
		if err := m.evict(bytes); err != nil {
			return err
		}
		bytes -= before - m.liveBytes()
	}
	return nil
}

func (d *SlicedMulti) liveBytes() int64 {
	total := int64(0)
	for m := range maps.Values(d.slices) {
		total += m.liveBytes()
	}
	return total
}

func (d *SlicedMulti) indexBytes() int64 {
	total := int64(0)
	for m := range maps.Values(d.slices) {
		total += m.indexBytes()
	}
	return total
}

func (d *SlicedMulti) info() TableInfo { return d.core.infos[d.spec.ID] }
