package session

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// tracker keeps the open sessions of all keys.
//
// Invariant TIMER: a key with an open session has a timer at or before the time
// its earliest session is due. So a row that only extends a session, as nearly all
// do, needs none; a timer that comes early is set again.
type tracker struct {
	gap int64
	// lateness is for how many milliseconds a session is kept after it was due.
	lateness int64
	// kept tells that sessions may be emitted more than once: each has a timely.
	kept     bool
	progress op.Progress
	// spans holds a key's open sessions by start: they neither overlap nor touch.
	spans  *state.Multi
	timers *state.Timers

	// placed are the sessions that the rows of a batch are in, of says which: -1
	// for late rows.
	placed []placed
	of     []int32
	slots  []state.Slot
	sub    []byte

	due    rowcodec.Keys
	chunk  rowcodec.Keys
	closed []closed
}

// span is the payload of a session; its start is the sub-key.
type span struct {
	end int64
	// origin is where the session began when it was opened: with the key it names
	// the session for as long as it lives.
	origin int64
	// mark is the index + 1 of the session among those of the current batch, else 0.
	mark uint64
}

const spanBytes = 24

// timely follows the span of a session that may be emitted more than once.
type timely struct {
	// changed tells that it changed since it was emitted last, fire the time of the
	// clock at which that is emitted, or never.
	changed uint32
	// passed tells that it was due before, and so has no timer for that.
	passed uint32
	fire   int64
}

const timelyBytes = 16

// placed is one session that rows of the batch are in.
type placed struct {
	slot  state.Slot
	entry state.Entry
	// row is the first of the batch's rows with the key.
	row int32
	// into is the session that this one became part of, or itself.
	into   int32
	origin int64
	// fresh sessions were opened by this batch.
	fresh bool
}

// closed is a session that is due, or over.
type closed struct {
	key           int
	slot          state.Slot
	entry         state.Entry
	start, origin int64
	end           int64
	// over tells that no row may change it any more.
	over bool
}

func openTracker(store *state.Store, gap int64, kept bool) (*tracker, error) {
	k := &tracker{gap: gap, kept: kept, progress: op.OpenProgress(store)}
	width := spanBytes
	if kept {
		width += timelyBytes
	}
	var err error
	if k.spans, err = store.Multi(state.MultiSpec{ID: "sessions", Width: width, Ordered: true}); err != nil {
		return nil, err
	}
	k.timers, err = store.Timers("due")
	return k, err
}

func (k *tracker) span(e state.Entry) *span { return (*span)(k.spans.Payload(e)) }

func (k *tracker) timely(e state.Entry) *timely {
	return (*timely)(unsafe.Add(k.spans.Payload(e), spanBytes))
}

func (k *tracker) start(e state.Entry) int64 {
	return int64(binary.BigEndian.Uint64(k.spans.Sub(e)) ^ 1<<63)
}

func appendTime(dst []byte, t int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(t)^1<<63)
}

// place finds or makes the session of each row and returns how many rows are late.
// What it found is in k.placed and k.of until the next call.
func (k *tracker) place(keys *rowcodec.Keys, times []int64) (late int, err error) {
	n := len(times)
	if cap(k.slots) < n {
		k.slots, k.of = make([]state.Slot, n), make([]int32, n)
	}
	k.slots, k.of, k.placed = k.slots[:n], k.of[:n], k.placed[:0]
	if err := k.spans.Upsert(keys, k.slots); err != nil {
		return 0, err
	}
	for i, t := range times {
		k.of[i] = k.placeRow(int32(i), t)
		if k.of[i] < 0 {
			late++
		}
	}
	for i := range k.placed {
		p := &k.placed[i]
		if p.into != int32(i) {
			continue
		}
		s := k.span(p.entry)
		s.mark = 0
		k.spans.MarkDirty(p.slot, p.entry)
		if p.fresh {
			k.timers.Register(s.end-1, keys.At(int(p.row)), keys.Route(int(p.row)))
		}
	}
	return late, nil
}

