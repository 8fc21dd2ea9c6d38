// Package late tells rows that come too late for their windows from others, so that
// a plan can send them elsewhere: it stands right before a windowed aggregate, in
// the same task, and so hears of event time at the same moments.
package late

import (
	"math"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

// Config describes a Late.
type Config struct {
	// Windows are those of the aggregate that follows; of sessions see session.Late.
	Windows windows.Spec
	// LatenessMillis is how long after a window was due rows of it still count.
	LatenessMillis int64
}

// Late appends a BOOLEAN column that tells whether all windows of a row were due, and
// its lateness over, before it came. It counts late rows.
type Late struct {
	cfg      Config
	ctx      *op.Context
	progress op.Progress
	scratch  []int64
	local    []int64
	flags    []bool
}

var _ op.Operator = (*Late)(nil)

// New makes a Late.
func New(cfg Config) (*Late, error) {
	if cfg.Windows.ProcTime || cfg.Windows.Kind == windows.Session {
		return nil, errs.Bugf("late rows of windows whose end event time does not tell")
	}
	return &Late{cfg: cfg}, cfg.Windows.Check()
}

// Open implements op.Operator.
func (l *Late) Open(ctx *op.Context) error {
	l.ctx, l.progress = ctx, op.OpenProgress(ctx.State)
	return nil
}

// Process implements op.Operator.
func (l *Late) Process(_ int, batch stream.Batch, out op.Output) error {
	at := l.cfg.Windows.Time
	if l.cfg.Windows.Attached {
		at = l.cfg.Windows.End
	}
	times, err := windows.Millis(batch.Column(at), batch.Record.ColumnName(at), &l.scratch)
	if err != nil {
		return err
	}
	if cap(l.flags) < len(times) {
		l.flags = make([]bool, len(times))
	}
	l.flags = l.flags[:len(times)]
	if !l.cfg.Windows.Attached {
		times = l.cfg.Windows.Zone.Locals(times, &l.local)
	}
	for i, t := range times {
		l.flags[i] = l.isLate(t)
		if l.flags[i] {
			l.ctx.Counters.LateRows++
		}
	}
	return out.Emit(columns.WithFlags(l.ctx.Alloc, batch, l.flags, l.ctx.Output))
}

// isLate reports whether all windows of a time, or the one that ends at t if they
// are attached, are due. What lies between windows is in none, and so not late.
func (l *Late) isLate(t int64) bool {
	s := &l.cfg.Windows
	at := windows.Before(l.progress.At(), l.cfg.LatenessMillis)
	if at == math.MinInt64 {
		return false
	}
	if s.Attached {
		return windows.Fired(t, at)
	}
	slice := s.SliceEnd(t)
	if s.FirstEnd(slice) > s.LastEnd(slice) {
		return false
	}
	_, open := s.FirstUnfired(slice, at)
	return !open
}

// Advance implements op.Operator.
func (l *Late) Advance(wm stream.Watermark, out op.Output) error {
	if at := l.cfg.Windows.Zone.Passed(int64(wm)); at > l.progress.At() {
		l.progress.Reach(at)
	}
	return out.Watermark(wm)
}

// Flush implements op.Operator.
func (*Late) Flush(op.Output) error { return nil }

// Close implements op.Operator.
func (*Late) Close() error { return nil }
