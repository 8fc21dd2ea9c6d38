package intervaljoin

import (
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// keep puts the rows of a batch that may match later into their side, and pads those
// that never will.
func (j *Join) keep(p *probe, out op.Output) error {
	own, wm := j.sides[p.input], j.progress.At()
	if err := own.codec.Encode(p.batch.Record.Columns(), p.batch.Rows(), &own.encoded); err != nil {
		return err
	}
	from := 0
	for from < len(p.order) && own.dead(p.timeAt(from), wm) {
		from++ // by time: all dead rows come first
	}
	if j.cfg.Windowed {
		j.ctx.Counters.LateRows += int64(from)
	}
	if own.preserved {
		if err := j.padNow(p, from, out); err != nil {
			return err
		}
	}
	if j.cfg.Kind == Semi && p.input == 0 {
		if err := j.emitNow(p, out); err != nil {
			return err
		}
	}
	for from < len(p.order) {
		end := own.sliceEnd(p.timeAt(from))
		to := len(p.order)
		if own.width != 0 {
			to = p.before(end)
		}
		if err := j.keepRun(p, matching{slice: own.slices.Slice(end), from: from, to: to}); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// keepRun puts a run of rows into a slice of their side.
func (j *Join) keepRun(p *probe, m matching) error {
	own, keys := j.sides[p.input], p.run(m.from, m.to)
	slots := own.room(keys.Len())
	if err := m.slice.Upsert(keys, slots); err != nil {
		return err
	}
	for i, slot := range slots {
		k := p.order[m.from+i]
		if j.cfg.Kind.leftOnly() && p.input == 0 && p.matched[k] {
			continue // nothing can change it any more
		}
		e, _ := m.slice.Put(slot, j.subKey(own.encoded.At(int(p.rowOf(k))), p.times[k]))
		x := keptOf(m.slice, e)
		x.time = p.times[k]
		x.count++
		if own.tracked && !p.matched[k] {
			x.lonely++
		}
		if own.preserved && !p.matched[k] {
			own.due.Register(plus(x.time, own.life), keys.At(i), keys.Hashes[i])
		}
		m.slice.MarkDirty(slot, e)
	}
	return nil
}

// subKey is what tells a row apart in the state: its columns, and over processing
// time its time, which no column has.
func (j *Join) subKey(row []byte, t int64) []byte {
	if !j.cfg.Proctime {
		return row
	}
	j.sub = binary.BigEndian.AppendUint64(append(j.sub[:0], row...), uint64(t))
	return j.sub
}

// rowBytes cuts a row's columns out of its sub-key.
func (j *Join) rowBytes(sub []byte) []byte {
	if !j.cfg.Proctime {
		return sub
	}
	return sub[:len(sub)-8]
}

// padNow pads the rows of a batch that found no partner and never will: those that
// have a NULL in key or time, and the first dead ones by time.
func (j *Join) padNow(p *probe, dead int, out op.Output) error {
	rows := p.alone[:0]
	if p.hasNull {
		late, err := j.late(p)
		if err != nil {
			return err
		}
		for i, null := range p.null {
			if null && !late(i) {
				rows = append(rows, int32(i))
			}
		}
	}
	if !j.cfg.Windowed {
		for _, k := range p.order[:dead] {
			if !p.matched[k] {
				rows = append(rows, p.rowOf(k))
			}
		}
	}
	if p.alone = rows; len(rows) == 0 {
		return nil
	}
	return j.emitPadded(p.input, j.take(p, rows), out)
}

// late tells which rows of a batch are late for their windows; none without windows.
func (j *Join) late(p *probe) (func(row int) bool, error) {
	if !j.cfg.Windowed {
		return func(int) bool { return false }, nil
	}
	own, wm := j.sides[p.input], j.progress.At()
	ends, err := windows.Millis(p.batch.Column(own.time), p.batch.Record.ColumnName(own.time), &p.scratch)
	return func(row int) bool { return own.dead(ends[row], wm) }, err
}

// emitNow emits the left rows of a batch that matched, for SEMI.
func (j *Join) emitNow(p *probe, out op.Output) error {
	rows := p.alone[:0]
	for k, matched := range p.matched {
		if matched {
			rows = append(rows, p.rowOf(int32(k)))
		}
	}
	if p.alone = rows; len(rows) == 0 {
		return nil
	}
	return out.Emit(stream.NewBatch(j.ctx.Output, j.take(p, rows), len(rows), nil))
}

// take gathers rows of the batch.
func (j *Join) take(p *probe, rows []int32) []arrow.Array {
	cols := make([]arrow.Array, p.batch.Record.NumCols())
	for i := range cols {
		cols[i] = columns.Take(j.ctx.Alloc, p.batch.Column(i), rows)
	}
	return cols
}

// emitPadded emits rows of one input beside NULLs.
func (j *Join) emitPadded(input int, cols []arrow.Array, out op.Output) error {
	n := cols[0].Len()
	if j.cfg.Kind.leftOnly() {
		return out.Emit(stream.NewBatch(j.ctx.Output, cols, n, nil))
	}
	var nulls []arrow.Array
	for _, dt := range j.sides[1-input].codec.Types() {
		nulls = append(nulls, columns.Nulls(j.ctx.Alloc, dt, n))
	}
	if input == 0 {
		cols = append(cols, nulls...)
	} else {
		cols = append(nulls, cols...)
	}
	return out.Emit(stream.NewBatch(j.ctx.Output, cols, n, nil))
}

// dues are keys of one slice of which rows die lonely, and the times of those rows.
type dues struct {
	end   int64
	keys  rowcodec.Keys
	times []int64
	subs  [][]byte
}

// padDue pads the rows of an input that have died lonely.
func (j *Join) padDue(input int, wm int64, out op.Output) error {
	s, d := j.sides[input], &j.dues
	err := s.due.PopDue(wm, func(due int64, key []byte) error {
		t := due - s.life
		end := s.sliceEnd(t)
		if len(d.times) > 0 && (end != d.end || len(d.times) >= j.ctx.BatchRows) {
			if err := j.padLonely(input, out); err != nil {
				return err
			}
		}
		d.end = end
		d.keys.Append(key)
		d.times = append(d.times, t)
		return nil
	})
	if err != nil {
		return err
	}
	return j.padLonely(input, out)
}

// padLonely pads the rows that are due and lonely.
func (j *Join) padLonely(input int, out op.Output) error {
	s, d := j.sides[input], &j.dues
	if len(d.times) == 0 {
		return nil
	}
	slice, slots := s.slices.Slice(d.end), s.room(len(d.times))
	if err := slice.Find(&d.keys, slots); err != nil {
		return err
	}
	for i, slot := range slots {
		if slot == state.NoSlot {
			continue
		}
		for e := slice.First(slot); e != state.NoEntry; e = slice.Next(e) {
			x := keptOf(slice, e)
			if x.time != d.times[i] || x.lonely == 0 {
				continue
			}
			for range x.lonely {
				if d.subs = append(d.subs, j.rowBytes(slice.Sub(e))); len(d.subs) < j.ctx.BatchRows {
					continue
				}
				if err := j.padSubs(input, out); err != nil {
					return err
				}
			}
			x.lonely = 0
			slice.MarkDirty(slot, e)
		}
	}
	d.keys.Reset()
	d.times = d.times[:0]
	return j.padSubs(input, out)
}

// padSubs pads the rows gathered.
func (j *Join) padSubs(input int, out op.Output) error {
	d := &j.dues
	if len(d.subs) == 0 {
		return nil
	}
	cols, err := j.sides[input].codec.Decode(j.ctx.Alloc, d.subs)
	d.subs = d.subs[:0]
	if err != nil {
		return err
	}
	return j.emitPadded(input, cols, out)
}
