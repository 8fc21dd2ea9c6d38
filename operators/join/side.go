package join

import (
	"slices"
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
	encoded  rowcodec.Rows
	rows     int64 // entries added less entries removed since Open
}

func openSide(ctx *op.Context, input int, keys []int, cfg Config) (*side, error) {
	s := &side{keys: keys, preserved: cfg.Kind.preserves(input), appended: cfg.InsertOnly[input] && cfg.TTL[input] == 0}
	for i, key := range keys {
		if cfg.NullEqual == nil || !cfg.NullEqual[i] {
			s.strict = append(s.strict, key)
		}
	}
	var err error
	if s.codec, err = rows.NewCodec(ctx.Inputs[input]); err != nil {
		return nil, err
	}
	if s.encoder, err = rowcodec.NewKeyEncoder(s.codec.Pick(keys)); err != nil {
		return nil, err
	}
	spec := state.MultiSpec{ID: [2]string{"left", "right"}[input], Appended: s.appended, TTL: cfg.TTL[input]}
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

// update applies the batch's rows to their own side.
func (s *side) update(p *probe) error {
	n := p.keys.Len()
	if n == 0 {
		return nil
	}
	s.slots = slices.Grow(s.slots[:0], n)[:n]
	if err := s.codec.Encode(p.batch.Record.Columns(), p.batch.Rows(), &s.encoded); err != nil {
		return err
	}
	if s.appended {
		return s.appendAll(p)
	}
	if err := s.table.Upsert(&p.keys, s.slots); err != nil {
		return err
	}
	for i, slot := range s.slots {
		row := p.rowOf(i)
		if p.batch.Kind(row).Adds() {
			s.add(slot, s.encoded.At(row), p.matches, row)
		} else {
			s.remove(slot, s.encoded.At(row))
		}
	}
	return nil
}

// appendAll adds the batch's rows, encoded already, to a side that is appended to.
func (s *side) appendAll(p *probe) error {
	if !p.batch.AllInserts() {
		return errs.Bugf("%s got a change on an input planned as insert-only", p.join.ctx.Label)
	}
	if err := s.table.Extend(&p.keys, s.slots); err != nil {
		return err
	}
	for i, slot := range s.slots {
		row := p.rowOf(i)
		e := s.table.Append(slot, s.encoded.At(row))
		if s.preserved {
			*s.degree(e) = p.matches[row]
		}
	}
	s.rows += int64(len(s.slots))
	return nil
}

func (s *side) add(slot state.Slot, encoded []byte, matches []int64, row int) {
	e, inserted := s.table.Put(slot, encoded)
	if inserted {
		s.rows++
	}
	*s.count(e)++
	if s.preserved {
		*s.degree(e) = matches[row]
	}
	s.table.MarkDirty(slot, e)
}

// remove takes a row away; one that isn't there, say because its TTL has passed, is
// let be.
func (s *side) remove(slot state.Slot, row []byte) {
	e := s.table.Get(slot, row)
	if e == state.NoEntry {
		return
	}
	if count := s.count(e); *count > 1 {
		*count--
		s.table.MarkDirty(slot, e)
		return
	}
	s.table.Remove(slot, e)
	s.rows--
}
