package state

// New rows are written to the backing before the next snapshot wants them, oldest
// first, once many wait: so a snapshot has little left to write, and eviction finds
// clean rows. Rows that the backing has already wait for the snapshot, since those
// that change once often change again. So do those of slices, which are dropped as a
// whole before long.

const (
	// freshPart is the part of the budget that new rows may take before they are
	// written: many of them change once more while it fills.
	freshPart = 4
	// writeBackPart is the part of the budget that is written at a time. It is a sorted
	// run in the backing, of which there should be few.
	writeBackPart = 8
)

// dueFresh reports whether a table with so many bytes of new rows is to write some.
func (c *core) dueFresh(fresh int64) bool {
	if c.options.BudgetBytes <= 0 {
		return false
	}
	most := c.options.BudgetBytes / freshPart
	return c.fresh > most && fresh*int64(len(c.tables)) > most
}

// takeOldest cuts the oldest rows worth about want bytes off a list of new ones that
// take so many bytes.
func takeOldest[T any](list []T, bytes, want int64) (oldest, rest []T) {
	share := min(1, float64(want)/float64(max(1, bytes)))
	n := min(len(list), int(float64(len(list))*share)+1)
	return list[:n], list[n:]
}

// writeBack writes the oldest new rows.
func (t *Table) writeBack() error {
	b := t.core.options.Backing.NewBatch()
	defer b.Close()
	var oldest []Slot
	oldest, t.added = takeOldest(t.added, t.chargedFresh, t.core.options.BudgetBytes/writeBackPart)
	if err := t.writeListed(b, oldest); err != nil {
		return err
	}
	t.charge()
	return b.Commit()
}

// writeBack writes the oldest new entries, after all removals.
func (m *Multi) writeBack() error {
	b := m.core.options.Backing.NewBatch()
	defer b.Close()
	if err := m.flushDead(b); err != nil {
		return err
	}
	var oldest []Entry
	oldest, m.added = takeOldest(m.added, m.chargedFresh, m.core.options.BudgetBytes/writeBackPart)
	if err := m.writeListed(b, oldest); err != nil {
		return err
	}
	m.collect()
	m.charge()
	return b.Commit()
}
