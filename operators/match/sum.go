package match

import (
	"math"

	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/internal/types"
)

// sum is an aggregate of the rows of a path so far. There is one a row, so that a
// search that goes back finds the former ones.
type sum struct {
	count int64
	i     int64
	f     float64
}

// sumKind is an aggregate that is kept row by row.
type sumKind uint8

const (
	sumCount sumKind = iota
	sumSum
	sumAvg
	sumMin
	sumMax
)

var sumKinds = map[string]sumKind{"COUNT": sumCount, "SUM": sumSum, "AVG": sumAvg, "MIN": sumMin, "MAX": sumMax}

// sumSpec is such an aggregate over the rows of a set of variables.
type sumSpec struct {
	kind sumKind
	set  uint64
	// values reads the argument; nil for COUNT(*). float tells its lane.
	values *program
	float  bool
	result types.Type
}

// sumOf gives the place of a simple aggregate in the sums, or -1 when it is none.
func (m *Match) sumOf(c *conditions, n rowpattern.Nav) int {
	kind, ok := sumKinds[n.Agg.Name]
	if !ok || n.Agg.Distinct || n.Agg.Filter >= 0 || len(n.Agg.Args) > 1 {
		return -1
	}
	s := sumSpec{kind: kind, set: n.Set, result: n.Type}
	if len(n.Agg.Args) == 1 {
		s.values = m.columnProgram(n.Agg.Args[0])
		if t := n.Agg.ArgTypes[0]; kind != sumCount {
			if s.values == nil || s.values.lane == laneBytes || t.Kind == types.Decimal || kind <= sumAvg && !t.IsNumeric() {
				return -1
			}
			s.float = s.values.lane == laneFloat
		}
		if s.values == nil {
			return -1
		}
	} else if kind != sumCount {
		return -1
	}
	c.sums = append(c.sums, s)
	return len(c.sums) - 1
}

// add counts a row.
func (s *sumSpec) add(to *sum, cell int32) {
	if s.values == nil {
		to.count++
		return
	}
	if s.values.column.isNull(cell) {
		return
	}
	to.count++
	switch {
	case s.kind == sumCount:
	case s.float:
		s.addFloat(to, s.values.column.floatAt(cell))
	default:
		s.addInt(to, s.values.column.intAt(cell))
	}
}

func (s *sumSpec) addInt(to *sum, v int64) {
	switch {
	case s.kind <= sumAvg:
		to.i += v
	case to.count == 1, s.kind == sumMin && v < to.i, s.kind == sumMax && v > to.i:
		to.i = v
	}
}

// addFloat counts a float; NaN is the greatest of all.
func (s *sumSpec) addFloat(to *sum, v float64) {
	switch {
	case s.kind <= sumAvg:
		to.f += v
	case to.count == 1, s.kind == sumMin && less(v, to.f), s.kind == sumMax && less(to.f, v):
		to.f = v
	}
}

func less(a, b float64) bool { return a < b || math.IsNaN(b) && !math.IsNaN(a) }

// ints is the result in the lane of integers, floats that of floats; null tells that
// there is none.
func (s *sumSpec) ints(of *sum) (v int64, null bool) {
	if s.kind == sumCount {
		return of.count, false
	}
	if of.count == 0 {
		return 0, true
	}
	if s.kind == sumAvg {
		return of.i / of.count, false
	}
	return narrow(s.result.Kind, of.i), false
}

func (s *sumSpec) floats(of *sum) (v float64, null bool) {
	if of.count == 0 {
		return 0, true
	}
	v = of.f
	if s.kind == sumAvg {
		v /= float64(of.count)
	}
	if s.result.Kind == types.Float {
		v = float64(float32(v))
	}
	return v, false
}

// narrow wraps a whole number around as its type does.
func narrow(k types.Kind, v int64) int64 {
	switch k {
	case types.TinyInt:
		return int64(int8(v))
	case types.SmallInt:
		return int64(int16(v))
	case types.Int:
		return int64(int32(v))
	}
	return v
}
