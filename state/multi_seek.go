package state

// Seek is the first entry of an ordered key whose sub-key is not less than sub, or
// NoEntry.
func (m *Multi) Seek(s Slot, sub []byte) Entry {
	e, found := m.search(s, sub)
	switch {
	case found:
		return e
	case e == NoEntry:
		return m.First(s)
	}
	return m.Next(e)
}
