package match

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

// output collects result rows as the cells that their columns come from, so that
// columns are made for many rows at a time. The cells stay until it is flushed.
type output struct {
	navs []nav
	aggs []*aggregate
	// base are the rows' own cells, numbers their matches (0 for none).
	base    []int32
	numbers []int64
	// values are the cells, or the variables of Classifier, by navigation.
	values [][]int32
	// unmatched tells that some row belongs to no match.
	unmatched bool
	// garbage are cells to be freed once the output is flushed.
	garbage []int32
}

func (o *output) open(m *Match) error {
	o.values = make([][]int32, len(m.cfg.Outputs))
	o.aggs = make([]*aggregate, len(m.cfg.Outputs))
	for i, n := range m.cfg.Outputs {
		o.navs = append(o.navs, m.conds.nav(n))
		if n.Kind == rowpattern.Aggregate {
			var err error
			if o.aggs[i], err = newAggregate(m, n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *output) full(m *Match) bool { return len(o.base) >= m.ctx.BatchRows }

// match adds the rows of the match that p's path is.
func (o *output) match(m *Match, p *part) {
	last := len(p.path) - 1
	if !m.cfg.AllRows {
		o.row(m, p, last, last)
		return
	}
	for at, s := range p.path {
		if !m.auto.steps[s].excluded {
			o.row(m, p, at, last)
		}
	}
}

// row adds a row: at is the current row in the path, last its end.
func (o *output) row(m *Match, p *part, at, last int) {
	group := int32(len(o.base))
	o.base = append(o.base, p.rows[p.start+at])
	o.numbers = append(o.numbers, p.number)
	for i := range o.navs {
		n := &o.navs[i]
		to := at
		if n.Final {
			to = last
		}
		value := int32(-1)
		switch n.Kind {
		case rowpattern.Value:
			value = m.cellOf(p, n, to)
		case rowpattern.Classifier:
			if d := m.depthOf(p, n, to); d >= 0 {
				value = int32(m.auto.steps[p.path[d]].variable)
			}
		case rowpattern.Aggregate:
			o.aggs[i].add(m, p, to, group)
		}
		o.values[i] = append(o.values[i], value)
	}
}

// empty adds the row of an empty match.
func (o *output) empty(m *Match, p *part) {
	if !m.cfg.AllRows || !m.cfg.OmitEmpty {
		o.bare(p.rows[p.start], p.number)
	}
}

// unmatchedRow adds a row that belongs to no match.
func (o *output) unmatchedRow(cell int32) {
	o.unmatched = true
	o.bare(cell, 0)
}

func (o *output) bare(cell int32, number int64) {
	o.base, o.numbers = append(o.base, cell), append(o.numbers, number)
	for i := range o.values {
		o.values[i] = append(o.values[i], -1)
	}
}

// flush emits what was collected.
func (o *output) flush(m *Match, out op.Output) error {
	n := len(o.base)
	if n > 0 {
		cols, err := o.columns(m)
		if err != nil {
			columns.Release(cols)
			return err
		}
		if err := out.Emit(stream.NewBatch(m.ctx.Output, cols, n, nil)); err != nil {
			return err
		}
	}
	o.base, o.numbers, o.unmatched = o.base[:0], o.numbers[:0], false
	for i := range o.values {
		o.values[i] = o.values[i][:0]
	}
	for _, cell := range o.garbage {
		m.cells.release(cell)
	}
	o.garbage = o.garbage[:0]
	return nil
}

func (o *output) columns(m *Match) ([]arrow.Array, error) {
	var cols []arrow.Array
	add := func(arr arrow.Array, err error) error {
		if err == nil {
			cols = append(cols, arr)
		}
		return err
	}
	for _, c := range m.cfg.Leading {
		if err := add(m.cells.cols[c].gather(m.ctx.Alloc, o.base)); err != nil {
			return cols, err
		}
	}
	for i := range o.navs {
		if err := add(o.column(m, i)); err != nil {
			return cols, err
		}
	}
	for _, c := range m.cfg.Trailing {
		if err := add(m.cells.cols[c].gather(m.ctx.Alloc, o.base)); err != nil {
			return cols, err
		}
	}
	return cols, nil
}

// column makes the column of output i.
func (o *output) column(m *Match, i int) (arrow.Array, error) {
	n := &o.navs[i]
	switch n.Kind {
	case rowpattern.Aggregate:
		arr, err := o.aggs[i].results(m, len(o.base))
		if err != nil || !o.unmatched {
			return arr, err
		}
		defer arr.Release()
		take := make([]int32, len(o.base))
		for j, number := range o.numbers {
			take[j] = int32(j)
			if number == 0 {
				take[j] = -1
			}
		}
		return columns.TakeOrNull(m.ctx.Alloc, arr, take), nil
	case rowpattern.Classifier:
		return o.classifiers(m, o.values[i]), nil
	case rowpattern.MatchNumber:
		return o.matchNumbers(m.ctx.Alloc), nil
	case rowpattern.ProcTime:
		millis := make([]int64, len(o.base))
		for j := range millis {
			millis[j] = m.now
		}
		return windows.TimeColumn(m.ctx.Alloc, n.Type.Arrow(), millis), nil
	}
	return m.cells.cols[n.Column].gather(m.ctx.Alloc, o.values[i])
}

func (o *output) classifiers(m *Match, variables []int32) arrow.Array {
	b := array.NewStringBuilder(m.ctx.Alloc)
	defer b.Release()
	b.Reserve(len(variables))
	for _, v := range variables {
		if v < 0 {
			b.AppendNull()
			continue
		}
		b.Append(m.cfg.Variables[v])
	}
	return b.NewArray()
}

func (o *output) matchNumbers(alloc memory.Allocator) arrow.Array {
	b := array.NewInt64Builder(alloc)
	defer b.Release()
	b.Reserve(len(o.numbers))
	for _, n := range o.numbers {
		if n == 0 {
			b.AppendNull()
			continue
		}
		b.Append(n)
	}
	return b.NewArray()
}
