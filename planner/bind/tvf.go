package bind

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// windowFunction is one windowing table function: the parameter names in
// positional order, the last one optional.
type windowFunction struct {
	kind   logical.WindowKind
	params []string
}

// windowFunctionOf looks a windowing table function up.
func windowFunctionOf(name string) (windowFunction, bool) {
	switch name {
	case "TUMBLE":
		return windowFunction{logical.Tumble, []string{"DATA", "TIMECOL", "SIZE", "OFFSET"}}, true
	case "HOP":
		return windowFunction{logical.Hop, []string{"DATA", "TIMECOL", "SLIDE", "SIZE", "OFFSET"}}, true
	case "CUMULATE":
		return windowFunction{logical.Cumulate, []string{"DATA", "TIMECOL", "STEP", "SIZE", "OFFSET"}}, true
	case "SESSION":
		return windowFunction{logical.Session, []string{"DATA", "TIMECOL", "GAP"}}, true
	}
	return windowFunction{}, false
}

// tableFunction binds TABLE(f(…)).
func (b *Binder) tableFunction(ref *sql.TableFunction, outer *scope) (*relation, error) {
	name := functionName(ref.Call)
	if name == mlPredict {
		return b.predict(ref)
	}
	f, ok := windowFunctionOf(name)
	if !ok {
		return nil, unsupported(ref, "the table function %s", name)
	}
	args, err := callArgs(f.kind.String(), f.params, "OFFSET", ref.Call)
	if err != nil {
		return nil, err
	}
	data, err := b.tableArg(f, args["DATA"], outer)
	if err != nil {
		return nil, err
	}
	w, err := b.window(f, ref.Call, args, data)
	if err != nil {
		return nil, err
	}
	if w.Partition, err = partition(args["DATA"].(*sql.TableArg), data); err != nil {
		return nil, err
	}
	return named(logical.NewWindowTVF(data.node, w, ref.Call.Pos()), "", ref.Alias)
}

func (b *Binder) unknownTableFunction(name string, span errs.Span) error {
	if _, ok := b.funcs.Scalar(name); ok {
		return errs.Userf("%s is a scalar function, which gives a value and no table", name).At(span)
	}
	err := errs.Userf("there is no table function called %s", name).At(span)
	known := []string{"TUMBLE", "HOP", "CUMULATE", "SESSION", mlPredict}
	for _, other := range b.funcs.Names() {
		if _, table := b.funcs.Table(other); table {
			known = append(known, other)
		}
	}
	if near := errs.Nearest(name, known); near != "" {
		return err.WithHint("did you mean %s?", near)
	}
	return err
}

// callArgs sorts positional and named arguments by parameter; optional names the one
// that may be absent.
func callArgs(name string, params []string, optional string, call *sql.Call) (map[string]sql.Expr, error) {
	args := map[string]sql.Expr{}
	for i, a := range call.Args {
		param := ""
		if named, ok := a.(*sql.NamedArg); ok {
			param = upper(named.Name.Text)
			a = named.Value
			if !slices.Contains(params, param) {
				return nil, errs.Userf("%s has no argument %s", name, named.Name.Text).At(named.Pos()).WithHint("it takes %s", list(params))
			}
		} else if i < len(params) {
			param = params[i]
		} else {
			return nil, errs.Userf("%s takes at most %d arguments: %s", name, len(params), list(params)).At(a.Pos())
		}
		if args[param] != nil {
			return nil, errs.Userf("argument %s of %s is given twice", param, name).At(a.Pos())
		}
		args[param] = a
	}
	for _, param := range params {
		if args[param] == nil && param != optional {
			return nil, errs.Userf("%s lacks its argument %s", name, param).At(call.Pos()).WithHint("it takes %s", list(params))
		}
	}
	return args, nil
}

// upper makes ASCII letters upper case.
func upper(s string) string {
	out := []byte(s)
	for i, c := range out {
		if c >= 'a' && c <= 'z' {
			out[i] = c - 'a' + 'A'
		}
	}
	return string(out)
}

// partition binds the columns that sessions are apart by.
func partition(arg *sql.TableArg, data *relation) ([]int, error) {
	var out []int
	for _, e := range arg.PartitionBy {
		ref, ok := e.(*sql.ColumnRef)
		if !ok {
			return nil, errs.Userf("PARTITION BY of SESSION takes columns").At(e.Pos()).WithHint("compute the column in a query: SESSION((SELECT …) PARTITION BY name, …)")
		}
		bound, err := data.scope.resolve(ref.Name)
		if err != nil {
			return nil, err
		}
		if bound.Kind != rex.Input {
			return nil, errs.Userf("PARTITION BY of SESSION takes columns, and %s is a part of one", plainName(ref.Name)).At(e.Pos()).
				WithHint("compute the column in a query: SESSION((SELECT …) PARTITION BY name, …)")
		}
		if !slices.Contains(out, bound.Index) {
			out = append(out, bound.Index)
		}
	}
	return out, nil
}

