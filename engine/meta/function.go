package meta

import "github.com/thalweg/thalweg/engine/functions"

// Function is a function of the catalog.
type Function struct {
	functions.Definition `msgpack:",inline"`
	// Temporary ones are not stored in the catalog, but with jobs that use them.
	Temporary bool `msgpack:"t,omitempty"`
}

// PutFunction stores f under its name, in the place of any other.
func (s *Store) PutFunction(f Function) error { return s.put(functionKind+f.Name, f) }

// DeleteFunction forgets a function; an unknown one is fine.
func (s *Store) DeleteFunction(name string) error { return s.delete(functionKind + name) }

// Functions lists all in order of their names.
func (s *Store) Functions() ([]Function, error) { return list[Function](s, functionKind) }
