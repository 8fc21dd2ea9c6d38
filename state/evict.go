package state

// evict makes room for about want bytes: the clock's hand goes over the entries,
// gives those used since its last visit a second chance, and drops the others,
// writing them first if they are dirty.
func (t *Table) evict(want int64) error {
	t.collect()
	b := t.core.options.Backing.NewBatch()
	defer b.Close()
	before := t.charged
	for range 2 * int(t.fresh) {
		if t.hand >= t.fresh {
			t.hand = 0
		}
		s := t.hand
		t.hand++
		e := t.at(s)
		flags := flagsOf(e)
		if *flags&flagLive == 0 {
			continue
		}
		if *flags&flagHot != 0 {
			*flags &^= flagHot
			continue
		}
		if *flags&flagDirty != 0 {
			if err := t.write(b, e); err != nil {
				return err
			}
			if err := commitFull(b); err != nil {
				return err
			}
		}
		if *flags&flagDead != 0 {
			t.drop(s, e)
		} else {
			t.leave(s, e)
		}
		if before-t.liveBytes() >= want {
			break
		}
	}
	t.charge()
	return b.Commit()
}
