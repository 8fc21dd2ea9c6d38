package unnest

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
)

// lifter lifts the columns of one relation out of a sub-query.
type lifter struct {
	relation int
	outer    logical.Node
	span     errs.Span
	done     map[logical.Node]lifted
	known    map[logical.Node]bool
}

// lifted stands for a node N of the sub-query: for a row of the relation N has the
// rows of node that satisfy preds, and in them the columns.
type lifted struct {
	// node reads no column of the relation.
	node logical.Node
	// columns are N's, over node's columns and the relation's.
	columns []rex.Expr
	// preds are over node's columns and the relation's.
	preds []rex.Expr
	// single tells that N has one row exactly: without a row of node it is the one
	// that columns give for NULLs.
	single bool
}

// isOuter reports a column of the relation.
func (l *lifter) isOuter(e rex.Expr) bool {
	return e.Kind == rex.Outer && e.Value.Int == int64(l.relation)
}

// holds reports whether e holds a column of the relation.
func (l *lifter) holds(e rex.Expr) bool { return len(l.refs(e)) > 0 }

// refs lists the columns of the relation that are in the expressions, in order.
func (l *lifter) refs(exprs ...rex.Expr) []int {
	var out []int
	for _, e := range exprs {
		e.Walk(func(x rex.Expr) bool {
			if l.isOuter(x) && !slices.Contains(out, x.Index) {
				out = append(out, x.Index)
			}
			return true
		})
	}
	slices.Sort(out)
	return out
}

// reads reports whether n or a node below it reads the relation.
func (l *lifter) reads(n logical.Node) bool {
	if r, ok := l.known[n]; ok {
		return r
	}
	found := false
	logical.MapExprs(n, func(e rex.Expr) rex.Expr {
		found = found || l.holds(e)
		return e
	})
	for _, in := range n.Inputs() {
		found = l.reads(in) || found
	}
	l.known[n] = found
	return found
}

// lift lifts n, once.
func (l *lifter) lift(n logical.Node) (lifted, error) {
	if !l.reads(n) {
		return lifted{node: n, columns: logical.AllCols(n.Props().Schema)}, nil
	}
	if q, ok := l.done[n]; ok {
		return q, nil
	}
	q, err := l.node(n)
	if err == nil {
		l.done[n] = q
	}
	return q, err
}

// rows is lift where the row of nothing must be there.
func (l *lifter) rows(n logical.Node) (lifted, error) {
	q, err := l.lift(n)
	if err == nil && q.single {
		q = l.whole(q)
	}
	return q, err
}

func (l *lifter) node(n logical.Node) (lifted, error) {
	switch n := n.(type) {
	case *logical.Filter:
		return l.filter(n)
	case *logical.Project:
		return l.project(n)
	case *logical.Join:
		return l.join(n)
	case *logical.Aggregate:
		return l.aggregate(n)
	case *logical.Union:
		return l.union(n)
	case *logical.Values:
		return l.values(n)
	case *logical.Correlate:
		return l.correlate(n)
	case *logical.TopN:
		return l.topN(n)
	case *logical.Limit:
		return l.limit(n)
	case *logical.Over:
		return l.over(n)
	case *logical.WindowTVF:
		return l.window(n)
	}
	return lifted{}, errs.Unsupportedf("a sub-query in which %s works on rows chosen by columns of the query around is not supported", n.Kind()).At(l.span).
		WithHint("join the tables first, and work on the result")
}

func (l *lifter) filter(n *logical.Filter) (lifted, error) {
	q, err := l.rows(n.Inputs()[0])
	if err != nil {
		return q, err
	}
	return l.keep(q, logical.Conjuncts(logical.Substitute(n.Predicate, q.columns))), nil
}

// keep adds conditions over q's node and the relation.
func (l *lifter) keep(q lifted, terms []rex.Expr) lifted {
	preds := slices.Clone(q.preds)
	var inner []rex.Expr
	for _, t := range terms {
		if l.holds(t) {
			preds = append(preds, t)
		} else {
			inner = append(inner, t)
		}
	}
	return lifted{node: logical.FilterBy(q.node, inner), columns: q.columns, preds: preds}
}

func (l *lifter) project(n *logical.Project) (lifted, error) {
	q, err := l.lift(n.Inputs()[0])
	if err != nil {
		return q, err
	}
	out := lifted{node: q.node, preds: q.preds, single: q.single, columns: make([]rex.Expr, len(n.Exprs))}
	for i, e := range n.Exprs {
		out.columns[i] = logical.Substitute(e, q.columns)
	}
	if !q.single {
		out.node, out.columns = l.compute(q.node, out.columns)
	}
	return out, nil
}

// compute has expressions that don't need the relation computed as columns.
func (l *lifter) compute(node logical.Node, exprs []rex.Expr) (logical.Node, []rex.Expr) {
	schema := node.Props().Schema
	all, names, out := logical.AllCols(schema), schema.Names(), slices.Clone(exprs)
	for i, e := range exprs {
		if e.Kind == rex.Input || e.Kind == rex.Literal || l.holds(e) {
			continue
		}
		out[i] = rex.Col(len(all), e.Type)
		all, names = append(all, e), append(names, "$"+itoa(len(all)))
	}
	if len(all) == len(schema) {
		return node, exprs
	}
	return logical.NewProject(node, all, names), out
}

// values turns rows that hold columns of the relation into expressions over one row.
func (l *lifter) values(n *logical.Values) (lifted, error) {
	schema := types.Schema{{Name: "$zero", Type: types.Of(types.Int).NotNull()}}
	one := logical.NewValues(schema, [][]rex.Expr{{rex.Lit(schema[0].Type, rex.Value{})}})
	if len(n.Rows) == 1 {
		return lifted{node: one, columns: n.Rows[0]}, nil
	}
	branches := make([]lifted, len(n.Rows))
	for i, row := range n.Rows {
		branches[i] = lifted{node: one, columns: row}
	}
	return l.unionOf(branches, n.Props().Schema.Names()), nil
}

// correlate calls the table function for rows of the domain when its arguments need
// the relation.
func (l *lifter) correlate(n *logical.Correlate) (lifted, error) {
	q, err := l.rows(n.Inputs()[0])
	if err != nil {
		return q, err
	}
	spec := n.CorrelateSpec
	spec.Args = make([]rex.Expr, len(n.Args))
	for i, a := range n.Args {
		spec.Args[i] = logical.Substitute(a, q.columns)
	}
	if need := l.refs(spec.Args...); len(need) > 0 {
		s, replace := l.bind(q, need)
		q = s.lifted()
		for i, a := range n.Args {
			spec.Args[i] = replace(logical.Substitute(a, q.columns))
		}
	}
	width := len(q.node.Props().Schema)
	spec.Keep = logical.Range(0, width)
	out := lifted{node: logical.NewCorrelate(q.node, spec), preds: q.preds}
	for _, c := range n.Keep {
		out.columns = append(out.columns, q.columns[c])
	}
	schema := out.node.Props().Schema
	return lifted{node: out.node, preds: out.preds, columns: append(out.columns, logical.Cols(schema, logical.Range(width, len(schema)))...)}, nil
}
