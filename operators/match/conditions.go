package match

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// conditions are the DEFINE clause, sorted by how they are evaluated.
type conditions struct {
	// always are the variables, as bits, that take any row.
	always uint64
	// columns are the conditions that the planner made columns of.
	columns []bitColumn
	// batched are those that look at rows at a fixed distance, neighbours what they
	// look at.
	batched    *expr.Projection
	batchedBit []uint64
	neighbours []rowpattern.Nav
	fields     *arrow.Schema
	// dynamic are those evaluated row by row, by variable; nil for others.
	dynamic []*dynamic
	// first are the variables that may begin a match, when bits tell all of them and
	// no match is empty; otherwise 0.
	first uint64
	// memo tells that no condition looks back at mapped rows, so that failures can be
	// remembered, in words words a row.
	memo  bool
	words int

	tracks []uint64
	sums   []sumSpec

	rows  []int32
	cells []int32
}

type bitColumn struct {
	column int
	bit    uint64
}

func newConditions(m *Match) (*conditions, error) {
	c := &conditions{dynamic: make([]*dynamic, len(m.cfg.Variables)), memo: true, words: (len(m.auto.steps) + 63) / 64}
	var batched []rex.Expr
	for v, cond := range m.cfg.Conditions {
		bit := uint64(1) << v
		switch {
		case cond.Expr == nil:
			c.always |= bit
		case cond.Expr.Kind == rex.Input && cond.Navs[cond.Expr.Index].Current(v):
			c.columns = append(c.columns, bitColumn{column: cond.Navs[cond.Expr.Index].Column, bit: bit})
		case allPositional(cond.Navs, v):
			batched = append(batched, shifted(*cond.Expr, len(c.neighbours)))
			c.batchedBit = append(c.batchedBit, bit)
			c.neighbours = append(c.neighbours, cond.Navs...)
		default:
			d, err := newDynamic(m, c, cond)
			if err != nil {
				return nil, err
			}
			c.dynamic[v], c.memo = d, false
		}
	}
	c.firsts(m)
	if !c.memo {
		c.words = 0
	}
	if len(batched) == 0 {
		return c, nil
	}
	c.fields = navSchema(c.neighbours)
	var err error
	c.batched, err = expr.CompileProject(batched, expr.CompileEnv{Registry: m.cfg.Functions, Label: m.ctx.Label})
	return c, err
}

func allPositional(navs []rowpattern.Nav, v int) bool {
	for _, n := range navs {
		if !n.Positional(v) {
			return false
		}
	}
	return true
}

// shifted moves the columns of an expression up.
func shifted(e rex.Expr, delta int) rex.Expr {
	return e.Map(func(x rex.Expr) rex.Expr {
		if x.Kind == rex.Input {
			x.Index += delta
		}
		return x
	})
}

func navSchema(navs []rowpattern.Nav) *arrow.Schema {
	fields := make(types.Schema, len(navs))
	for i, n := range navs {
		fields[i] = types.Field{Name: "$nav", Type: n.Type.WithNullable(true)}
	}
	return fields.Arrow()
}

// firsts finds the variables that may begin a match.
func (c *conditions) firsts(m *Match) {
	for _, s := range m.auto.follow[0] {
		if s == accept || c.dynamic[m.auto.steps[s].variable] != nil {
			c.first = 0
			return
		}
		c.first |= 1 << m.auto.steps[s].variable
	}
}

// positional evaluates the batched conditions for the rows of partitions that have
// their neighbours by now.
func (c *conditions) positional(m *Match, parts []int32) error {
	if c.batched == nil {
		return nil
	}
	for _, id := range parts {
		p := &m.parts.list[id]
		for end := m.visible(p); p.seen < end; p.seen++ {
			c.rows = append(c.rows, p.rows[p.seen])
			for _, n := range c.neighbours {
				c.cells = append(c.cells, p.at(p.seen+n.Physical))
			}
		}
		if len(c.rows) >= m.ctx.BatchRows {
			if err := c.evaluate(m); err != nil {
				return err
			}
		}
	}
	return c.evaluate(m)
}

// at is the cell of a row, or -1 beyond the ends.
func (p *part) at(row int) int32 {
	if row < 0 || row >= len(p.rows) {
		return -1
	}
	return p.rows[row]
}

