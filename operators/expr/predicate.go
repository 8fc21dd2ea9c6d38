package expr

import (
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// Predicate is a compiled BOOLEAN expression that selects rows. The rules of
// [Program] hold.
type Predicate struct {
	graph *graph
	root  *node
}

// CompilePredicate compiles a BOOLEAN expression into a filter.
func CompilePredicate(e rex.Expr, env CompileEnv) (*Predicate, error) {
	if e.Type.Kind != types.Boolean && e.Type.Kind != types.Null {
		return nil, errs.Userf("a condition must be BOOLEAN, not %s", e.Type)
	}
	p, err := Compile(e, env)
	if err != nil {
		return nil, err
	}
	return &Predicate{graph: p.graph, root: p.root}, nil
}

// CompileCondition compiles the condition of a join; nil for none.
func CompileCondition(e *rex.Expr, env CompileEnv) (*Predicate, error) {
	if e == nil {
		return nil, nil
	}
	return CompilePredicate(*e, env)
}

// Select appends to dst the numbers of the rows of batch for which the condition
// is TRUE, in order. When it is TRUE for every row, all is true and nothing is
// appended.
func (p *Predicate) Select(ctx *EvalContext, batch stream.Batch, dst []int32) (selected []int32, all bool, err error) {
	f := p.graph.open(ctx, batch)
	defer f.close()
	v, err := f.eval(p.root)
	if err != nil {
		return dst, false, err
	}
	if v.Const {
		return dst, isTrueConst(v), nil
	}
	mask, ok := v.Array.(*array.Boolean)
	if !ok {
		return dst, false, nil
	}
	before := len(dst)
	dst = columns.Selection(mask, dst)
	if len(dst)-before == f.rows {
		return dst[:before], true, nil
	}
	return dst, false, nil
}

func isTrueConst(v Vector) bool {
	mask, ok := v.Array.(*array.Boolean)
	return ok && mask.IsValid(0) && mask.Value(0)
}
