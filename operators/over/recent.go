package over

import (
	"encoding/binary"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// recent keeps, per partition, the fed rows that are in the frame of a bounded
// aggregate, or that LAG may still give: an arrival number, the time, and the row.
type recent struct {
	arrivals
	// used tells that there is something to keep; lags how far LAG reaches back, if it
	// does.
	used  bool
	lags  reach
	looks bool
	codec *rows.Codec
	table *state.Multi
	// timers clear the frames of partitions that get no more rows.
	timers *state.Timers
	ttl    bool
	slots  []state.Slot
	keys   rowcodec.Keys
	sub    []byte
	// rows are the recent rows that are fed once more, in arena; they are numbered
	// behind the due rows.
	rows  [][]byte
	spans []int
	arena []byte
	// looked are the due rows to keep for LAG, the last one first.
	looked []int32
}

func (r *recent) open(t *Timed) error {
	r.lags = reachOf(t.cfg.Config, t.feed, Lag)
	r.looks = r.lags.some()
	r.used = r.looks || t.cfg.Frame.Slides() && len(t.cfg.Aggs) > 0
	if !r.used {
		return nil
	}
	r.ttl = t.cfg.TTL != 0
	r.arrivals.open(t.ctx.State, "recent")
	var err error
	if r.codec, err = rows.NewCodec(t.feed.schema.Arrow()); err != nil {
		return err
	}
	spec := state.MultiSpec{ID: "recent", Ordered: true, TTL: t.cfg.TTL}
	if len(t.feed.counted) > 0 {
		spec.Width = wordBytes // the row's marks
	}
	if r.table, err = t.ctx.State.Multi(spec); err != nil {
		return err
	}
	r.timers, err = t.ctx.State.Timers("expiry")
	return err
}

func (r *recent) keepArrivals() {
	if r.used {
		r.arrivals.keep()
	}
}

// find looks the parts' recent rows up.
func (r *recent) find(t *Timed, d *due) error {
	r.rows, r.spans, r.arena = r.rows[:0], r.spans[:0], r.arena[:0]
	for i := range d.parts {
		d.parts[i].oldest = d.parts[i].first
	}
	if !r.used {
		return nil
	}
	r.keys.Reset()
	for _, p := range d.parts {
		r.keys.Append(t.partitions.Key(p.slot))
	}
	if cap(r.slots) < len(d.parts) {
		r.slots = make([]state.Slot, len(d.parts))
	}
	r.slots = r.slots[:len(d.parts)]
	if err := r.table.Upsert(&r.keys, r.slots); err != nil {
		return err
	}
	for i := range d.parts {
		p := &d.parts[i]
		p.frame = r.slots[i]
		if r.ttl && t.partitions.IsNew(p.slot) {
			r.clear(p.frame)
		}
		p.recent = r.table.First(p.frame)
		p.oldest = p.first - int32(r.table.Count(p.frame))
	}
	return nil
}

// clear forgets a partition's rows: its accumulators have expired.
func (r *recent) clear(slot state.Slot) {
	for e := r.table.First(slot); e != state.NoEntry; e = r.table.First(slot) {
		r.table.Remove(slot, e)
	}
}

// feedAgain numbers a recent row behind n due rows.
func (r *recent) feedAgain(e state.Entry, n int) int32 {
	r.arena = append(r.arena, r.table.Sub(e)[2*wordBytes:]...)
	r.spans = append(r.spans, len(r.arena))
	return int32(n + len(r.spans) - 1)
}

// leave takes the oldest row out of a part's frame and gives its number.
func (r *recent) leave(p *duePart, d *due) int32 {
	p.oldest++
	if p.oldest > p.first {
		return d.order[p.oldest-1]
	}
	e := p.recent
	p.recent = r.table.Next(e)
	row := r.feedAgain(e, len(d.times))
	r.table.Remove(p.frame, e)
	return row
}

// oldestTime is the time of the oldest row in a part's frame.
func (r *recent) oldestTime(p *duePart, d *due) int64 {
	if p.oldest >= p.first {
		return d.times[d.order[p.oldest]]
	}
	return r.time(p.recent)
}

func (r *recent) time(e state.Entry) int64 {
	return int64(binary.BigEndian.Uint64(r.table.Sub(e)[wordBytes:]))
}

// decode gives the columns of the recent rows that are fed again, nil without; the
// caller owns them.
func (r *recent) decode(ctx *op.Context) ([]arrow.Array, error) {
	if len(r.spans) == 0 {
		return nil, nil
	}
	from := 0
	for _, to := range r.spans {
		r.rows = append(r.rows, r.arena[from:to])
		from = to
	}
	return r.codec.Decode(ctx.Alloc, r.rows)
}

// join puts the recent rows that are fed again behind the due ones; the caller owns
// the columns.
func (r *recent) join(ctx *op.Context, fed []arrow.Array) ([]arrow.Array, error) {
	again, err := r.decode(ctx)
	if err != nil {
		return nil, err
	}
	defer columns.Release(again)
	return join(ctx, fed, again)
}

// keep adds the due rows that later rows may need and drops those they can't.
func (r *recent) keep(t *Timed, d *due) {
	if !r.used {
		return
	}
	for i := range d.parts {
		p := &d.parts[i]
		if r.looks {
			r.keepLooked(t, d, p)
		} else {
			for _, row := range d.order[max(p.oldest, p.first):p.end] {
				r.put(t, d, p, row)
			}
		}
		r.refresh(p)
		r.watch(t, d, p, &r.keys, i)
	}
}

// put keeps a due row.
func (r *recent) put(t *Timed, d *due, p *duePart, row int32) {
	r.sub = binary.BigEndian.AppendUint64(r.sub[:0], r.next())
	r.sub = binary.BigEndian.AppendUint64(r.sub, uint64(d.times[row]))
	r.sub = r.codec.Append(r.sub, d.fed, int(row))
	e, _ := r.table.Put(p.frame, r.sub)
	if len(t.feed.counted) > 0 {
		*(*uint64)(r.table.Payload(e)) = t.feed.marks(d.fed, int(row))
		r.table.MarkDirty(p.frame, e)
	}
}

// keepLooked keeps of a part's due and recent rows those that LAG may still give: the
// last rows, and the last ones that have a value.
func (r *recent) keepLooked(t *Timed, d *due, p *duePart) {
	w := r.lags.walk()
	r.looked = r.looked[:0]
	for at := p.end - 1; at >= p.first && !w.done(); at-- {
		if row := d.order[at]; w.pass(t.feed.marks(d.fed, int(row))) {
			r.looked = append(r.looked, row)
		}
	}
	for e := r.table.Last(p.frame); e != state.NoEntry; {
		before := r.table.Prev(e)
		if w.done() || !w.pass(r.marks(t, e)) {
			r.table.Remove(p.frame, e)
		}
		e = before
	}
	for _, row := range slices.Backward(r.looked) {
		r.put(t, d, p, row)
	}
}

func (r *recent) marks(t *Timed, e state.Entry) uint64 {
	if len(t.feed.counted) == 0 {
		return 0
	}
	return *(*uint64)(r.table.Payload(e))
}

// refresh keeps a partition's rows from expiring one by one.
func (r *recent) refresh(p *duePart) {
	if !r.ttl {
		return
	}
	for e := r.table.First(p.frame); e != state.NoEntry; e = r.table.Next(e) {
		r.table.MarkDirty(p.frame, e)
	}
}

// watch sets the timer at which no later row can reach the part's last one.
func (r *recent) watch(t *Timed, d *due, p *duePart, keys *rowcodec.Keys, i int) {
	if t.cfg.ProcTime || t.cfg.Frame.Rows || r.looks || p.first == p.end {
		return
	}
	last := d.times[d.order[p.end-1]]
	r.timers.Register(saturated(windows.ToMillis(saturated(last, t.reach()), t.unit), 1), keys.At(i), keys.Hashes[i])
}

// expire clears frames that no row later than wm can reach.
func (r *recent) expire(t *Timed, wm int64) error {
	if !r.used {
		return nil
	}
	if first, ok := r.timers.Min(); !ok || first > wm {
		return nil
	}
	r.keys.Reset()
	err := r.timers.PopDue(wm, func(_ int64, key []byte) error {
		r.keys.Append(key)
		return nil
	})
	if err != nil {
		return err
	}
	keys := r.keys
	r.keys = rowcodec.Keys{}
	return r.leaveAll(t, wm, &keys)
}

// leaveAll takes the rows out of the frames of partitions that have outlived them.
func (r *recent) leaveAll(t *Timed, wm int64, keys *rowcodec.Keys) error {
	if err := t.locate(keys); err != nil {
		return err
	}
	d := &t.due
	d.reset()
	d.gather(t.partitions, t.slots)
	if err := r.find(t, d); err != nil {
		return err
	}
	t.script.reset()
	for i := range d.parts {
		p := &d.parts[i]
		for p.oldest < p.first && windows.ToMillis(saturated(r.time(p.recent), t.reach()), t.unit) < wm {
			t.script.leave(r.leave(p, d))
		}
		t.script.endStep()
		t.script.endPart(p.acc)
	}
	if cols, err := r.decode(t.ctx); err != nil {
		return err
	} else if cols != nil {
		defer columns.Release(cols)
		_, values, err := t.player.play(&t.script, t.stage(cols))
		columns.Release(values)
		if err != nil {
			return err
		}
	}
	t.settle()
	return nil
}

// gather makes a part without rows of each partition.
func (d *due) gather(table *state.Table, slots []state.Slot) {
	for _, slot := range slots {
		acc := table.Row(slot)
		if mark := aggstate.Mark(acc); *mark == 0 {
			*mark = 1
			d.parts = append(d.parts, duePart{acc: acc, slot: slot})
		}
	}
	for i := range d.parts {
		*aggstate.Mark(d.parts[i].acc) = 0
	}
}
