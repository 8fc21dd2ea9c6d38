package temporaljoin

import (
	"encoding/binary"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/state"
)

// waiting is the left rows whose time the watermark has not reached. They lie in
// buckets by time and key group, not by key: so rows of all keys come out in large
// batches, and rescaling still moves them to where their keys go.
//
// Invariant TIMER: a bucket that has rows has a timer at its start.
type waiting struct {
	codec   *rows.Codec
	encoder *rowcodec.KeyEncoder
	ctx     *op.Context
	groups  int
	// buckets holds rows by the start of their bucket and their key group. A sub-key
	// is the time, the arrival number and the row.
	buckets *state.Multi
	timers  *state.Timers
	cell    *state.Cell
	// arrivals numbers the rows kept, so that ties come out in order of arrival.
	arrivals uint64

	keys    rowcodec.Keys
	places  rowcodec.Keys
	routes  []uint64
	slots   []state.Slot
	sub     []byte
	pending outgoing
}

const (
	// bucketBits is the length of buckets: 2^bucketBits milliseconds.
	bucketBits   = 10
	arrivalBytes = 8
	// placeBytes is the length of a bucket's key: its start and its key group.
	placeBytes = timeBytes + 2
)

// due is left rows whose version is known, as columns that the taker owns.
type due struct {
	cols  []arrow.Array
	times []int64
	// kinds is nil when all rows are inserts.
	kinds []stream.RowKind
}

// outgoing is the rows that come out next.
type outgoing struct {
	rows     rows.List
	times    []int64
	kinds    []stream.RowKind
	changing bool
}

func (w *waiting) open(ctx *op.Context, codec *rows.Codec, encoder *rowcodec.KeyEncoder) error {
	w.codec, w.encoder, w.ctx, w.groups = codec, encoder, ctx, ctx.State.Groups()
	w.cell = ctx.State.Cell("arrivals")
	for _, blob := range w.cell.Get() {
		if len(blob) == arrivalBytes {
			w.arrivals = max(w.arrivals, binary.BigEndian.Uint64(blob))
		}
	}
	var err error
	if w.timers, err = ctx.State.Timers("due"); err != nil {
		return err
	}
	w.buckets, err = ctx.State.Multi(state.MultiSpec{ID: "waiting", Width: int(unsafe.Sizeof(held{})), Ordered: true})
	return err
}

// note puts the arrival number into the state.
func (w *waiting) note() {
	if w.cell != nil {
		w.cell.Set(binary.BigEndian.AppendUint64(nil, w.arrivals))
	}
}

func (w *waiting) len() int64 {
	if w.buckets == nil {
		return 0
	}
	return int64(w.buckets.Len())
}

func bucketOf(t int64) int64 { return t >> bucketBits << bucketBits }

func appendTime(dst []byte, t int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(t)^1<<63)
}

func readTime(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ 1<<63) }

// routeOf is a hash that falls into a key group: what rowcodec.KeyGroup undoes.
func (w *waiting) routeOf(group int) uint64 {
	return (uint64(group)<<32 + uint64(w.groups) - 1) / uint64(w.groups) << 32
}

// keep puts rows into their buckets.
func (w *waiting) keep(batch stream.Batch, keyColumns []int, times []int64) error {
	n := batch.Rows()
	if err := w.encoder.Encode(pick(batch, keyColumns), n, &w.keys); err != nil {
		return err
	}
	w.places.Reset()
	w.routes = w.routes[:0]
	for i, t := range times {
		group := rowcodec.KeyGroup(w.keys.Hashes[i], w.groups)
		w.sub = binary.BigEndian.AppendUint16(appendTime(w.sub[:0], bucketOf(t)), uint16(group))
		w.places.Append(w.sub)
		w.routes = append(w.routes, w.routeOf(group))
	}
	w.places.Routes = w.routes
	if cap(w.slots) < n {
		w.slots = make([]state.Slot, n)
	}
	if err := w.buckets.Upsert(&w.places, w.slots[:n]); err != nil {
		return err
	}
	for i, t := range times {
		slot := w.slots[i]
		if w.buckets.Count(slot) == 0 {
			w.timers.Register(bucketOf(t), w.places.At(i), w.routes[i])
		}
		w.arrivals++
		w.sub = binary.BigEndian.AppendUint64(appendTime(w.sub[:0], t), w.arrivals)
		w.sub = w.codec.Append(w.sub, batch.Record.Columns(), i)
		e, _ := w.buckets.Put(slot, w.sub)
		(*held)(w.buckets.Payload(e)).kind = uint64(batch.Kind(i))
		w.buckets.MarkDirty(slot, e)
	}
	return nil
}

func pick(batch stream.Batch, at []int) []arrow.Array {
	cols := make([]arrow.Array, len(at))
	for i, c := range at {
		cols[i] = batch.Column(c)
	}
	return cols
}

// take takes out the rows with times up to wm, in about batchRows at once.
func (w *waiting) take(wm int64, batchRows int, emit func(due) error) error {
	w.places.Reset()
	w.routes = w.routes[:0]
	err := w.timers.PopDue(wm, func(_ int64, place []byte) error {
		w.places.Append(place)
		w.routes = append(w.routes, w.routeOf(int(binary.BigEndian.Uint16(place[timeBytes:]))))
		return nil
	})
	if err != nil {
		return err
	}
	// One bucket after the other, so that only one need be in memory.
	for i := range w.places.Len() {
		one := rowcodec.Keys{Data: w.places.At(i), Offsets: []uint32{0, placeBytes}, Hashes: w.places.Hashes[i : i+1], Width: placeBytes,
			Routes: w.routes[i : i+1]}
		if err := w.takeBucket(&one, wm, batchRows, emit); err != nil {
			return err
		}
	}
	return w.flush(emit)
}

// takeBucket takes out a bucket's rows up to wm, and sets its timer again for others.
func (w *waiting) takeBucket(place *rowcodec.Keys, wm int64, batchRows int, emit func(due) error) error {
	var slots [1]state.Slot
	if err := w.buckets.Find(place, slots[:]); err != nil || slots[0] == state.NoSlot {
		return err
	}
	slot := slots[0]
	for e := w.buckets.First(slot); e != state.NoEntry; e = w.buckets.First(slot) {
		sub := w.buckets.Sub(e)
		if readTime(sub) > wm {
			w.timers.Register(readTime(place.At(0)), place.At(0), place.Route(0))
			return nil
		}
		w.pending.add(sub, kindOf(w.buckets, e))
		w.buckets.Remove(slot, e)
		if w.pending.rows.Len() < batchRows {
			continue
		}
		if err := w.flush(emit); err != nil {
			return err
		}
	}
	return nil
}

func (o *outgoing) add(sub []byte, kind stream.RowKind) {
	o.rows.Add(sub[timeBytes+arrivalBytes:])
	o.times = append(o.times, readTime(sub))
	o.kinds = append(o.kinds, kind)
	o.changing = o.changing || kind != stream.Insert
}

// flush hands on the rows taken so far.
func (w *waiting) flush(emit func(due) error) error {
	o := &w.pending
	if o.rows.Len() == 0 {
		return nil
	}
	cols, err := w.codec.Decode(w.ctx.Alloc, o.rows.Take())
	if err != nil {
		return err
	}
	d := due{cols: cols, times: o.times}
	if o.changing {
		d.kinds = append([]stream.RowKind(nil), o.kinds...)
	}
	err = emit(d)
	o.times, o.kinds, o.changing = o.times[:0], o.kinds[:0], false
	return err
}
