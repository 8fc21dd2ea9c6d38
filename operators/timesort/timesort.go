// Package timesort brings an endless stream into order: ORDER BY with a time
// attribute first, ascending. Rows are kept until event time, or the clock, has
// reached theirs; then none can come before them any more, and they are emitted by
// the order, ties as they came. Rows that come too late for their place are dropped
// and counted.
package timesort

import (
	"encoding/binary"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// Config describes a TimeSort. Its input must be insert-only, and all of it must
// come to one task.
type Config struct {
	// OrderBy is the order; its first column is the time, ascending.
	OrderBy []rex.SortKey
	// ProcTime takes the clock when a row comes for its time.
	ProcTime bool
}

// TimeSort emits its input in order. Rows are kept in buckets of time, so that what
// lies far ahead may leave memory.
//
// Invariant TIMER: a bucket that has rows has a timer at its start.
type TimeSort struct {
	cfg      Config
	ctx      *op.Context
	sorter   *rowcodec.SortEncoder
	codec    *rows.Codec
	progress op.Progress
	// buckets holds rows by the start of their bucket. A sub-key is the time, the sort
	// key, the arrival number and the row; the payload is the length before the row.
	buckets *state.Multi
	timers  *state.Timers
	cell    *state.Cell
	// arrivals numbers the rows kept, so that ties stand in order of arrival.
	arrivals uint64

	nowMs   int64
	scratch []int64
	keys    rowcodec.Keys
	sorts   rowcodec.Rows
	slots   []state.Slot
	sub     []byte
	// out is the rows to be emitted next.
	out rows.List
}

var (
	_ op.Operator = (*TimeSort)(nil)
	_ op.Ticker   = (*TimeSort)(nil)
)

const (
	// bucketBits is the length of buckets: 2^bucketBits milliseconds.
	bucketBits   = 6
	timeBytes    = 8
	arrivalBytes = 8
	payloadBytes = 8
)

// New makes a TimeSort.
func New(cfg Config) (*TimeSort, error) {
	if len(cfg.OrderBy) == 0 || cfg.OrderBy[0].Descending {
		return nil, errs.Bugf("a sort by time needs a time that ascends first")
	}
	return &TimeSort{cfg: cfg}, nil
}

// Open implements op.Operator.
func (s *TimeSort) Open(ctx *op.Context) error {
	s.ctx, s.progress = ctx, op.OpenProgress(ctx.State)
	var err error
	if s.codec, err = rows.NewCodec(ctx.Inputs[0]); err != nil {
		return err
	}
	by := s.cfg.OrderBy
	if s.cfg.ProcTime {
		by = by[1:] // the time is that of arrival
	}
	if s.sorter, err = rowcodec.NewSortEncoder(s.codec.Types(), by); err != nil {
		return err
	}
	s.cell = ctx.State.Cell("arrivals")
	for _, blob := range s.cell.Get() {
		if len(blob) == arrivalBytes {
			s.arrivals = max(s.arrivals, binary.BigEndian.Uint64(blob))
		}
	}
	if s.timers, err = ctx.State.Timers("due"); err != nil {
		return err
	}
	s.buckets, err = ctx.State.Multi(state.MultiSpec{ID: "rows", Width: payloadBytes, Ordered: true})
	return err
}

// Process implements op.Operator.
func (s *TimeSort) Process(_ int, batch stream.Batch, _ op.Output) error {
	n := batch.Rows()
	if n == 0 {
		return nil
	}
	times, err := s.times(batch)
	if err != nil {
		return err
	}
	if err := s.sorter.Encode(batch.Record.Columns(), n, &s.sorts); err != nil {
		return err
	}
	s.keys.Reset()
	for _, t := range times {
		s.sub = appendTime(s.sub[:0], bucketOf(t))
		s.keys.Append(s.sub)
	}
	if cap(s.slots) < n {
		s.slots = make([]state.Slot, n)
	}
	if err := s.buckets.Upsert(&s.keys, s.slots[:n]); err != nil {
		return err
	}
	for i, t := range times {
		if t <= s.progress.At() {
			s.ctx.Counters.LateRows++
			continue
		}
		s.keep(batch, i, t)
	}
	return nil
}

// times gives the times of a batch.
func (s *TimeSort) times(batch stream.Batch) ([]int64, error) {
	if !s.cfg.ProcTime {
		at := s.cfg.OrderBy[0].Column
		return windows.Millis(batch.Column(at), batch.Record.ColumnName(at), &s.scratch)
	}
	if cap(s.scratch) < batch.Rows() {
		s.scratch = make([]int64, batch.Rows())
	}
	times := s.scratch[:batch.Rows()]
	now := s.progress.Clock(s.nowMs)
	for i := range times {
		times[i] = now
	}
	return times, nil
}

func bucketOf(t int64) int64 { return t >> bucketBits << bucketBits }

func appendTime(dst []byte, t int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(t)^1<<63)
}

