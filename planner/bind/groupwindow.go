package bind

import (
	"slices"
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

// groupWindow is the window of a GROUP BY: one is allowed.
type groupWindow struct {
	call *sql.Call
	f    windowFunction
	w    logical.Window
	// first is the key that window_start is; window_end and window_time follow.
	first int
}

// groupWindow binds GROUP BY TUMBLE(time, size) and its kin, and makes the bounds
// keys. The windowing table function they come from is put below the aggregate by
// placeWindow, once all keys are known: they are what sessions are apart by.
func (a *aggregation) groupWindow(call *sql.Call) error {
	f, _ := windowFunctionOf(functionName(call))
	if f.kind == logical.Cumulate {
		return errs.Userf("CUMULATE is no group window").At(call.Pos()).
			WithHint("FROM TABLE(CUMULATE(TABLE t, DESCRIPTOR(time), step, size)) … GROUP BY window_start, window_end")
	}
	if a.window != nil {
		return errs.Userf("GROUP BY can have one group window").At(call.Pos())
	}
	args, err := groupWindowArgs(f, call)
	if err != nil {
		return err
	}
	sb := a.sb
	w, err := sb.b.window(f, call, args, &relation{node: sb.node, scope: sb.scope})
	if err != nil {
		return err
	}
	a.window = &groupWindow{call: call, f: f, w: w, first: len(a.keys)}
	bounds := logical.NewWindowTVF(sb.node, w, call.Pos()).Props().Schema[len(sb.node.Props().Schema):]
	for i, field := range bounds {
		a.keys = append(a.keys, rex.Col(windowBound+i, field.Type))
	}
	return a.windowCalls()
}

// windowBound is above all columns of an input: the bounds of a group window have
// these until placeWindow gives them their place.
const windowBound = 1 << 24

// groupWindowArgs sorts a call's arguments by parameter; the offset may be missing.
func groupWindowArgs(f windowFunction, call *sql.Call) (map[string]sql.Expr, error) {
	params := f.params[1:]
	least := len(params)
	if f.kind != logical.Session {
		least--
	}
	if len(call.Args) < least || len(call.Args) > len(params) {
		return nil, errs.Userf("the group window %s takes %s", f.kind, list(params[:least])).At(call.Pos())
	}
	args := map[string]sql.Expr{}
	for i, arg := range call.Args {
		args[params[i]] = arg
	}
	ref, ok := args["TIMECOL"].(*sql.ColumnRef)
	if !ok {
		return nil, errs.Userf("the group window %s needs a time attribute", f.kind).At(call.Args[0].Pos())
	}
	args["TIMECOL"] = &sql.Descriptor{Place: ref.Place, Columns: []sql.Name{ref.Name}}
	return args, nil
}

// placeWindow puts the windowing table function below the aggregate. Sessions are
// apart by the other keys; those that are computed become columns below it.
func (a *aggregation) placeWindow() {
	if a.window == nil {
		return
	}
	sb, w := a.sb, a.window.w
	a.projected = slices.Clone(a.keys)
	if w.Kind == logical.Session {
		w.Partition = a.sessionKeys()
	}
	width := len(sb.node.Props().Schema)
	sb.node = logical.NewWindowTVF(sb.node, w, a.window.call.Pos())
	for i := range 3 {
		key := a.window.first + i
		a.keys[key] = rex.Col(width+i, a.keys[key].Type)
		a.projected[key] = a.keys[key]
	}
}

// sessionKeys makes the keys besides the window columns of the node, and lists them.
func (a *aggregation) sessionKeys() []int {
	sb := a.sb
	schema := sb.node.Props().Schema
	exprs, names := logical.AllCols(schema), schema.Names()
	var out []int
	for i, key := range a.keys {
		if i >= a.window.first && i < a.window.first+3 {
			continue
		}
		if key.Kind != rex.Input {
			exprs, names = append(exprs, key), append(names, "$key"+itoa(i))
			a.projected[i] = rex.Col(len(exprs)-1, key.Type)
		}
		if c := a.projected[i].Index; !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	if len(exprs) > len(schema) {
		sb.node = logical.NewProject(sb.node, exprs, names)
	}
	return out
}

// windowCalls finds TUMBLE_START and its kin in the clauses above.
func (a *aggregation) windowCalls() error {
	g := a.window
	a.windows[g.call] = g.first
	suffixes := map[string]int{"_START": 0, "_END": 1, "_ROWTIME": 2, "_PROCTIME": 2}
	var failed error
	a.sb.eachCall(func(c *sql.Call) bool {
		rest, ok := strings.CutPrefix(functionName(c), g.f.kind.String())
		bound, known := suffixes[rest]
		if !ok || !known {
			return true
		}
		if err := g.fits(c, rest); err != nil && failed == nil {
			failed = err
		}
		a.windows[c] = g.first + bound
		return false
	})
	return failed
}

// fits checks that an auxiliary function speaks of the window.
func (g *groupWindow) fits(c *sql.Call, suffix string) error {
	name := functionName(c)
	same := slices.EqualFunc(c.Args, g.call.Args, func(x, y sql.Expr) bool { return sql.FormatExpr(x) == sql.FormatExpr(y) })
	switch {
	case !same:
		return errs.Userf("%s has other arguments than the group window %s", name, sql.FormatExpr(g.call)).At(c.Pos()).
			WithHint("repeat the arguments of the %s in GROUP BY", g.f.kind)
	case suffix == "_ROWTIME" && g.w.Proctime:
		return errs.Userf("%s of a window over processing time", name).At(c.Pos()).WithHint("use %s_PROCTIME", g.f.kind)
	case suffix == "_PROCTIME" && !g.w.Proctime:
		return errs.Userf("%s of a window over event time", name).At(c.Pos()).WithHint("use %s_ROWTIME", g.f.kind)
	}
	return nil
}
