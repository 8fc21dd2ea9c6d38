package logical

import "github.com/thalweg/thalweg/internal/rex"

// Node is a relational operator with its inputs below it. The query is a DAG: a
// node that several others read is computed once.
type Node interface {
	// Inputs are the nodes read from, in order; the slice is not to be changed.
	Inputs() []Node
	// WithInputs makes the same operator over other inputs, whose columns must
	// mean the same.
	WithInputs(inputs []Node) Node
	// Props are the derived properties; they are not to be changed.
	Props() *Props
	// Kind is the operator's name, as printed.
	Kind() string
	// payload is plain data that tells the node apart from others of its kind over
	// the same inputs.
	payload() any
	// details is what the node prints after its kind.
	details() string
}

// Walk visits every node below and including the roots once, inputs first.
func Walk(roots []Node, visit func(Node)) {
	seen := map[Node]bool{}
	var walk func(Node)
	walk = func(n Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, in := range n.Inputs() {
			walk(in)
		}
		visit(n)
	}
	for _, root := range roots {
		walk(root)
	}
}

// Rewrite rebuilds the DAG bottom-up: f sees each node once, over its rewritten
// inputs, and gives the node to use instead. Nodes whose inputs did not change
// keep their identity.
func Rewrite(roots []Node, f func(Node) Node) []Node {
	return RewriteFrom(roots, func(n, _ Node) Node { return f(n) })
}

// RewriteFrom is Rewrite that tells f the node as it was, too, whose inputs are
// those of the old DAG.
func RewriteFrom(roots []Node, f func(n, was Node) Node) []Node {
	done := map[Node]Node{}
	var rewrite func(Node) Node
	rewrite = func(n Node) Node {
		if out, ok := done[n]; ok {
			return out
		}
		out := f(mapInputs(n, rewrite), n)
		done[n] = out
		return out
	}
	out := make([]Node, len(roots))
	for i, root := range roots {
		out[i] = rewrite(root)
	}
	return out
}

// mapInputs applies f to n's inputs and rebuilds n if one changed.
func mapInputs(n Node, f func(Node) Node) Node {
	inputs := n.Inputs()
	changed := false
	next := make([]Node, len(inputs))
	for i, in := range inputs {
		next[i] = f(in)
		changed = changed || next[i] != in
	}
	if !changed {
		return n
	}
	return n.WithInputs(next)
}

// Parents lists for each node the nodes that read it, once per reading input.
func Parents(roots []Node) map[Node][]Node {
	parents := map[Node][]Node{}
	Walk(roots, func(n Node) {
		for _, in := range n.Inputs() {
			parents[in] = append(parents[in], n)
		}
	})
	return parents
}

// MapExprs applies f to every expression of a node's own and rebuilds the node
// when one changed.
func MapExprs(n Node, f func(rex.Expr) rex.Expr) Node {
	changed := false
	apply := func(e rex.Expr) rex.Expr {
		out := f(e)
		changed = changed || !out.Equal(e)
		return out
	}
	var out Node
	switch n := n.(type) {
	case *Filter:
		out = NewFilter(n.input, apply(n.Predicate))
	case *Project:
		out = NewProject(n.input, rex.MapAll(n.Exprs, apply), n.Names)
	case *Correlate:
		spec := n.CorrelateSpec
		spec.Args = rex.MapAll(spec.Args, apply)
		out = NewCorrelate(n.input, spec)
	case *Watermark:
		s := n.WatermarkSpec
		s.Expr = apply(s.Expr)
		out = NewWatermark(n.input, s)
	case *Values:
		rows := make([][]rex.Expr, len(n.Rows))
		for i, row := range n.Rows {
			rows[i] = rex.MapAll(row, apply)
		}
		out = NewValues(n.props.Schema, rows)
	case *Join:
		spec := n.JoinSpec
		if spec.Condition != nil {
			condition := apply(*spec.Condition)
			spec.Condition = &condition
		}
		joined := NewJoin(n.left, n.right, spec)
		if n.interval != nil && joined.interval == nil {
			// Such as a condition that became FALSE: without its bounds in time the
			// join would change its rows and lose its time attributes.
			return n
		}
		out = joined
	case *TemporalJoin:
		spec := n.TemporalJoinSpec
		if spec.Condition != nil {
			condition := apply(*spec.Condition)
			spec.Condition = &condition
		}
		out = NewTemporalJoin(n.left, n.right, spec)
	}
	if !changed {
		return n
	}
	return out
}
