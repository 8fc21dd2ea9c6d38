package temporaljoin

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/state"
)

// probe looks for the versions of a batch of left rows.
type probe struct {
	encoder *rowcodec.KeyEncoder
	keys    rowcodec.Keys
	// matched lists the left rows that have a version, found the versions' rows.
	matched  []int32
	found    [][]byte
	selected []int32
	// place tells for each left row which of the versions found is its, or -1.
	place []int32
}

// joinBatch joins a batch over processing time.
func (j *Join) joinBatch(batch stream.Batch, out op.Output) error {
	cols := batch.Record.Columns()
	for _, c := range cols {
		c.Retain()
	}
	return j.joinDue(due{cols: append([]arrow.Array(nil), cols...), kinds: batch.Kinds}, out)
}

// joinDue joins left rows with their versions and emits them.
func (j *Join) joinDue(d due, out op.Output) error {
	left := stream.NewBatch(j.ctx.Inputs[0], d.cols, d.cols[0].Len(), d.kinds)
	defer left.Release()
	p := &j.probe
	if err := j.find(left, d.times); err != nil {
		return err
	}
	if len(p.matched) == 0 {
		if !j.cfg.KeepsLeft {
			return nil
		}
		return j.pad(left.Retain(), out)
	}
	versions, err := j.versions.codec.Decode(j.ctx.Alloc, p.found)
	if err != nil {
		return err
	}
	joined := j.beside(left, p.matched, versions)
	all := true
	if j.predicate != nil {
		if p.selected, all, err = j.predicate.Select(&j.eval, joined, p.selected[:0]); err != nil {
			joined.Release()
			return err
		}
	}
	if j.cfg.KeepsLeft {
		defer joined.Release()
		return j.emitKept(left, joined, all, out)
	}
	if !all {
		defer joined.Release()
		if len(p.selected) == 0 {
			return nil
		}
		return out.Emit(j.output(columns.TakeRows(j.ctx.Alloc, joined, p.selected)))
	}
	return out.Emit(j.output(joined))
}

// find looks for the version of each row of left.
func (j *Join) find(left stream.Batch, times []int64) error {
	p, v, n := &j.probe, &j.versions, left.Rows()
	if err := p.encoder.Encode(pick(left, j.cfg.LeftKeys), n, &p.keys); err != nil {
		return err
	}
	slots := v.room(n)
	if err := v.byKey.Find(&p.keys, slots); err != nil {
		return err
	}
	p.matched, p.found, p.place = p.matched[:0], p.found[:0], p.place[:0]
	for i, slot := range slots {
		e := state.NoEntry
		if slot != state.NoSlot {
			t := int64(0)
			if times != nil {
				t = times[i]
			}
			e = v.at(slot, t)
		}
		if e == state.NoEntry {
			p.place = append(p.place, -1)
			continue
		}
		p.place = append(p.place, int32(len(p.found)))
		p.matched, p.found = append(p.matched, int32(i)), append(p.found, v.row(e))
	}
	return nil
}

// beside puts right columns, whose references it takes over, beside the given rows of
// left.
func (j *Join) beside(left stream.Batch, rows []int32, right []arrow.Array) stream.Batch {
	own := left.Retain()
	if len(rows) < left.Rows() {
		own.Release()
		own = columns.TakeRows(j.ctx.Alloc, left, rows)
	}
	defer own.Release()
	cols := make([]arrow.Array, 0, j.joined.NumFields())
	for _, c := range own.Record.Columns() {
		c.Retain()
		cols = append(cols, c)
	}
	return stream.NewBatch(j.joined, append(cols, right...), len(rows), own.Kinds)
}

// emitKept emits all rows of left, those that are not among joined, or not selected
// there, with NULLs.
func (j *Join) emitKept(left, joined stream.Batch, all bool, out op.Output) error {
	p := &j.probe
	if !all {
		passed := make([]bool, len(p.found))
		for _, i := range p.selected {
			passed[i] = true
		}
		for i, at := range p.place {
			if at >= 0 && !passed[at] {
				p.place[i] = -1
			}
		}
	}
	width := int(left.Record.NumCols())
	cols := make([]arrow.Array, 0, j.joined.NumFields())
	for _, c := range left.Record.Columns() {
		c.Retain()
		cols = append(cols, c)
	}
	for _, c := range joined.Record.Columns()[width:] {
		cols = append(cols, columns.TakeOrNull(j.ctx.Alloc, c, p.place))
	}
	return out.Emit(stream.NewBatch(j.ctx.Output, cols, left.Rows(), left.Kinds))
}

// pad emits left rows, whose reference it takes over, beside NULLs.
func (j *Join) pad(left stream.Batch, out op.Output) error {
	defer left.Release()
	cols := make([]arrow.Array, 0, j.joined.NumFields())
	for _, c := range left.Record.Columns() {
		c.Retain()
		cols = append(cols, c)
	}
	for _, dt := range j.versions.codec.Types() {
		cols = append(cols, columns.Nulls(j.ctx.Alloc, dt, left.Rows()))
	}
	return out.Emit(stream.NewBatch(j.ctx.Output, cols, left.Rows(), left.Kinds))
}

// output is a batch of joined rows, whose reference it takes over, under the
// operator's schema.
func (j *Join) output(b stream.Batch) stream.Batch {
	defer b.Release()
	cols := b.Record.Columns()
	for _, c := range cols {
		c.Retain()
	}
	return stream.NewBatch(j.ctx.Output, append([]arrow.Array(nil), cols...), b.Rows(), b.Kinds)
}
