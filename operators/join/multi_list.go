package join

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/state"
)

// multiList lists the output rows of a Multi until there is a batch of them.
type multiList struct {
	multi *Multi
	out   op.Output
	kinds []stream.RowKind
	// of are the inputs' parts of the rows.
	of   []part
	subs [][]byte
	cols [][]arrow.Array
}

// part is what an input gives to a list of rows.
type part struct {
	// read tells that the output has columns of the input.
	read bool
	// entries are the rows of the state, each once where it is listed again and again.
	entries []state.Entry
	// at is, for each row listed, the entry, or the row of the batch in the input that
	// changed; or nobody.
	at []int32
	// gap tells that nobody is among at.
	gap bool
}

func (l *multiList) init(m *Multi) {
	l.multi, l.of, l.cols = m, make([]part, len(m.sides)), make([][]arrow.Array, len(m.sides))
	for _, c := range m.cfg.Columns {
		l.of[c.Input].read = true
	}
}

// start begins the list of a batch.
func (l *multiList) start(out op.Output) {
	l.out = out
	l.clear()
}

func (l *multiList) clear() {
	l.kinds = l.kinds[:0]
	for i := range l.of {
		p := &l.of[i]
		p.entries, p.at, p.gap = p.entries[:0], p.at[:0], false
	}
}

// take lists the current row of all inputs so many times.
func (l *multiList) take(times int64) error {
	for range times {
		l.kinds = append(l.kinds, l.multi.change.kind)
		for i := range l.of {
			if l.of[i].read {
				l.add(i)
			}
		}
		if len(l.kinds) >= l.multi.ctx.BatchRows {
			if err := l.emit(); err != nil {
				return err
			}
		}
	}
	return nil
}

// add lists an input's part of the current row.
func (l *multiList) add(input int) {
	p, c := &l.of[input], &l.multi.change
	switch {
	case !c.there[input]:
		p.at, p.gap = append(p.at, nobody), true
	case input == c.input:
		p.at = append(p.at, c.row)
	default:
		n := len(p.entries)
		if n == 0 || p.entries[n-1] != c.entries[input] {
			p.entries = append(p.entries, c.entries[input])
			n++
		}
		p.at = append(p.at, int32(n-1))
	}
}

// emit passes the listed rows on.
func (l *multiList) emit() error {
	n := len(l.kinds)
	if n == 0 {
		return nil
	}
	defer l.release()
	for i := range l.of {
		if !l.of[i].read {
			continue
		}
		var err error
		if l.cols[i], err = l.columns(i); err != nil {
			return err
		}
	}
	cols := make([]arrow.Array, len(l.multi.cfg.Columns))
	for i, c := range l.multi.cfg.Columns {
		cols[i] = l.gather(c)
	}
	batch := stream.Batch{Kinds: l.kinds}
	var kinds []stream.RowKind
	if !batch.AllInserts() {
		kinds = slices.Clone(l.kinds)
	}
	l.clear()
	return l.out.Emit(stream.NewBatch(l.multi.ctx.Output, cols, n, kinds))
}

func (l *multiList) release() {
	for i := range l.cols {
		columns.Release(l.cols[i])
		l.cols[i] = nil
	}
}

// columns are the rows that an input gives, each once.
func (l *multiList) columns(input int) ([]arrow.Array, error) {
	m, p := l.multi, &l.of[input]
	if input == m.change.input {
		return retainAll(m.rows.batch.Record.Columns()), nil
	}
	s := m.sides[input]
	return s.codec.DecodeFrom(m.ctx.Alloc, len(p.entries), func(from, to int) [][]byte {
		l.subs = s.table.Subs(p.entries[from:to], l.subs)
		return l.subs
	})
}

// gather is a column of the output.
func (l *multiList) gather(c MultiColumn) arrow.Array {
	p, col := &l.of[c.Input], l.cols[c.Input][c.Column]
	switch {
	case p.gap:
		return columns.TakeOrNull(l.multi.ctx.Alloc, col, p.at)
	case p.whole(col.Len()):
		col.Retain()
		return col
	}
	return columns.Take(l.multi.ctx.Alloc, col, p.at)
}

// whole reports whether the part is all n rows, each once, in order.
func (p *part) whole(n int) bool {
	if len(p.at) != n {
		return false
	}
	for i, row := range p.at {
		if int(row) != i {
			return false
		}
	}
	return true
}
