package session

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

// check refuses windows that are no sessions over a time column.
func check(s windows.Spec) error {
	if s.Kind != windows.Session || s.Attached {
		return errs.Bugf("%s windows given to a session operator", s.Kind)
	}
	return s.Check()
}

// timeReader gives the times of rows, which are the clock's for processing time.
// It keeps scratch memory.
type timeReader struct {
	spec    windows.Spec
	nowMs   int64
	scratch []int64
	local   []int64
	now     []int64
}

// read gives the times of a batch, valid until the next call.
func (r *timeReader) read(batch stream.Batch) ([]int64, error) {
	if !r.spec.ProcTime {
		times, err := windows.Millis(batch.Column(r.spec.Time), batch.Record.ColumnName(r.spec.Time), &r.scratch)
		return r.spec.Zone.Locals(times, &r.local), err
	}
	r.now = resize(r.now, batch.Rows())
	now := r.spec.Zone.Local(r.nowMs)
	for i := range r.now {
		r.now[i] = now
	}
	return r.now, nil
}
