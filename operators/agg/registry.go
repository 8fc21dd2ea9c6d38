package agg

import (
	"maps"
	"sort"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// Function is one aggregate function: everything the binder, the operators and
// the documentation need to know of it.
type Function struct {
	// Name is the canonical upper-case name, Aliases are further ones.
	Name    string
	Aliases []string
	// Resolve is the type rule; see [rex.Signature].
	Resolve func(args []rex.Expr) (rex.Resolved, error)
	// Bind makes the aggregate of a call whose types Resolve has settled.
	// retracts tells whether values may be taken away.
	Bind func(call rex.AggCall, retracts bool) (Agg, error)
	// DistinctMatters is false when DISTINCT doesn't change the result.
	DistinctMatters bool
	// OrderMatters is true when the order of the values changes the result.
	OrderMatters bool
	// Doc says in a sentence or two what the function does; Syntax how it is
	// written.
	Doc    string
	Syntax string
	// Examples show it at work.
	Examples []Example
}

// Example is a call over a few input rows. Input rows are comma-separated
// arguments in the text form of operators/stream.
type Example struct {
	Call  string
	Input []string
	Want  string
}

// Registry holds aggregate functions by name. It is a value: tests build small
// ones. It must not be changed once shared.
type Registry struct {
	byName map[string]*Function
}

// NewRegistry has all built-in aggregates.
func NewRegistry() *Registry {
	r := &Registry{byName: map[string]*Function{}}
	for _, list := range [][]Function{sumFunctions(), pickFunctions(), varianceFunctions(), listFunctions(), gatherFunctions()} {
		for _, f := range list {
			if err := r.Register(f); err != nil {
				panic(err) // two built-ins of one name: a bug
			}
		}
	}
	return r
}

// Clone is a registry of the same functions, to which others can be added.
func (r *Registry) Clone() *Registry { return &Registry{byName: maps.Clone(r.byName)} }

// Register adds f under its name and aliases.
func (r *Registry) Register(f Function) error {
	if f.Name == "" || f.Resolve == nil || f.Bind == nil {
		return errs.Userf("aggregate function %q must have a name, a type rule and a kernel", f.Name)
	}
	for _, name := range append([]string{f.Name}, f.Aliases...) {
		if _, taken := r.byName[name]; taken {
			return errs.Userf("aggregate function %s is registered twice", name)
		}
		r.byName[name] = &f
	}
	return nil
}

// Aggregate gives the signature of the function called name, in any case.
func (r *Registry) Aggregate(name string) (rex.Signature, bool) {
	f, ok := r.byName[strings.ToUpper(name)]
	if !ok {
		return rex.Signature{}, false
	}
	return rex.Signature{Name: f.Name, Resolve: f.Resolve, Partial: r.Partial, Ordered: f.OrderMatters}, true
}

// Partial gives the types of the columns of call's partial results, none when
// they can't be merged.
func (r *Registry) Partial(call rex.AggCall, retracts bool) []types.Type {
	if r.DistinctMatters(call) {
		return nil
	}
	bound, err := r.Bind(call, retracts)
	if err != nil {
		return nil
	}
	return bound.Spec().Partial
}

// Names lists all names and aliases in order, without the variants that the binder
// chooses by a call's clauses.
func (r *Registry) Names() []string {
	names := make([]string, 0, len(r.byName))
	for name := range r.byName {
		if !strings.Contains(name, " ") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// Functions lists the functions by name, without aliases.
func (r *Registry) Functions() []Function {
	var out []Function
	for _, name := range r.Names() {
		if f := r.byName[name]; f.Name == name {
			out = append(out, *f)
		}
	}
	return out
}

// DistinctMatters reports whether call has to be fed distinct values only.
func (r *Registry) DistinctMatters(call rex.AggCall) bool {
	f, ok := r.byName[call.Name]
	return call.Distinct && ok && f.DistinctMatters
}

// Bind makes the aggregate of call, which reads the call's Columns. DISTINCT and
// FILTER are not its business: the caller expresses them as weights.
func (r *Registry) Bind(call rex.AggCall, retracts bool) (Agg, error) {
	f, ok := r.byName[call.Name]
	if !ok {
		return nil, errs.Unsupportedf("aggregate function %s is not known", call.Name)
	}
	if len(call.OrderBy) > 0 {
		return bindOrdered(f, call, retracts)
	}
	return f.Bind(call, retracts)
}

// expect checks the number of arguments.
func expect(name string, args []rex.Expr, least, most int) error {
	if len(args) >= least && len(args) <= most {
		return nil
	}
	takes := "one argument"
	if least != most {
		takes = "one or two arguments"
	}
	return errs.Userf("%s takes %s, not %d", name, takes, len(args))
}

// typesOf lists the arguments' types.
func typesOf(args []rex.Expr) []types.Type {
	out := make([]types.Type, len(args))
	for i, a := range args {
		out[i] = a.Type
	}
	return out
}

// unary makes the type rule of a function of one argument: accepts tells which
// types it takes, result what comes out (made nullable).
func unary(name, takes string, accepts func(types.Type) bool, result func(types.Type) types.Type) func([]rex.Expr) (rex.Resolved, error) {
	return func(args []rex.Expr) (rex.Resolved, error) {
		if err := expect(name, args, 1, 1); err != nil {
			return rex.Resolved{}, err
		}
		t := args[0].Type
		if !accepts(t) {
			return rex.Resolved{}, errs.Userf("%s takes %s, not %s", name, takes, t.WithNullable(true))
		}
		return rex.Resolved{Args: typesOf(args), Result: result(t).WithNullable(true)}, nil
	}
}

// numericArg accepts numbers and a bare NULL.
func numericArg(t types.Type) bool { return t.IsNumeric() || t.Kind == types.Null }
