package wasm

import (
	"slices"
	"sort"
	"strings"

	"github.com/tetratelabs/wazero/api"

	"github.com/thalweg/thalweg/engine/functions"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// description is what a module says of itself.
type description struct {
	ABI       int        `json:"abi"`
	Functions []function `json:"functions"`
}

// function is one function of a module.
type function struct {
	Name      string         `json:"name"`
	Kind      functions.Kind `json:"kind"`
	Arguments []string       `json:"arguments"`
	// Result is the type of a scalar or aggregate, Columns those of a table function.
	Result  string   `json:"result"`
	Columns []column `json:"columns"`
	// Nulls says that the function wants to see NULL arguments.
	Nulls bool `json:"nulls"`
	// Volatile functions give another value at each call.
	Volatile bool `json:"volatile"`
	// Retract and Merge tell what an aggregate can do.
	Retract bool `json:"retract"`
	Merge   bool `json:"merge"`

	// plain functions are exports of numbers that know nothing of the convention.
	plain  bool
	place  int
	params []types.Type
	result types.Type
	schema types.Schema
}

type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// plainFunctions describes exports that take and give numbers.
func plainFunctions(exports map[string]api.FunctionDefinition) description {
	about := description{ABI: abi}
	for name, def := range exports {
		f := function{Name: name, Kind: functions.Scalar, plain: true}
		ok := len(def.ResultTypes()) == 1 && !strings.HasPrefix(name, "_")
		for _, t := range append(slices.Clone(def.ParamTypes()), def.ResultTypes()...) {
			sql := map[api.ValueType]string{api.ValueTypeI32: "INT", api.ValueTypeI64: "BIGINT",
				api.ValueTypeF32: "FLOAT", api.ValueTypeF64: "DOUBLE"}[t]
			ok = ok && sql != ""
			f.Arguments = append(f.Arguments, sql)
		}
		if ok {
			last := len(f.Arguments) - 1
			f.Arguments, f.Result = f.Arguments[:last], f.Arguments[last]
			about.Functions = append(about.Functions, f)
		}
	}
	sort.Slice(about.Functions, func(i, j int) bool { return about.Functions[i].Name < about.Functions[j].Name })
	return about
}

// find gives the function called symbol. Without a symbol that is the one of the SQL
// function's name, or else the only one.
func (m *Module) find(name, symbol string) (*function, error) {
	all := m.about.Functions
	names := make([]string, len(all))
	at := -1
	for i, f := range all {
		names[i] = f.Name
		if f.Name == symbol || symbol == "" && strings.EqualFold(f.Name, name) {
			at = i
		}
	}
	if symbol == "" && len(all) == 1 {
		at = 0
	}
	switch {
	case at >= 0:
		f := all[at]
		f.place = at
		return &f, f.resolve(m.name)
	case len(all) == 0:
		return nil, errs.Userf("the module '%s' exports no function for SQL", m.name).
			WithHint("see docs/functions.md for what a module has to export")
	case symbol == "":
		symbol = strings.ToLower(name)
	}
	return nil, errs.Userf("the module '%s' has no function %s", m.name, symbol).
		WithHint("it has %s: name one with WITH ('symbol' = '…')", strings.Join(names, ", "))
}

// resolve reads the types.
func (f *function) resolve(module string) error {
	var err error
	for _, text := range f.Arguments {
		t, typeErr := flatType(text)
		f.params = append(f.params, t)
		if err == nil {
			err = typeErr
		}
	}
	if f.Kind == functions.Table {
		for _, c := range f.Columns {
			t, typeErr := flatType(c.Type)
			f.schema = append(f.schema, types.Field{Name: c.Name, Type: t})
			if err == nil {
				err = typeErr
			}
		}
	} else if err == nil {
		f.result, err = flatType(f.Result)
	}
	switch {
	case err == nil && f.Kind == functions.Aggregate && len(f.params) == 0:
		err = errs.Userf("an aggregate needs an argument")
	case err == nil && f.Kind == functions.Table && len(f.schema) == 0:
		err = errs.Userf("a table function needs columns")
	case err == nil && f.Kind != functions.Scalar && f.Kind != functions.Aggregate && f.Kind != functions.Table:
		err = errs.Userf("there is no kind '%s' of function", f.Kind)
	}
	return errs.Wrap(errs.User, err, "the function %s of the module '%s'", f.Name, module)
}

// flatType parses a type that is not nested.
func flatType(text string) (types.Type, error) {
	t, err := stream.ParseType(text)
	if err != nil {
		return types.Type{}, err
	}
	if t.IsNested() {
		return types.Type{}, errs.Unsupportedf("the type %s can't go into a module", text).
			WithHint("pass its parts, or JSON_STRING of it")
	}
	return t.WithNullable(true), nil
}
