package rowset

import (
	"bytes"
	"slices"
)

// op is one write: a row set, a key deleted (a nil value), or a range deleted.
type op struct {
	key, value, upper []byte
	seq               int
}

// Batch collects writes. The zero Batch is empty.
type Batch struct {
	points []op
	ranges []op
	size   int
}

func (b *Batch) next() int { return len(b.points) + len(b.ranges) }

// Set, Delete, DeleteRange and Bytes are those of state.Batch.
func (b *Batch) Set(key, value []byte) {
	v := append(make([]byte, 0, len(value)), value...)
	b.points = append(b.points, op{key: bytes.Clone(key), value: v, seq: b.next()})
	b.size += len(key) + len(value)
}

// Delete deletes a key.
func (b *Batch) Delete(key []byte) {
	b.points = append(b.points, op{key: bytes.Clone(key), seq: b.next()})
	b.size += len(key)
}

// DeleteRange deletes [lower, upper).
func (b *Batch) DeleteRange(lower, upper []byte) {
	b.ranges = append(b.ranges, op{key: bytes.Clone(lower), upper: bytes.Clone(upper), seq: b.next()})
	b.size += len(lower) + len(upper)
}

// Bytes is the size of what was collected.
func (b *Batch) Bytes() int { return b.size }

// Writer takes a batch's writes one by one, as a state.Batch does.
type Writer interface {
	Set(key, value []byte) error
	Delete(key []byte) error
	DeleteRange(lower, upper []byte) error
}

// Replay gives all writes to w, in the order they were collected.
func (b *Batch) Replay(w Writer) error {
	all := append(slices.Clone(b.points), b.ranges...)
	slices.SortFunc(all, func(x, y op) int { return x.seq - y.seq })
	for _, o := range all {
		var err error
		switch {
		case o.upper != nil:
			err = w.DeleteRange(o.key, o.upper)
		case o.value != nil:
			err = w.Set(o.key, o.value)
		default:
			err = w.Delete(o.key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Reset empties the batch.
func (b *Batch) Reset() { *b = Batch{} }

// Apply merges a batch with the rows and empties it.
func (s *Set) Apply(b *Batch) {
	if b.next() == 0 {
		return
	}
	slices.SortFunc(b.points, func(x, y op) int {
		if c := bytes.Compare(x.key, y.key); c != 0 {
			return c
		}
		return x.seq - y.seq
	})
	old := s.rows
	out := make([]Row, 0, len(old)+len(b.points))
	for i, o := range b.points {
		for len(old) > 0 && bytes.Compare(old[0].Key, o.key) < 0 {
			out, old = b.keep(out, old[0]), old[1:]
		}
		if i+1 < len(b.points) && bytes.Equal(b.points[i+1].key, o.key) {
			continue // a later write to the same key wins
		}
		if len(old) > 0 && bytes.Equal(old[0].Key, o.key) {
			old = old[1:]
		}
		if o.value != nil && !b.covered(o.key, o.seq) {
			out = append(out, Row{o.key, o.value})
		}
	}
	for _, r := range old {
		out = b.keep(out, r)
	}
	s.replace(out)
	b.Reset()
}

func (b *Batch) keep(out []Row, r Row) []Row {
	if b.covered(r.Key, -1) {
		return out
	}
	return append(out, r)
}

// covered reports whether a range deleted after seq holds key.
func (b *Batch) covered(key []byte, seq int) bool {
	for _, r := range b.ranges {
		if r.seq > seq && bytes.Compare(r.key, key) <= 0 && bytes.Compare(key, r.upper) < 0 {
			return true
		}
	}
	return false
}
