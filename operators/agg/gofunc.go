package agg

import (
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/govalue"
)

// Go1 describes an aggregate function written in Go, of one argument of type A, with
// state S and a result of type R. The zero S is the state of no rows. Rows with a
// NULL argument don't count.
//
// A state without pointers of at most 256 bytes lies in the group's row and costs no
// allocation; its layout must not change between versions that resume the same job.
// Any other is kept encoded, by Encode and Decode or else in msgpack, and is decoded
// once a batch and group.
//
// The functions must be pure: what they do depends on their arguments alone. They
// may be called from several tasks at once, and must not keep strings and bytes that
// they are given.
type Go1[S any, A, R govalue.Type] struct {
	// Add counts a value; required.
	Add func(s *S, a A)
	// Retract takes a value away that was added before. Nil is fine: when the input
	// takes rows back, the engine keeps the values and adds those that are left, in
	// the order they came, to a zero S.
	Retract func(s *S, a A)
	// Result gives the result; ok is false for NULL. Required.
	Result func(s *S) (r R, ok bool)
	// Merge adds another state to s, and so allows aggregation in two phases and
	// windows that share slices. Nil forgoes both.
	Merge func(s, other *S)
	// Encode appends a state that is not plain memory to dst, Decode reads one back.
	// Neither means msgpack.
	Encode func(dst []byte, s *S) ([]byte, error)
	Decode func(data []byte, s *S) error
}

// Go2 is [Go1] for functions of two arguments.
type Go2[S any, A, B, R govalue.Type] struct {
	Add     func(s *S, a A, b B)
	Retract func(s *S, a A, b B)
	Result  func(s *S) (r R, ok bool)
	Merge   func(s, other *S)
	Encode  func(dst []byte, s *S) ([]byte, error)
	Decode  func(data []byte, s *S) error
}

// GoFunc1 makes a SQL aggregate function out of Go functions.
func GoFunc1[S any, A, R govalue.Type](name string, f Go1[S, A, R]) Function {
	core := goCore[S, R]{result: f.Result, merge: f.Merge, encode: f.Encode, decode: f.Decode, retracts: f.Retract != nil}
	core.bind = func(args []arrow.Array) (add, retract func(s *S, i int)) {
		a := govalue.Column[A](args[0])
		return func(s *S, i int) { f.Add(s, a(i)) }, func(s *S, i int) { f.Retract(s, a(i)) }
	}
	return goFunction(name, []types.Type{govalue.SQL[A]()}, core, f.Add == nil)
}

// GoFunc2 is GoFunc1 for two arguments.
func GoFunc2[S any, A, B, R govalue.Type](name string, f Go2[S, A, B, R]) Function {
	core := goCore[S, R]{result: f.Result, merge: f.Merge, encode: f.Encode, decode: f.Decode, retracts: f.Retract != nil}
	core.bind = func(args []arrow.Array) (add, retract func(s *S, i int)) {
		a, b := govalue.Column[A](args[0]), govalue.Column[B](args[1])
		return func(s *S, i int) { f.Add(s, a(i), b(i)) }, func(s *S, i int) { f.Retract(s, a(i), b(i)) }
	}
	return goFunction(name, []types.Type{govalue.SQL[A](), govalue.SQL[B]()}, core, f.Add == nil)
}

// goFunction is the entry of an aggregate in Go. One that lacks a required part has
// no kernel, and so can't be registered.
func goFunction[S any, R govalue.Type](name string, params []types.Type, core goCore[S, R], lacks bool) Function {
	name = strings.ToUpper(name)
	f := Function{Name: name, DistinctMatters: true, OrderMatters: true, Syntax: Syntax(name, params), Doc: "A function registered from Go.",
		Resolve: UserResolve(name, params, govalue.SQL[R]())}
	if lacks || core.result == nil {
		return f
	}
	f.Bind = func(call rex.AggCall, retracts bool) (Agg, error) {
		if isPlain[S]() && (core.retracts || !retracts) {
			return &plainAgg[S, R]{core: core}, nil
		}
		return NewFold(newCoded(core), call.ArgTypes, retracts)
	}
	return f
}

// Syntax is how a function of the given parameters is called.
func Syntax(name string, params []types.Type) string {
	texts := make([]string, len(params))
	for i, p := range params {
		texts[i] = p.WithNullable(true).String()
	}
	return name + "(" + strings.Join(texts, ", ") + ")"
}

// UserResolve is the type rule of a user's aggregate: as many arguments as parameters,
// numbers and texts cast implicitly.
func UserResolve(name string, params []types.Type, result types.Type) func([]rex.Expr) (rex.Resolved, error) {
	return func(args []rex.Expr) (rex.Resolved, error) {
		out := rex.Resolved{Result: result.WithNullable(true)}
		fits := len(args) == len(params)
		for i := 0; fits && i < len(args); i++ {
			fits = castsTo(args[i].Type, params[i])
			out.Args = append(out.Args, params[i].WithNullable(args[i].Type.Nullable))
		}
		if fits {
			return out, nil
		}
		given := make([]types.Type, len(args))
		for i, a := range args {
			given[i] = a.Type
		}
		return out, errs.Userf("%s takes %s, not %s", name, Syntax("", params), Syntax("", given))
	}
}

// castsTo tells whether an argument is cast to a parameter's type without being asked.
func castsTo(from, to types.Type) bool {
	switch {
	case from.Kind == types.Null, from.Same(to):
		return true
	case to.IsNumeric():
		return from.IsNumeric() || from.IsString()
	case to.IsString():
		return from.IsString() || from.IsNumeric() || from.Kind == types.Boolean || from.IsTemporal()
	}
	return from.Kind == to.Kind && !to.IsNested() || from.IsBinary() && to.IsBinary()
}
