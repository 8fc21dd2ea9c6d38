package over

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// functions gives the functions' values of the evaluated rows, owned by the caller.
func (e *evaluator) functions(ev *evaluated) ([]arrow.Array, error) {
	out := make([]arrow.Array, 0, len(e.op.cfg.Functions))
	fed := e.feed.of(ev.cols)
	for i, fn := range e.op.cfg.Functions {
		value, err := e.function(ev, fn, i, fed)
		if err != nil {
			columns.Release(out)
			return nil, err
		}
		out = append(out, value)
	}
	return out, nil
}

func (e *evaluator) function(ev *evaluated, fn Function, i int, fed []arrow.Array) (arrow.Array, error) {
	alloc := e.op.ctx.Alloc
	switch fn.Kind {
	case Lag, Lead:
		p := e.pick(ev, fn)
		if fn.IgnoreNulls {
			p = e.pickValues(ev, fn, fed[e.feed.values[i]])
		}
		return p.column(e.op.ctx, e.feed, i, fed)
	case Ntile:
		return numbers(alloc, arrow.PrimitiveTypes.Int32, ev.ntile(fn.Offset)), nil
	case CumeDist, PercentRank:
		return numbers(alloc, arrow.PrimitiveTypes.Float64, ev.share(fn.Kind)), nil
	}
	return bigints(alloc, ev.count(fn.Kind)), nil
}

// pick lists the rows that LAG and LEAD give.
func (e *evaluator) pick(ev *evaluated, fn Function) *picker {
	p := &picker{}
	for _, part := range ev.parts {
		for i := part.from; i < part.to; i++ {
			at := int64(i) - fn.Offset
			if fn.Kind == Lead {
				at = int64(i) + fn.Offset
			}
			if at < int64(part.first) || at >= int64(part.end) {
				p.none(i)
			} else {
				p.row(int32(at), i)
			}
		}
	}
	return p
}

// pickValues lists the rows that LAG and LEAD give when they count only rows that have
// a value.
func (e *evaluator) pickValues(ev *evaluated, fn Function, value arrow.Array) *picker {
	p := &picker{}
	var valued []int32
	for _, part := range ev.parts {
		valued = valued[:0]
		for i := part.first; i < part.end; i++ {
			if value.IsValid(int(i)) {
				valued = append(valued, i)
			}
		}
		passed := int64(0) // how many of them are not after row i
		for i := part.first; i < part.to; i++ {
			own := passed < int64(len(valued)) && valued[passed] == i
			at := passed - fn.Offset
			if own {
				passed++
			}
			if i < part.from {
				continue
			}
			if fn.Kind == Lead {
				at = passed + fn.Offset - 1
			}
			switch {
			case fn.Offset == 0:
				p.row(i, i)
			case at < 0 || at >= int64(len(valued)):
				p.none(i)
			default:
				p.row(valued[at], i)
			}
		}
	}
	return p
}

// count gives ROW_NUMBER, RANK or DENSE_RANK.
func (ev *evaluated) count(kind FunctionKind) []int64 {
	out := make([]int64, 0, len(ev.emitted))
	for _, p := range ev.parts {
		var at place
		for i := p.first; i < p.to; i++ {
			if at.next(!ev.fresh[i]); i >= p.from {
				out = append(out, at.value(kind))
			}
		}
	}
	return out
}

// ntile deals the rows of each partition into buckets as even as can be, the larger
// ones first.
func (ev *evaluated) ntile(buckets int64) []int32 {
	out := make([]int32, 0, len(ev.emitted))
	for _, p := range ev.parts {
		rows := int64(p.end - p.first)
		size, larger := rows/buckets, rows%buckets
		for i := range rows {
			if i < larger*(size+1) {
				out = append(out, int32(i/(size+1))+1)
			} else {
				out = append(out, int32((i-larger)/size)+1)
			}
		}
	}
	return out
}

// share gives CUME_DIST, the share of rows up to a row's last peer, or
// PERCENT_RANK, the share of the other rows that are before its first.
func (ev *evaluated) share(kind FunctionKind) []float64 {
	out := make([]float64, 0, len(ev.emitted))
	for _, p := range ev.parts {
		rows := float64(p.end - p.first)
		for first := p.first; first < p.end; {
			last := first + 1
			for last < p.end && !ev.fresh[last] {
				last++
			}
			value := float64(last-p.first) / rows
			if kind == PercentRank {
				value = 0
				if rows > 1 {
					value = float64(first-p.first) / (rows - 1)
				}
			}
			for ; first < last; first++ {
				out = append(out, value)
			}
		}
	}
	return out
}
