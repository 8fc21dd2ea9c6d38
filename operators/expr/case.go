package expr

import (
	"github.com/thalweg/thalweg/internal/rex"
)

// caseOf compiles CASE. Its arguments alternate condition and value, the ELSE is
// last.
func (g *graph) caseOf(e rex.Expr) (*node, error) {
	args := make([]*node, 0, len(e.Args))
	for i, a := range e.Args {
		isValue := i%2 == 1 || i == len(e.Args)-1
		if isValue && !interchangeable(a.Type, e.Type) {
			a = rex.Expr{Kind: rex.Cast, Type: e.Type.WithNullable(isNullable(a.Type)), Args: []rex.Expr{a}}
		}
		n, err := g.compile(a)
		if err != nil {
			return nil, err
		}
		args = append(args, n)
	}
	args = liveBranches(args)
	if len(args) == 1 {
		return args[0], nil
	}
	n := &node{typ: e.Type, args: args, expr: foldedCall(e, args), run: runCase}
	return g.fold(g.share(n)), nil
}

// liveBranches drops the branches whose condition is constant.
func liveBranches(args []*node) []*node {
	var out []*node
	for i := 0; i+1 < len(args); i += 2 {
		if args[i].konst == nil {
			out = append(out, args[i], args[i+1])
			continue
		}
		if isTrueConst(Vector{Array: args[i].konst, Const: true}) {
			return append(out, args[i+1])
		}
	}
	return append(out, args[len(args)-1])
}

// branch is the value of one branch: over all rows of the frame, one constant, or
// (dense) only over the rows that chose it. rows are those.
type branch struct {
	value Vector
	dense bool
	rows  []int32
	frame *frame
}

// runCase finds for each row the first branch whose condition is TRUE, evaluates
// the branches over the rows that need them, and merges.
func runCase(f *frame, n *node) (Vector, error) {
	branches, err := chooseBranches(f, n)
	if err != nil {
		return Vector{}, err
	}
	defer func() {
		for _, b := range branches {
			if b.frame != nil {
				b.frame.close()
			}
		}
	}()
	live := 0
	for i := range branches {
		if err := branches[i].eval(f, n.args[min(2*i+1, len(n.args)-1)]); err != nil {
			return Vector{}, err
		}
		if len(branches[i].rows) > 0 {
			live++
		}
	}
	if live == 1 {
		if v, ok := onlyBranch(branches); ok {
			return v, nil
		}
	}
	return Vector{Array: mergeBranches(f.ctx.Alloc, n.typ, branches, f.rows)}, nil
}

// onlyBranch is the result when all rows chose one branch.
func onlyBranch(branches []branch) (Vector, bool) {
	for _, b := range branches {
		if len(b.rows) > 0 {
			b.value.Array.Retain()
			return b.value, true
		}
	}
	return Vector{}, false
}

// caseRows is the memory that a CASE sorts its rows in, kept from batch to batch:
// the rows not yet taken, and behind one another the rows that each branch took.
type caseRows struct {
	left, taken []int32
}

// reset makes room for n rows, none of them taken.
func (r *caseRows) reset(n int) {
	if cap(r.left) < n {
		r.left, r.taken = make([]int32, n), make([]int32, 0, n)
	}
	r.left, r.taken = r.left[:n], r.taken[:0]
	for i := range r.left {
		r.left[i] = int32(i)
	}
}

// chooseBranches evaluates the conditions in order; a lazy one sees only the rows
// that no earlier one took.
func chooseBranches(f *frame, n *node) ([]branch, error) {
	if n.rows == nil {
		n.rows = &caseRows{}
	}
	n.rows.reset(f.rows)
	branches := make([]branch, len(n.args)/2+1)
	for i := 0; 2*i+1 < len(n.args) && len(n.rows.left) > 0; i++ {
		from := len(n.rows.taken)
		if err := n.rows.split(f, n.args[2*i]); err != nil {
			return nil, err
		}
		branches[i].rows = n.rows.taken[from:]
	}
	branches[len(branches)-1].rows = n.rows.left
	return branches, nil
}

// split moves the rows where the condition is TRUE from left to taken.
func (r *caseRows) split(f *frame, condition *node) error {
	g := f
	sub := condition.lazy && len(r.left) < f.rows
	if sub {
		g = f.sub(r.left)
		defer g.close()
	}
	v, err := g.eval(condition)
	if err != nil {
		return err
	}
	yes := truthOf(v, g.rows).yes
	rest := r.left[:0]
	for i, row := range r.left {
		at := int(row)
		if sub {
			at = i
		}
		if bitset(yes, at) {
			r.taken = append(r.taken, row)
		} else {
			rest = append(rest, row)
		}
	}
	r.left = rest
	return nil
}

// eval evaluates the branch's value. A lazy one is evaluated over its rows only,
// in a frame that lives until the merge is done.
func (b *branch) eval(f *frame, value *node) error {
	if len(b.rows) == 0 {
		return nil
	}
	from := f
	if value.lazy && len(b.rows) < f.rows {
		b.frame = f.sub(b.rows)
		b.dense = true
		from = b.frame
	}
	v, err := from.eval(value)
	b.value = v
	return err
}

// source is the position in the branch's array of its i-th row.
func (b *branch) source(i int) int {
	switch {
	case b.value.Const:
		return 0
	case b.dense:
		return i
	}
	return int(b.rows[i])
}
