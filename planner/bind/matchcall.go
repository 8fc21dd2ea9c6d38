package bind

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql"
)

// calls binds the calls in e that look at the rows of a match: what each gives is a
// navigation.
func (mb *matchBinder) calls(e sql.Expr) (map[*sql.Call]rex.Expr, error) {
	computed := map[*sql.Call]rex.Expr{}
	var failed error
	walkCalls(e, func(call *sql.Call) bool {
		if failed != nil {
			return false
		}
		n, ok, err := mb.call(call)
		if err != nil {
			failed = err
			return false
		}
		if !ok {
			return true
		}
		if failed = mb.semantics(call, &n); failed == nil {
			mb.extras = append(mb.extras, n)
			computed[call] = rex.Col(len(mb.symbols)*mb.width+len(mb.extras)-1, n.Type)
		}
		return false
	})
	return computed, failed
}

// semantics applies RUNNING and FINAL.
func (mb *matchBinder) semantics(call *sql.Call, n *rowpattern.Nav) error {
	if call.Semantics != sql.Final {
		return nil
	}
	if mb.define {
		return errs.Userf("FINAL can't stand in DEFINE, where the match is not known yet").At(call.Pos()).WithHint("leave it out")
	}
	n.Final = true
	return nil
}

// call binds one call; ok is false for those of scalar functions.
func (mb *matchBinder) call(call *sql.Call) (n rowpattern.Nav, ok bool, err error) {
	if call.Over != nil {
		return n, false, nil
	}
	switch name := functionName(call); name {
	case "FIRST", "LAST":
		n, err = mb.logicalNav(call, name)
	case "PREV", "NEXT":
		n, err = mb.physicalNav(call, name)
	case "CLASSIFIER", "MATCH_NUMBER", "MATCH_ROWTIME", "MATCH_PROCTIME":
		n, err = mb.property(call, name)
	default:
		if !mb.b.isAggregate(call) {
			return n, false, nil
		}
		n, err = mb.aggregate(call, name)
	}
	return n, true, err
}

// property binds the functions without arguments.
func (mb *matchBinder) property(call *sql.Call, name string) (rowpattern.Nav, error) {
	n := rowpattern.Nav{Set: rowpattern.AllVariables}
	switch {
	case len(call.Args) > 0:
		return n, errs.Userf("%s takes no arguments", name).At(call.Pos())
	case mb.define && name != "MATCH_PROCTIME":
		return n, errs.Userf("%s can't stand in DEFINE", name).At(call.Pos()).WithHint("use it in MEASURES")
	case mb.define:
		return n, unsupported(call, "MATCH_PROCTIME in DEFINE")
	}
	switch name {
	case "CLASSIFIER":
		n.Kind, n.Type = rowpattern.Classifier, types.StringType()
	case "MATCH_NUMBER":
		n.Kind, n.Type = rowpattern.MatchNumber, types.Of(types.BigInt).WithNullable(mb.spec.Unmatched)
	case "MATCH_PROCTIME":
		n.Kind, n.Type = rowpattern.ProcTime, matchTimeType
	default:
		if mb.spec.ProcTime {
			return n, errs.Userf("MATCH_ROWTIME needs an ORDER BY over event time").At(call.Pos()).WithHint("use MATCH_PROCTIME over processing time")
		}
		n.Column, n.Final, n.Type = mb.spec.Time, true, mb.columns[mb.spec.Time].Type.WithNullable(true)
	}
	return n, nil
}

// logicalNav binds FIRST and LAST.
func (mb *matchBinder) logicalNav(call *sql.Call, name string) (rowpattern.Nav, error) {
	n, err := mb.operand(call, name)
	if err != nil {
		return n, err
	}
	n.First = name == "FIRST"
	n.Offset, err = mb.distance(call, name, 0)
	return n, err
}

// physicalNav binds PREV and NEXT, whose operand may be a FIRST or LAST.
func (mb *matchBinder) physicalNav(call *sql.Call, name string) (rowpattern.Nav, error) {
	var n rowpattern.Nav
	var err error
	inner := ""
	if len(call.Args) > 0 {
		if c, ok := call.Args[0].(*sql.Call); ok {
			inner = functionName(c)
		}
	}
	if inner == "FIRST" || inner == "LAST" {
		n, err = mb.logicalNav(call.Args[0].(*sql.Call), inner)
	} else {
		n, err = mb.operand(call, name)
	}
	if err != nil {
		return n, err
	}
	n.Physical, err = mb.distance(call, name, 1)
	if name == "PREV" {
		n.Physical = -n.Physical
	}
	return n, err
}

// operand binds the first argument, an expression over the row of one variable.
func (mb *matchBinder) operand(call *sql.Call, name string) (rowpattern.Nav, error) {
	n := rowpattern.Nav{}
	if len(call.Args) == 0 || len(call.Args) > 2 {
		return n, errs.Userf("%s takes a value and, maybe, a number of rows", name).At(call.Pos())
	}
	bound, set, err := mb.oneRow(call.Args[0], name)
	if err != nil {
		return n, err
	}
	if len(bound.Inputs()) == 0 {
		return n, errs.Userf("%s needs a column, as it leads to a row", name).At(call.Args[0].Pos())
	}
	below := mb.below(bound)
	n.Set, n.Column, n.Type = set, mb.column(below), below.Type.WithNullable(true)
	return n, nil
}

