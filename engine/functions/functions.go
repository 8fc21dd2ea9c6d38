// Package functions holds what user functions have in common, whatever they are
// written in. Its rooms make them: wasm of WebAssembly modules, remote of services
// that are called over HTTP.
package functions

import (
	"strings"

	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
)

// Definition is what CREATE FUNCTION says, as plain data.
type Definition struct {
	// Name is the upper-case name that calls use.
	Name string `msgpack:"n"`
	// Class is what stands behind AS; Language is upper case, JAVA by default.
	Class    string            `msgpack:"c"`
	Language string            `msgpack:"l"`
	Options  map[string]string `msgpack:"o,omitempty"`
	// Module is the hash under which the data directory keeps a module's bytes.
	Module string `msgpack:"m,omitempty"`
}

// Kind tells what a function gives.
type Kind string

// The kinds.
const (
	Scalar    Kind = "scalar"
	Aggregate Kind = "aggregate"
	Table     Kind = "table"
)

// Entry is a function that can be registered; exactly one member is set.
type Entry struct {
	Scalar    *expr.Function
	Aggregate *agg.Function
	Table     *expr.TableFunction
}

// Kind is the function's kind.
func (e Entry) Kind() Kind {
	switch {
	case e.Scalar != nil:
		return Scalar
	case e.Aggregate != nil:
		return Aggregate
	}
	return Table
}

// Usage is the function's signature as text.
func (e Entry) Usage() string {
	switch {
	case e.Scalar != nil:
		return e.Scalar.Usage
	case e.Aggregate != nil:
		return e.Aggregate.Syntax
	}
	return e.Table.Usage
}

// Named is the function under another name.
func (e Entry) Named(name string) Entry {
	rename := func(usage string) string {
		if _, params, ok := strings.Cut(usage, "("); ok {
			return name + "(" + params
		}
		return usage
	}
	switch {
	case e.Scalar != nil:
		f := *e.Scalar
		f.Name, f.Aliases, f.Usage = name, nil, rename(f.Usage)
		return Entry{Scalar: &f}
	case e.Aggregate != nil:
		f := *e.Aggregate
		f.Name, f.Aliases, f.Syntax = name, nil, rename(f.Syntax)
		return Entry{Aggregate: &f}
	}
	f := *e.Table
	f.Name, f.Usage = name, rename(f.Usage)
	return Entry{Table: &f}
}

// Register adds the function to the registry of its kind.
func (e Entry) Register(scalars *expr.Registry, aggregates *agg.Registry) error {
	switch {
	case e.Scalar != nil:
		return scalars.Register(*e.Scalar)
	case e.Aggregate != nil:
		return aggregates.Register(*e.Aggregate)
	}
	return scalars.RegisterTable(*e.Table)
}
