package lookupjoin

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// pairs are left and right rows that come out together; right is -1 for padding.
type pairs struct {
	left, right []int32
	// starts[k] is where the rows of key k begin in rows.
	starts   []int32
	rows     []int32
	selected []int32
	passed   []bool
}

func (p *pairs) add(left, right int32) {
	p.left, p.right = append(p.left, left), append(p.right, right)
}

// answer emits the rows of an answered question and releases it.
func (j *Join) answer(q *question, out op.Output) error {
	defer q.release()
	if q.err != nil {
		return q.err
	}
	if err := j.complete(q); err != nil {
		return err
	}
	right, err := j.calc(q)
	if err != nil {
		return err
	}
	defer right.Release()
	p := &j.pairs
	p.group(q.of, q.count)
	if j.condition == nil {
		return j.emitPairs(q, right, nil, out)
	}
	passed, err := j.check(q, right)
	if err != nil {
		return err
	}
	return j.emitPairs(q, right, passed, out)
}

// complete adds what was cached to what was asked for, and caches that.
func (j *Join) complete(q *question) error {
	if q.cached == nil {
		return nil
	}
	for i, k := range q.of {
		q.of[i] = q.missing[k]
	}
	j.keepAnswers(q)
	var known [][]byte
	for k, e := range q.cached {
		if e == nil {
			continue
		}
		for _, row := range e.rows {
			known = append(known, row)
			q.of = append(q.of, int32(k))
		}
	}
	if len(known) == 0 {
		return nil
	}
	cols, err := j.codec.Decode(j.ctx.Alloc, known)
	if err != nil {
		return err
	}
	cached := stream.NewBatch(j.schema, cols, len(known), nil)
	defer cached.Release()
	q.rows, err = j.joinRows(q.rows, cached)
	return err
}

// keepAnswers caches what was asked for.
func (j *Join) keepAnswers(q *question) {
	answers := make([][][]byte, q.count)
	for i, k := range q.of {
		answers[k] = append(answers[k], j.codec.Append(nil, q.rows.Record.Columns(), i))
	}
	for _, k := range q.missing {
		j.cache.put(q.encoded[k], answers[k], j.nowMillis)
	}
}

// calc filters and projects the rows asked for; q.of then tells the keys of those left.
func (j *Join) calc(q *question) (stream.Batch, error) {
	rows := q.rows
	if rows.Rows() == 0 {
		return stream.Batch{}, nil
	}
	rows = rows.Retain()
	if j.filter != nil {
		selected, all, err := j.filter.Select(&j.eval, rows, j.pairs.selected[:0])
		j.pairs.selected = selected
		if err != nil {
			rows.Release()
			return stream.Batch{}, err
		}
		if !all {
			kept := columns.TakeRows(j.ctx.Alloc, rows, selected)
			rows.Release()
			rows = kept
			for i, row := range selected {
				q.of[i] = q.of[row]
			}
			q.of = q.of[:len(selected)]
		}
	}
	if j.projection == nil || rows.Rows() == 0 {
		return rows, nil
	}
	defer rows.Release()
	cols, err := j.projection.Eval(&j.eval, rows)
	if err != nil {
		return stream.Batch{}, err
	}
	return stream.NewBatch(j.right, cols, rows.Rows(), nil), nil
}

// group lists the rows by their keys, in order.
func (p *pairs) group(of []int32, keys int) {
	p.starts = append(p.starts[:0], make([]int32, keys+1)...)
	for _, k := range of {
		p.starts[k+1]++
	}
	for k := range keys {
		p.starts[k+1] += p.starts[k]
	}
	p.rows = slices.Grow(p.rows[:0], len(of))[:len(of)]
	next := slices.Clone(p.starts)
	for row, k := range of {
		p.rows[next[k]] = int32(row)
		next[k]++
	}
}

// of lists the rows of a key; none for NULL.
func (p *pairs) of(key int32) []int32 {
	if key < 0 {
		return nil
	}
	return p.rows[p.starts[key]:p.starts[key+1]]
}

// check tells of each candidate pair, in order, whether it passes the condition.
func (j *Join) check(q *question, right stream.Batch) ([]bool, error) {
	p := &j.pairs
	p.passed, p.left, p.right = p.passed[:0], p.left[:0], p.right[:0]
	some := func() error {
		if len(p.left) == 0 {
			return nil
		}
		joined := j.gather(q.batch, right)
		defer joined.Release()
		selected, all, err := j.condition.Select(&j.eval, joined, p.selected[:0])
		p.selected = selected
		from := len(p.passed)
		for range p.left {
			p.passed = append(p.passed, all)
		}
		for _, i := range selected {
			p.passed[from+int(i)] = true
		}
		p.left, p.right = p.left[:0], p.right[:0]
		return err
	}
	for i, key := range q.keyOf {
		for _, row := range p.of(key) {
			if p.add(int32(i), row); len(p.left) >= j.ctx.BatchRows {
				if err := some(); err != nil {
					return nil, err
				}
			}
		}
	}
	return p.passed, some()
}

// emitPairs emits the candidates that passed, all when passed is nil, and the padded
// rows.
func (j *Join) emitPairs(q *question, right stream.Batch, passed []bool, out op.Output) error {
	p := &j.pairs
	p.left, p.right = p.left[:0], p.right[:0]
	emit := func() error {
		if len(p.left) == 0 {
			return nil
		}
		joined := j.gather(q.batch, right)
		p.left, p.right = p.left[:0], p.right[:0]
		return out.Emit(joined)
	}
	candidate := 0
	for i, key := range q.keyOf {
		lonely := true
		for _, row := range p.of(key) {
			candidate++
			if passed != nil && !passed[candidate-1] {
				continue
			}
			lonely = false
			if p.add(int32(i), row); len(p.left) >= j.ctx.BatchRows {
				if err := emit(); err != nil {
					return err
				}
			}
		}
		if lonely && j.cfg.KeepsLeft {
			p.add(int32(i), -1)
		}
	}
	return emit()
}

// gather makes a batch of the pairs.
func (j *Join) gather(left, right stream.Batch) stream.Batch {
	p := &j.pairs
	own := left.Retain()
	if !isWhole(p.left, left.Rows()) {
		own.Release()
		own = columns.TakeRows(j.ctx.Alloc, left, p.left)
	}
	defer own.Release()
	cols := make([]arrow.Array, 0, j.ctx.Output.NumFields())
	for _, c := range own.Record.Columns() {
		c.Retain()
		cols = append(cols, c)
	}
	for i := range j.right.NumFields() {
		if right.Rows() == 0 {
			cols = append(cols, columns.Nulls(j.ctx.Alloc, j.right.Field(i).Type, len(p.left)))
			continue
		}
		cols = append(cols, columns.TakeOrNull(j.ctx.Alloc, right.Column(i), p.right))
	}
	return stream.NewBatch(j.ctx.Output, cols, len(p.left), own.Kinds)
}

// isWhole reports that rows are all n, in order.
func isWhole(rows []int32, n int) bool {
	if len(rows) != n {
		return false
	}
	for i, row := range rows {
		if int(row) != i {
			return false
		}
	}
	return true
}
