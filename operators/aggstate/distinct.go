package aggstate

import (
	"math"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/bitutil"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// distinct is the state shared by all DISTINCT calls over the same arguments: how
// often each value was seen, for each of the calls' filters.
type distinct struct {
	args []int
	// nulls says that NULL is a value like any other.
	nulls   bool
	filters []int // indexes in Program.filters, one counter each
	encoder *rowcodec.KeyEncoder
	keys    rowcodec.Keys
	slots   []state.Slot
	rows    []unsafe.Pointer
	// weights has for each filter the weights of first and last occurrences.
	weights [][]int8
	cols    []arrow.Array
	skip    []bool
	dead    []state.Slot
}

// distinctOf finds or adds the shared state of c, and the counter of its filter.
func (p *Program) distinctOf(c rex.AggCall, nulls bool) (index, counter int, err error) {
	index = slices.IndexFunc(p.distincts, func(d *distinct) bool { return d.nulls == nulls && slices.Equal(d.args, c.Args) })
	if index < 0 {
		d := &distinct{args: c.Args, nulls: nulls}
		types := slices.Clone(p.keys)
		for _, arg := range c.Args {
			types = append(types, p.cfg.InputSchema[arg].Type.Arrow())
		}
		if d.encoder, err = rowcodec.NewKeyEncoder(types); err != nil {
			return 0, 0, err
		}
		index = len(p.distincts)
		p.distincts = append(p.distincts, d)
	}
	d, f := p.distincts[index], p.filterOf(c.Filter)
	if counter = slices.Index(d.filters, f); counter < 0 {
		counter = len(d.filters)
		d.filters = append(d.filters, f)
		d.weights = append(d.weights, nil)
	}
	return index, counter, nil
}

// DistinctLayouts are the layouts of the tables of distinct values that Apply
// needs, in order. They are keyed by group key and value.
func (p *Program) DistinctLayouts() []state.Layout {
	layouts := make([]state.Layout, len(p.distincts))
	for i, d := range p.distincts {
		layouts[i] = state.Layout{Width: 8 * len(d.filters)}
	}
	return layouts
}

// weigh counts the batch's values in table and finds the rows that make a value
// appear or disappear.
func (d *distinct) weigh(p *Program, batch stream.Batch, keys *rowcodec.Keys, table *state.Table) error {
	d.cols = d.cols[:0]
	for _, key := range p.cfg.Keys {
		d.cols = append(d.cols, batch.Column(key))
	}
	for _, arg := range d.args {
		d.cols = append(d.cols, batch.Column(arg))
	}
	n := batch.Rows()
	if err := d.encoder.Encode(d.cols, n, &d.keys); err != nil {
		return err
	}
	d.keys.Routes = keys.Hashes // values stay with their group
	d.slots = grow(d.slots, n)
	if err := table.Upsert(&d.keys, d.slots); err != nil {
		return err
	}
	d.rows = grow(d.rows, n)
	table.Rows(d.slots, d.rows)
	d.findNulls(batch)
	for counter, f := range d.filters {
		d.weights[counter] = grow(d.weights[counter], n)
		d.count(counter, p.filters[f].weights, d.weights[counter])
	}
	d.settle(table)
	return nil
}

// findNulls notes the rows with a NULL argument, which count for nothing.
func (d *distinct) findNulls(batch stream.Batch) {
	d.skip = d.skip[:0]
	if d.nulls {
		return
	}
	for _, arg := range d.args {
		arr := batch.Column(arg)
		if arr.NullN() == 0 {
			continue
		}
		if len(d.skip) == 0 {
			d.skip = grow(d.skip, arr.Len())
			clear(d.skip)
		}
		bits, offset := arr.NullBitmapBytes(), arr.Data().Offset()
		for i := range d.skip {
			if len(bits) == 0 || !bitutil.BitIsSet(bits, offset+i) {
				d.skip[i] = true
			}
		}
	}
}

// count adds the rows' weights to one counter of their values and sets in turns 1
// where the value appeared, -1 where it disappeared, and 0 elsewhere.
func (d *distinct) count(counter int, weights, turns []int8) {
	at := uintptr(8 * counter)
	for i, r := range d.rows {
		turns[i] = 0
		weight := int64(1)
		if weights != nil {
			weight = int64(weights[i])
		}
		if weight == 0 || len(d.skip) > 0 && d.skip[i] {
			continue
		}
		c := (*int64)(unsafe.Add(r, at))
		before := *c
		*c += weight
		if before == 0 && *c == 1 {
			turns[i] = 1
		} else if before == 1 && *c == 0 {
			turns[i] = -1
		}
	}
}

// deadMark stands in a value's first counter once it is to be deleted.
const deadMark = math.MinInt64

// settle deletes values that nothing counts any more and marks the others as
// changed.
func (d *distinct) settle(table *state.Table) {
	d.dead = d.dead[:0]
	for i, slot := range d.slots {
		counters := unsafe.Slice((*int64)(d.rows[i]), len(d.filters))
		switch {
		case counters[0] == deadMark:
		case slices.IndexFunc(counters, func(c int64) bool { return c != 0 }) >= 0:
			table.MarkDirty(slot)
		default:
			counters[0] = deadMark
			d.dead = append(d.dead, slot)
		}
	}
	for _, slot := range d.dead {
		table.Delete(slot)
	}
}