func (k *tracker) placeRow(row int32, t int64) int32 {
	slot := k.slots[row]
	e := k.spans.Last(slot)
	for e != state.NoEntry && k.start(e) > t+k.gap {
		e = k.spans.Prev(e)
	}
	if e == state.NoEntry || k.span(e).end < t {
		if windows.Fired(t+k.gap, windows.Before(k.progress.At(), k.lateness)) {
			return -1
		}
		e = k.put(slot, t, span{end: t + k.gap, origin: t})
		at := k.enter(e, slot, row)
		k.placed[at].fresh = true
		return at
	}
	for p := k.spans.Prev(e); p != state.NoEntry && k.span(p).end >= t; p = k.spans.Prev(e) {
		k.join(p, e, slot, row)
		e = p
	}
	at := k.enter(e, slot, row)
	s := k.span(e)
	s.end = max(s.end, t+k.gap)
	if t < k.start(e) {
		moved := k.put(slot, t, *s)
		if k.kept {
			*k.timely(moved) = *k.timely(e)
		}
		k.spans.Remove(slot, e)
		k.placed[at].entry = moved
	}
	return at
}

// put adds a session.
func (k *tracker) put(slot state.Slot, start int64, s span) state.Entry {
	k.sub = appendTime(k.sub[:0], start)
	e, _ := k.spans.Put(slot, k.sub)
	*k.span(e) = s
	return e
}

// enter gives the place of a session among those of the batch.
func (k *tracker) enter(e state.Entry, slot state.Slot, row int32) int32 {
	s := k.span(e)
	if s.mark == 0 {
		at := int32(len(k.placed))
		k.placed = append(k.placed, placed{slot: slot, entry: e, row: row, into: at, origin: s.origin})
		s.mark = uint64(at) + 1
	}
	return int32(s.mark - 1)
}

// join makes session e part of p, which comes before it.
func (k *tracker) join(p, e state.Entry, slot state.Slot, row int32) {
	into, from := k.enter(p, slot, row), k.enter(e, slot, row)
	k.placed[from].into = into
	k.span(p).end = max(k.span(p).end, k.span(e).end)
	k.spans.Remove(slot, e)
}

// final is the session that one of the batch's became part of in the end.
func (k *tracker) final(at int32) int32 {
	for k.placed[at].into != at {
		at = k.placed[at].into
	}
	return at
}

// closeBatch is how many keys are looked at together when sessions are due.
const closeBatch = 1024

// advance closes the sessions that are over at wm: visit is called with some of
// them at a time, those among them that are due and kept for late rows, and the keys
// that their key members point into.
func (k *tracker) advance(wm int64, visit func(keys *rowcodec.Keys, closed []closed) error) error {
	if wm <= k.progress.At() {
		return nil
	}
	k.due.Reset()
	err := k.timers.PopDue(wm, func(_ int64, key []byte) error {
		k.due.Append(key)
		return nil
	})
	for from := 0; err == nil && from < k.due.Len(); from += closeBatch {
		k.chunk.Reset()
		for i := from; i < min(from+closeBatch, k.due.Len()); i++ {
			k.chunk.AppendHashed(k.due.At(i), k.due.Hashes[i])
		}
		err = k.closeChunk(wm, visit)
	}
	k.progress.Reach(wm)
	return err
}

// closeChunk closes the sessions due of the keys in k.chunk, and sets timers for
// their others and for those that are kept.
func (k *tracker) closeChunk(wm int64, visit func(keys *rowcodec.Keys, closed []closed) error) error {
	n := k.chunk.Len()
	if cap(k.slots) < n {
		k.slots, k.of = make([]state.Slot, n), make([]int32, n)
	}
	slots := k.slots[:n]
	if err := k.spans.Find(&k.chunk, slots); err != nil {
		return err
	}
	k.closed = k.closed[:0]
	for i, slot := range slots {
		if slot == state.NoSlot {
			continue
		}
		for e := k.spans.First(slot); e != state.NoEntry; e = k.spans.Next(e) {
			s := k.span(e)
			due, over := windows.Fired(s.end, wm), windows.Fired(s.end, windows.Before(wm, k.lateness))
			if s.mark != 0 {
				continue // a key may have had two timers
			}
			if due {
				s.mark = math.MaxUint64
				k.closed = append(k.closed, closed{key: i, slot: slot, entry: e, start: k.start(e), end: s.end, origin: s.origin, over: over})
			}
			switch {
			case over:
			case due:
				k.timers.Register(s.end-1+k.lateness, k.chunk.At(i), k.chunk.Hashes[i])
			default:
				k.timers.Register(s.end-1, k.chunk.At(i), k.chunk.Hashes[i])
			}
		}
	}
	if len(k.closed) == 0 {
		return nil
	}
	if err := visit(&k.chunk, k.closed); err != nil {
		return err
	}
	for _, c := range k.closed {
		if c.over {
			k.spans.Remove(c.slot, c.entry)
			continue
		}
		k.span(c.entry).mark = 0
		k.spans.MarkDirty(c.slot, c.entry)
	}
	return nil
}
