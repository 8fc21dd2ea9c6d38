package state

// SlicedMulti is a Multi for each slice of event time, named by the slice's end. A
// slice is cheap to open and is dropped as a whole.
type SlicedMulti struct {
	sliceSet[*Multi]
	spec MultiSpec
}

// SlicedMulti opens a sliced Multi. TTL must be 0: slices end by being dropped.
func (s *Store) SlicedMulti(spec MultiSpec) (*SlicedMulti, error) {
	spec.ID, spec.TTL, spec.Appended = s.scope+spec.ID, 0, false
	info := TableInfo{Name: spec.ID, Kind: KindSlicedMulti, Width: spec.Width, Ordered: spec.Ordered}
	d := &SlicedMulti{spec: spec}
	return d, d.open(s.core, info, d.newMulti)
}

func (d *SlicedMulti) newMulti(end int64, restored bool) *Multi {
	m := newMulti(d.core, d.spec, space{id: d.id, namespace: end})
	m.keys.cold.unknown = restored
	return m
}

// Slice is the Multi of the slice ending at end, made if it doesn't exist. It is
// the same until the slice is dropped.
func (d *SlicedMulti) Slice(end int64) *Multi { return d.get(end) }

// Ends lists the ends of the slices, ascending. It is valid, and to be read only,
// until the next call.
func (d *SlicedMulti) Ends() []int64 { return d.ends }

// Drop removes a slice: its memory is freed whole and its stored entries are
// deleted. Its Multi may not be used any more.
func (d *SlicedMulti) Drop(end int64) error { return d.drop(end) }

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
