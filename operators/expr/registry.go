package expr

import (
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// Kernel computes a function over rows rows. args are borrowed; the result is
// owned by the caller and has exactly rows values. When every argument is Const,
// rows is 1. A Kernel belongs to one program, so its calls never overlap.
type Kernel func(ctx *EvalContext, args []Vector, rows int) (arrow.Array, error)

// Call is what a function learns about one of its calls when it is compiled.
type Call struct {
	// Name is the canonical name.
	Name string
	// Args are the arguments after casts; constants of scalar types are literals.
	Args []rex.Expr
	// Type is the type of the result.
	Type types.Type
	// Label is the call as text, for errors.
	Label string
	// Bind may set Safe to say that this call of a fallible function can't fail,
	// and Zoned that this call depends on the session's zone.
	Safe, Zoned bool
}

// Example is one checked example of a function.
type Example struct {
	// SQL is the text of a scalar expression over literals, Result the result in
	// the text form of CAST to STRING.
	SQL, Result string
}

// Function is one built-in or user function.
type Function struct {
	// Name is the canonical name in upper case; Aliases are other names.
	Name    string
	Aliases []string
	// Family groups functions in the documentation, such as `string`.
	Family string
	// Usage is the signature as text, such as `LPAD(string, INT, string)`.
	Usage string
	// Doc says what it gives, in one or two sentences.
	Doc      string
	Examples []Example
	// Volatile functions give another value on each call (RAND) or at another
	// time (NOW) and are never folded.
	Volatile bool
	// PerRow marks a volatile function that gives a value of its own to each row.
	PerRow bool
	// UsesZone marks functions that depend on the session's time zone.
	UsesZone bool
	// Fallible marks functions that may fail on data: they run only over rows
	// that need them. Costly does the same for expensive ones.
	Fallible, Costly bool
	// Internal marks functions that only plans call: they are not documented.
	Internal bool
	// Resolve checks argument types and picks an overload; see rex.Signature.
	Resolve func(args []rex.Expr) (rex.Resolved, error)
	// Bind makes the kernel of one call.
	Bind func(c *Call) (Kernel, error)
}

// Registry holds functions by name. It is a value built at start and must not
// change while others read it.
type Registry struct {
	byName map[string]*Function
	list   []*Function
	tables map[string]*TableFunction
}

// NewRegistry makes a registry of all built-in functions.
func NewRegistry() *Registry {
	r := &Registry{byName: map[string]*Function{}, tables: map[string]*TableFunction{}}
	for _, family := range builtins() {
		for _, f := range family {
			if err := r.Register(f); err != nil {
				panic("expr: " + err.Error())
			}
		}
	}
	for _, f := range tableFunctions() {
		if err := r.RegisterTable(f); err != nil {
			panic("expr: " + err.Error())
		}
	}
	return r
}

// Clone is a registry of the same functions, to which others can be added.
func (r *Registry) Clone() *Registry {
	return &Registry{byName: maps.Clone(r.byName), list: slices.Clone(r.list), tables: maps.Clone(r.tables)}
}

// Register adds a function. Names are free of case; a name can't be registered
// twice.
func (r *Registry) Register(f Function) error {
	if f.Name == "" || f.Resolve == nil || f.Bind == nil {
		return errs.Userf("function %q must have a name, a type rule and a kernel", f.Name)
	}
	f.Name = strings.ToUpper(f.Name)
	names := append([]string{f.Name}, f.Aliases...)
	for _, name := range names {
		if r.taken(strings.ToUpper(name)) {
			return errs.Userf("function %s is already registered", strings.ToUpper(name))
		}
	}
	for _, name := range names {
		r.byName[strings.ToUpper(name)] = &f
	}
	r.list = append(r.list, &f)
	return nil
}

// Function returns the function called name.
func (r *Registry) Function(name string) (*Function, bool) {
	f, ok := r.byName[strings.ToUpper(name)]
	return f, ok
}

// Scalar returns the signature of the function called name.
func (r *Registry) Scalar(name string) (rex.Signature, bool) {
	f, ok := r.Function(name)
	if !ok {
		return rex.Signature{}, false
	}
	return rex.Signature{Name: f.Name, Resolve: f.Resolve, Volatile: f.Volatile}, true
}

// Names lists the names of all functions, aliases and table functions included and
// operators excluded, in order.
func (r *Registry) Names() []string {
	var names []string
	for _, name := range append(slices.Collect(maps.Keys(r.byName)), slices.Collect(maps.Keys(r.tables))...) {
		if name[0] >= 'A' && name[0] <= 'Z' && !strings.Contains(name, " ") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Docs lists all functions by family and name, for the documentation. The
// entries are shared: read only.
func (r *Registry) Docs() []*Function {
	list := slices.DeleteFunc(slices.Clone(r.list), func(f *Function) bool { return f.Internal })
	slices.SortFunc(list, func(a, b *Function) int {
		if c := strings.Compare(a.Family, b.Family); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}
