package topn

import (
	"bytes"
	"slices"

	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
)

// changes is the output of a batch as encoded rows.
type changes struct {
	rows  [][]byte
	ranks []int64
	kinds []stream.RowKind

	after      []viewRow
	arena      []byte
	gone, came [][]byte
}

func (c *changes) add(kind stream.RowKind, row []byte, rank int64) {
	c.kinds = append(c.kinds, kind)
	c.rows = append(c.rows, row)
	c.ranks = append(c.ranks, rank)
}

// emit emits the net change of the touched partitions.
func (t *TopN) emit(out op.Output) error {
	c := &t.changes
	c.rows, c.ranks, c.kinds = c.rows[:0], c.ranks[:0], c.kinds[:0]
	c.after, c.arena = c.after[:0], c.arena[:0]
	starts := make([]int32, 0, len(t.touched.slots)+1)
	for _, slot := range t.touched.slots { // all views first: the arena may move
		starts = append(starts, int32(len(c.after)))
		c.after, c.arena = t.view(slot, c.after, c.arena)
	}
	starts = append(starts, int32(len(c.after)))
	t.touched.starts = append(t.touched.starts, int32(len(t.touched.rows)))
	for i := range t.touched.slots {
		before := t.touched.rows[t.touched.starts[i]:t.touched.starts[i+1]]
		after := c.after[starts[i]:starts[i+1]]
		switch {
		case t.cfg.Rank:
			t.diffRanks(before, after)
		case t.cfg.Count == 1:
			t.diffOne(before, after)
		default:
			t.diffSets(before, after)
		}
	}
	return t.flush(out)
}

func (t *TopN) beforeRow(v viewRow) []byte { return t.touched.arena[v.row:v.end] }
func (t *TopN) afterRow(v viewRow) []byte  { return t.changes.arena[v.row:v.end] }

// diffRanks compares the rows at each rank.
func (t *TopN) diffRanks(before, after []viewRow) {
	for i := 0; i < max(len(before), len(after)); i++ {
		t.diffPlace(before, after, i)
	}
}

// diffOne compares the single rows of a partition.
func (t *TopN) diffOne(before, after []viewRow) { t.diffPlace(before, after, 0) }

func (t *TopN) diffPlace(before, after []viewRow, i int) {
	c, rank := &t.changes, t.cfg.Offset+int64(i)+1
	switch {
	case i < len(before) && i < len(after):
		was, is := t.beforeRow(before[i]), t.afterRow(after[i])
		if bytes.Equal(was, is) {
			return
		}
		if t.cfg.EmitUpdateBefore {
			c.add(stream.UpdateBefore, was, rank)
		}
		c.add(stream.UpdateAfter, is, rank)
	case i < len(before):
		c.add(stream.Delete, t.beforeRow(before[i]), rank)
	case i < len(after):
		c.add(stream.Insert, t.afterRow(after[i]), rank)
	}
}

// diffSets compares the sets of rows in view: both are in order.
func (t *TopN) diffSets(before, after []viewRow) {
	c := &t.changes
	c.gone, c.came = c.gone[:0], c.came[:0]
	for len(before) > 0 || len(after) > 0 {
		order := 0
		switch {
		case len(before) == 0:
			order = 1
		case len(after) == 0:
			order = -1
		default:
			order = bytes.Compare(t.touched.arena[before[0].start:before[0].end], c.arena[after[0].start:after[0].end])
		}
		if order <= 0 {
			if order < 0 {
				c.gone = append(c.gone, t.beforeRow(before[0]))
			}
			before = before[1:]
		}
		if order >= 0 {
			if order > 0 {
				c.came = append(c.came, t.afterRow(after[0]))
			}
			after = after[1:]
		}
	}
	c.cancel()
	for _, row := range c.gone {
		c.add(stream.Delete, row, 0)
	}
	for _, row := range c.came {
		c.add(stream.Insert, row, 0)
	}
}

// cancelMax bounds the search for rows that left and came back under another
// arrival number; beyond it they are emitted, which is correct too.
const cancelMax = 1 << 12

// cancel strikes out rows that both went and came.
func (c *changes) cancel() {
	if len(c.gone)*len(c.came) > cancelMax {
		return
	}
	c.gone = slices.DeleteFunc(c.gone, func(row []byte) bool {
		i := slices.IndexFunc(c.came, func(other []byte) bool { return bytes.Equal(row, other) })
		if i >= 0 {
			c.came = slices.Delete(c.came, i, i+1)
		}
		return i >= 0
	})
}

// flush decodes the changes and emits them.
func (t *TopN) flush(out op.Output) error {
	c := &t.changes
	for from := 0; from < len(c.rows); from += t.ctx.BatchRows {
		to := min(from+t.ctx.BatchRows, len(c.rows))
		cols, err := t.codec.Decode(t.ctx.Alloc, c.rows[from:to])
		if err != nil {
			return err
		}
		if t.cfg.Rank {
			cols = append(cols, rankColumn(t.ctx.Alloc, c.ranks[from:to]))
		}
		batch := stream.NewBatch(t.ctx.Output, cols, to-from, slices.Clone(c.kinds[from:to]))
		if batch.AllInserts() {
			batch.Kinds = nil
		}
		if err := out.Emit(batch); err != nil {
			return err
		}
	}
	return nil
}
