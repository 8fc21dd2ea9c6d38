package intervaljoin

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/state"
)

// pairs are candidates of one slice: a row of the batch, by its key's number, and an
// entry of the other side.
type pairs struct {
	keys    []int32
	entries []state.Entry

	rows     []int32
	subs     [][]byte
	selected []int32
}

func (c *pairs) add(key int32, e state.Entry) {
	c.keys, c.entries = append(c.keys, key), append(c.entries, e)
}

// emitPairs emits the pairs that pass the condition and forgets them all.
func (j *Join) emitPairs(p *probe, slice *state.Multi, out op.Output) error {
	c := &j.pairs
	if len(c.entries) == 0 {
		return nil
	}
	defer func() { c.keys, c.entries = c.keys[:0], c.entries[:0] }()
	if j.predicate == nil && j.cfg.Kind.leftOnly() {
		return j.emitMatched(p, slice, nil, out)
	}
	cols, err := j.gather(p, slice)
	if err != nil {
		return err
	}
	all := stream.NewBatch(j.joined, cols, len(c.entries), nil)
	if j.predicate == nil {
		j.noteMatches(p, slice, nil)
		return out.Emit(j.output(all))
	}
	defer all.Release()
	selected, every, err := j.predicate.Select(&j.eval, all, c.selected[:0])
	if err != nil {
		return err
	}
	c.selected = selected
	if j.cfg.Kind.leftOnly() && (every || len(selected) > 0) {
		if every {
			selected = nil
		}
		return j.emitMatched(p, slice, selected, out)
	}
	if every {
		j.noteMatches(p, slice, nil)
		return out.Emit(j.output(all.Retain()))
	}
	if len(selected) == 0 {
		return nil
	}
	j.noteMatches(p, slice, selected)
	passed := make([]arrow.Array, len(cols))
	for i := range passed {
		passed[i] = columns.Take(j.ctx.Alloc, all.Column(i), selected)
	}
	return out.Emit(stream.NewBatch(j.ctx.Output, passed, len(selected), nil))
}

// output is a batch of joined rows as the operator's output.
func (j *Join) output(b stream.Batch) stream.Batch {
	defer b.Release()
	cols := b.Record.Columns()
	for _, c := range cols {
		c.Retain()
	}
	return stream.NewBatch(j.ctx.Output, cols, b.Rows(), nil)
}

// gather gives the left then right columns of the pairs.
func (j *Join) gather(p *probe, slice *state.Multi) ([]arrow.Array, error) {
	c, other := &j.pairs, j.sides[1-p.input]
	c.rows, c.subs = c.rows[:0], c.subs[:0]
	for i, e := range c.entries {
		c.rows = append(c.rows, p.rowOf(c.keys[i]))
		c.subs = append(c.subs, j.rowBytes(slice.Sub(e)))
	}
	partners, err := other.codec.Decode(j.ctx.Alloc, c.subs)
	if err != nil {
		return nil, err
	}
	own := make([]arrow.Array, p.batch.Record.NumCols(), j.joined.NumFields())
	for i := range own {
		own[i] = columns.Take(j.ctx.Alloc, p.batch.Column(i), c.rows)
	}
	if p.input == 0 {
		return append(own, partners...), nil
	}
	return append(partners, own...), nil
}

// emitMatched emits the left rows of a SEMI join that pairs (all when nil) are the
// first to match. Those of the batch come when all of it is matched.
func (j *Join) emitMatched(p *probe, slice *state.Multi, selected []int32, out op.Output) error {
	j.noteMatches(p, slice, selected)
	if j.cfg.Kind != Semi || len(j.pairs.subs) == 0 {
		return nil
	}
	cols, err := j.sides[0].codec.Decode(j.ctx.Alloc, j.pairs.subs)
	if err != nil {
		return err
	}
	return out.Emit(stream.NewBatch(j.ctx.Output, cols, len(j.pairs.subs), nil))
}

// lonely is how many rows come out since they match: of the others SEMI alone waits.
func lonely(kind Kind, x *kept) int64 {
	if kind != Semi {
		return 0
	}
	return x.lonely
}

// noteMatches notes that pairs (all when nil) matched; for SEMI, subs are then the rows
// that were lonely until now.
func (j *Join) noteMatches(p *probe, slice *state.Multi, selected []int32) {
	c, other := &j.pairs, j.sides[1-p.input]
	c.subs = c.subs[:0]
	note := func(i int) {
		p.matched[c.keys[i]] = true
		if x := keptOf(slice, c.entries[i]); other.tracked && x.lonely > 0 {
			for range lonely(j.cfg.Kind, x) {
				c.subs = append(c.subs, j.rowBytes(slice.Sub(c.entries[i])))
			}
			x.lonely = 0
			slice.MarkDirty(state.NoSlot, c.entries[i])
		}
	}
	if selected == nil {
		for i := range c.entries {
			note(i)
		}
		return
	}
	for _, i := range selected {
		note(int(i))
	}
}
