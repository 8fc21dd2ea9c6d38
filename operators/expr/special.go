package expr

import (
	"github.com/thalweg/thalweg/internal/rex"
)

// special compiles the calls whose arguments are evaluated lazily; ok is false
// for all others.
func (g *graph) special(e rex.Expr) (n *node, ok bool, err error) {
	switch e.Name {
	case "AND", "OR":
		n, err = g.logic(e)
	case "IF":
		n, err = g.caseOf(rex.Expr{Kind: rex.Case, Type: e.Type, Args: e.Args})
	case "COALESCE", "IFNULL":
		n, err = g.caseOf(coalesceCase(e))
	case "NULLIF":
		n, err = g.nullIf(e)
	case "OVERLAPS":
		n, err = g.overlaps(e)
	default:
		return nil, false, nil
	}
	return n, true, err
}

// coalesceCase writes COALESCE(a, b, c) as CASE WHEN a IS NOT NULL THEN a ….
func coalesceCase(e rex.Expr) rex.Expr {
	out := rex.Expr{Kind: rex.Case, Type: e.Type}
	last := len(e.Args) - 1
	for i, a := range e.Args {
		if i == last || !isNullable(a.Type) {
			out.Args = append(out.Args, a)
			break
		}
		out.Args = append(out.Args, rex.CallOf("IS NOT NULL", rex.Bool(true).Type, a), a)
	}
	return out
}

// nullIf writes NULLIF(a, b) as CASE WHEN a = b THEN NULL ELSE a END.
func (g *graph) nullIf(e rex.Expr) (*node, error) {
	equal, err := resolveComparison("=")(e.Args)
	if err != nil {
		return nil, err
	}
	sides := make([]rex.Expr, 2)
	for i, a := range e.Args {
		sides[i] = a
		if !interchangeable(a.Type, equal.Args[i]) {
			sides[i] = rex.Expr{Kind: rex.Cast, Type: equal.Args[i], Args: []rex.Expr{a}}
		}
	}
	return g.caseOf(rex.Expr{Kind: rex.Case, Type: e.Type, Args: []rex.Expr{
		rex.CallOf("=", equal.Result, sides...), rex.NullOf(e.Type), e.Args[0]}})
}

// logic compiles AND and OR: eagerly when the right sides are cheap and cannot
// fail, else so that they see only the rows that the left leaves open.
func (g *graph) logic(e rex.Expr) (*node, error) {
	args, err := g.compileAll(e.Args)
	if err != nil {
		return nil, err
	}
	n := &node{typ: e.Type, args: args, expr: foldedCall(e, args), run: runCall, kernel: logicKernel(e.Name == "AND")}
	for _, a := range args[1:] {
		if a.lazy {
			n.run = runLogic
		}
	}
	return g.fold(g.share(n)), nil
}

// runLogic evaluates the arguments of AND or OR from left to right, each over the
// rows that are still undecided.
func runLogic(f *frame, n *node) (Vector, error) {
	conjunction := n.expr.Name == "AND"
	first, err := f.eval(n.args[0])
	if err != nil {
		return Vector{}, err
	}
	total := truthOf(first, f.rows)
	for _, a := range n.args[1:] {
		sel := total.open(conjunction, f.rows)
		if len(sel) == 0 {
			break
		}
		if !a.lazy || len(sel) == f.rows {
			v, err := f.eval(a)
			if err != nil {
				return Vector{}, err
			}
			total.merge(conjunction, truthOf(v, f.rows))
			continue
		}
		s := f.sub(sel)
		v, err := s.eval(a)
		if err == nil {
			total.scatter(conjunction, truthOf(v, len(sel)), sel)
		}
		s.close()
		if err != nil {
			return Vector{}, err
		}
	}
	return Vector{Array: total.array(f.ctx.Alloc, f.rows)}, nil
}

// open lists the rows whose result the next argument can still change.
func (t truth) open(conjunction bool, n int) []int32 {
	decided := t.yes
	if conjunction {
		decided = t.no
	}
	sel := make([]int32, 0, n)
	for i := range n {
		if !bitset(decided, i) {
			sel = append(sel, int32(i))
		}
	}
	return sel
}

func (t truth) merge(conjunction bool, o truth) {
	if conjunction {
		t.and(o)
	} else {
		t.or(o)
	}
}

// scatter merges row i of o into row sel[i] of t.
func (t truth) scatter(conjunction bool, o truth, sel []int32) {
	for i, row := range sel {
		yes, no := bitset(o.yes, i), bitset(o.no, i)
		at, mask := row>>3, byte(1)<<(row&7)
		switch {
		case conjunction && no:
			t.no[at] |= mask
			t.yes[at] &^= mask
		case conjunction && !yes:
			t.yes[at] &^= mask
		case !conjunction && yes:
			t.yes[at] |= mask
			t.no[at] &^= mask
		case !conjunction && !no:
			t.no[at] &^= mask
		}
	}
}
