package over

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/state"
)

// place is where a partition's last row stood: what ROW_NUMBER, RANK and DENSE_RANK
// count on from.
type place struct {
	rows, rank, dense int64
	time              int64
}

const placeBytes = 32

// advance moves the place to the next row, whose peers are those of its time.
func (p *place) advance(time int64) {
	p.next(p.time == time)
	p.time = time
}

// next moves the place to the next row, which may be a peer of the row before.
func (p *place) next(peer bool) {
	if p.rows++; p.rows == 1 || !peer {
		p.rank, p.dense = p.rows, p.dense+1
	}
}

func (p *place) value(kind FunctionKind) int64 {
	switch kind {
	case Rank:
		return p.rank
	case DenseRank:
		return p.dense
	}
	return p.rows
}

// functions gives the values of the functions for the due rows in outs, owned by
// the caller.
func (t *Timed) functions() ([]arrow.Array, error) {
	if len(t.cfg.Functions) == 0 {
		return nil, nil
	}
	counts, err := t.count()
	if err != nil {
		return nil, err
	}
	d := &t.due
	var before []int32 // the recent rows of each part, as numbers, one part after another
	ends := make([]int, len(d.parts))
	for i := range d.parts {
		p := &d.parts[i]
		for e := p.recent; t.recent.used && e != state.NoEntry; e = t.recent.table.Next(e) {
			before = append(before, t.recent.feedAgain(e, len(d.times)))
		}
		ends[i] = len(before)
	}
	fed, err := t.recent.join(t.ctx, d.fed)
	if err != nil {
		return nil, err
	}
	defer columns.Release(fed)
	out := make([]arrow.Array, 0, len(t.cfg.Functions))
	for i, fn := range t.cfg.Functions {
		if fn.Kind != Lag {
			out = append(out, bigints(t.ctx.Alloc, counts[i]))
			continue
		}
		picked, err := t.lag(fn, i, fed, before, ends)
		if err != nil {
			columns.Release(out)
			return nil, err
		}
		out = append(out, picked)
	}
	return out, nil
}

// count gives the values of the counting functions, in the due rows' order.
func (t *Timed) count() ([][]int64, error) {
	d := &t.due
	var keys rowcodec.Keys
	for _, p := range d.parts {
		keys.Append(t.partitions.Key(p.slot))
	}
	slots := make([]state.Slot, len(d.parts))
	if err := t.places.Upsert(&keys, slots); err != nil {
		return nil, err
	}
	out := make([][]int64, len(t.cfg.Functions))
	for i := range d.parts {
		p := &d.parts[i]
		at := (*place)(t.places.Row(slots[i]))
		for _, row := range d.order[p.first:p.end] {
			at.advance(d.times[row])
			for f, fn := range t.cfg.Functions {
				if fn.Kind != Lag {
					out[f] = append(out[f], at.value(fn.Kind))
				}
			}
		}
		t.places.MarkDirty(slots[i])
	}
	return out, nil
}

// lag picks the rows some places back, of the due rows and the recent ones before.
func (t *Timed) lag(fn Function, i int, fed []arrow.Array, before []int32, ends []int) (arrow.Array, error) {
	d, pick := &t.due, picker{}
	start := 0
	for j := range d.parts {
		p := &d.parts[j]
		recent := before[start:ends[j]]
		start = ends[j]
		if fn.IgnoreNulls {
			pick.lagValues(d.order[p.first:p.end], recent, fn, fed[t.feed.values[i]])
			continue
		}
		for at := p.first; at < p.end; at++ {
			from := int64(at) - fn.Offset
			switch past := from - int64(p.first); {
			case past >= 0:
				pick.row(d.order[from], d.order[at])
			case int64(len(recent))+past >= 0:
				pick.row(recent[int64(len(recent))+past], d.order[at])
			default:
				pick.none(d.order[at])
			}
		}
	}
	return pick.column(t.ctx, t.feed, i, fed)
}

// lagValues picks, for rows of a partition and the recent ones before them, the rows that
// LAG gives when it counts only rows that have a value.
func (p *picker) lagValues(rows, recent []int32, fn Function, value arrow.Array) {
	var valued []int32
	for _, row := range recent {
		if value.IsValid(int(row)) {
			valued = append(valued, row)
		}
	}
	for _, row := range rows {
		switch at := int64(len(valued)) - fn.Offset; {
		case fn.Offset == 0:
			p.row(row, row)
		case at < 0:
			p.none(row)
		default:
			p.row(valued[at], row)
		}
		if value.IsValid(int(row)) {
			valued = append(valued, row)
		}
	}
}

// picker lists the rows that LAG or LEAD gives: -1 for none, with the row whose
// default stands in.
type picker struct{ rows, defaults []int32 }

func (p *picker) row(row, of int32) { p.rows, p.defaults = append(p.rows, row), append(p.defaults, of) }
func (p *picker) none(of int32)     { p.row(-1, of) }

// column makes the column of function i out of the feed's columns.
func (p *picker) column(ctx *op.Context, f *feed, i int, fed []arrow.Array) (arrow.Array, error) {
	value := fed[f.values[i]]
	if f.defaults[i] < 0 {
		return columns.TakeOrNull(ctx.Alloc, value, p.rows), nil
	}
	both, err := array.Concatenate([]arrow.Array{value, fed[f.defaults[i]]}, ctx.Alloc)
	if err != nil {
		return nil, err
	}
	defer both.Release()
	for at, row := range p.rows {
		if row < 0 {
			p.rows[at] = int32(value.Len()) + p.defaults[at]
		}
	}
	return columns.Take(ctx.Alloc, both, p.rows), nil
}

// bigints makes a BIGINT column.
func bigints(alloc memory.Allocator, values []int64) arrow.Array {
	return numbers(alloc, arrow.PrimitiveTypes.Int64, values)
}

// numbers makes a column of fixed width out of values of its Go type.
func numbers[T any](alloc memory.Allocator, dt arrow.DataType, values []T) arrow.Array {
	width := dt.(arrow.FixedWidthDataType).BitWidth() / 8
	buf := columns.NewBuffer(alloc, len(values)*width)
	copy(columns.ViewBuffer[T](buf), values)
	return columns.Make(dt, len(values), []*memory.Buffer{nil, buf}, nil, 0)
}
