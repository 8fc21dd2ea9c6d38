package bind

import (
	"errors"
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
)

// callOf applies a function or operator by its canonical name: it picks the
// overload and inserts the implicit casts. Errors point at span.
func (b *Binder) callOf(name string, span errs.Span, args ...rex.Expr) (rex.Expr, error) {
	sig, ok := b.funcs.Scalar(name)
	if !ok {
		return rex.Expr{}, b.unknownFunction(name, span)
	}
	if sig.Volatile || sig.Name == logical.ProctimeFunction {
		b.volatile++
	}
	resolved, err := sig.Resolve(args)
	if err != nil {
		return rex.Expr{}, at(err, span)
	}
	cast := make([]rex.Expr, len(args))
	for i, a := range args {
		cast[i] = a
		if i < len(resolved.Args) {
			cast[i] = castTo(a, resolved.Args[i])
			if resolved.TryText && cast[i].Kind == rex.Cast && a.Type.IsString() && !a.IsLiteral() {
				cast[i].Kind, cast[i].Type = rex.TryCast, cast[i].Type.WithNullable(true)
			}
		}
	}
	call := rex.CallOf(sig.Name, resolved.Result, cast...)
	call.Volatile = sig.Volatile
	return call, nil
}

// matchFunctions look at the rows of a match.
var matchFunctions = []string{"FIRST", "LAST", "PREV", "NEXT", "CLASSIFIER", "MATCH_NUMBER", "MATCH_ROWTIME", "MATCH_PROCTIME"}

// unknownFunction tells a function that does not exist from one that can't run
// yet.
func (b *Binder) unknownFunction(name string, span errs.Span) error {
	if slices.Contains(matchFunctions, name) {
		return errs.Userf("%s belongs into the MEASURES or DEFINE of MATCH_RECOGNIZE", name).At(span)
	}
	if _, ok := b.funcs.Table(name); ok {
		return errs.Userf("%s is a table function, which gives rows and no value", name).At(span).
			WithHint("write it into FROM: LATERAL TABLE(%s(…))", name)
	}
	if isPlaceFunction(name) {
		return errs.Userf("%s is a window function and needs an OVER clause", name).At(span).WithHint("%s(…) OVER (PARTITION BY … ORDER BY …)", name)
	}
	if name == "SOURCE_WATERMARK" {
		return errs.Unsupportedf("SOURCE_WATERMARK() is not supported: no source here has watermarks of its own").At(span).
			WithHint("write how late rows may come: WATERMARK FOR ts AS ts - INTERVAL '5' SECOND")
	}
	if slices.Contains(flinkFunctions, name) {
		return errs.Unsupportedf("the function %s is not supported yet", name).At(span)
	}
	err := errs.Userf("there is no function called %s", name).At(span)
	if hint := functionHint(name); hint != "" {
		return err.WithHint("%s", hint)
	}
	if near := errs.Nearest(name, b.funcs.Names()); near != "" {
		return err.WithHint("did you mean %s?", near)
	}
	return err
}

// at puts a span on an error that has none.
func at(err error, span errs.Span) error {
	var e *errs.Error
	if errors.As(err, &e) && e.Span == (errs.Span{}) {
		return &errs.Error{Class: e.Class, Message: e.Message, Hint: e.Hint, Cause: e.Cause, Span: span}
	}
	return err
}

// castTo converts e to type t where needed; t's nullability is not looked at.
func castTo(e rex.Expr, t types.Type) rex.Expr {
	if e.Type.Same(t) || t.Kind == types.Null {
		return e
	}
	if e.IsNull() || e.Type.Kind == types.Null {
		return rex.NullOf(t)
	}
	return rex.Expr{Kind: rex.Cast, Type: t.WithNullable(e.Type.Nullable), Args: []rex.Expr{e}, Span: e.Span}
}

// common converts values to one type that holds them all, as CASE and UNION do.
func (b *Binder) common(what string, span errs.Span, values []rex.Expr) ([]rex.Expr, types.Type, error) {
	result := types.Type{Kind: types.Null}
	same, anyNull := true, false
	for _, v := range values {
		anyNull = anyNull || v.Type.Nullable || v.Type.Kind == types.Null
		switch {
		case v.Type.Kind == types.Null:
		case result.Kind == types.Null:
			result = v.Type
		case !v.Type.Same(result):
			same = false
		}
	}
	if !same {
		resolved, err := b.coalesce(values)
		if err != nil {
			return nil, result, errs.Userf("the %s have types that don't go together: %s", what, typeList(values)).At(span)
		}
		result = resolved
	}
	result.Nullable = anyNull
	out := make([]rex.Expr, len(values))
	for i, v := range values {
		out[i] = castTo(v, result)
	}
	return out, result, nil
}

// coalesce asks COALESCE's type rule for the least common type.
func (b *Binder) coalesce(values []rex.Expr) (types.Type, error) {
	sig, ok := b.funcs.Scalar("COALESCE")
	if !ok {
		return types.Type{}, errs.Bugf("COALESCE is not registered")
	}
	resolved, err := sig.Resolve(values)
	if err != nil {
		return types.Type{}, err
	}
	for _, t := range resolved.Args {
		if t.Kind != types.Null {
			return t, nil
		}
	}
	return resolved.Result, nil
}

func typeList(values []rex.Expr) string {
	var names []string
	for _, v := range values {
		if text := v.Type.WithNullable(true).String(); !slices.Contains(names, text) {
			names = append(names, text)
		}
	}
	return list(names)
}

// boolean checks that a condition is BOOLEAN.
func boolean(e rex.Expr, clause string, span errs.Span) (rex.Expr, error) {
	if e.Type.Kind == types.Null {
		return rex.NullOf(types.Of(types.Boolean)), nil
	}
	if e.Type.Kind != types.Boolean {
		return e, errs.Userf("%s needs a BOOLEAN condition, not %s", clause, e.Type).At(span)
	}
	return e, nil
}
