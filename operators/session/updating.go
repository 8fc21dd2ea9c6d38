package session

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// Updating is an Aggregate whose sessions are emitted early, and again when late rows
// change them, as changes of what was emitted before. When sessions join, the rows
// emitted of each are taken back with the first row of the one that they are now.
//
// Invariant SHOWN: emitted holds, by the session that they are part of now, the rows
// that stand downstream of sessions which may still change.
type Updating struct {
	*Aggregate
	emission     windows.Emission
	updateBefore bool
	// emitted holds encoded rows by key and the session's origin. A sub-key is the
	// bounds, the results, then the origin of the session that the row was of.
	emitted *state.Multi
	// fires are the times of the clock at which changed sessions are emitted, by key.
	fires *state.Timers

	due   rowcodec.Keys
	shows []closed
	spans []state.Slot
	old   []state.Slot
	row   []byte
	out   aggstate.Changes
}

var (
	_ op.Operator = (*Updating)(nil)
	_ op.Ticker   = (*Updating)(nil)
)

const (
	boundBytes  = 16
	originBytes = 8
	never       = math.MaxInt64
)

// NewUpdating makes an Updating; updateBefore asks for -U before each +U.
func NewUpdating(cfg AggregateConfig, emission windows.Emission, updateBefore bool) (*Updating, error) {
	a, err := NewAggregate(cfg)
	if err != nil {
		return nil, err
	}
	a.kept = true
	u := &Updating{Aggregate: a, emission: emission, updateBefore: updateBefore}
	a.over = u.close
	return u, nil
}

// Open implements op.Operator.
func (u *Updating) Open(ctx *op.Context) error {
	if err := u.Aggregate.Open(ctx); err != nil {
		return err
	}
	u.tracker.lateness = u.emission.LatenessMillis()
	if err := u.out.Open(ctx, u.program); err != nil {
		return err
	}
	var err error
	if u.emitted, err = ctx.State.Multi(state.MultiSpec{ID: "emitted"}); err != nil {
		return err
	}
	u.fires, err = ctx.State.Timers("fires")
	return err
}

// Process implements op.Operator.
func (u *Updating) Process(input int, batch stream.Batch, out op.Output) error {
	if err := u.Aggregate.Process(input, batch, out); err != nil || batch.Rows() == 0 {
		return err
	}
	if err := u.follow(); err != nil {
		return err
	}
	for i := range u.tracker.placed {
		if p := &u.tracker.placed[i]; p.into == int32(i) {
			u.change(p)
		}
	}
	return u.fire(out)
}

// follow hands the rows emitted of sessions that joined others to those.
func (u *Updating) follow() error {
	u.ids.Reset()
	u.routes = u.routes[:0]
	for i := range u.tracker.placed {
		p := &u.tracker.placed[i]
		if final := u.tracker.final(int32(i)); final != int32(i) && !p.fresh {
			key, route := u.keys.At(int(p.row)), u.keys.Route(int(p.row))
			u.addID(key, p.origin, route)
			u.addID(key, u.tracker.placed[final].origin, route)
		}
	}
	if u.ids.Len() == 0 {
		return nil
	}
	u.ids.Routes = u.routes
	u.old = resize(u.old, u.ids.Len())
	if err := u.emitted.Upsert(&u.ids, u.old); err != nil {
		return err
	}
	for i := 0; i < len(u.old); i += 2 {
		from, to := u.old[i], u.old[i+1]
		for e := u.emitted.First(from); e != state.NoEntry; {
			next := u.emitted.Next(e)
			u.row = append(u.row[:0], u.emitted.Sub(e)...)
			u.emitted.Remove(from, e)
			u.emitted.Put(to, u.row)
			e = next
		}
	}
	return nil
}

// change notes that a session has changed, and when that is emitted.
func (u *Updating) change(p *placed) {
	t, end := u.tracker.timely(p.entry), u.tracker.span(p.entry).end
	on, delay := u.emission.Early, u.emission.EarlyDelay
	due := windows.Fired(end, u.tracker.progress.At())
	if due {
		on, delay = u.emission.Late, u.emission.LateDelay
	}
	if t.passed != 0 && !due {
		// Its timer is that of the time it was to be forgotten.
		t.passed = 0
		u.tracker.timers.Register(end-1, u.keys.At(int(p.row)), u.keys.Route(int(p.row)))
	}
	if t.changed == 0 {
		t.changed, t.fire = 1, never
	}
	if on && t.fire == never {
		t.fire = u.times.nowMs + delay.Milliseconds()
		u.fires.Register(t.fire, u.keys.At(int(p.row)), u.keys.Route(int(p.row)))
	}
}

// Tick implements op.Ticker.
func (u *Updating) Tick(nowMillis int64, out op.Output) error {
	if err := u.Aggregate.Tick(nowMillis, out); err != nil {
		return err
	}
	return u.fire(out)
}

// fire emits the changed sessions whose time has come by the clock.
func (u *Updating) fire(out op.Output) error {
	u.due.Reset()
	err := u.fires.PopDue(u.times.nowMs, func(_ int64, key []byte) error {
		u.due.Append(key)
		if u.due.Len() < closeBatch {
			return nil
		}
		return u.fireKeys(out)
	})
	if err != nil || u.due.Len() == 0 {
		return err
	}
	return u.fireKeys(out)
}

