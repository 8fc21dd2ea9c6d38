package over

import "github.com/thalweg/thalweg/internal/rex"

// framer finds the frames of evaluated rows. Both ends of a frame only move on from
// one row to the next.
type framer struct {
	frame rex.Frame
	ev    *evaluated
	axis  axis
	// start and end are where the ends of a valued frame, peersFrom and peersTo where
	// those of the current row's peers stand.
	start, end         int32
	peersFrom, peersTo int32
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
	case b.Kind == rex.CurrentRow || f.axis.spots[i].aside != 0:
		if end {
			return f.peersTo
		}
		return f.peersFrom
	}
	return f.distance(p, i, b, end)
}

// distance moves an end of a valued frame.
func (f *framer) distance(p evalPart, i int32, b rex.FrameBound, end bool) int32 {
	spots, limit := f.axis.spots, f.axis.limit(f.axis.spots[i].value, b)
	if end {
		for f.end < p.end && spots[f.end].upTo(limit) {
			f.end++
		}
		return f.end
	}
	for f.start < p.end && spots[f.start].before(limit) {
		f.start++
	}
	return f.start
}
