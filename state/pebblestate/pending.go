package pebblestate

import (
	"bytes"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
)

// pending are the jobs of a queue at one time, oldest first: what a read has to look
// at before the database.
type pending []*job

// get is what the jobs know of a key: its value, nil if it was deleted. Not known is
// what the database answers for.
func (p pending) get(key []byte) (value []byte, known bool) {
	for _, j := range slices.Backward(p) {
		if at, found := j.run.seek(key); found {
			return j.run.value(&j.run.writes[at]), true
		}
		if j.deletes(key) {
			return nil, true
		}
	}
	return nil, false
}

// deletes reports whether a range that the job deletes holds key.
func (j *job) deletes(key []byte) bool {
	for _, r := range j.ranges {
		if bytes.Compare(r.Lower, key) <= 0 && bytes.Compare(key, r.Upper) < 0 {
			return true
		}
	}
	return false
}

// hides reports whether the database's row of key was deleted as part of a range.
func (p pending) hides(key []byte) bool {
	return slices.ContainsFunc(p, func(j *job) bool { return j.deletes(key) })
}

// overlayRow is a row, or a deleted key, whose value is nil.
type overlayRow struct{ key, value []byte }

// within puts what the jobs know of the keys in r into dst, in order.
func (p pending) within(r state.KeyRange, dst []overlayRow) []overlayRow {
	dst = dst[:0]
	runs := 0
	for _, j := range p {
		if len(j.ranges) > 0 {
			dst = slices.DeleteFunc(dst, func(o overlayRow) bool { return j.deletes(o.key) })
		}
		before := len(dst)
		at, _ := j.run.seek(r.Lower)
		for ; at < len(j.run.writes); at++ {
			w := &j.run.writes[at]
			key := j.run.key(w)
			if bytes.Compare(key, r.Upper) >= 0 {
				break
			}
			dst = append(dst, overlayRow{key, j.run.value(w)})
		}
		if len(dst) > before {
			runs++
		}
	}
	if runs < 2 {
		return dst
	}
	slices.SortStableFunc(dst, func(a, b overlayRow) int { return bytes.Compare(a.key, b.key) })
	kept := dst[:0]
	for i, o := range dst {
		if i+1 == len(dst) || !bytes.Equal(o.key, dst[i+1].key) {
			kept = append(kept, o)
		}
	}
	return kept
}

// scan is one MultiScan: the database's rows merged with the pending ones.
type scan struct {
	it      *pebble.Iterator
	pending pending
	overlay []overlayRow
	visit   func(i int, key, value []byte) error
}

// rows visits one range. The range of one key's entries is looked up in the tables'
// filters first.
func (s *scan) rows(i int, r state.KeyRange) error {
	s.overlay = s.pending.within(r, s.overlay)
	waiting := s.overlay
	var ok bool
	if n, err := state.PrefixLen(r.Lower); err == nil && n == len(r.Lower) {
		ok = s.it.SeekPrefixGE(r.Lower)
	} else {
		ok = s.it.SeekGE(r.Lower)
	}
	for ; ok && bytes.Compare(s.it.Key(), r.Upper) < 0; ok = s.it.Next() {
		key, known := s.it.Key(), false
		for len(waiting) > 0 && !known && bytes.Compare(waiting[0].key, key) <= 0 {
			known = bytes.Equal(waiting[0].key, key)
			if err := s.overlaid(i, waiting[0]); err != nil {
				return err
			}
			waiting = waiting[1:]
		}
		if known || s.pending.hides(key) {
			continue
		}
		value, err := s.it.ValueAndErr()
		if err != nil {
			return errs.Wrap(errs.Resource, err, "reading state")
		}
		if err := s.visit(i, key, value); err != nil {
			return err
		}
	}
	for _, o := range waiting {
		if err := s.overlaid(i, o); err != nil {
			return err
		}
	}
	return nil
}

// overlaid visits a pending row, unless it is a deletion.
func (s *scan) overlaid(i int, o overlayRow) error {
	if o.value == nil {
		return nil
	}
	return s.visit(i, o.key, o.value)
}