// oneRow binds an argument whose columns must all be of one variable or subset.
func (mb *matchBinder) oneRow(e sql.Expr, name string) (rex.Expr, uint64, error) {
	var nested *sql.Call
	walkCalls(e, func(c *sql.Call) bool {
		if _, ok, _ := mb.call(c); ok && nested == nil {
			nested = c
		}
		return nested == nil
	})
	if nested != nil {
		return rex.Expr{}, 0, errs.Userf("%s can't stand in the argument of %s", functionName(nested), name).At(nested.Pos()).
			WithHint("PREV and NEXT take a FIRST or LAST as their whole argument; nothing else nests")
	}
	x := &exprBinder{b: mb.b, scope: mb.scope, clause: "the argument of " + name}
	bound, err := x.expr(e)
	if err != nil {
		return bound, 0, mb.explain(e, err)
	}
	symbol := -1
	for index := range bound.Inputs() {
		s := mb.symbol(index)
		if symbol >= 0 && s != symbol {
			a, b := min(s, symbol), max(s, symbol)
			return bound, 0, errs.Userf("%s mixes columns of %s and %s", name, mb.symbolName(a), mb.symbolName(b)).At(e.Pos()).
				WithHint("its argument must be of one variable; SUBSET makes one of several")
		}
		symbol = s
	}
	if symbol < 0 {
		return bound, rowpattern.AllVariables, nil
	}
	return bound, mb.symbols[symbol], nil
}

func (mb *matchBinder) symbolName(s int) string {
	if s == 0 {
		return "any row"
	}
	return mb.names[s]
}

// rowsMax bounds offsets: rows so far away would have to be kept.
const rowsMax = 1 << 20

// distance binds the number of rows, the second argument.
func (mb *matchBinder) distance(call *sql.Call, name string, otherwise int) (int, error) {
	if len(call.Args) < 2 {
		return otherwise, nil
	}
	n, err := mb.b.count(call.Args[1], "the offset of "+name)
	if err == nil && n > rowsMax {
		err = errs.Userf("the offset of %s is at most %d", name, rowsMax).At(call.Args[1].Pos())
	}
	return int(n), err
}

// aggregate binds an aggregate over the rows of one variable.
func (mb *matchBinder) aggregate(call *sql.Call, name string) (rowpattern.Nav, error) {
	n := rowpattern.Nav{Kind: rowpattern.Aggregate, Set: rowpattern.AllVariables}
	plain := *call
	plain.Semantics = sql.DefaultSemantics
	if err := plainAggregate(&plain, name); err != nil {
		return n, err
	}
	if call.Filter != nil || len(call.OrderBy) > 0 || len(call.WithinGroup) > 0 {
		return n, unsupported(call, "FILTER and ORDER BY of an aggregate in MATCH_RECOGNIZE")
	}
	variant, err := mb.b.aggregateVariant(name, &plain)
	if err != nil {
		return n, err
	}
	sig, _ := mb.b.funcs.Aggregate(variant)
	agg := rex.AggCall{Name: sig.Name, Filter: -1, Distinct: call.Distinct && sig.Name != "MIN" && sig.Name != "MAX"}
	args, set, err := mb.arguments(call, name)
	if err != nil {
		return n, err
	}
	resolved, err := sig.Resolve(args)
	if err != nil {
		return n, at(err, call.Pos())
	}
	for i, arg := range args {
		if i < len(resolved.Args) {
			arg = castTo(arg, resolved.Args[i])
		}
		agg.Args, agg.ArgTypes = append(agg.Args, mb.column(arg)), append(agg.ArgTypes, arg.Type)
	}
	agg.Type = resolved.Result
	n.Set, n.Agg, n.Type = set, &agg, resolved.Result
	return n, nil
}

// arguments binds the arguments of an aggregate over the input.
func (mb *matchBinder) arguments(call *sql.Call, name string) ([]rex.Expr, uint64, error) {
	set := rowpattern.AllVariables
	var args []rex.Expr
	variable := ""
	for _, a := range call.Args {
		if _, ok := a.(*sql.Star); ok {
			if name != "COUNT" || len(call.Args) > 1 || call.Distinct {
				return nil, 0, errs.Userf("* is an argument of COUNT alone").At(a.Pos())
			}
			return nil, set, nil
		}
		bound, of, err := mb.oneRow(a, name)
		if err != nil {
			return nil, 0, err
		}
		if len(bound.Inputs()) > 0 {
			s := mb.symbolName(slices.Index(mb.symbols, of))
			if variable != "" && variable != s {
				return nil, 0, errs.Userf("%s mixes columns of %s and %s", name, variable, s).At(call.Pos()).
					WithHint("its arguments must be of one variable; SUBSET makes one of several")
			}
			variable, set = s, of
		}
		args = append(args, mb.below(bound))
	}
	return args, set, nil
}
