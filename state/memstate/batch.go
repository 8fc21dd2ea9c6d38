package memstate

import (
	"bytes"
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
)

// op is one write: a row set, a key deleted (no value), or a range deleted.
type op struct {
	key, value, upper []byte
	seq               int
}

type batch struct {
	backing *backing
	points  []op
	ranges  []op
	size    int
}

var _ state.Batch = (*batch)(nil)

func (b *batch) next() int { return len(b.points) + len(b.ranges) }

// Set implements state.Batch.
func (b *batch) Set(key, value []byte) error {
	v := append(make([]byte, 0, len(value)), value...)
	b.points = append(b.points, op{key: bytes.Clone(key), value: v, seq: b.next()})
	b.size += len(key) + len(value)
	return nil
}

// Delete implements state.Batch.
func (b *batch) Delete(key []byte) error {
	b.points = append(b.points, op{key: bytes.Clone(key), seq: b.next()})
	b.size += len(key)
	return nil
}

// DeleteRange implements state.Batch.
func (b *batch) DeleteRange(lower, upper []byte) error {
	b.ranges = append(b.ranges, op{key: bytes.Clone(lower), upper: bytes.Clone(upper), seq: b.next()})
	b.size += len(lower) + len(upper)
	return nil
}

// Bytes implements state.Batch.
func (b *batch) Bytes() int { return b.size }

// Commit implements state.Batch: it merges the writes with the rows.
func (b *batch) Commit() error {
	if b.backing.closed {
		return errs.Bugf("a batch committed to a closed state backing")
	}
	if b.next() == 0 {
		return nil
	}
	slices.SortFunc(b.points, func(x, y op) int {
		if c := bytes.Compare(x.key, y.key); c != 0 {
			return c
		}
		return x.seq - y.seq
	})
	old := b.backing.rows
	out := make([]row, 0, len(old)+len(b.points))
	for i, o := range b.points {
		for len(old) > 0 && bytes.Compare(old[0].key, o.key) < 0 {
			out, old = b.keep(out, old[0]), old[1:]
		}
		if i+1 < len(b.points) && bytes.Equal(b.points[i+1].key, o.key) {
			continue // a later write to the same key wins
		}
		if len(old) > 0 && bytes.Equal(old[0].key, o.key) {
			old = old[1:]
		}
		if o.value != nil && !b.covered(o.key, o.seq) {
			out = append(out, row{o.key, o.value})
		}
	}
	for _, r := range old {
		out = b.keep(out, r)
	}
	b.backing.rows = out
	return b.Close()
}

func (b *batch) keep(out []row, r row) []row {
	if b.covered(r.key, -1) {
		return out
	}
	return append(out, r)
}

// covered reports whether a range deleted after seq holds key.
func (b *batch) covered(key []byte, seq int) bool {
	for _, r := range b.ranges {
		if r.seq > seq && bytes.Compare(r.key, key) <= 0 && bytes.Compare(key, r.upper) < 0 {
			return true
		}
	}
	return false
}

// Close implements state.Batch.
func (b *batch) Close() error {
	b.points, b.ranges, b.size = nil, nil, 0
	return nil
}
