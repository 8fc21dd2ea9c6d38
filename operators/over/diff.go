package over

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// diff lists how evaluated rows changed. Rows of after are numbered behind those of
// before.
type diff struct {
	kinds   []stream.RowKind
	rows    []int32
	values  []int32
	came    [][2]int32
	changed [][4]int32
}

func (d *diff) add(kind stream.RowKind, row, value int32) {
	d.kinds, d.rows, d.values = append(d.kinds, kind), append(d.rows, row), append(d.values, value)
}

// emit emits the differences, partition by partition: what is gone first, so that
// a row that moved is not there twice.
func (d *diff) emit(c *Changing, before, after *evaluated, out op.Output) error {
	d.kinds, d.rows, d.values = nil, d.rows[:0], d.values[:0]
	var b, a int32
	for i := range after.ends {
		d.compare(c.cfg.EmitUpdateBefore, side{before, b, before.ends[i]}, side{after, a, after.ends[i]})
		b, a = before.ends[i], after.ends[i]
	}
	if len(d.kinds) == 0 {
		return nil
	}
	cols, err := join(c.ctx, before.cols, after.cols)
	if err != nil {
		return err
	}
	defer columns.Release(cols)
	values, err := join(c.ctx, before.values, after.values)
	if err != nil {
		return err
	}
	defer columns.Release(values)
	return emitRows(c.ctx, rowsAt(c.ctx, cols, d.rows), rowsAt(c.ctx, values, d.values), d.kinds, out)
}

// side is a partition's emitted rows [from, to) before or after.
type side struct {
	ev       *evaluated
	from, to int32
}

func (s *side) row() int32    { return s.ev.emitted[s.from] }
func (s *side) place() []byte { return s.ev.place(s.row()) }

// compare lists the differences of one partition: rows stand in order of their
// places on both sides.
func (d *diff) compare(updateBefore bool, before, after side) {
	rows, values := int32(len(before.ev.rows)), int32(len(before.ev.emitted))
	d.came, d.changed = d.came[:0], d.changed[:0]
	for before.from < before.to || after.from < after.to {
		order := 0
		switch {
		case before.from == before.to:
			order = 1
		case after.from == after.to:
			order = -1
		default:
			order = bytes.Compare(before.place(), after.place())
		}
		switch {
		case order < 0:
			d.add(stream.Delete, before.row(), before.from)
		case order > 0:
			d.came = append(d.came, [2]int32{rows + after.row(), values + after.from})
		case !sameValues(before, after):
			d.changed = append(d.changed, [4]int32{before.row(), before.from, rows + after.row(), values + after.from})
		}
		if order <= 0 {
			before.from++
		}
		if order >= 0 {
			after.from++
		}
	}
	for _, at := range d.changed {
		if updateBefore {
			d.add(stream.UpdateBefore, at[0], at[1])
		}
		d.add(stream.UpdateAfter, at[2], at[3])
	}
	for _, at := range d.came {
		d.add(stream.Insert, at[0], at[1])
	}
}

func sameValues(before, after side) bool {
	return allEqual(before.ev.values, int(before.from), after.ev.values, int(after.from))
}

func allEqual(a []arrow.Array, i int, b []arrow.Array, j int) bool {
	for c := range a {
		if !columns.Equal(a[c], i, b[c], j) {
			return false
		}
	}
	return true
}
