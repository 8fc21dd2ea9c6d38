package windowagg

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// Updating is a WindowAgg whose windows are emitted early, and again when late rows
// change them: as updates of what was emitted before. Every window is a slice of
// its own.
type Updating struct {
	*WindowAgg
	emit         windows.Emission
	updateBefore bool
	// emitted holds per window and key the encoded results emitted last, preceded by
	// a byte; a reference to nothing says that there are none.
	emitted *state.Sliced
	cell    *state.Cell
	// early and late are the clock's times of the next emissions, never without one;
	// changed are the windows with something to emit.
	early, late int64
	changed     map[int64]bool
	nowMs       int64

	keys  rowcodec.Keys
	slots []state.Slot
	row   []byte
	out   aggstate.Changes
}

var (
	_ op.Operator = (*Updating)(nil)
	_ op.Ticker   = (*Updating)(nil)
)

const never = math.MaxInt64

// hasRow stands before encoded results.
const hasRow = 1

// NewUpdating makes an Updating; updateBefore asks for -U before each +U.
func NewUpdating(cfg Config, emit windows.Emission, updateBefore bool) (*Updating, error) {
	if cfg.FromLocal {
		return nil, errs.Bugf("window aggregate that emits early or late is fed by a local phase")
	}
	w, err := New(cfg)
	if err != nil {
		return nil, err
	}
	w.rolls, w.apart = false, cfg.Windows.Kind != windows.Tumble && !cfg.Windows.Attached
	u := &Updating{WindowAgg: w, emit: emit, updateBefore: updateBefore, early: never, late: never, changed: map[int64]bool{}}
	w.lateness, w.touched = emit.LatenessMillis(), func(end int64) { u.changed[end] = true }
	return u, nil
}

// Open implements op.Operator.
func (u *Updating) Open(ctx *op.Context) error {
	if err := u.WindowAgg.Open(ctx); err != nil {
		return err
	}
	if err := u.out.Open(ctx, u.program); err != nil {
		return err
	}
	var err error
	if u.emitted, err = ctx.State.Sliced(state.SlicedSpec{ID: "emitted", Layout: state.Layout{Width: 8, Refs: []int{0}}}); err != nil {
		return err
	}
	u.cell = ctx.State.Cell("emission")
	for _, blob := range u.cell.Get() {
		if len(blob) == 16 {
			u.early = min(u.early, int64(binary.BigEndian.Uint64(blob)))
			u.late = min(u.late, int64(binary.BigEndian.Uint64(blob[8:])))
		}
	}
	if u.early != never || u.late != never {
		for _, end := range u.slices.Ends() {
			u.changed[end] = true
		}
	}
	return nil
}

// Process implements op.Operator.
func (u *Updating) Process(input int, batch stream.Batch, out op.Output) error {
	if err := u.WindowAgg.Process(input, batch, out); err != nil {
		return err
	}
	for end := range u.changed {
		if windows.Fired(end, u.progress.At()) {
			u.late = min(u.late, u.nowMs+u.emit.LateDelay.Milliseconds())
		} else if u.emit.Early {
			u.early = min(u.early, u.nowMs+u.emit.EarlyDelay.Milliseconds())
		}
	}
	return u.emitTimely(out)
}

// emitTimely emits the changed windows whose time has come by the clock.
func (u *Updating) emitTimely(out op.Output) error {
	early, late := u.early <= u.nowMs, u.late <= u.nowMs
	if !early && !late {
		return nil
	}
	for _, end := range slices.Sorted(maps.Keys(u.changed)) {
		due := windows.Fired(end, u.progress.At())
		if due && !late || !due && !early {
			continue
		}
		if err := u.emitChanges(end, out); err != nil {
			return err
		}
	}
	if early {
		u.early = never
	}
	if late {
		u.late = never
	}
	return nil
}

