package join

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// emission lists output rows: a row of the batch and a pair whose partner stands
// beside it, either of which may be nobody. It also lends scratch memory to chunks.
type emission struct {
	join  *Join
	rows  []int32
	pairs []int32
	// kinds are empty when all are inserts, as they are unless mixed.
	kinds []stream.RowKind
	mixed bool
	// marks are the rows' marks in a MARK join.
	marks []bool
	// allPairs tells that the list is just all pairs in order; pairs are not listed
	// then.
	allPairs bool

	chunk    chunk
	subs     [][]byte
	selected []int32
	pass     []bool
}

func (m *emission) init(j *Join) { m.join = j }

// reset begins a list; mixed tells that not all of its rows need be inserts.
func (m *emission) reset(mixed bool) {
	m.rows, m.pairs, m.kinds, m.marks, m.allPairs = m.rows[:0], m.pairs[:0], m.kinds[:0], m.marks[:0], false
	m.mixed = mixed
}

func (m *emission) addMarked(row, pair int32, kind stream.RowKind, mark bool) {
	m.add(row, pair, kind)
	m.marks = append(m.marks, mark)
}

func (m *emission) add(row, pair int32, kind stream.RowKind) {
	m.rows = append(m.rows, row)
	m.pairs = append(m.pairs, pair)
	if m.mixed {
		m.kinds = append(m.kinds, kind)
	}
}

func (m *emission) addTimes(times int64, row, pair int32, kind stream.RowKind) {
	for range times {
		m.add(row, pair, kind)
	}
}

// addPairs adds all pairs of a probe.
func (m *emission) addPairs(p *probe) {
	m.rows, m.allPairs = append(m.rows, p.rows...), true
	if p.batch.Kinds == nil {
		return
	}
	for _, row := range p.rows {
		m.kinds = append(m.kinds, m.join.kindOf(p.batch.Kinds[row]))
	}
}

// emit builds the listed rows and passes them on.
func (m *emission) emit(c *chunk, out op.Output) error {
	j := m.join
	n := len(m.rows)
	if n == 0 {
		return nil
	}
	input, other := m.inputSide(c), m.otherSide(c)
	left, right := input, other
	if c.probe.input == 1 {
		left, right = other, input
	}
	cols := left
	if !j.cfg.Kind.leftOnly() {
		cols = append(append(make([]arrow.Array, 0, len(left)+len(right)), left...), right...)
	}
	if j.cfg.Kind == Mark {
		cols = append(cols, m.markColumn())
	}
	batch := stream.Batch{Kinds: m.kinds}
	if batch.AllInserts() {
		batch.Kinds = nil
	}
	return out.Emit(stream.NewBatch(j.ctx.Output, cols, n, slices.Clone(batch.Kinds)))
}

// markColumn gives the marks as a column.
func (m *emission) markColumn() arrow.Array {
	b := array.NewBooleanBuilder(m.join.ctx.Alloc)
	defer b.Release()
	b.AppendValues(m.marks, nil)
	return b.NewArray()
}

// inputSide gives the columns of the batch's side; none when the output has none.
func (m *emission) inputSide(c *chunk) []arrow.Array {
	if m.join.cfg.Kind.leftOnly() && c.probe.input == 1 {
		return nil
	}
	if m.allPairs && c.input != nil {
		return retainAll(c.input)
	}
	if m.wholeInput(c) {
		return retainAll(c.probe.batch.Record.Columns())
	}
	out := make([]arrow.Array, c.probe.batch.Record.NumCols())
	for i := range out {
		out[i] = columns.TakeOrNull(m.join.ctx.Alloc, c.probe.batch.Column(i), m.rows)
	}
	return out
}

// wholeInput reports whether the list has each row of the batch once, in order: then
// its columns serve as they are.
func (m *emission) wholeInput(c *chunk) bool {
	if len(m.rows) != c.probe.batch.Rows() {
		return false
	}
	for i, row := range m.rows {
		if int(row) != i {
			return false
		}
	}
	return true
}

// otherSide gives the columns of the partners; none when the output has none.
func (m *emission) otherSide(c *chunk) []arrow.Array {
	if !m.join.needsOther() {
		return nil
	}
	if m.allPairs {
		return retainAll(c.other)
	}
	out := make([]arrow.Array, len(c.other))
	for i := range out {
		out[i] = columns.TakeOrNull(m.join.ctx.Alloc, c.other[i], m.pairs)
	}
	return out
}

func retainAll(cols []arrow.Array) []arrow.Array {
	for _, c := range cols {
		c.Retain()
	}
	return slices.Clone(cols)
}
