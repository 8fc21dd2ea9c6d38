package match

import (
	"container/heap"
	"slices"
)

// arrivals are the rows that time has not passed, as runs that are each in order.
type arrivals struct {
	runs  []run
	spare [][]int32
	cells *cells
}

type run struct {
	cells []int32
	at    int
}

func (r *run) head() int32 { return r.cells[r.at] }

// Len, Less, Swap, Push and Pop implement heap.Interface by the runs' heads.
func (a *arrivals) Len() int { return len(a.runs) }

// Less orders runs by their heads.
func (a *arrivals) Less(i, j int) bool { return a.cells.before(a.runs[i].head(), a.runs[j].head()) }

// Swap exchanges runs.
func (a *arrivals) Swap(i, j int) { a.runs[i], a.runs[j] = a.runs[j], a.runs[i] }

// Push adds a run.
func (a *arrivals) Push(x any) { a.runs = append(a.runs, x.(run)) }

// Pop takes the last run.
func (a *arrivals) Pop() any {
	last := len(a.runs) - 1
	r := a.runs[last]
	a.runs = a.runs[:last]
	return r
}

// add queues the cells of a batch, without those that are -1.
func (a *arrivals) add(c *cells, batch []int32) {
	a.cells = c
	var list []int32
	if n := len(a.spare); n > 0 {
		list, a.spare = a.spare[n-1][:0], a.spare[:n-1]
	}
	sorted := true
	for _, cell := range batch {
		if cell < 0 {
			continue
		}
		if n := len(list); n > 0 && c.before(cell, list[n-1]) {
			sorted = false
		}
		list = append(list, cell)
	}
	if len(list) == 0 {
		a.spare = append(a.spare, list)
		return
	}
	if !sorted {
		sortCells(c, list)
	}
	heap.Push(a, run{cells: list})
}

func sortCells(c *cells, list []int32) {
	slices.SortFunc(list, func(x, y int32) int {
		if c.before(x, y) {
			return -1
		}
		return 1
	})
}

// pop appends to dst, in order, the cells whose time is at most limit.
func (a *arrivals) pop(c *cells, limit int64, dst []int32) []int32 {
	a.cells = c
	for len(a.runs) > 0 && c.times[a.runs[0].head()] <= limit {
		r := &a.runs[0]
		second := a.second()
		for r.at < len(r.cells) {
			cell := r.head()
			if c.times[cell] > limit || second >= 0 && c.before(second, cell) {
				break
			}
			dst = append(dst, cell)
			r.at++
		}
		if r.at == len(r.cells) {
			a.spare = append(a.spare, r.cells)
			last := len(a.runs) - 1
			a.Swap(0, last)
			a.runs = a.runs[:last]
		}
		if len(a.runs) > 1 {
			heap.Fix(a, 0)
		}
	}
	return dst
}

// firsts finds the first row of each partition that waits. Those of partitions that
// are leaving are taken out, to dst.
func (a *arrivals) firsts(m *Match, dst []int32) []int32 {
	kept := a.runs[:0]
	for _, r := range a.runs {
		left := r.cells[:0]
		for _, cell := range r.cells[r.at:] {
			p := &m.parts.list[m.cells.parts[cell]]
			if p.first < 0 || m.cells.eventOf(cell).before(m.cells.eventOf(p.first)) {
				p.first = cell
			}
			if p.leaving {
				dst = append(dst, cell)
			} else {
				left = append(left, cell)
			}
		}
		if len(left) == 0 {
			a.spare = append(a.spare, left)
			continue
		}
		kept = append(kept, run{cells: left})
	}
	clear(a.runs[len(kept):])
	a.runs, a.cells = kept, &m.cells
	heap.Init(a)
	return dst
}

// second is the first head of the other runs, or -1.
func (a *arrivals) second() int32 {
	switch {
	case len(a.runs) < 2:
		return -1
	case len(a.runs) == 2 || a.Less(1, 2):
		return a.runs[1].head()
	}
	return a.runs[2].head()
}

// alarm is when the WITHIN of a partition's start row runs out.
type alarm struct {
	time int64
	// seq is the start row's, so that alarms of one time have an order of their own.
	seq  uint64
	part int32
	born uint64
}

// alarms are a binary heap of them.
type alarms struct {
	list []alarm
	// stale counts those of partitions that are no more.
	stale int
}

// compact drops stale alarms once they are many.
func (a *alarms) compact(ps *parts) {
	if a.stale < 1024 || a.stale < len(a.list)/2 {
		return
	}
	list := a.list
	a.list, a.stale = a.list[:0], 0
	for _, x := range list {
		if p := &ps.list[x.part]; p.alive && p.born == x.born {
			a.push(x)
		}
	}
}

func (a *alarms) less(i, j int) bool {
	x, y := &a.list[i], &a.list[j]
	return x.time < y.time || x.time == y.time && x.seq < y.seq
}

func (a *alarms) push(x alarm) {
	a.list = append(a.list, x)
	for i := len(a.list) - 1; i > 0; {
		up := (i - 1) / 2
		if !a.less(i, up) {
			break
		}
		a.list[i], a.list[up] = a.list[up], a.list[i]
		i = up
	}
}

// pop takes the first alarm up to a time.
func (a *alarms) pop(to int64) (alarm, bool) {
	if len(a.list) == 0 || a.list[0].time > to {
		return alarm{}, false
	}
	first, last := a.list[0], len(a.list)-1
	a.list[0], a.list = a.list[last], a.list[:last]
	for i := 0; ; {
		down := 2*i + 1
		if down >= last {
			break
		}
		if down+1 < last && a.less(down+1, down) {
			down++
		}
		if !a.less(down, i) {
			break
		}
		a.list[i], a.list[down] = a.list[down], a.list[i]
		i = down
	}
	return first, true
}