// tableArg binds TABLE name or (query); outer is the query around.
func (b *Binder) tableArg(f windowFunction, e sql.Expr, outer *scope) (*relation, error) {
	arg, ok := e.(*sql.TableArg)
	if !ok {
		return nil, errs.Userf("a table is needed here").At(e.Pos()).WithHint("write TABLE name, or a query in parentheses")
	}
	if len(arg.PartitionBy) > 0 && f.kind != logical.Session {
		return nil, errs.Userf("PARTITION BY of a table argument belongs to SESSION").At(e.Pos()).WithHint("leave it out: GROUP BY groups the rows of a window")
	}
	if len(arg.OrderBy) > 0 {
		return nil, errs.Userf("%s takes no ORDER BY", f.kind).At(e.Pos()).WithHint("rows are in the order of their time column already")
	}
	return b.tableRef(arg.Table, outer, outer)
}

// window binds the time column and the lengths.
func (b *Binder) window(f windowFunction, call *sql.Call, args map[string]sql.Expr, data *relation) (logical.Window, error) {
	w := logical.Window{Kind: f.kind}
	column, err := timeColumn(f, args["TIMECOL"], data)
	if err != nil {
		return w, err
	}
	w.Time, w.Proctime = column, data.node.Props().Time[column] == logical.Proctime
	if data.node.Props().Schema[column].Type.Kind == types.TimestampLTZ {
		if w.Zone, err = b.zone(); err != nil {
			return w, err
		}
	}
	for _, param := range []struct {
		name string
		to   *int64
	}{{"SIZE", &w.SizeMillis}, {"GAP", &w.SizeMillis}, {"SLIDE", &w.StepMillis}, {"STEP", &w.StepMillis}, {"OFFSET", &w.OffsetMillis}} {
		if args[param.name] == nil {
			continue
		}
		if *param.to, err = b.millis(args[param.name], param.name+" of "+f.kind.String()); err != nil {
			return w, err
		}
	}
	return w, checkLengths(&w, call, args)
}

// checkLengths checks a window's lengths and brings the offset into range.
func checkLengths(w *logical.Window, call *sql.Call, args map[string]sql.Expr) error {
	if w.Kind == logical.Session {
		if w.SizeMillis <= 0 {
			return errs.Userf("the gap of a SESSION must be greater than 0").At(args["GAP"].Pos())
		}
		return nil
	}
	if w.SizeMillis <= 0 {
		return errs.Userf("the size of a window must be greater than 0").At(args["SIZE"].Pos())
	}
	step := w.SizeMillis
	if w.Kind != logical.Tumble {
		step = w.StepMillis
		if step <= 0 {
			return errs.Userf("the step of a window must be greater than 0").At(call.Pos())
		}
		if w.SizeMillis%step != 0 && !legacyHop(w, args) {
			return errs.Userf("%s needs a size that is a multiple of its step, but %d ms is not one of %d ms", w.Kind, w.SizeMillis, step).
				At(call.Pos())
		}
	}
	if w.Kind == logical.Cumulate {
		step = w.SizeMillis
	}
	w.OffsetMillis = ((w.OffsetMillis % step) + step) % step
	return nil
}

// legacyHop reports a HOP of GROUP BY, whose size may be any.
func legacyHop(w *logical.Window, args map[string]sql.Expr) bool {
	return w.Kind == logical.Hop && args["DATA"] == nil
}

// timeColumn finds the column that DESCRIPTOR names.
func timeColumn(f windowFunction, e sql.Expr, data *relation) (int, error) {
	d, ok := e.(*sql.Descriptor)
	if !ok || len(d.Columns) != 1 {
		return 0, errs.Userf("%s needs DESCRIPTOR(column) to name its time column", f.kind).At(e.Pos())
	}
	bound, err := data.scope.resolve(d.Columns[0])
	if err != nil {
		return 0, err
	}
	name := plainName(d.Columns[0])
	props := data.node.Props()
	if bound.Kind != 0 || props.Time[bound.Index] == logical.NotTime {
		return 0, errs.Userf("%s needs a time attribute, but %s is a plain %s", f.kind, name, bound.Type.WithNullable(true)).At(d.Pos()).
			WithHint("declare WATERMARK FOR the column in the table; expressions, joins and updating queries lose the attribute")
	}
	return bound.Index, nil
}
