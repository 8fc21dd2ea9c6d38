package expr

import (
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// resolver is the type rule of a function.
type resolver = func(args []rex.Expr) (rex.Resolved, error)

// param is one formal parameter: which types it takes, and what it casts them to.
type param struct {
	// text names it in messages, such as `STRING`.
	text string
	// cast gives the type to cast an argument to; ok is false when it can't.
	cast func(t types.Type) (to types.Type, ok bool)
}

// rule builds a resolver from formal parameters.
type rule struct {
	params []param
	// optional is how many of the last params may be left out; variadic says
	// that the last one may repeat.
	optional int
	variadic bool
	// result gives the result type from the cast arguments. Its nullability is
	// replaced: nullable when an argument is, or when mayNull is set, unless
	// keepNull is set.
	result            func(args []types.Type) types.Type
	mayNull, keepNull bool
}

// to makes the resolver of a rule for the function called name.
func (r rule) to(name string) resolver {
	return func(args []rex.Expr) (rex.Resolved, error) {
		if !r.arity(len(args)) {
			return rex.Resolved{}, r.refuse(name, args)
		}
		out := rex.Resolved{Args: make([]types.Type, len(args))}
		nullable := r.mayNull
		for i, a := range args {
			to, ok := r.params[min(i, len(r.params)-1)].cast(a.Type)
			if !ok {
				return rex.Resolved{}, r.refuse(name, args)
			}
			out.Args[i] = to.WithNullable(isNullable(a.Type))
			nullable = nullable || isNullable(a.Type)
		}
		out.Result = r.result(out.Args)
		if !r.keepNull {
			out.Result.Nullable = nullable
		}
		return out, nil
	}
}

func (r rule) arity(n int) bool {
	return n >= len(r.params)-r.optional && (n <= len(r.params) || r.variadic)
}

func (r rule) refuse(name string, args []rex.Expr) error {
	formal := make([]string, len(r.params))
	for i, p := range r.params {
		formal[i] = p.text
		if i >= len(r.params)-r.optional {
			formal[i] = "[" + p.text + "]"
		}
	}
	if r.variadic {
		formal = append(formal, "…")
	}
	return errs.Userf("%s takes (%s), not %s", name, strings.Join(formal, ", "), typeList(args))
}

// typeList prints the argument types as `(INT, STRING)`.
func typeList(args []rex.Expr) string {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = a.Type.WithNullable(true).String()
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// isNullable reports whether a value of type t may be NULL.
func isNullable(t types.Type) bool { return t.Nullable || t.Kind == types.Null }

// always makes a result rule that gives t.
func always(t types.Type) func([]types.Type) types.Type {
	return func([]types.Type) types.Type { return t }
}

// sameAs makes a result rule that gives the type of argument i.
func sameAs(i int) func([]types.Type) types.Type {
	return func(args []types.Type) types.Type { return args[i] }
}

// takes makes a parameter that accepts the types for which accept holds, as they
// are, and NULL as zero.
func takes(text string, zero types.Type, accept func(types.Type) bool) param {
	return param{text, func(t types.Type) (types.Type, bool) {
		if t.Kind == types.Null {
			return zero, true
		}
		return t, accept(t)
	}}
}

// converts makes a parameter that casts the types for which accept holds to the
// type to; those already of its kind stay as they are.
func converts(text string, to types.Type, accept func(types.Type) bool) param {
	return param{text, func(t types.Type) (types.Type, bool) {
		if t.Kind == to.Kind && !t.IsTemporal() {
			return t, true
		}
		return to, t.Kind == types.Null || accept(t)
	}}
}

func stringParam() param {
	return param{"STRING", func(t types.Type) (types.Type, bool) {
		if t.IsString() {
			return t, true
		}
		return types.StringType(), t.Kind == types.Null || isSimple(t)
	}}
}

// textParam takes texts only.
func textParam() param {
	return param{"STRING", func(t types.Type) (types.Type, bool) {
		if t.IsString() {
			return t, true
		}
		return types.StringType(), t.Kind == types.Null
	}}
}

// isSimple reports types that cast implicitly to a string.
func isSimple(t types.Type) bool {
	return t.IsNumeric() || t.Kind == types.Boolean || t.IsTemporal()
}

func isNumberOrText(t types.Type) bool { return t.IsNumeric() || t.IsString() }

func intParam() param { return converts("INT", types.Of(types.Int), isNumberOrText) }

func bigintParam() param { return converts("BIGINT", types.Of(types.BigInt), isNumberOrText) }

func doubleParam() param { return converts("DOUBLE", types.Of(types.Double), isNumberOrText) }

func boolParam() param {
	return converts("BOOLEAN", types.Of(types.Boolean), func(t types.Type) bool { return t.IsString() })
}

func binaryParam() param { return takes("BYTES", types.BytesType(), types.Type.IsBinary) }

// numericParam takes any number; text becomes DOUBLE.
func numericParam() param {
	return param{"number", func(t types.Type) (types.Type, bool) {
		if t.IsNumeric() {
			return t, true
		}
		return types.Of(types.Double), t.IsString() || t.Kind == types.Null
	}}
}

func anyParam() param {
	return param{"any", func(t types.Type) (types.Type, bool) { return t, true }}
}

func repeatParam(p param, n int) []param {
	out := make([]param, n)
	for i := range out {
		out[i] = p
	}
	return out
}
