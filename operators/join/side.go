package join

import (
	"slices"
	"time"
	"unsafe"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/state"
)

// The payload of a row in the state: how often it is there, unless the side is
// appended to, and its degree on a preserved side.
const (
	countBytes  = 8
	degreeBytes = 8
)

// side is the state of one input: its rows by join key.
type side struct {
	label     string // of the operator
	keys      []int
	strict    []int // of keys, those in which NULL has no partner
	encoder   *rowcodec.KeyEncoder
	codec     *rows.Codec
	table     *state.Multi
	preserved bool
	// appended tells that rows are never taken away nor forgotten, and equal ones
	// kept apart, so that adding one asks for no other.
	appended bool
	degreeAt uintptr
	slots    []state.Slot // found by the current probe
	runs     []state.Run  // of the slots
	firsts   []int64      // how often the first entry of each run is there, after countFirsts
	encoded  rowcodec.Rows
	rows     int64 // entries added less entries removed since Open
}

// sideSpec describes a side: the name of its table, its input, the columns of the key,
// of which strict hold NULLs that have no partner, and what is kept of a row.
type sideSpec struct {
	id                  string
	input               int
	keys, strict        []int
	preserved, appended bool
	ttl                 time.Duration
}

func openSide(ctx *op.Context, of sideSpec) (*side, error) {
	s := &side{label: ctx.Label, keys: of.keys, strict: of.strict, preserved: of.preserved, appended: of.appended}
	var err error
	if s.codec, err = rows.NewCodec(ctx.Inputs[of.input]); err != nil {
		return nil, err
	}
	if s.encoder, err = rowcodec.NewKeyEncoder(s.codec.Pick(of.keys)); err != nil {
		return nil, err
	}
	spec := state.MultiSpec{ID: of.id, Appended: s.appended, TTL: of.ttl}
	if !s.appended {
		spec.Width = countBytes
	}
	s.degreeAt = uintptr(spec.Width)
	if s.preserved {
		spec.Width += degreeBytes
	}
	s.table, err = ctx.State.Multi(spec)
	return s, err
}

// count is where a side that is not appended to keeps how often a row is there.
func (s *side) count(e state.Entry) *int64 { return (*int64)(s.table.Payload(e)) }

// times is how often a row is there.
func (s *side) times(e state.Entry) int64 {
	if s.appended {
		return 1
	}
	return *s.count(e)
}

// allSingle reports whether each of the rows is there once.
func (s *side) allSingle(entries []state.Entry) bool {
	if s.appended {
		return true
	}
	for _, e := range entries {
		if *s.count(e) != 1 {
			return false
		}
	}
	return true
}

// degree is the degree of a row of a preserved side.
func (s *side) degree(e state.Entry) *int64 {
	return (*int64)(unsafe.Add(s.table.Payload(e), s.degreeAt))
}

// find looks the keys of a batch up.
func (s *side) find(keys *rowcodec.Keys) error {
	n := keys.Len()
	s.slots = slices.Grow(s.slots[:0], n)[:n]
	s.runs = slices.Grow(s.runs[:0], n)[:n]
	return s.table.FindRuns(keys, s.slots, s.runs)
}

// update applies the batch's rows to their own side; matches are their partners, by row,
// if the side is preserved.
func (s *side) update(k *keyed, matches []int64) error {
	if err := s.prepare(k); err != nil {
		return err
	}
	for i := range s.slots {
		row := k.rowOf(i)
		degree := int64(0)
		if s.preserved {
			degree = matches[row]
		}
		if k.batch.Kind(row).Adds() {
			s.add(i, row, degree)
		} else {
			s.remove(i, row)
		}
	}
	return nil
}

// countFirsts tells of the runs found how often their first entry is there: all in one go,
// so that the memory of many is fetched at a time.
func (s *side) countFirsts() {
	s.firsts = slices.Grow(s.firsts[:0], len(s.runs))[:len(s.runs)]
	for i, run := range s.runs {
		s.firsts[i] = 0
		if run.Count > 0 {
			s.firsts[i] = s.times(run.First)
		}
	}
}

// prepare makes ready to add or remove the rows of a batch.
func (s *side) prepare(k *keyed) error {
	n := k.keys.Len()
	s.slots = slices.Grow(s.slots[:0], n)[:n]
	if n == 0 {
		return nil
	}
	if err := s.codec.Encode(k.batch.Record.Columns(), k.batch.Rows(), &s.encoded); err != nil {
		return err
	}
	if !s.appended {
		return s.table.Upsert(&k.keys, s.slots)
	}
	if !k.batch.AllInserts() {
		return errs.Bugf("%s got a change on an input planned as insert-only", s.label)
	}
	return s.table.Extend(&k.keys, s.slots)
}

// add adds a row of the batch that prepare was given, by the number of its key.
func (s *side) add(key, row int, degree int64) {
	slot, encoded := s.slots[key], s.encoded.At(row)
	if s.appended {
		e := s.table.Append(slot, encoded)
		if s.preserved {
			*s.degree(e) = degree
		}
		s.rows++
		return
	}
	e, inserted := s.table.Put(slot, encoded)
	if inserted {
		s.rows++
	}
	*s.count(e)++
	if s.preserved {
		*s.degree(e) = degree
	}
	s.table.MarkDirty(slot, e)
}

// remove takes a row of the batch away, and reports whether it was there: its TTL may
// have passed.
func (s *side) remove(key, row int) bool {
	slot := s.slots[key]
	e := s.table.Get(slot, s.encoded.At(row))
	if e == state.NoEntry {
		return false
	}
	if count := s.count(e); *count > 1 {
		*count--
		s.table.MarkDirty(slot, e)
		return true
	}
	s.table.Remove(slot, e)
	s.rows--
	return true
}
