package groupagg

import (
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// diff is scratch memory for telling how a batch changed its groups.
type diff struct {
	rows  []unsafe.Pointer
	first []int32
	kinds []stream.RowKind
	// pairs are the places in rows of a group's former row, followed by the new
	// one; same tells which of them are equal.
	pairs []int32
	same  []bool
	keep  []int32
}

// emission is the batch of changes, possibly without rows; the caller owns it.
func (g *GroupAgg) emission(batch stream.Batch, keyAt []int) (stream.Batch, error) {
	d := &g.diff
	g.listChanges()
	if len(d.rows) == 0 {
		return stream.Batch{}, nil
	}
	results, err := g.program.Results(d.rows, &g.heap, g.ctx.Alloc)
	if err != nil {
		return stream.Batch{}, err
	}
	unchanged := d.compare(results)
	kinds := d.kinds
	first := d.first
	if unchanged || !g.cfg.EmitUpdateBefore && len(d.pairs) > 0 {
		d.choose(g.cfg.EmitUpdateBefore)
		results = takeAll(g, results, d.keep)
		kinds, first = gather(kinds, d.keep), gather(first, d.keep)
		if len(kinds) == 0 {
			columns.Release(results)
			return stream.Batch{}, nil
		}
	} else {
		kinds = slices.Clone(kinds) // scratch is reused, batches are immutable
	}
	cols := make([]arrow.Array, 0, len(keyAt)+len(results))
	for _, key := range keyAt {
		cols = append(cols, columns.Take(g.ctx.Alloc, batch.Column(key), first))
	}
	cols = append(cols, results...)
	out := stream.NewBatch(g.ctx.Output, cols, len(kinds), kinds)
	if out.AllInserts() {
		out.Kinds = nil
	}
	return out, nil
}

// listChanges lists former and new rows of the touched groups.
func (g *GroupAgg) listChanges() {
	d, t, width := &g.diff, &g.touched, g.program.Layout().Width
	d.rows, d.first, d.kinds, d.pairs = d.rows[:0], d.first[:0], d.kinds[:0], d.pairs[:0]
	for i, row := range t.rows {
		before := t.beforeRow(i, width)
		was, is := !t.isNew[i] && g.program.Visible(before), g.program.Visible(row)
		switch {
		case was && is:
			d.pairs = append(d.pairs, int32(len(d.rows)))
			d.add(before, t.first[i], stream.UpdateBefore)
			d.add(row, t.first[i], stream.UpdateAfter)
		case is:
			d.add(row, t.first[i], stream.Insert)
		case was:
			d.add(before, t.first[i], stream.Delete)
		}
	}
}

func (d *diff) add(row unsafe.Pointer, first int32, kind stream.RowKind) {
	d.rows = append(d.rows, row)
	d.first = append(d.first, first)
	d.kinds = append(d.kinds, kind)
}

// compare finds the pairs whose results are equal; any tells whether there are
// some.
func (d *diff) compare(results []arrow.Array) (some bool) {
	d.same = d.same[:0]
	for range d.pairs {
		d.same = append(d.same, true)
	}
	for _, arr := range results {
		differ(arr, d.pairs, d.same)
	}
	return slices.Contains(d.same, true)
}

// differ clears same for the pairs of neighbouring rows that are not equal in arr.
func differ(arr arrow.Array, pairs []int32, same []bool) {
	if fixed, ok := arr.DataType().(arrow.FixedWidthDataType); ok && arr.NullN() == 0 && fixed.BitWidth() == 64 {
		values := columns.Values[uint64](arr)
		for i, at := range pairs {
			if values[at] != values[at+1] {
				same[i] = false
			}
		}
		return
	}
	for i, at := range pairs {
		if same[i] && !columns.Equal(arr, int(at), arr, int(at)+1) {
			same[i] = false
		}
	}
}

// choose lists in keep the rows to emit: without the pairs that are the same, and
// without their former rows unless before is set.
func (d *diff) choose(before bool) {
	d.keep = d.keep[:0]
	pair := 0
	for i := 0; i < len(d.rows); i++ {
		if pair == len(d.pairs) || int(d.pairs[pair]) != i {
			d.keep = append(d.keep, int32(i))
			continue
		}
		if !d.same[pair] {
			if before {
				d.keep = append(d.keep, int32(i))
			}
			d.keep = append(d.keep, int32(i+1))
		}
		pair++
		i++
	}
}

// takeAll gathers rows of columns and releases the originals.
func takeAll(g *GroupAgg, cols []arrow.Array, rows []int32) []arrow.Array {
	out := make([]arrow.Array, len(cols))
	for i, c := range cols {
		out[i] = columns.Take(g.ctx.Alloc, c, rows)
		c.Release()
	}
	return out
}

func gather[T any](from []T, rows []int32) []T {
	out := make([]T, len(rows))
	for i, row := range rows {
		out[i] = from[row]
	}
	return out
}
