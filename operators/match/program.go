package match

import (
	"bytes"
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/internal/types"
)

// lane is how a program holds values.
type lane uint8

const (
	// laneInt holds whole numbers, times, intervals and truth values.
	laneInt lane = iota
	laneFloat
	laneBytes
)

// program evaluates an expression for one row at a time without allocating. It
// knows comparisons, AND, OR and NOT, tests for NULL and the arithmetic of numbers
// without DECIMAL; an expression with anything else has none.
type program struct {
	op   string
	lane lane
	args []*program
	// nav is the navigation of an input, column the cells that it reads; sum the
	// aggregate instead, or -1.
	nav, sum int
	column   *cellColumn
	kind     types.Kind
	// The value of a constant.
	null bool
	i    int64
	f    float64
	b    []byte
}

// Operators of their own; the others are called as in SQL.
const (
	opInput = "input"
	opConst = "const"
	opFloat = "float" // of a whole number
)

// columnProgram reads an input column; nil when its type has no lane.
func (m *Match) columnProgram(column int) *program {
	c := &m.cells.cols[column]
	p := &program{op: opInput, column: c, sum: -1}
	switch c.dt.ID() {
	case arrow.FLOAT32, arrow.FLOAT64:
		p.lane = laneFloat
	case arrow.STRING, arrow.BINARY:
		p.lane = laneBytes
	case arrow.DECIMAL128, arrow.NULL, arrow.FIXED_SIZE_BINARY:
		return nil
	default:
		if c.codec != nil || c.width == 0 || c.width > 8 {
			return nil
		}
	}
	return p
}

// translator makes programs of the expressions over navs.
type translator struct {
	m    *Match
	c    *conditions
	navs []rowpattern.Nav
}

// program translates e; nil when it has something that programs do not know.
func (t *translator) program(e rex.Expr) *program {
	switch e.Kind {
	case rex.Input:
		return t.input(e)
	case rex.Literal:
		return t.literal(e)
	case rex.Cast:
		return t.cast(e)
	case rex.Call:
		return t.call(e)
	}
	return nil
}

func (t *translator) input(e rex.Expr) *program {
	n := t.navs[e.Index]
	switch n.Kind {
	case rowpattern.Value:
		p := t.m.columnProgram(n.Column)
		if p != nil {
			p.nav = e.Index
		}
		return p
	case rowpattern.Aggregate:
		at := t.m.sumOf(t.c, n)
		if at < 0 {
			return nil
		}
		p := &program{op: opInput, sum: at}
		if t.c.sums[at].float {
			p.lane = laneFloat
		}
		return p
	}
	return nil
}

func (t *translator) literal(e rex.Expr) *program {
	p := &program{op: opConst, null: e.Value.Null, i: e.Value.Int, f: e.Value.Float, b: []byte(e.Value.Str)}
	switch {
	case e.Type.IsApproximate():
		p.lane = laneFloat
		if e.Type.Kind == types.Float {
			p.f = float64(float32(p.f))
		}
	case e.Type.IsString(), e.Type.IsBinary():
		p.lane = laneBytes
	case e.Type.Kind == types.Decimal, e.Type.Kind == types.Null, e.Type.IsNested():
		return nil
	}
	return p
}

// cast translates the casts that lose nothing.
func (t *translator) cast(e rex.Expr) *program {
	from, to := e.Args[0].Type, e.Type
	p := t.program(e.Args[0])
	switch {
	case p == nil:
	case from.IsInteger() && to.IsInteger() && from.Kind <= to.Kind:
		return p
	case from.IsApproximate() && to.Kind == types.Double:
		return p
	case from.IsInteger() && to.Kind == types.Double:
		return &program{op: opFloat, lane: laneFloat, args: []*program{p}}
	case from.IsString() && to.Kind == types.Varchar && to.Precision >= from.Precision && from.Kind == types.Varchar:
		return p
	}
	return nil
}

func (t *translator) call(e rex.Expr) *program {
	p := &program{op: e.Name, kind: e.Type.Kind}
	for _, a := range e.Args {
		arg := t.program(a)
		if arg == nil {
			return nil
		}
		p.args = append(p.args, arg)
	}
	switch e.Name {
	case "AND", "OR", "NOT", "IS NULL", "IS NOT NULL":
		return p
	case "=", "<>", "<", "<=", ">", ">=":
		if comparable(e.Args[0].Type, e.Args[1].Type) && p.args[0].lane == p.args[1].lane {
			return p
		}
	case "+", "-", "*":
		if e.Type.IsNumeric() && e.Args[0].Type.Same(e.Type) && e.Args[1].Type.Same(e.Type) {
			p.lane = p.args[0].lane
			return p
		}
	}
	return nil
}

// comparable reports whether values of two types compare as their lanes do.
func comparable(a, b types.Type) bool {
	switch {
	case a.IsInteger() && b.IsInteger(), a.IsApproximate() && b.IsApproximate(), a.IsBinary() && b.IsBinary():
		return true
	case a.Kind == types.Varchar && b.IsString(), a.IsString() && b.Kind == types.Varchar:
		return true
	}
	return a.Same(b) && (a.IsTemporal() || a.IsInterval() || a.Kind == types.Boolean || a.Kind == types.Char)
}

