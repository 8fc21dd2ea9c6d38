package windowagg

import (
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

// assigner finds the slice of each row. It keeps scratch memory.
type assigner struct {
	spec    windows.Spec
	nowMs   int64
	scratch []int64
	local   []int64
	ends    []int64
}

// sliceEnds gives the end of each row's slice; for attached windows, of its
// window. The result is valid until the next call.
func (a *assigner) sliceEnds(batch stream.Batch) ([]int64, error) {
	if a.spec.Attached {
		return windows.Millis(batch.Column(a.spec.End), batch.Record.ColumnName(a.spec.End), &a.scratch)
	}
	if cap(a.ends) < batch.Rows() {
		a.ends = make([]int64, batch.Rows())
	}
	a.ends = a.ends[:batch.Rows()]
	if a.spec.ProcTime {
		end := a.spec.SliceEnd(a.spec.Zone.Local(a.nowMs))
		for i := range a.ends {
			a.ends[i] = end
		}
		return a.ends, nil
	}
	times, err := windows.Millis(batch.Column(a.spec.Time), batch.Record.ColumnName(a.spec.Time), &a.scratch)
	if err != nil {
		return nil, err
	}
	a.assign(a.spec.Zone.Locals(times, &a.local))
	return a.ends, nil
}

// assign computes slice ends. Neighbouring rows mostly share a slice, which saves
// the division.
func (a *assigner) assign(times []int64) {
	length := a.spec.SliceMillis()
	start, end := int64(1), int64(0)
	for i, t := range times {
		if t < start || t >= end {
			end = a.spec.SliceEnd(t)
			start = end - length
		}
		a.ends[i] = end
	}
}

// part is the rows of a batch that belong to one slice.
type part struct {
	end  int64
	rows []int32
}

// splitter sorts the rows of a batch by slice.
type splitter struct {
	parts []part
	free  [][]int32
}

// split lists the slices of a batch in the order in which they come, with their
// rows; the rows are nil when the whole batch is of one slice.
func (s *splitter) split(ends []int64) []part {
	for _, p := range s.parts {
		if p.rows != nil {
			s.free = append(s.free, p.rows[:0])
		}
	}
	s.parts = s.parts[:0]
	same := 0
	for same < len(ends) && ends[same] == ends[0] {
		same++
	}
	if same == len(ends) {
		if same > 0 {
			s.parts = append(s.parts, part{end: ends[0]})
		}
		return s.parts
	}
	at := -1
	for i, end := range ends {
		if at < 0 || s.parts[at].end != end {
			at = s.place(end)
		}
		s.parts[at].rows = append(s.parts[at].rows, int32(i))
	}
	return s.parts
}

func (s *splitter) place(end int64) int {
	for i := range s.parts {
		if s.parts[i].end == end {
			return i
		}
	}
	var rows []int32
	if n := len(s.free); n > 0 {
		rows, s.free = s.free[n-1], s.free[:n-1]
	} else {
		rows = make([]int32, 0, 64)
	}
	s.parts = append(s.parts, part{end: end, rows: rows})
	return len(s.parts) - 1
}

// batchOf gives the rows of a part, owned by the caller.
func (w *WindowAgg) batchOf(batch stream.Batch, p part) stream.Batch {
	if p.rows == nil {
		return batch.Retain()
	}
	return columns.TakeRows(w.ctx.Alloc, batch, p.rows)
}
