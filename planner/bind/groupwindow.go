package bind

import (
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// isGroupWindow reports Flink's older window functions of GROUP BY.
func isGroupWindow(call *sql.Call) bool {
	_, ok := windowFunctionOf(functionName(call))
	return ok
}

// groupWindow lowers GROUP BY TUMBLE(time, size) to the windowing table function
// and its bounds as keys.
func (a *aggregation) groupWindow(call *sql.Call) error {
	f, _ := windowFunctionOf(functionName(call))
	if f.kind != logical.Tumble && f.kind != logical.Hop {
		return unsupported(call, "the group window %s", f.kind)
	}
	if len(a.windows) > 0 {
		return errs.Userf("GROUP BY can have one group window").At(call.Pos())
	}
	params := f.params[1 : len(f.params)-1]
	if len(call.Args) != len(params) {
		return errs.Userf("the group window %s takes %s", f.kind, list(params)).At(call.Pos())
	}
	args := map[string]sql.Expr{}
	for i, p := range params {
		args[p] = call.Args[i]
	}
	ref, ok := args["TIMECOL"].(*sql.ColumnRef)
	if !ok {
		return errs.Userf("the group window %s needs a time attribute", f.kind).At(call.Args[0].Pos())
	}
	descriptor := &sql.Descriptor{Place: ref.Place, Columns: []sql.Name{ref.Name}}
	args["TIMECOL"] = descriptor
	sb := a.sb
	w, err := sb.b.window(f, call, args, &relation{node: sb.node, scope: sb.scope})
	if err != nil {
		return err
	}
	width := len(sb.node.Props().Schema)
	sb.node = logical.NewWindowTVF(sb.node, w, call.Pos())
	schema := sb.node.Props().Schema
	first := len(a.keys)
	for i := range 3 {
		a.keys = append(a.keys, rex.Col(width+i, schema[width+i].Type))
	}
	a.windowCalls(f, call, first)
	return nil
}

// windowCalls finds TUMBLE_START and its kin in the clauses above.
func (a *aggregation) windowCalls(f windowFunction, window *sql.Call, first int) {
	a.windows[window] = first
	suffixes := map[string]int{"_START": 0, "_END": 1, "_ROWTIME": 2, "_PROCTIME": 2}
	for _, e := range a.sb.outputs() {
		walkCalls(e, func(c *sql.Call) bool {
			rest, ok := strings.CutPrefix(functionName(c), f.kind.String())
			if !ok {
				return true
			}
			if bound, ok := suffixes[rest]; ok {
				a.windows[c] = first + bound
			}
			return true
		})
	}
}
