// Package model holds what models of ML_PREDICT have in common, whatever answers for
// them: a model becomes a table function that is called for rows of its input.
package model

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
)

// OptionProvider is the option that names a model's provider.
const OptionProvider = "provider"

// Definition is what CREATE MODEL says, as plain data.
type Definition struct {
	// Name is the model's key in the catalog.
	Name   string       `msgpack:"n"`
	Input  types.Schema `msgpack:"i"`
	Output types.Schema `msgpack:"o"`
	// Metadata gives the keys of the output's METADATA columns, by column.
	Metadata map[string]string `msgpack:"md,omitempty"`
	Comment  string            `msgpack:"c,omitempty"`
	// Options are the WITH options, 'provider' included.
	Options map[string]string `msgpack:"w"`
	// Module is the hash under which the data directory keeps a module's bytes.
	Module string `msgpack:"m,omitempty"`
}

// Function is the name of the table function of the model. Names of models are
// case-sensitive, those of functions are not: a `^` marks an upper-case letter.
func (d Definition) Function() string {
	name := []rune("MODEL ")
	for _, r := range d.Name {
		if unicode.IsUpper(r) {
			name = append(name, '^')
		}
		name = append(name, unicode.ToUpper(r))
	}
	return string(name)
}

// Provider makes models.
//
// To add one, list it in Options.ModelProviders. Spec's name is the value of the
// option 'provider' and its options those of WITH, which are checked and documented by
// it; New makes the table function of a model, and refuses an input or output that the
// provider can't have. [Table] makes one of a kernel.
type Provider struct {
	Spec connector.Spec
	New  func(d Definition, o connector.Options) (expr.TableFunction, error)
}

// Table is the table function of a model, made by bind for each operator that calls it.
// Remote tells that its kernels wait for another process, so that calls may overlap.
func (d Definition) Table(remote bool, bind func(*expr.TableCall) (expr.TableKernel, error)) expr.TableFunction {
	args := make([]types.Type, len(d.Input))
	names := make([]string, len(d.Input))
	for i, f := range d.Input {
		args[i], names[i] = f.Type, f.Type.String()
	}
	return expr.TableFunction{Name: d.Function(), Usage: fmt.Sprintf("%s(%s)", d.Name, strings.Join(names, ", ")), Doc: "The model " + d.Name + ".",
		Overlaps: remote, Bind: bind,
		Resolve: func([]rex.Expr) (rex.ResolvedTable, error) {
			return rex.ResolvedTable{Args: args, Columns: d.Output}, nil
		}}
}

// CheckMetadata checks that the output's METADATA columns are among those of spec and
// of their types.
func (d Definition) CheckMetadata(spec connector.Spec) error {
	return spec.CheckMetadata(connector.Table{Schema: d.Output, Metadata: d.Metadata})
}

// Registry is a set of providers in order. It is a value that never changes.
type Registry struct{ providers []Provider }

// NewRegistry makes a registry; a name that comes twice is a user error.
func NewRegistry(providers ...Provider) (Registry, error) {
	names := map[string]bool{}
	for _, p := range providers {
		if p.Spec.Name == "" || p.New == nil || names[p.Spec.Name] {
			return Registry{}, errs.Userf("a model provider needs a name of its own and New: '%s'", p.Spec.Name)
		}
		names[p.Spec.Name] = true
	}
	return Registry{providers: providers}, nil
}

// Docs lists every provider's documentation in order.
func (r Registry) Docs() []connector.Doc {
	docs := make([]connector.Doc, len(r.providers))
	for i, p := range r.providers {
		docs[i] = connector.Doc{Kind: "provider", Spec: p.Spec}
	}
	return docs
}

// Function makes the table function of a model. Errors about an option are
// *connector.OptionError.
func (r Registry) Function(d Definition) (expr.TableFunction, error) {
	name := d.Options[OptionProvider]
	var names []string
	for _, p := range r.providers {
		names = append(names, p.Spec.Name)
		if p.Spec.Name != name {
			continue
		}
		own := map[string]string{}
		for key, value := range d.Options {
			if key != OptionProvider {
				own[key] = value
			}
		}
		options, err := p.Spec.Parse(own)
		if err != nil {
			return expr.TableFunction{}, err
		}
		if err := d.CheckMetadata(p.Spec); err != nil {
			return expr.TableFunction{}, err
		}
		return p.New(d, options)
	}
	if name == "" {
		return expr.TableFunction{}, errs.Userf("a model needs the option '%s'", OptionProvider).WithHint("providers are %s", strings.Join(names, ", "))
	}
	err := errs.Userf("there is no model provider '%s'", name)
	if near := errs.Nearest(name, names); near != "" {
		err = err.WithHint("did you mean '%s'?", near)
	} else {
		err = err.WithHint("providers are %s", strings.Join(names, ", "))
	}
	return expr.TableFunction{}, &connector.OptionError{Option: OptionProvider, Value: true, Err: err}
}
