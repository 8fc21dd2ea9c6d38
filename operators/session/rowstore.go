package session

import (
	"encoding/binary"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/state"
)

// rowStore keeps the rows of sessions, by key in order of time.
type rowStore struct {
	codec *rows.Codec
	// kept holds the rows by key. A sub-key is the time, the arrival number and the
	// encoded row; the payload is the row's kind.
	kept *state.Multi
	cell *state.Cell
	// arrivals numbers the rows kept.
	arrivals uint64
	seats    []state.Slot
	sub      []byte
}

const (
	kindBytes    = 8
	timeBytes    = 8
	arrivalBytes = 8
)

func (r *rowStore) open(ctx *op.Context) error {
	var err error
	if r.codec, err = rows.NewCodec(ctx.Inputs[0]); err != nil {
		return err
	}
	r.cell = ctx.State.Cell("arrivals")
	for _, blob := range r.cell.Get() {
		if len(blob) == arrivalBytes {
			r.arrivals = max(r.arrivals, binary.BigEndian.Uint64(blob))
		}
	}
	r.kept, err = ctx.State.Multi(state.MultiSpec{ID: "rows", Width: kindBytes, Ordered: true})
	return err
}

// keep keeps the rows of a batch that are in sessions: of is not negative.
func (r *rowStore) keep(batch stream.Batch, keys *rowcodec.Keys, times []int64, of []int32) error {
	r.seats = resize(r.seats, len(times))
	if err := r.kept.Upsert(keys, r.seats); err != nil {
		return err
	}
	for i, t := range times {
		if of[i] < 0 {
			continue
		}
		r.arrivals++
		r.sub = binary.BigEndian.AppendUint64(appendTime(r.sub[:0], t), r.arrivals)
		r.sub = r.codec.Append(r.sub, batch.Record.Columns(), i)
		e, _ := r.kept.Put(r.seats[i], r.sub)
		*(*uint64)(r.kept.Payload(e)) = uint64(batch.Kind(i))
		r.kept.MarkDirty(r.seats[i], e)
	}
	return nil
}

// first is the first row of a session among its key's; those that follow are of it up to
// its end.
func (r *rowStore) first(slot state.Slot, c closed) state.Entry {
	r.sub = appendTime(r.sub[:0], c.start)
	return r.kept.Seek(slot, r.sub)
}

func (r *rowStore) timeOf(e state.Entry) int64 {
	return int64(binary.BigEndian.Uint64(r.kept.Sub(e)) ^ 1<<63)
}

func (r *rowStore) row(e state.Entry) []byte { return r.kept.Sub(e)[timeBytes+arrivalBytes:] }

func (r *rowStore) kind(e state.Entry) stream.RowKind {
	return stream.RowKind(*(*uint64)(r.kept.Payload(e)))
}

// keepArrivals notes the arrival numbers given out.
func (r *rowStore) keepArrivals() { r.cell.Set(binary.BigEndian.AppendUint64(nil, r.arrivals)) }
