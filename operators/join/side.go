package join

import (
	"unsafe"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/state"
)

// The payload of a row in the state: how often it is there, and its degree on a
// preserved side.
const (
	countBytes  = 8
	degreeBytes = 8
)

// side is the state of one input: its rows by join key.
type side struct {
	keys      []int
	encoder   *rowcodec.KeyEncoder
	codec     *rows.Codec
	table     *state.Multi
	preserved bool
	slots     []state.Slot // found by the current probe
	encoded   rowcodec.Rows
	rows      int64 // entries added less entries removed since Open
}

func openSide(ctx *op.Context, input int, keys []int, cfg Config) (*side, error) {
	s := &side{keys: keys, preserved: cfg.Kind.preserves(input)}
	var err error
	if s.codec, err = rows.NewCodec(ctx.Inputs[input]); err != nil {
		return nil, err
	}
	if s.encoder, err = rowcodec.NewKeyEncoder(s.codec.Pick(keys)); err != nil {
		return nil, err
	}
	spec := state.MultiSpec{ID: [2]string{"left", "right"}[input], Width: countBytes, TTL: cfg.TTL}
	if s.preserved {
		spec.Width += degreeBytes
	}
	s.table, err = ctx.State.Multi(spec)
	return s, err
}

func (s *side) count(e state.Entry) *int64 { return (*int64)(s.table.Payload(e)) }

// degree is the degree of a row of a preserved side.
func (s *side) degree(e state.Entry) *int64 {
	return (*int64)(unsafe.Add(s.table.Payload(e), countBytes))
}

// find looks the keys of a batch up.
func (s *side) find(keys *rowcodec.Keys) error {
	n := keys.Len()
	if cap(s.slots) < n {
		s.slots = make([]state.Slot, n)
	}
	s.slots = s.slots[:n]
	return s.table.Find(keys, s.slots)
}

// update applies the batch's rows to their own side.
func (s *side) update(p *probe) error {
	n := p.keys.Len()
	if n == 0 {
		return nil
	}
	if cap(s.slots) < n {
		s.slots = make([]state.Slot, n)
	}
	s.slots = s.slots[:n]
	if err := s.table.Upsert(&p.keys, s.slots); err != nil {
		return err
	}
	if err := s.codec.Encode(p.batch.Record.Columns(), p.batch.Rows(), &s.encoded); err != nil {
		return err
	}
	for i, slot := range s.slots {
		row := p.rowOf(i)
		if p.batch.Kind(row).Adds() {
			s.add(slot, s.encoded.At(row), p.matches, i)
		} else {
			s.remove(slot, s.encoded.At(row))
		}
	}
	return nil
}

func (s *side) add(slot state.Slot, row []byte, matches []int64, i int) {
	e, inserted := s.table.Put(slot, row)
	if inserted {
		s.rows++
	}
	*s.count(e)++
	if s.preserved {
		*s.degree(e) = matches[i]
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
