package temporaljoin

import (
	"math"
	"unsafe"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/state"
)

// versions is the history of the right table by key, as far as left rows may still
// ask for it. A -D is kept as a version, which says that there is none.
//
// Invariant PRUNED: a key with two versions, or whose first is a deletion, has a
// timer at the time of one of them.
type versions struct {
	codec   *rows.Codec
	encoder *rowcodec.KeyEncoder
	// byKey holds the versions in order of time; a sub-key is the time and the row.
	// Over processing time there is one version, at time 0.
	byKey  *state.Multi
	timers *state.Timers

	keys    rowcodec.Keys
	encoded rowcodec.Rows
	slots   []state.Slot
	sub     []byte
}

// newest as the time of a -D is that of the last version.
const newest = math.MinInt64

func (v *versions) open(ctx *op.Context, cfg Config) error {
	var err error
	if v.codec, err = rows.NewCodec(ctx.Inputs[1]); err != nil {
		return err
	}
	if v.encoder, err = rowcodec.NewKeyEncoder(v.codec.Pick(cfg.RightKeys)); err != nil {
		return err
	}
	if v.timers, err = ctx.State.Timers("obsolete"); err != nil {
		return err
	}
	v.byKey, err = ctx.State.Multi(state.MultiSpec{ID: "versions", Width: int(unsafe.Sizeof(held{})), Ordered: true})
	return err
}

func (v *versions) len() int64 { return int64(v.byKey.Len()) }

// put begins versions. times is nil over processing time, where a deletion leaves
// nothing to be kept.
func (v *versions) put(batch stream.Batch, keyColumns []int, times []int64) error {
	n := batch.Rows()
	if err := v.encoder.Encode(pick(batch, keyColumns), n, &v.keys); err != nil {
		return err
	}
	if err := v.codec.Encode(batch.Record.Columns(), n, &v.encoded); err != nil {
		return err
	}
	slots := v.room(n)
	if err := v.byKey.Upsert(&v.keys, slots); err != nil {
		return err
	}
	for i, slot := range slots {
		t := int64(0)
		if times != nil {
			t = times[i]
		}
		if t == newest {
			last := v.byKey.Last(slot)
			if last == state.NoEntry {
				continue
			}
			t = v.timeOf(last)
		}
		v.sub = appendTime(v.sub[:0], t)
		v.dropAt(slot, t)
		kind := batch.Kind(i)
		if times == nil && kind == stream.Delete {
			continue
		}
		v.sub = append(v.sub, v.encoded.At(i)...)
		e, _ := v.byKey.Put(slot, v.sub)
		(*held)(v.byKey.Payload(e)).kind = uint64(kind)
		v.byKey.MarkDirty(slot, e)
		switch count := v.byKey.Count(slot); {
		case count == 2:
			v.timers.Register(v.timeOf(v.byKey.Last(slot)), v.keys.At(i), v.keys.Route(i))
		case count == 1 && kind == stream.Delete:
			v.timers.Register(t, v.keys.At(i), v.keys.Route(i))
		}
	}
	return nil
}

// dropAt removes the version at exactly t, whose encoding is v.sub: a later row
// replaces it.
func (v *versions) dropAt(slot state.Slot, t int64) {
	if last := v.byKey.Last(slot); last == state.NoEntry || v.timeOf(last) < t {
		return
	}
	if e := v.byKey.Seek(slot, v.sub); e != state.NoEntry && v.timeOf(e) == t {
		v.byKey.Remove(slot, e)
	}
}

func (v *versions) timeOf(e state.Entry) int64 { return readTime(v.byKey.Sub(e)) }

// room gives slots for n keys.
func (v *versions) room(n int) []state.Slot {
	if cap(v.slots) < n {
		v.slots = make([]state.Slot, n)
	}
	return v.slots[:n]
}

// at is the version of a key that holds at t, NoEntry if there is none.
func (v *versions) at(slot state.Slot, t int64) state.Entry {
	e := v.byKey.Last(slot)
	if e != state.NoEntry && v.timeOf(e) > t && t < math.MaxInt64 {
		v.sub = appendTime(v.sub[:0], t+1)
		e = v.byKey.Prev(v.byKey.Seek(slot, v.sub)) // there is one after t: the last
	}
	if e == state.NoEntry || kindOf(v.byKey, e) == stream.Delete {
		return state.NoEntry
	}
	return e
}

// row is the encoded row of a version.
func (v *versions) row(e state.Entry) []byte { return v.byKey.Sub(e)[timeBytes:] }

// prune forgets versions that ended by the watermark.
func (v *versions) prune(wm int64, batchKeys int) error {
	v.keys.Reset()
	err := v.timers.PopDue(wm, func(_ int64, key []byte) error {
		v.keys.Append(key)
		if v.keys.Len() < batchKeys {
			return nil
		}
		return v.pruneKeys(wm)
	})
	if err != nil {
		return err
	}
	return v.pruneKeys(wm)
}

// pruneKeys prunes the keys gathered, and sets timers for what must wait.
func (v *versions) pruneKeys(wm int64) error {
	slots := v.room(v.keys.Len())
	if err := v.byKey.Find(&v.keys, slots); err != nil {
		return err
	}
	for i, slot := range slots {
		if slot == state.NoSlot {
			continue
		}
		first := v.pruneKey(slot, wm)
		if first == state.NoEntry {
			continue
		}
		if next := v.byKey.Next(first); next != state.NoEntry {
			v.timers.Register(v.timeOf(next), v.keys.At(i), v.keys.Route(i))
		} else if kindOf(v.byKey, first) == stream.Delete {
			v.timers.Register(v.timeOf(first), v.keys.At(i), v.keys.Route(i))
		}
	}
	v.keys.Reset()
	return nil
}

// pruneKey removes what ended by the watermark and gives the first version left. A
// deletion without an earlier version says nothing.
func (v *versions) pruneKey(slot state.Slot, wm int64) state.Entry {
	first := v.byKey.First(slot)
	for first != state.NoEntry && v.timeOf(first) <= wm {
		next := v.byKey.Next(first)
		ended := next != state.NoEntry && v.timeOf(next) <= wm
		if !ended && kindOf(v.byKey, first) != stream.Delete {
			break
		}
		v.byKey.Remove(slot, first)
		first = next
	}
	return first
}
