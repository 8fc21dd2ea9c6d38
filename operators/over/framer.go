package over

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// framer finds the frames of evaluated rows. Both ends of a frame only move on from
// one row to the next.
type framer struct {
	frame rex.Frame
	ev    *evaluated
	// values are distances along the order, with NULL before or after all; nil
	// without a valued frame. nulls marks the NULLs.
	values []int64
	nulls  []bool
	// start and end are where the ends of a valued frame, peersFrom and peersTo where
	// those of the current row's peers stand.
	start, end         int32
	peersFrom, peersTo int32
}

// measure reads the values of the order.
func (f *framer) measure(key rex.SortKey) {
	arr := f.ev.cols[key.Column]
	f.values, f.nulls = rawInts(arr), make([]bool, arr.Len())
	for i := range f.values {
		switch {
		case arr.NullN() > 0 && arr.IsNull(i):
			f.nulls[i] = true
			f.values[i] = math.MaxInt64
			if key.NullsFirst {
				f.values[i] = math.MinInt64
			}
		case key.Descending:
			f.values[i] = -f.values[i]
		}
	}
}

// steps writes the script of a part: rows enter and leave between the frames of one
// row and the next.
func (f *framer) steps(s *script, p evalPart) {
	f.start, f.end, f.peersFrom, f.peersTo = p.first, p.first, p.first, p.first
	var low, high int32
	for i := p.from; i < p.to; i++ {
		l, h := f.at(p, i)
		h = max(h, l)
		switch {
		case i == p.from:
			low, high = l, l
		case l != low || h != high:
			s.endStep()
		}
		for row := low; row < min(l, high); row++ {
			s.leave(row)
		}
		for row := max(high, l); row < h; row++ {
			s.enter(row)
		}
		low, high = l, h
		s.out(i)
	}
	s.endStep()
}

// at is the frame of row i.
func (f *framer) at(p evalPart, i int32) (low, high int32) {
	f.moveTo(p, i)
	low = f.bound(p, i, f.frame.Start, false)
	return low, max(low, f.bound(p, i, f.frame.End, true))
}

// moveTo finds the peers of row i.
func (f *framer) moveTo(p evalPart, i int32) {
	if i < f.peersTo {
		return
	}
	for f.peersFrom = f.peersTo; ; f.peersFrom = f.peersTo {
		for f.peersTo++; f.peersTo < p.end && !f.ev.fresh[f.peersTo]; f.peersTo++ {
		}
		if i < f.peersTo {
			return
		}
	}
}

// bound is the first row inside a start, or the first behind an end.
func (f *framer) bound(p evalPart, i int32, b rex.FrameBound, end bool) int32 {
	switch {
	case b.Kind == rex.UnboundedPreceding:
		return p.first
	case b.Kind == rex.UnboundedFollowing:
		return p.end
	case f.frame.Rows:
		at := int64(i)
		switch b.Kind {
		case rex.Preceding:
			at = saturated(at, -b.Offset)
		case rex.Following:
			at = saturated(at, b.Offset)
		}
		if end {
			at = saturated(at, 1)
		}
		return int32(min(max(at, int64(p.first)), int64(p.end)))
	case b.Kind == rex.CurrentRow || f.nulls[i]:
		if end {
			return f.peersTo
		}
		return f.peersFrom
	}
	return f.distance(p, i, b, end)
}

// distance moves an end of a valued frame.
func (f *framer) distance(p evalPart, i int32, b rex.FrameBound, end bool) int32 {
	limit := saturated(f.values[i], b.Offset)
	if b.Kind == rex.Preceding {
		limit = saturated(f.values[i], -b.Offset)
	}
	if end {
		for f.end < p.end && (f.values[f.end] <= limit && !f.nulls[f.end] || f.values[f.end] == math.MinInt64 && f.nulls[f.end]) {
			f.end++
		}
		return f.end
	}
	for f.start < p.end && (f.values[f.start] < limit || f.values[f.start] == math.MinInt64 && f.nulls[f.start]) {
		f.start++
	}
	return f.start
}

// rawInts copies a column of whole numbers or times.
func rawInts(arr arrow.Array) []int64 {
	switch arr.DataType().(arrow.FixedWidthDataType).BitWidth() {
	case 8:
		return widen(columns.Values[int8](arr))
	case 16:
		return widen(columns.Values[int16](arr))
	case 32:
		return widen(columns.Values[int32](arr))
	}
	return widen(columns.Values[int64](arr))
}

func widen[T int8 | int16 | int32 | int64](values []T) []int64 {
	out := make([]int64, len(values))
	for i, v := range values {
		out[i] = int64(v)
	}
	return out
}
