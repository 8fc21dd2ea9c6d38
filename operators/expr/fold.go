package expr

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// Fold evaluates an expression without inputs. ok is false when it can't or must
// not be evaluated ahead: it reads columns, is volatile, depends on the session's
// zone, is of a nested type, or fails (the error belongs to run time).
func (r *Registry) Fold(e rex.Expr) (v rex.Value, ok bool) {
	if e.Kind == rex.Literal {
		return e.Value, true
	}
	if e.Type.IsNested() || len(e.Inputs()) > 0 {
		return rex.Value{}, false
	}
	g := &graph{env: CompileEnv{Registry: r}, shared: map[string]*node{}}
	n, err := g.compile(e)
	if err != nil || n.konst == nil || e.Type.Kind == types.Null {
		return rex.Value{}, false
	}
	return constantValue(n.konst, e.Type)
}