// env is what a program runs on: the cells of the navigations, and the aggregates.
type env struct {
	cells []int32
	specs []sumSpec
	sums  []sum
}

// ints evaluates an expression of laneInt.
func (p *program) ints(e *env) (v int64, null bool) {
	switch p.op {
	case opConst:
		return p.i, p.null
	case opInput:
		if p.sum >= 0 && p.column == nil {
			return e.specs[p.sum].ints(&e.sums[p.sum])
		}
		cell := e.cells[p.nav]
		if p.column.isNull(cell) {
			return 0, true
		}
		return p.column.intAt(cell), false
	case "AND", "OR":
		return p.logic(e)
	case "NOT":
		v, null = p.args[0].ints(e)
		return 1 - v, null
	case "IS NULL":
		return truth(p.args[0].isNull(e)), false
	case "IS NOT NULL":
		return truth(!p.args[0].isNull(e)), false
	case "+", "-", "*":
		return p.arithmetic(e)
	}
	return p.compare(e)
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (p *program) isNull(e *env) bool {
	var null bool
	switch p.lane {
	case laneFloat:
		_, null = p.floats(e)
	case laneBytes:
		_, null = p.text(e)
	default:
		_, null = p.ints(e)
	}
	return null
}

// logic is three-valued AND and OR.
func (p *program) logic(e *env) (int64, bool) {
	decisive := truth(p.op == "OR")
	left, leftNull := p.args[0].ints(e)
	if !leftNull && left == decisive {
		return left, false
	}
	right, rightNull := p.args[1].ints(e)
	if !rightNull && right == decisive {
		return right, false
	}
	return 1 - decisive, leftNull || rightNull
}

func (p *program) arithmetic(e *env) (int64, bool) {
	a, aNull := p.args[0].ints(e)
	b, bNull := p.args[1].ints(e)
	switch p.op {
	case "+":
		a += b
	case "-":
		a -= b
	default:
		a *= b
	}
	return narrow(p.kind, a), aNull || bNull
}

// compare evaluates a comparison.
func (p *program) compare(e *env) (int64, bool) {
	switch p.args[0].lane {
	case laneFloat:
		a, aNull := p.args[0].floats(e)
		b, bNull := p.args[1].floats(e)
		if math.IsNaN(a) || math.IsNaN(b) {
			return truth(p.op == "<>"), aNull || bNull
		}
		return p.ordered(order(a, b)), aNull || bNull
	case laneBytes:
		a, aNull := p.args[0].text(e)
		b, bNull := p.args[1].text(e)
		return p.ordered(bytes.Compare(a, b)), aNull || bNull
	}
	a, aNull := p.args[0].ints(e)
	b, bNull := p.args[1].ints(e)
	return p.ordered(order(a, b)), aNull || bNull
}

func order[T int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (p *program) ordered(c int) int64 {
	switch p.op {
	case "=":
		return truth(c == 0)
	case "<>":
		return truth(c != 0)
	case "<":
		return truth(c < 0)
	case "<=":
		return truth(c <= 0)
	case ">":
		return truth(c > 0)
	}
	return truth(c >= 0)
}

// floats evaluates an expression of laneFloat.
func (p *program) floats(e *env) (v float64, null bool) {
	switch p.op {
	case opConst:
		return p.f, p.null
	case opFloat:
		i, null := p.args[0].ints(e)
		return float64(i), null
	case opInput:
		if p.column == nil {
			return e.specs[p.sum].floats(&e.sums[p.sum])
		}
		cell := e.cells[p.nav]
		if p.column.isNull(cell) {
			return 0, true
		}
		return p.column.floatAt(cell), false
	}
	a, aNull := p.args[0].floats(e)
	b, bNull := p.args[1].floats(e)
	switch p.op {
	case "+":
		a += b
	case "-":
		a -= b
	default:
		a *= b
	}
	if p.kind == types.Float {
		a = float64(float32(a))
	}
	return a, aNull || bNull
}

// text evaluates an expression of laneBytes.
func (p *program) text(e *env) (v []byte, null bool) {
	if p.op == opConst {
		return p.b, p.null
	}
	cell := e.cells[p.nav]
	if p.column.isNull(cell) {
		return nil, true
	}
	return p.column.bytes[cell], false
}

// intAt is a value of laneInt that is not NULL.
func (c *cellColumn) intAt(cell int32) int64 {
	switch c.width {
	case 8:
		return viewAs[int64](c.fixed)[cell]
	case 4:
		return int64(viewAs[int32](c.fixed)[cell])
	case 2:
		return int64(viewAs[int16](c.fixed)[cell])
	}
	return int64(int8(c.fixed[cell]))
}

// floatAt is a value of laneFloat that is not NULL.
func (c *cellColumn) floatAt(cell int32) float64 {
	if c.width == 4 {
		return float64(viewAs[float32](c.fixed)[cell])
	}
	return viewAs[float64](c.fixed)[cell]
}
