package over

// reach says how many rows LAG and LEAD look back or ahead: of all rows, and of those
// that have a value in each of feed.counted.
type reach struct {
	rows    int64
	counted []int64
}

// reachOf is the greatest reach of the functions of a kind.
func reachOf(cfg Config, f *feed, kind FunctionKind) reach {
	r := reach{counted: make([]int64, len(f.counted))}
	for i, fn := range cfg.Functions {
		if fn.Kind != kind {
			continue
		}
		if !fn.IgnoreNulls {
			r.rows = max(r.rows, fn.Offset)
			continue
		}
		for bit, column := range f.counted {
			if column == f.values[i] {
				r.counted[bit] = max(r.counted[bit], fn.Offset)
			}
		}
	}
	return r
}

// some reports whether any row is reached.
func (r reach) some() bool {
	for _, n := range r.counted {
		if n > 0 {
			return true
		}
	}
	return r.rows > 0
}

// walk counts the rows that a walk away from a row has passed. It is a value that
// belongs to one walk.
type walk struct {
	of     reach
	passed reach
}

func (r reach) walk() walk { return walk{of: r, passed: reach{counted: make([]int64, len(r.counted))}} }

// done tells that nothing further on is reached.
func (w *walk) done() bool {
	for bit, n := range w.of.counted {
		if w.passed.counted[bit] < n {
			return false
		}
	}
	return w.passed.rows >= w.of.rows
}

// pass counts a row, and tells whether it is one of those looked at.
func (w *walk) pass(marks uint64) bool {
	looked := w.passed.rows < w.of.rows
	w.passed.rows++
	for bit, n := range w.of.counted {
		if marks&(1<<bit) == 0 {
			continue
		}
		looked = looked || w.passed.counted[bit] < n
		w.passed.counted[bit]++
	}
	return looked
}
