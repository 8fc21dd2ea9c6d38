package keyed

import (
	"slices"
	"time"
)

// held are records that wait, the last one of each key, in the order in which the
// keys first came: keys are independent, so any order does.
type held struct {
	index map[string]int
	keys  []string
	// values are empty for a row that is gone.
	values [][]byte
	since  time.Time
}

func newHeld(now time.Time) *held { return &held{index: map[string]int{}, since: now} }

func (h *held) rows() int { return len(h.keys) }

// add holds a record, whose bytes are copied.
func (h *held) add(key, value []byte) {
	if i, ok := h.index[string(key)]; ok {
		h.values[i] = append(h.values[i][:0], value...)
		return
	}
	k := string(key)
	h.index[k] = len(h.keys)
	h.keys, h.values = append(h.keys, k), append(h.values, slices.Clone(value))
}

// each gives the records; it stops at an error.
func (h *held) each(give func(key, value []byte) error) error {
	for i, key := range h.keys {
		if err := give([]byte(key), h.values[i]); err != nil {
			return err
		}
	}
	return nil
}

// reset forgets them.
func (h *held) reset(now time.Time) {
	clear(h.index)
	clear(h.values)
	h.keys, h.values, h.since = h.keys[:0], h.values[:0], now
}
