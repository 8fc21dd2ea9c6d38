package expr

import (
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// TableFunction gives any number of rows for each row of its arguments: what
// `FROM t, LATERAL TABLE(f(t.x)) AS u(a, b)` calls. UNNEST is one.
//
// To add one, fill in this struct and hand it to [Registry.RegisterTable], or to
// Engine.RegisterTableFunction, or list it in Options.TableFunctions. Resolve says
// what columns come out for which arguments; Bind makes the kernel of one call,
// which works on whole batches. The planner takes it from there: inner and LEFT
// lateral joins, pruning of columns that nothing reads, and input that takes rows
// back, for which the function is called again. It must be pure for that: equal
// arguments, equal rows in equal order.
type TableFunction struct {
	// Name is the canonical name in upper case.
	Name string
	// Usage is the signature as text, such as `SPLIT(string, string)`; Doc says what
	// the function gives, in one or two sentences.
	Usage, Doc string
	// Resolve checks argument types and says what columns come out; see
	// rex.TableSignature. A function that knows no NULLs has to skip them itself.
	Resolve func(args []rex.Expr) (rex.ResolvedTable, error)
	// Bind makes the kernel of one call.
	Bind func(c *TableCall) (TableKernel, error)
	// Overlaps tells that a kernel may be called while another call of it runs, in
	// other goroutines: one that waits for something outside is then called in the
	// background.
	Overlaps bool
}

// TableCall is what a table function learns about one of its calls when it is
// compiled.
type TableCall struct {
	// Name is the canonical name.
	Name string
	// Args are the arguments after casts; constants of scalar types are literals.
	Args []rex.Expr
	// Columns are the columns that Resolve promised.
	Columns types.Schema
	// Read tells which of them are read. The others may stay nil in [Rows].
	Read []bool
	// Label is the call as text, for errors.
	Label string
	// Concurrency bounds the requests under way outside the process, and Timeout the
	// time of one with its repetitions; 0 leaves it to the function.
	Concurrency int
	Timeout     time.Duration
}

// TableKernel calls a table function for each of rows rows. args hold one array of
// that length for each argument and are borrowed. A TableKernel belongs to one
// operator; its calls never overlap, unless TableFunction.Overlaps says they may.
type TableKernel func(ctx *EvalContext, args []arrow.Array, rows int) (Rows, error)

// Rows is what a table function gives for a batch.
type Rows struct {
	// Parents has an entry for each row that comes out: the row of the arguments
	// that it comes from. Entries never fall. The slice is borrowed until the next
	// call of the kernel, unless calls may overlap.
	Parents []int32
	// Columns are the columns, owned by the caller, of len(Parents) values each; nil
	// ones are not read.
	Columns []arrow.Array
}

// Release gives the columns back.
func (r Rows) Release() {
	for _, c := range r.Columns {
		if c != nil {
			c.Release()
		}
	}
}

// RegisterTable adds a table function. Names are free of case; a name that a scalar
// or a table function has can't be registered again.
func (r *Registry) RegisterTable(f TableFunction) error {
	if f.Name == "" || f.Resolve == nil || f.Bind == nil {
		return errs.Userf("table function %q must have a name, a type rule and a kernel", f.Name)
	}
	f.Name = strings.ToUpper(f.Name)
	if r.taken(f.Name) {
		return errs.Userf("function %s is already registered", f.Name)
	}
	r.tables[f.Name] = &f
	return nil
}

// taken reports whether there is a function of that upper-case name.
func (r *Registry) taken(name string) bool {
	_, scalar := r.byName[name]
	_, table := r.tables[name]
	return scalar || table
}

// TableFunction returns the table function called name.
func (r *Registry) TableFunction(name string) (*TableFunction, bool) {
	f, ok := r.tables[strings.ToUpper(name)]
	return f, ok
}

// Table returns the signature of the table function called name.
func (r *Registry) Table(name string) (rex.TableSignature, bool) {
	f, ok := r.TableFunction(name)
	if !ok {
		return rex.TableSignature{}, false
	}
	return rex.TableSignature{Name: f.Name, Resolve: f.Resolve}, true
}
