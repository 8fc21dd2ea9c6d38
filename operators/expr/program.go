package expr

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// CompileEnv is what compiling needs besides the expression.
type CompileEnv struct {
	// Registry holds the functions; required.
	Registry *Registry
	// InputNames are the names of the input columns for messages; may be short.
	InputNames []string
	// Label names the operator in errors, such as `Calc[2]`; may be empty.
	Label string
}

// EvalContext is what evaluation takes from outside. One context may serve many
// programs of one goroutine.
type EvalContext struct {
	// Context ends when evaluation is to stop; nil never does. Functions that wait
	// for something outside give up then.
	Context context.Context
	// Alloc is the allocator of results and intermediate values; required.
	Alloc memory.Allocator
	// NowMillis is the processing time in epoch milliseconds.
	NowMillis int64
	// WatermarkMillis is the current watermark in epoch milliseconds;
	// stream.NoWatermark makes CURRENT_WATERMARK NULL.
	WatermarkMillis int64
	// Zone is the session's time zone; nil is UTC.
	Zone *time.Location
	// Random feeds RAND and UUID; nil is the process' own source.
	Random rand.Source
}

// NewEvalContext makes the context of an operator that evaluates before any watermark
// has come.
func NewEvalContext(ctx context.Context, alloc memory.Allocator, zone *time.Location) EvalContext {
	return EvalContext{Context: ctx, Alloc: alloc, Zone: zone, WatermarkMillis: int64(stream.NoWatermark)}
}

func (c *EvalContext) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// Program is a compiled expression. It keeps scratch memory: calls must not
// overlap. It needs no Close.
type Program struct {
	graph *graph
	root  *node
}

// Compile compiles e. The casts that the binder promised are in e already: every
// argument of a call has a type the function's Resolve asked for.
func Compile(e rex.Expr, env CompileEnv) (*Program, error) {
	p, err := CompileProject([]rex.Expr{e}, env)
	if err != nil {
		return nil, err
	}
	return &Program{graph: p.graph, root: p.roots[0]}, nil
}

// Type is the type of the result.
func (p *Program) Type() types.Type { return p.root.typ }

// Eval evaluates the expression over batch, which is borrowed, and returns an
// owned array of batch.Rows() values. Errors are of class user when the data is
// at fault (a cast, a division by zero).
func (p *Program) Eval(ctx *EvalContext, batch stream.Batch) (arrow.Array, error) {
	f := p.graph.open(ctx, batch)
	defer f.close()
	return f.result(p.root)
}

// Projection is a list of expressions compiled together, so that common
// sub-expressions are evaluated once. The rules of [Program] hold.
type Projection struct {
	graph *graph
	roots []*node
}

// CompileProject compiles a list of expressions over one input.
func CompileProject(exprs []rex.Expr, env CompileEnv) (*Projection, error) {
	if env.Registry == nil {
		return nil, errs.Bugf("expr: CompileEnv without Registry")
	}
	g := &graph{env: env, shared: map[string]*node{}}
	p := &Projection{graph: g, roots: make([]*node, len(exprs))}
	for i, e := range exprs {
		root, err := g.compile(e)
		if err != nil {
			return nil, g.wrap(err)
		}
		p.roots[i] = root
	}
	return p, nil
}

// Eval evaluates all expressions over batch and returns one owned array of
// batch.Rows() values for each. After an error nothing is owned.
func (p *Projection) Eval(ctx *EvalContext, batch stream.Batch) ([]arrow.Array, error) {
	f := p.graph.open(ctx, batch)
	defer f.close()
	out := make([]arrow.Array, 0, len(p.roots))
	for _, root := range p.roots {
		arr, err := f.result(root)
		if err != nil {
			columns.Release(out)
			return nil, err
		}
		out = append(out, arr)
	}
	return out, nil
}
