package topn

import (
	"time"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
)

// Config describes a TopN.
type Config struct {
	// PartitionBy are the columns of the partition; none makes one of all rows.
	PartitionBy []int
	// OrderBy is the order; none is the order of arrival.
	OrderBy []rex.SortKey
	// Offset rows are skipped, then Count rows kept.
	Offset int64
	Count  int64
	// Rank adds a last BIGINT column with the rank, from Offset+1.
	Rank bool
	// LastOfTies puts later arrivals before earlier ones of equal sort keys.
	LastOfTies bool
	// InputRetracts tells whether the input may take rows away.
	InputRetracts bool
	// EmitUpdateBefore asks for -U before each +U.
	EmitUpdateBefore bool
	// TTL forgets rows untouched for so long; 0 never.
	TTL time.Duration
}

// TopN emits the first rows of each partition. Its output is the input's columns,
// then the rank if asked for.
type TopN struct {
	ranking
	cfg     Config
	touched touched
	changes changes
}

var (
	_ op.Operator = (*TopN)(nil)
	_ op.Ticker   = (*TopN)(nil)
)

// New makes a TopN.
func New(cfg Config) (*TopN, error) {
	r, err := newRanking(cfg)
	return &TopN{ranking: r, cfg: cfg}, err
}

// Open implements op.Operator.
func (t *TopN) Open(ctx *op.Context) error { return t.open(ctx) }

// Process implements op.Operator.
func (t *TopN) Process(_ int, batch stream.Batch, out op.Output) error {
	n := batch.Rows()
	if n == 0 || t.limit == 0 {
		return nil
	}
	if err := t.encode(batch); err != nil {
		return err
	}
	if err := t.table.Upsert(&t.keys, t.slots); err != nil {
		return err
	}
	t.touched.reset()
	cols := batch.Record.Columns()
	for i, slot := range t.slots {
		switch {
		case !batch.Kind(i).Adds():
			if !t.cfg.InputRetracts {
				return errs.Bugf("%s was planned for an input that only inserts and got %s", t.ctx.Label, batch.Kind(i))
			}
			t.remove(slot, cols, i)
		case t.matters(slot, i):
			t.insert(slot, cols, i)
		}
	}
	return t.emit(out)
}

// Advance implements op.Operator.
func (t *TopN) Advance(wm stream.Watermark, out op.Output) error { return out.Watermark(wm) }

// Tick implements op.Ticker: TTLs count by processing time.
func (t *TopN) Tick(nowMillis int64, _ op.Output) error {
	t.ctx.State.SetNow(nowMillis)
	return nil
}

// Flush implements op.Operator: it notes the arrival numbers given out.
func (t *TopN) Flush(op.Output) error {
	t.keepArrivals()
	return nil
}

// Close implements op.Operator.
func (*TopN) Close() error { return nil }
