package topn

import (
	"bytes"
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

// ranking keeps the first rows of each partition in their order.
type ranking struct {
	partitionBy []int
	orderBy     []rex.SortKey
	// limit is the number of first rows that matter.
	limit int64
	// keepAll keeps the others too: they may move up.
	keepAll bool
	// lastOfTies puts later arrivals before earlier ones of equal sort keys.
	lastOfTies bool
	ttl        time.Duration

	ctx    *op.Context
	keyer  *rowcodec.KeyEncoder
	sorter *rowcodec.SortEncoder
	codec  *rows.Codec
	table  *state.Multi
	cell   *state.Cell
	// arrivals numbers the rows kept, so that ties stand in order of arrival.
	arrivals uint64

	keys  rowcodec.Keys
	sorts rowcodec.Rows
	slots []state.Slot
	sub   []byte
}

func newRanking(cfg Config) (ranking, error) {
	if cfg.Count < 0 || cfg.Offset < 0 {
		return ranking{}, errs.Userf("LIMIT and OFFSET must not be negative")
	}
	r := ranking{partitionBy: cfg.PartitionBy, orderBy: cfg.OrderBy, limit: cfg.Offset + cfg.Count, keepAll: cfg.InputRetracts, lastOfTies: cfg.LastOfTies, ttl: cfg.TTL}
	if r.limit < 0 {
		r.limit = math.MaxInt64
	}
	return r, nil
}

func (t *ranking) open(ctx *op.Context) error {
	t.ctx = ctx
	var err error
	if t.codec, err = rows.NewCodec(ctx.Inputs[0]); err != nil {
		return err
	}
	if t.keyer, err = rowcodec.NewKeyEncoder(t.codec.Pick(t.partitionBy)); err != nil {
		return err
	}
	if t.sorter, err = rowcodec.NewSortEncoder(t.codec.Types(), t.orderBy); err != nil {
		return err
	}
	t.cell = ctx.State.Cell("arrivals")
	for _, blob := range t.cell.Get() {
		if len(blob) == arrivalBytes {
			t.arrivals = max(t.arrivals, binary.BigEndian.Uint64(blob))
		}
	}
	t.table, err = ctx.State.Multi(state.MultiSpec{ID: "rows", Width: payloadBytes, Ordered: true, TTL: t.ttl})
	return err
}

// keepArrivals puts the arrival numbers given out into the state.
func (t *ranking) keepArrivals() { t.cell.Set(binary.BigEndian.AppendUint64(nil, t.arrivals)) }

// encode encodes partitions and sort keys of a batch.
func (t *ranking) encode(batch stream.Batch) error {
	n := batch.Rows()
	cols := make([]arrow.Array, len(t.partitionBy))
	for i, c := range t.partitionBy {
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

// A row is kept as an entry of its partition. The sub-key is the sort key, the
// arrival number (8 bytes, big-endian) and the encoded row; the payload is the
// length of the sort key.
const (
	payloadBytes = 8
	arrivalBytes = 8
)

func (t *ranking) sortKeyBytes(e state.Entry) *uint64 { return (*uint64)(t.table.Payload(e)) }

// sortKey is an entry's sort key.
func (t *ranking) sortKey(e state.Entry) []byte { return t.table.Sub(e)[:*t.sortKeyBytes(e)] }

// rowStart is where in an entry's sub-key the row begins.
func (t *ranking) rowStart(e state.Entry) int { return int(*t.sortKeyBytes(e)) + arrivalBytes }

// matters reports whether row i can be among the first rows: it can't when its
// partition is full and its last row comes before, ties in order of arrival.
// A retracting input keeps all.
func (t *ranking) matters(slot state.Slot, i int) bool {
	if t.keepAll || int64(t.table.Count(slot)) < t.limit {
		return true
	}
	order := bytes.Compare(t.sorts.At(i), t.sortKey(t.table.Last(slot)))
	return order < 0 || order == 0 && t.lastOfTies
}

// put adds row i to its partition, and drops the last row when it has fallen out
// for good.
func (t *ranking) put(slot state.Slot, cols []arrow.Array, i int) {
	t.arrivals++
	number := t.arrivals
	if t.lastOfTies {
		number = ^number
	}
	key := t.sorts.At(i)
	t.sub = append(t.sub[:0], key...)
	t.sub = binary.BigEndian.AppendUint64(t.sub, number)
	t.sub = t.codec.Append(t.sub, cols, i)
	e, _ := t.table.Put(slot, t.sub)
	*t.sortKeyBytes(e) = uint64(len(key))
	t.table.MarkDirty(slot, e)
	if !t.keepAll && int64(t.table.Count(slot)) > t.limit {
		t.table.Remove(slot, t.table.Last(slot))
	}
}