func readTime(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ 1<<63) }

// keep puts row i into its bucket.
func (s *TimeSort) keep(batch stream.Batch, i int, t int64) {
	slot := s.slots[i]
	if s.buckets.Count(slot) == 0 {
		s.timers.Register(bucketOf(t), s.keys.At(i), s.keys.Route(i))
	}
	s.arrivals++
	s.sub = append(appendTime(s.sub[:0], t), s.sorts.At(i)...)
	s.sub = binary.BigEndian.AppendUint64(s.sub, s.arrivals)
	start := len(s.sub)
	s.sub = s.codec.Append(s.sub, batch.Record.Columns(), i)
	e, _ := s.buckets.Put(slot, s.sub)
	*(*uint64)(s.buckets.Payload(e)) = uint64(start)
	s.buckets.MarkDirty(slot, e)
}

// Advance implements op.Operator: it emits the rows that none can come before.
func (s *TimeSort) Advance(wm stream.Watermark, out op.Output) error {
	if !s.cfg.ProcTime || wm == stream.EndOfTime {
		if err := s.advanceTo(int64(wm), out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// Tick implements op.Ticker: the clock moves on between batches.
func (s *TimeSort) Tick(nowMillis int64, out op.Output) error {
	s.nowMs = nowMillis
	if !s.cfg.ProcTime {
		return nil
	}
	return s.advanceTo(nowMillis-1, out)
}

func (s *TimeSort) advanceTo(wm int64, out op.Output) error {
	if wm <= s.progress.At() {
		return nil
	}
	s.keys.Reset()
	err := s.timers.PopDue(wm, func(_ int64, key []byte) error {
		s.keys.Append(key)
		return nil
	})
	if err != nil {
		return err
	}
	// One bucket after the other, so that only one need be in memory.
	for i := range s.keys.Len() {
		one := rowcodec.Keys{Data: s.keys.At(i), Offsets: []uint32{0, timeBytes}, Hashes: s.keys.Hashes[i : i+1], Width: timeBytes}
		if err := s.takeBucket(&one, wm, out); err != nil {
			return err
		}
	}
	s.progress.Reach(wm)
	return s.flush(out)
}

// takeBucket takes out a bucket's rows up to wm, and sets its timer again for
// others.
func (s *TimeSort) takeBucket(key *rowcodec.Keys, wm int64, out op.Output) error {
	var slots [1]state.Slot
	if err := s.buckets.Find(key, slots[:]); err != nil || slots[0] == state.NoSlot {
		return err
	}
	slot := slots[0]
	for e := s.buckets.First(slot); e != state.NoEntry; e = s.buckets.First(slot) {
		sub := s.buckets.Sub(e)
		if readTime(sub) > wm {
			s.timers.Register(readTime(key.At(0)), key.At(0), key.Route(0))
			return nil
		}
		s.out.Add(sub[*(*uint64)(s.buckets.Payload(e)):])
		s.buckets.Remove(slot, e)
		if s.out.Len() >= s.ctx.BatchRows {
			if err := s.flush(out); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush emits the rows taken.
func (s *TimeSort) flush(out op.Output) error {
	list := s.out.Take()
	if len(list) == 0 {
		return nil
	}
	cols, err := s.codec.Decode(s.ctx.Alloc, list)
	if err != nil {
		return err
	}
	return out.Emit(stream.NewBatch(s.ctx.Output, cols, len(list), nil))
}

// Flush implements op.Operator: it notes the arrival numbers given out.
func (s *TimeSort) Flush(op.Output) error {
	s.cell.Set(binary.BigEndian.AppendUint64(nil, s.arrivals))
	return nil
}

// Close implements op.Operator.
func (*TimeSort) Close() error { return nil }