// evaluate evaluates the batched conditions over the rows collected.
func (c *conditions) evaluate(m *Match) error {
	n, width := len(c.rows), len(c.neighbours)
	if n == 0 {
		return nil
	}
	cols := make([]arrow.Array, width)
	cells := make([]int32, n)
	for j, nav := range c.neighbours {
		for i := range cells {
			cells[i] = c.cells[i*width+j]
		}
		var err error
		if cols[j], err = m.cells.cols[nav.Column].gather(m.ctx.Alloc, cells); err != nil {
			columns.Release(cols[:j])
			return err
		}
	}
	batch := stream.NewBatch(c.fields, cols, n, nil)
	defer batch.Release()
	results, err := c.batched.Eval(&m.cfg.Eval, batch)
	if err != nil {
		return err
	}
	defer columns.Release(results)
	for j, result := range results {
		mask, ok := result.(*array.Boolean)
		for i, cell := range c.rows {
			if ok && mask.IsValid(i) && mask.Value(i) {
				m.cells.bits[cell] |= c.batchedBit[j]
			}
		}
	}
	c.rows, c.cells = c.rows[:0], c.cells[:0]
	return nil
}

// trackOf numbers a set of variables whose first and last rows are followed.
func (c *conditions) trackOf(set uint64) int {
	if set == rowpattern.AllVariables {
		return -1
	}
	for i, s := range c.tracks {
		if s == set {
			return i
		}
	}
	c.tracks = append(c.tracks, set)
	return len(c.tracks) - 1
}

// derive brings what follows from the path up to its last row, at depth.
func (c *conditions) derive(m *Match, p *part, depth, variable int) {
	if n := 2 * len(c.tracks); n > 0 {
		p.tracks = p.tracks[:min(len(p.tracks), depth*n)]
		for i, set := range c.tracks {
			last, first := int32(-1), int32(-1)
			if depth > 0 {
				before := p.tracks[(depth-1)*n+2*i:]
				last, first = before[0], before[1]
			}
			if set>>variable&1 == 1 {
				last = int32(depth)
				if first < 0 {
					first = last
				}
			}
			p.tracks = append(p.tracks, last, first)
		}
	}
	if n := len(c.sums); n > 0 {
		p.sums = p.sums[:min(len(p.sums), depth*n)]
		for i := range c.sums {
			s := sum{}
			if depth > 0 {
				s = p.sums[(depth-1)*n+i]
			}
			if c.sums[i].set>>variable&1 == 1 {
				c.sums[i].add(&s, p.rows[p.start+depth])
			}
			p.sums = append(p.sums, s)
		}
	}
}

// nav is a navigation with the track that finds its row.
type nav struct {
	rowpattern.Nav
	track int
}

// nav makes a navigation, with the track it needs.
func (c *conditions) nav(n rowpattern.Nav) nav {
	out := nav{Nav: n, track: -1}
	if n.Kind == rowpattern.Value || n.Kind == rowpattern.Classifier {
		out.track = c.trackOf(n.Set)
	}
	return out
}

// depthOf is the place in the path of the row that n starts from, looking at rows
// up to depth at; -1 when there is none.
func (m *Match) depthOf(p *part, n *nav, at int) int {
	if n.track < 0 {
		d := at - n.Offset
		if n.First {
			d = n.Offset
		}
		if d < 0 || d > at {
			return -1
		}
		return d
	}
	if at < 0 {
		return -1
	}
	width := 2 * len(m.conds.tracks)
	if !n.First {
		d := int(p.tracks[at*width+2*n.track])
		for k := 0; k < n.Offset && d >= 0; k++ {
			if d--; d >= 0 {
				d = int(p.tracks[d*width+2*n.track])
			}
		}
		return d
	}
	d := int(p.tracks[at*width+2*n.track+1])
	for k := 0; k < n.Offset && d >= 0; k++ {
		for d++; d <= at && n.Set>>m.auto.steps[p.path[d]].variable&1 == 0; d++ {
		}
		if d > at {
			return -1
		}
	}
	return d
}

// cellOf is the cell that n leads to, or -1.
func (m *Match) cellOf(p *part, n *nav, at int) int32 {
	d := m.depthOf(p, n, at)
	if d < 0 {
		return -1
	}
	return p.at(p.start + d + n.Physical)
}