// Advance implements op.Operator: it emits the windows that are due, and drops those
// that no row may change any more.
func (u *Updating) Advance(wm stream.Watermark, out op.Output) error {
	if !u.cfg.Windows.ProcTime || wm == stream.EndOfTime {
		if err := u.advance(u.cfg.Windows.Zone.Passed(int64(wm)), out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// Tick implements op.Ticker.
func (u *Updating) Tick(nowMillis int64, out op.Output) error {
	u.nowMs, u.assign.nowMs = nowMillis, nowMillis
	if u.cfg.Windows.ProcTime {
		if err := u.advance(u.cfg.Windows.Zone.Passed(nowMillis-1), out); err != nil {
			return err
		}
	}
	return u.emitTimely(out)
}

func (u *Updating) advance(wm int64, out op.Output) error {
	if wm <= u.progress.At() {
		return nil
	}
	for _, end := range u.slices.Ends() {
		if !windows.Fired(end, wm) {
			break
		}
		over := windows.Fired(end, windows.Before(wm, u.lateness))
		if !windows.Fired(end, u.progress.At()) || over && u.changed[end] {
			if err := u.emitChanges(end, out); err != nil {
				return err
			}
		}
		if !over {
			continue
		}
		if err := u.drop(end); err != nil {
			return err
		}
	}
	u.progress.Reach(wm)
	return nil
}

// drop forgets a window.
func (u *Updating) drop(end int64) error {
	if u.sets != nil {
		if err := u.sets.drop(u.WindowAgg, u.slices.Lookup(end), end); err != nil {
			return err
		}
	}
	for _, s := range append(u.distincts[:len(u.distincts):len(u.distincts)], u.slices, u.emitted) {
		if err := s.Drop(end); err != nil {
			return err
		}
	}
	return nil
}

// emitChanges emits what is new in the window ending at end.
func (u *Updating) emitChanges(end int64, out op.Output) error {
	delete(u.changed, end)
	table := u.slices.Lookup(end)
	if table == nil {
		return nil
	}
	emitted, err := u.emitted.Slice(end)
	if err != nil {
		return err
	}
	return table.ScanBatch(u.ctx.BatchRows, func(slots []state.Slot) error {
		u.fire.list, u.fire.from = table.Keys(slots, u.fire.list), table.Rows(slots, u.fire.from)
		if err := u.diff(table, emitted); err != nil {
			return err
		}
		return u.out.Emit(func() []arrow.Array { return u.properties(end, u.out.Len()) }, out)
	})
}

// diff compares the groups in u.fire with what was emitted of them.
func (u *Updating) diff(table, emitted *state.Table) error {
	results, err := u.out.Results(u.fire.from, table.Heap())
	if err != nil {
		return err
	}
	u.keys.Reset()
	for _, key := range u.fire.list {
		u.keys.Append(key)
	}
	if cap(u.slots) < len(u.fire.list) {
		u.slots = make([]state.Slot, len(u.fire.list))
	}
	u.slots = u.slots[:len(u.fire.list)]
	if err := emitted.Upsert(&u.keys, u.slots); err != nil {
		return err
	}
	for i, slot := range u.slots {
		ref := (*uint64)(emitted.Row(slot))
		was := emitted.Heap().Get(*ref)
		is := results.At(i)
		visible := u.program.Visible(u.fire.from[i])
		if visible == (len(was) > 0) && (!visible || bytes.Equal(was[1:], is)) {
			continue
		}
		u.change(u.fire.list[i], was, is, visible)
		if visible {
			u.row = append(append(u.row[:0], hasRow), is...)
			*ref = emitted.Heap().Put(*ref, u.row)
		} else {
			emitted.Heap().Free(*ref)
			*ref = 0
		}
		emitted.MarkDirty(slot)
	}
	return nil
}

// change lists how the result of a key changes.
func (u *Updating) change(key, was, is []byte, visible bool) {
	switch {
	case len(was) == 0:
		u.out.Add(stream.Insert, key, is)
	case !visible:
		u.out.Add(stream.Delete, key, was[1:])
	default:
		if u.updateBefore {
			u.out.Add(stream.UpdateBefore, key, was[1:])
		}
		u.out.Add(stream.UpdateAfter, key, is)
	}
}

// Flush implements op.Operator: it notes the times of the next emissions.
func (u *Updating) Flush(op.Output) error {
	blob := binary.BigEndian.AppendUint64(nil, uint64(u.early))
	u.cell.Set(binary.BigEndian.AppendUint64(blob, uint64(u.late)))
	return nil
}
