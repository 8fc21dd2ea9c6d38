// Package limit passes on a number of rows: LIMIT and OFFSET over an input that only
// inserts. (Over a changing input it is a top-N by arrival: package topn.)
package limit

import (
	"encoding/binary"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// Config describes a Limit.
type Config struct {
	// Offset rows are skipped, then Count rows passed on.
	Offset int64
	Count  int64
}

// Limit passes on the first Count rows after Offset.
type Limit struct {
	cfg  Config
	ctx  *op.Context
	cell *state.Cell
	seen int64 // rows that came so far, up to Offset + Count
}

var _ op.Operator = (*Limit)(nil)

// New makes a Limit.
func New(cfg Config) (*Limit, error) {
	if cfg.Count < 0 || cfg.Offset < 0 {
		return nil, errs.Userf("LIMIT and OFFSET must not be negative")
	}
	return &Limit{cfg: cfg}, nil
}

// Open implements op.Operator.
func (l *Limit) Open(ctx *op.Context) error {
	l.ctx = ctx
	l.cell = ctx.State.Cell("seen")
	for _, blob := range l.cell.Get() {
		if len(blob) == 8 {
			l.seen = max(l.seen, int64(binary.BigEndian.Uint64(blob)))
		}
	}
	return nil
}

// Process implements op.Operator.
func (l *Limit) Process(_ int, batch stream.Batch, out op.Output) error {
	if !batch.AllInserts() {
		return errs.Bugf("%s was planned for an input that only inserts", l.ctx.Label)
	}
	n := int64(batch.Rows())
	from := min(max(l.cfg.Offset-l.seen, 0), n)
	left := l.cfg.Count - max(l.seen-l.cfg.Offset, 0)
	to := from + min(max(left, 0), n-from)
	l.seen += to
	switch {
	case from == to:
		return nil
	case from == 0 && to == n:
		return out.Emit(batch.Retain())
	}
	return out.Emit(batch.Slice(int(from), int(to)))
}

// Advance implements op.Operator.
func (l *Limit) Advance(wm stream.Watermark, out op.Output) error { return out.Watermark(wm) }

// Flush implements op.Operator: it notes how many rows came.
func (l *Limit) Flush(op.Output) error {
	l.cell.Set(binary.BigEndian.AppendUint64(nil, uint64(l.seen)))
	return nil
}

// Close implements op.Operator.
func (*Limit) Close() error { return nil }
