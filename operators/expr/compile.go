package expr

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// nodeOp tells nodes without a value of their own from the rest.
type nodeOp uint8

const (
	opCompute nodeOp = iota
	opInput
)

// node is one distinct sub-expression.
type node struct {
	op    nodeOp
	id    int
	index int
	typ   types.Type
	// expr is the sub-expression with constants folded.
	expr  rex.Expr
	label string
	// konst is the one-row value of a constant.
	konst arrow.Array
	args  []*node
	// scratch holds the arguments while the kernel runs.
	scratch []Vector
	kernel  Kernel
	run     func(f *frame, n *node) (Vector, error)
	// rows is the scratch memory of a CASE.
	rows *caseRows
	// lazy says that the node or one below it may fail or is costly; perRow that
	// it has a value of its own for each row though its arguments may be
	// constant; volatile that it must not be folded or shared; zoned that it
	// depends on the session's zone.
	lazy, perRow, volatile, zoned bool
}

// graph is the compiled form of one or more expressions, with the frames that
// evaluate them.
type graph struct {
	env    CompileEnv
	shared map[string]*node
	nodes  int
	inputs int
	free   []*frame
}

func (g *graph) wrap(err error) error {
	if g.env.Label == "" {
		return err
	}
	return errs.Wrap(errs.Bug, err, "%s", g.env.Label)
}

// compile turns e into a node, the same one for equal expressions.
func (g *graph) compile(e rex.Expr) (*node, error) {
	switch e.Kind {
	case rex.Input:
		return g.input(e), nil
	case rex.Literal:
		return g.literal(e)
	case rex.Call:
		return g.call(e)
	case rex.Field:
		return g.field(e)
	case rex.Cast, rex.TryCast:
		return g.cast(e)
	case rex.Case:
		return g.caseOf(e)
	}
	return nil, errs.Bugf("expr: unknown expression form %s", e.Kind)
}

func (g *graph) input(e rex.Expr) *node {
	g.inputs = max(g.inputs, e.Index+1)
	return g.share(&node{op: opInput, index: e.Index, typ: e.Type, expr: e})
}

// share gives n an identity, or returns the equal node that exists already.
func (g *graph) share(n *node) *node {
	if n.label == "" {
		n.label = n.expr.Format(g.env.InputNames)
	}
	var key strings.Builder
	fmt.Fprintf(&key, "%d|%s|%d|%q|%v|", n.expr.Kind, n.typ, n.expr.Index, n.expr.Name, n.expr.Value)
	for _, a := range n.args {
		fmt.Fprintf(&key, "%d,", a.id)
		n.lazy, n.zoned, n.volatile = n.lazy || a.lazy, n.zoned || a.zoned, n.volatile || a.volatile
	}
	if !n.volatile {
		if same, ok := g.shared[key.String()]; ok {
			return same
		}
		g.shared[key.String()] = n
	}
	n.id = g.nodes
	g.nodes++
	n.scratch = make([]Vector, len(n.args))
	return n
}

func (g *graph) literal(e rex.Expr) (*node, error) {
	arr, err := constantArray(e.Type, e.Value)
	if err != nil {
		return nil, err
	}
	return g.share(&node{konst: arr, typ: e.Type, expr: e}), nil
}

func (g *graph) compileAll(exprs []rex.Expr) ([]*node, error) {
	nodes := make([]*node, len(exprs))
	for i, e := range exprs {
		n, err := g.compile(e)
		if err != nil {
			return nil, err
		}
		nodes[i] = n
	}
	return nodes, nil
}

// call compiles a call of a registered function, or one of the forms that are
// rewritten or evaluated lazily.
func (g *graph) call(e rex.Expr) (*node, error) {
	if n, ok, err := g.special(e); ok {
		return n, err
	}
	function, ok := g.env.Registry.Function(e.Name)
	if !ok {
		return nil, errs.Bugf("expr: no kernel for function %s", e.Name)
	}
	args, err := g.compileAll(e.Args)
	if err != nil {
		return nil, err
	}
	n := &node{typ: e.Type, args: args, expr: foldedCall(e, args), run: runCall, perRow: function.PerRow,
		volatile: function.Volatile, zoned: function.UsesZone}
	n.label = n.expr.Format(g.env.InputNames)
	c := &Call{Name: function.Name, Args: n.expr.Args, Type: e.Type, Label: n.label}
	if n.kernel, err = function.Bind(c); err != nil {
		return nil, err
	}
	n.zoned = n.zoned || c.Zoned
	n.lazy = function.Costly || function.Fallible && !c.Safe
	return g.fold(g.share(n)), nil
}

// foldedCall is e with its arguments' folded forms.
func foldedCall(e rex.Expr, args []*node) rex.Expr {
	e.Args = make([]rex.Expr, len(args))
	for i, a := range args {
		e.Args[i] = a.expr
	}
	return e
}

// fold evaluates n now if it is constant. One that fails stays as it is: its
// error belongs to run time, and only if a row asks for it.
func (g *graph) fold(n *node) *node {
	if n.konst != nil || n.volatile || n.zoned || n.run == nil {
		return n
	}
	for _, a := range n.args {
		if a.konst == nil {
			return n
		}
	}
	f := &frame{graph: g, ctx: &EvalContext{Alloc: memory.DefaultAllocator}, rows: 1, memo: make([]Vector, g.nodes)}
	v, err := f.eval(n)
	if err != nil {
		return n
	}
	n.konst = v.Array
	n.lazy = false
	if value, ok := constantValue(v.Array, n.typ); ok {
		n.expr = rex.Lit(n.typ, value)
	}
	return n
}

func (g *graph) field(e rex.Expr) (*node, error) {
	row, err := g.compile(e.Args[0])
	if err != nil {
		return nil, err
	}
	index := e.Args[0].Type.FieldIndex(e.Name)
	if index < 0 {
		return nil, errs.Bugf("expr: %s has no field %s", e.Args[0].Type, e.Name)
	}
	n := &node{typ: e.Type, args: []*node{row}, expr: foldedCall(e, []*node{row}), run: runCall, kernel: fieldKernel(index)}
	return g.fold(g.share(n)), nil
}
