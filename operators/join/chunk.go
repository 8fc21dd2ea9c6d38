package join

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// chunk is a run of candidate pairs in columns.
type chunk struct {
	probe *probe
	// other has the partners' columns, input the batch's rows beside them (nil
	// until needed).
	other, input []arrow.Array
	pass         []bool // of the pairs; nil when all pass
	// single tells that each partner is there once, as was seen while it was decoded.
	single bool
}

func (c *chunk) release() {
	columns.Release(c.other)
	columns.Release(c.input)
}

// gather decodes the candidates of the probe's chunk.
func (j *Join) gather() (*chunk, error) {
	p, other := &j.probe, j.sides[1-j.probe.input]
	c := &j.out.chunk
	*c = chunk{probe: p, single: true}
	if j.predicate == nil && !j.needsOther() {
		return c, nil
	}
	var err error
	c.other, err = other.codec.DecodeFrom(j.ctx.Alloc, len(p.candidates), func(from, to int) [][]byte {
		j.out.subs = other.table.Subs(p.candidates[from:to], j.out.subs)
		c.single = c.single && other.allSingle(p.candidates[from:to])
		return j.out.subs
	})
	return c, err
}

// needsOther reports whether the output has columns of the probed side.
func (j *Join) needsOther() bool { return !j.cfg.Kind.leftOnly() || j.probe.input == 1 }

// inputColumns gathers the batch's rows of the pairs.
func (j *Join) inputColumns(c *chunk) []arrow.Array {
	if c.input == nil {
		c.input = make([]arrow.Array, c.probe.batch.Record.NumCols())
		for i := range c.input {
			c.input[i] = columns.Take(j.ctx.Alloc, c.probe.batch.Column(i), c.probe.rows)
		}
	}
	return c.input
}

// choose evaluates the condition over the pairs.
func (j *Join) choose(c *chunk) error {
	n := len(c.probe.rows)
	if j.predicate == nil || n == 0 {
		return nil
	}
	left, right := j.inputColumns(c), c.other
	if c.probe.input == 1 {
		left, right = right, left
	}
	cols := append(append(make([]arrow.Array, 0, len(left)+len(right)), left...), right...)
	for _, col := range cols {
		col.Retain()
	}
	pairs := stream.NewBatch(j.joined, cols, n, nil)
	defer pairs.Release()
	selected, all, err := j.predicate.Select(&j.eval, pairs, j.out.selected[:0])
	if err != nil {
		return err
	}
	j.out.selected = selected
	if all {
		return nil
	}
	if cap(j.out.pass) < n {
		j.out.pass = make([]bool, n)
	}
	c.pass = j.out.pass[:n]
	clear(c.pass)
	for _, pair := range selected {
		c.pass[pair] = true
	}
	return nil
}
