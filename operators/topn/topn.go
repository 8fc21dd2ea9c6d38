package topn

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/state"
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
	cfg    Config
	ctx    *op.Context
	keyer  *rowcodec.KeyEncoder
	sorter *rowcodec.SortEncoder
	codec  *rows.Codec
	table  *state.Multi
	cell   *state.Cell
	// arrivals numbers the rows kept, so that ties stand in order of arrival.
	arrivals uint64
	// limit is the number of first rows that matter.
	limit int64

	keys    rowcodec.Keys
	sorts   rowcodec.Rows
	slots   []state.Slot
	sub     []byte
	touched touched
	changes changes
}

var (
	_ op.Operator = (*TopN)(nil)
	_ op.Ticker   = (*TopN)(nil)
)

// New makes a TopN.
func New(cfg Config) (*TopN, error) {
	if cfg.Count < 0 || cfg.Offset < 0 {
		return nil, errs.Userf("LIMIT and OFFSET must not be negative")
	}
	t := &TopN{cfg: cfg, limit: cfg.Offset + cfg.Count}
	if t.limit < 0 {
		t.limit = math.MaxInt64
	}
	return t, nil
}

// Open implements op.Operator.
func (t *TopN) Open(ctx *op.Context) error {
	t.ctx = ctx
	var err error
	if t.codec, err = rows.NewCodec(ctx.Inputs[0]); err != nil {
		return err
	}
	if t.keyer, err = rowcodec.NewKeyEncoder(t.codec.Pick(t.cfg.PartitionBy)); err != nil {
		return err
	}
	if t.sorter, err = rowcodec.NewSortEncoder(t.codec.Types(), t.cfg.OrderBy); err != nil {
		return err
	}
	t.cell = ctx.State.Cell("arrivals")
	for _, blob := range t.cell.Get() {
		if len(blob) == 8 {
			t.arrivals = max(t.arrivals, binary.BigEndian.Uint64(blob))
		}
	}
	t.table, err = ctx.State.Multi(state.MultiSpec{ID: "rows", Width: payloadBytes, Ordered: true, TTL: t.cfg.TTL})
	return err
}

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

// encode encodes partitions and sort keys of a batch.
func (t *TopN) encode(batch stream.Batch) error {
	n := batch.Rows()
	cols := make([]arrow.Array, len(t.cfg.PartitionBy))
	for i, c := range t.cfg.PartitionBy {
		cols[i] = batch.Column(c)
	}
	if err := t.keyer.Encode(cols, n, &t.keys); err != nil {
		return err
	}
	if err := t.sorter.Encode(batch.Record.Columns(), n, &t.sorts); err != nil {
		return err
	}
	if cap(t.slots) < n {
		t.slots = make([]state.Slot, n)
	}
	t.slots = t.slots[:n]
	return nil
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
	t.cell.Set(binary.BigEndian.AppendUint64(nil, t.arrivals))
	return nil
}

// Close implements op.Operator.
func (*TopN) Close() error { return nil }
