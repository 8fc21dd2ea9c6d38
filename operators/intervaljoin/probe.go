package intervaljoin

import (
	"cmp"
	"slices"
	"sort"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// probe is a batch of one input. Rows are numbered twice: by their place in the
// batch, and, among the rows without NULL in key and time, by their place in keys.
type probe struct {
	input int
	batch stream.Batch
	keys  rowcodec.Keys
	times []int64
	// order lists the keys' numbers by time; sorted tells that they are so already.
	order  []int32
	sorted bool
	// matched tells of each key's row whether it found a partner.
	matched []bool
	// null marks the rows of the batch with a NULL, valid lists the others.
	null    []bool
	hasNull bool
	valid   []int32
	// part has the keys of some of the rows, alone lists rows to be padded.
	part    rowcodec.Keys
	alone   []int32
	scratch []int64
}

// start prepares for a batch.
func (p *probe) start(j *Join, input int, batch stream.Batch) error {
	p.input, p.batch = input, batch
	own, n := j.sides[input], batch.Rows()
	cols := make([]arrow.Array, 0, len(own.keys)+1)
	for _, key := range own.keys {
		cols = append(cols, batch.Column(key))
	}
	if !j.cfg.Proctime {
		cols = append(cols, batch.Column(own.time))
	}
	if p.findNulls(cols, n); p.hasNull {
		n = len(p.valid)
		for i := range cols {
			cols[i] = columns.Take(j.ctx.Alloc, cols[i], p.valid)
			defer cols[i].Release()
		}
	}
	if err := own.encoder.Encode(cols[:len(own.keys)], n, &p.keys); err != nil {
		return err
	}
	p.times = p.times[:0]
	if j.cfg.Proctime {
		for range n {
			p.times = append(p.times, j.now)
		}
	} else {
		times, err := windows.Millis(cols[len(own.keys)], batch.Record.ColumnName(own.time), &p.scratch)
		if err != nil {
			return err
		}
		p.times = append(p.times, times...)
	}
	p.sort()
	p.matched = append(p.matched[:0], make([]bool, n)...)
	return nil
}

// findNulls marks the rows that have a NULL in one of cols.
func (p *probe) findNulls(cols []arrow.Array, n int) {
	p.null = append(p.null[:0], make([]bool, n)...)
	if p.hasNull = columns.MarkNulls(p.null, cols...); !p.hasNull {
		return
	}
	p.valid = p.valid[:0]
	for i, null := range p.null {
		if !null {
			p.valid = append(p.valid, int32(i))
		}
	}
}

// sort orders the rows by time; mostly they are.
func (p *probe) sort() {
	p.order = p.order[:0]
	for i := range p.times {
		p.order = append(p.order, int32(i))
	}
	if p.sorted = slices.IsSorted(p.times); !p.sorted {
		slices.SortStableFunc(p.order, func(a, b int32) int { return cmp.Compare(p.times[a], p.times[b]) })
	}
}

// finish lets the batch go.
func (p *probe) finish() { p.batch = stream.Batch{} }

// rowOf is the row of the batch with the i-th key.
func (p *probe) rowOf(i int32) int32 {
	if p.hasNull {
		return p.valid[i]
	}
	return i
}

// timeAt is the time of the i-th row by time.
func (p *probe) timeAt(i int) int64 { return p.times[p.order[i]] }

// before is how many rows have a time before t.
func (p *probe) before(t int64) int {
	return sort.Search(len(p.order), func(i int) bool { return p.timeAt(i) >= t })
}

// run gives the keys of the rows from to to by time.
func (p *probe) run(from, to int) *rowcodec.Keys {
	if p.sorted && to-from == p.keys.Len() {
		return &p.keys
	}
	p.part.Reset()
	for _, k := range p.order[from:to] {
		p.part.AppendHashed(p.keys.At(int(k)), p.keys.Hashes[k])
	}
	return &p.part
}

// match joins a batch with the rows of the other side.
func (j *Join) match(p *probe, out op.Output) error {
	if len(p.times) == 0 {
		return nil
	}
	own, other := j.sides[p.input], j.sides[1-p.input]
	first, last := p.timeAt(0), p.timeAt(len(p.order)-1)
	for _, end := range other.slices.Ends() {
		start := other.sliceStart(end)
		if end <= plus(first, own.lower) || start > plus(last, own.upper) {
			continue
		}
		// Rows at t look from t + lower to t + upper.
		from, to := p.before(plus(start, negated(own.upper))), p.before(plus(end, negated(own.lower)))
		if from == to {
			continue
		}
		if err := j.matchSlice(p, matching{slice: other.slices.Slice(end), from: from, to: to}, out); err != nil {
			return err
		}
	}
	return nil
}

// copies is how many pairs a row makes with kept ones: for SEMI and ANTI one tells
// enough, and only rows that are lonely still matter.
func (j *Join) copies(p *probe, x *kept) int64 {
	switch {
	case !j.cfg.Kind.leftOnly():
		return x.count
	case p.input == 1 && x.lonely == 0:
		return 0
	}
	return 1
}

// matching is a slice of the other side and the run of rows that look into it.
type matching struct {
	slice    *state.Multi
	from, to int
}

// matchSlice joins a run of rows with one slice of the other side.
func (j *Join) matchSlice(p *probe, m matching, out op.Output) error {
	own, other := j.sides[p.input], j.sides[1-p.input]
	keys := p.run(m.from, m.to)
	slots := other.room(keys.Len())
	if err := m.slice.Find(keys, slots); err != nil {
		return err
	}
	wm := j.progress.At()
	for i, slot := range slots {
		if slot == state.NoSlot {
			continue
		}
		k := p.order[m.from+i]
		lower, upper := plus(p.times[k], own.lower), plus(p.times[k], own.upper)
		for e := m.slice.First(slot); e != state.NoEntry; e = m.slice.Next(e) {
			x := keptOf(m.slice, e)
			if x.time < lower || x.time > upper || other.dead(x.time, wm) {
				continue
			}
			for range j.copies(p, x) {
				if j.pairs.add(k, e); len(j.pairs.entries) < j.ctx.BatchRows {
					continue
				}
				if err := j.emitPairs(p, m.slice, out); err != nil {
					return err
				}
			}
		}
	}
	return j.emitPairs(p, m.slice, out)
}
