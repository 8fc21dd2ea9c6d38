package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/functions"
	"github.com/thalweg/thalweg/engine/functions/model"
	"github.com/thalweg/thalweg/engine/functions/openai"
	"github.com/thalweg/thalweg/engine/functions/remote"
	"github.com/thalweg/thalweg/engine/functions/wasm"
	"github.com/thalweg/thalweg/engine/meta"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/planner/catalog"
)

// The providers of models that need the engine, and their options.
const (
	goModels     = "go"
	wasmModels   = "wasm"
	optionGo     = "function"
	optionModule = "module"
)

// modelProviders is the registry of the built-in providers and those of the options.
func (e *Engine) modelProviders() (model.Registry, error) {
	all := []model.Provider{openai.Provider(), remote.Models(), {Spec: wasmModelSpec(), New: e.wasmModel}, {Spec: goModelSpec(), New: e.goModel}}
	return model.NewRegistry(append(all, e.opts.ModelProviders...)...)
}

// ModelProviderDocs documents the built-in providers of models.
func ModelProviderDocs() []connector.Doc {
	r, err := (&Engine{}).modelProviders()
	if err != nil {
		panic(err)
	}
	return r.Docs()
}

func wasmModelSpec() connector.Spec {
	spec := connector.Spec{Name: wasmModels, Noun: "provider",
		Doc: "A function of a [WebAssembly module](functions.md#webassembly), scalar or table, computed in the task itself: the module takes the model's input and gives its output. " +
			"The bytes are copied into the data directory when the model is created.",
		Options: []connector.OptionSpec{{Name: optionModule, Type: connector.TypeString, Required: true, Example: "models/fraud.wasm", Doc: "The module's file."}}}
	spec.Options = append(spec.Options, wasm.Spec().Options...)
	return spec
}

func goModelSpec() connector.Spec {
	return connector.Spec{Name: goModels, Noun: "provider",
		Doc: "A function registered from Go, see [embedding.md](embedding.md#a-go-function), computed in the task itself: a table function that takes the model's input and " +
			"gives its output, or a scalar one that gives the only column, or a ROW of all.",
		Options: []connector.OptionSpec{{Name: optionGo, Type: connector.TypeString, Required: true, Example: "com.example.Fraud", Doc: "The name the function is registered under."}}}
}

// wasmFunction is the function that a model of a module stands on.
func wasmFunction(d model.Definition) functions.Definition {
	own := map[string]string{}
	for _, o := range wasm.Spec().Options {
		if value, ok := d.Options[o.Name]; ok {
			own[o.Name] = value
		}
	}
	return functions.Definition{Name: strings.ToUpper(d.Name), Class: d.Options[optionModule], Language: "WASM", Options: own, Module: d.Module}
}

func (e *Engine) wasmModel(d model.Definition, _ connector.Options) (expr.TableFunction, error) {
	entry, err := e.loadModule(wasmFunction(d))
	if err != nil {
		return expr.TableFunction{}, err
	}
	return d.OfFunction(entry)
}

func (e *Engine) goModel(d model.Definition, o connector.Options) (expr.TableFunction, error) {
	entry, err := e.standIn(functions.Definition{Name: strings.ToUpper(d.Name), Class: o.String(optionGo), Language: "GO"})
	if err != nil {
		return expr.TableFunction{}, err
	}
	return d.OfFunction(entry)
}

// keepModel takes the file that a definition names into the data directory.
func (e *Engine) keepModel(d *model.Definition) error {
	if d.Options[model.OptionProvider] != wasmModels || d.Options[optionModule] == "" {
		return nil
	}
	f := wasmFunction(*d)
	err := e.keep(&f)
	if err != nil {
		err = &connector.OptionError{Option: optionModule, Value: true, Err: err}
	}
	d.Module = f.Module
	return err
}

// openModels reads the catalog's models.
func (e *Engine) openModels() error {
	stored, err := e.meta.Models()
	for _, m := range stored {
		e.models[m.Name] = m
	}
	return err
}

// calledModels are the models of one statement, as a snapshot.
type calledModels struct {
	known map[string]meta.Model
	ready map[string]meta.Model
}

// newCalledModels takes a snapshot: temporary models hide the engine's.
func (s *Session) newCalledModels() calledModels {
	c := calledModels{ready: map[string]meta.Model{}}
	s.engine.mu.Lock()
	c.known = maps.Clone(s.engine.models)
	s.engine.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(c.known, s.models)
	return c
}

// names lists all in order.
func (c calledModels) names() []string { return slices.Sorted(maps.Keys(c.known)) }

// missing names the nearest model; name is as it was written, key as it is kept.
func (c calledModels) missing(name, key string) *errs.Error {
	err := errs.Userf("there is no model `%s`", name)
	if near := errs.Nearest(key, c.names()); near != "" {
		return err.WithHint("did you mean `%s`?", near)
	}
	return err.WithHint("CREATE MODEL declares one; SHOW MODELS lists them")
}

// used lists the models that the statement calls, for its job.
func (c calledModels) used() []meta.Model {
	var all []meta.Model
	for _, name := range slices.Sorted(maps.Keys(c.ready)) {
		all = append(all, c.ready[name])
	}
	return all
}

// Model finds a model and makes it ready.
func (f catalogFunctions) Model(name string) (catalog.Model, error) {
	key := f.c.key(name)
	called := f.c.called
	m, ok := called.models.known[key]
	if !ok {
		return catalog.Model{}, called.models.missing(name, key)
	}
	entry, err := f.c.parts.models.Function(m.Definition)
	if err != nil {
		return catalog.Model{}, err
	}
	if _, ready := called.models.ready[key]; !ready {
		called.own()
		if err := called.scalars.RegisterTable(entry); err != nil {
			return catalog.Model{}, err
		}
		called.models.ready[key] = m
	}
	return catalog.Model{Function: entry.Name, Input: m.Input, Output: m.Output, Remote: entry.Overlaps}, nil
}