func (u *Updating) fireKeys(out op.Output) error {
	defer u.due.Reset()
	u.spans = resize(u.spans, u.due.Len())
	if err := u.tracker.spans.Find(&u.due, u.spans); err != nil {
		return err
	}
	u.shows = u.shows[:0]
	for i, slot := range u.spans {
		if slot == state.NoSlot {
			continue
		}
		for e := u.tracker.spans.First(slot); e != state.NoEntry; e = u.tracker.spans.Next(e) {
			if t := u.tracker.timely(e); t.changed != 0 && t.fire <= u.times.nowMs {
				s := u.tracker.span(e)
				u.shows = append(u.shows, closed{key: i, slot: slot, entry: e, start: u.tracker.start(e), end: s.end, origin: s.origin})
				u.shown(slot, e)
			}
		}
	}
	return u.show(&u.due, u.shows, out)
}

// shown notes that the present state of a session is emitted.
func (u *Updating) shown(slot state.Slot, e state.Entry) {
	u.tracker.timely(e).changed = 0
	u.tracker.spans.MarkDirty(slot, e)
}

// close emits the sessions that are due for the first time or over, if they changed,
// and forgets those that are over.
func (u *Updating) close(keys *rowcodec.Keys, due []closed, out op.Output) error {
	u.shows = u.shows[:0]
	for _, c := range due {
		t := u.tracker.timely(c.entry)
		t.passed = 1
		if t.changed != 0 && (c.over || !windows.Fired(c.end, u.tracker.progress.At())) {
			u.shows = append(u.shows, c)
			u.shown(c.slot, c.entry)
		}
	}
	if err := u.show(keys, u.shows, out); err != nil {
		return err
	}
	u.shows = slices.DeleteFunc(append(u.shows[:0], due...), func(c closed) bool { return !c.over })
	if len(u.shows) == 0 {
		return nil
	}
	return u.forget(keys, u.shows)
}

// forget drops sessions.
func (u *Updating) forget(keys *rowcodec.Keys, list []closed) error {
	u.identify(keys, list)
	if err := u.drop(keys, list); err != nil {
		return err
	}
	u.old = resize(u.old, u.ids.Len())
	if err := u.emitted.Find(&u.ids, u.old); err != nil {
		return err
	}
	for _, slot := range u.old {
		if slot == state.NoSlot {
			continue
		}
		for e := u.emitted.First(slot); e != state.NoEntry; {
			next := u.emitted.Next(e)
			u.emitted.Remove(slot, e)
			e = next
		}
	}
	return nil
}

// show emits how the rows of sessions differ from those emitted of them before.
func (u *Updating) show(keys *rowcodec.Keys, list []closed, out op.Output) error {
	for some := range slices.Chunk(list, u.ctx.BatchRows) {
		u.bounds.Reset()
		if err := u.showSome(keys, some); err != nil {
			return err
		}
		if err := u.out.Emit(u.properties, out); err != nil {
			return err
		}
	}
	return nil
}

func (u *Updating) showSome(keys *rowcodec.Keys, list []closed) error {
	u.identify(keys, list)
	found, heap, err := u.lookUp(keys, list)
	if err != nil {
		return err
	}
	results, err := u.out.Results(found, heap)
	if err != nil {
		return err
	}
	u.old = resize(u.old, len(list))
	if err := u.emitted.Upsert(&u.ids, u.old); err != nil {
		return err
	}
	for i := range list {
		u.row = u.row[:0]
		if u.program.Visible(found[i]) {
			u.row = binary.BigEndian.AppendUint64(append(u.bounds16(u.row, &list[i]), results.At(i)...), uint64(list[i].origin))
		}
		u.diff(keys.At(list[i].key), u.old[i])
	}
	return nil
}

// bounds16 appends the bounds of a session that the output has; others are 0.
func (u *Updating) bounds16(dst []byte, c *closed) []byte {
	start, end := int64(0), int64(0)
	for _, p := range u.cfg.Properties {
		if p == windows.WindowStart {
			start = c.start
		} else {
			end = c.end
		}
	}
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, uint64(start)), uint64(end))
}

// diff makes u.row, if there is one, what is emitted of a session, and lists the
// changes: an update is of a row with the same bounds, which are part of the key.
func (u *Updating) diff(key []byte, slot state.Slot) {
	var same, updated = state.NoEntry, state.NoEntry
	for e := u.emitted.First(slot); e != state.NoEntry && len(u.row) > 0; e = u.emitted.Next(e) {
		was := u.emitted.Sub(e)
		switch {
		case bytes.Equal(was[:len(was)-originBytes], u.row[:len(u.row)-originBytes]):
			same = e
		case bytes.Equal(was[:boundBytes], u.row[:boundBytes]):
			updated = e
		}
	}
	for e := u.emitted.First(slot); e != state.NoEntry; {
		next := u.emitted.Next(e)
		if e != same && (e != updated || same != state.NoEntry) {
			u.list(stream.Delete, key, u.emitted.Sub(e))
			u.emitted.Remove(slot, e)
		}
		e = next
	}
	if len(u.row) == 0 || same != state.NoEntry {
		return
	}
	kind := stream.Insert
	if updated != state.NoEntry {
		kind = stream.UpdateAfter
		if u.updateBefore {
			u.list(stream.UpdateBefore, key, u.emitted.Sub(updated))
		}
		u.emitted.Remove(slot, updated)
	}
	u.list(kind, key, u.row)
	u.emitted.Put(slot, u.row)
}

// list adds a change to a row that is as in emitted.
func (u *Updating) list(kind stream.RowKind, key, row []byte) {
	u.bounds.Add(int64(binary.BigEndian.Uint64(row)), int64(binary.BigEndian.Uint64(row[8:])))
	u.out.Add(kind, key, row[boundBytes:len(row)-originBytes])
}
