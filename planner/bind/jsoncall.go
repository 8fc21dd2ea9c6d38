package bind

import (
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql"
)

// queryClausesOf gives the binder of the clauses of a function whose clauses become
// arguments, nil for others.
func queryClausesOf(name string) func(x *exprBinder, e *sql.Call) ([]rex.Expr, error) {
	switch name {
	case "JSON_EXISTS":
		return existsClauses
	case "JSON_VALUE":
		return valueClauses
	case "JSON_QUERY":
		return queryClauses
	}
	return nil
}

// jsonCall binds the JSON functions that have clauses; ok is false for others.
func (x *exprBinder) jsonCall(name string, e *sql.Call) (bound rex.Expr, ok bool, err error) {
	clauses := queryClausesOf(name)
	if clauses == nil {
		if e.JSON == nil {
			return rex.Expr{}, false, nil
		}
		if name, err = x.b.jsonVariant(name, e); err != nil {
			return rex.Expr{}, true, err
		}
		bound, err = x.apply(name, e, e.Args...)
		return bound, true, err
	}
	if len(e.Args) != 2 {
		return rex.Expr{}, true, errs.Userf("%s takes a text and a path, not %d arguments", name, len(e.Args)).At(e.Pos())
	}
	args, err := x.exprs(e.Args)
	if err == nil && e.JSON != nil {
		var more []rex.Expr
		more, err = clauses(x, e)
		args = append(args, more...)
	}
	if err != nil {
		return rex.Expr{}, true, err
	}
	bound, err = x.b.callOf(name, e.Pos(), args...)
	return bound, true, err
}

// jsonVariant is the name of a function that makes JSON with its clause on NULLs.
func (b *Binder) jsonVariant(name string, e *sql.Call) (string, error) {
	j := e.JSON
	if j.OnNull == "" || j.Returning != nil || j.OnEmpty != nil || j.OnError != nil || j.Wrapper != "" {
		return name, errs.Userf("%s takes NULL ON NULL or ABSENT ON NULL and no other clause", name).At(e.Pos())
	}
	variant := name + " " + j.OnNull
	if _, ok := b.funcs.Scalar(variant); ok {
		return variant, nil
	}
	if _, ok := b.funcs.Aggregate(variant); ok {
		return variant, nil
	}
	for _, makes := range []string{"JSON_OBJECT", "JSON_ARRAY"} {
		if strings.HasPrefix(name, makes) {
			return name, nil // the clause says what is so without it
		}
	}
	return name, errs.Userf("%s takes no %s", name, j.OnNull).At(e.Pos())
}

// behavior is the kind of a behaviour among those allowed, otherwise without one.
func behavior(name string, b *sql.JSONBehavior, on, otherwise string, allowed ...string) (string, error) {
	if b == nil {
		return otherwise, nil
	}
	for _, kind := range allowed {
		if b.Kind == kind {
			return kind, nil
		}
	}
	return "", errs.Userf("%s takes no %s %s", name, b.Kind, on).At(b.Pos()).WithHint("it takes %s", list(allowed))
}

// only refuses the clauses of a JSON function that are not its own.
func only(name string, e *sql.Call, returning, onEmpty, wrapper bool) error {
	j := e.JSON
	if j.Returning != nil && !returning || j.OnEmpty != nil && !onEmpty || j.Wrapper != "" && !wrapper || j.OnNull != "" {
		return errs.Userf("%s does not take this clause", name).At(e.Pos())
	}
	return nil
}

func existsClauses(_ *exprBinder, e *sql.Call) ([]rex.Expr, error) {
	if err := only("JSON_EXISTS", e, false, false, false); err != nil {
		return nil, err
	}
	onError, err := behavior("JSON_EXISTS", e.JSON.OnError, "ON ERROR", "FALSE", "TRUE", "FALSE", "UNKNOWN", "ERROR")
	return []rex.Expr{rex.Str(onError)}, err
}

func valueClauses(x *exprBinder, e *sql.Call) ([]rex.Expr, error) {
	j := e.JSON
	if err := only("JSON_VALUE", e, true, true, false); err != nil {
		return nil, err
	}
	returning := types.StringType()
	if j.Returning != nil {
		returning = *j.Returning
	}
	var args []rex.Expr
	for _, one := range []struct {
		b  *sql.JSONBehavior
		on string
	}{{j.OnEmpty, "ON EMPTY"}, {j.OnError, "ON ERROR"}} {
		kind, err := behavior("JSON_VALUE", one.b, one.on, "NULL", "NULL", "ERROR", "DEFAULT")
		if err != nil {
			return nil, err
		}
		given := rex.NullOf(returning)
		if one.b != nil && one.b.Default != nil {
			if given, err = x.expr(one.b.Default); err != nil {
				return nil, err
			}
			if !castable(given.Type, returning) {
				return nil, errs.Userf("the default is %s and can't be cast to %s", given.Type.WithNullable(true), returning.WithNullable(true)).
					At(one.b.Default.Pos())
			}
			given = castTo(given, returning)
		}
		args = append(args, rex.Str(kind), given)
	}
	return args, nil
}

func queryClauses(_ *exprBinder, e *sql.Call) ([]rex.Expr, error) {
	j := e.JSON
	if err := only("JSON_QUERY", e, true, true, true); err != nil {
		return nil, err
	}
	kinds := []string{"NULL", "EMPTY ARRAY", "EMPTY OBJECT", "ERROR"}
	onEmpty, err := behavior("JSON_QUERY", j.OnEmpty, "ON EMPTY", "NULL", kinds...)
	if err != nil {
		return nil, err
	}
	onError, err := behavior("JSON_QUERY", j.OnError, "ON ERROR", "NULL", kinds...)
	if err != nil {
		return nil, err
	}
	returning := types.StringType()
	if j.Returning != nil {
		returning = *j.Returning
	}
	return []rex.Expr{rex.Str(j.Wrapper), rex.Str(onEmpty), rex.Str(onError), rex.NullOf(returning)}, nil
}

// jsonText wraps a value that an aggregate puts into JSON as text: JSON that was
// made by a function stays as it is.
func (x *exprBinder) jsonText(e sql.Expr) (rex.Expr, error) {
	bound, err := x.expr(e)
	if err != nil || bound.Kind == rex.Call && (bound.Name == "JSON" || strings.HasPrefix(bound.Name, "JSON_OBJECT") || strings.HasPrefix(bound.Name, "JSON_ARRAY")) {
		return bound, err
	}
	if bound.Type.Kind == types.Null {
		return rex.NullOf(types.StringType()), nil
	}
	return x.b.callOf("JSON_STRING", e.Pos(), bound)
}
