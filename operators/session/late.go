package session

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

// LateConfig describes a Late.
type LateConfig struct {
	// Windows are the sessions of the operator that follows.
	Windows windows.Spec
	// Keys are the columns that sessions are apart by.
	Keys []int
	// LatenessMillis is how long after a session was due rows of it still count.
	LatenessMillis int64
}

// Late appends a BOOLEAN column that tells whether a row is late, so that a plan can
// send it elsewhere. It stands right before the operator that would drop such rows, and
// follows the sessions as that one does; late rows change none. It counts late rows.
type Late struct {
	cfg LateConfig
	clocked
	ctx     *op.Context
	encoder *rowcodec.KeyEncoder
	cols    []arrow.Array
	keys    rowcodec.Keys
	flags   []bool
}

var _ op.Operator = (*Late)(nil)

// NewLate makes a Late.
func NewLate(cfg LateConfig) (*Late, error) {
	if err := check(cfg.Windows); err != nil {
		return nil, err
	}
	if cfg.Windows.ProcTime {
		return nil, errs.Bugf("late rows of sessions of processing time, which has none")
	}
	l := &Late{cfg: cfg, clocked: clocked{times: timeReader{spec: cfg.Windows}}}
	l.over = func(*rowcodec.Keys, []closed, op.Output) error { return nil }
	return l, nil
}

// Open implements op.Operator.
func (l *Late) Open(ctx *op.Context) error {
	l.ctx = ctx
	types := make([]arrow.DataType, len(l.cfg.Keys))
	for i, key := range l.cfg.Keys {
		types[i] = ctx.Inputs[0].Field(key).Type
	}
	var err error
	if l.encoder, err = rowcodec.NewKeyEncoder(types); err != nil {
		return err
	}
	if l.tracker, err = openTracker(ctx.State, l.cfg.Windows.SizeMillis, false); err != nil {
		return err
	}
	l.tracker.lateness = l.cfg.LatenessMillis
	return nil
}

// Process implements op.Operator.
func (l *Late) Process(_ int, batch stream.Batch, out op.Output) error {
	n := batch.Rows()
	times, err := l.times.read(batch)
	if err != nil {
		return err
	}
	l.cols = l.cols[:0]
	for _, key := range l.cfg.Keys {
		l.cols = append(l.cols, batch.Column(key))
	}
	if err := l.encoder.Encode(l.cols, n, &l.keys); err != nil {
		return err
	}
	late, err := l.tracker.place(&l.keys, times)
	if err != nil {
		return err
	}
	l.ctx.Counters.LateRows += int64(late)
	l.flags = resize(l.flags, n)
	for i, at := range l.tracker.of {
		l.flags[i] = at < 0
	}
	return out.Emit(columns.WithFlags(l.ctx.Alloc, batch, l.flags, l.ctx.Output))
}

// Flush implements op.Operator; everything is in the state already.
func (*Late) Flush(op.Output) error { return nil }

// Close implements op.Operator.
func (*Late) Close() error { return nil }
