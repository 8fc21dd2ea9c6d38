package meta

import "github.com/thalweg/thalweg/engine/functions/model"

// Model is a model of the catalog.
type Model struct {
	model.Definition `msgpack:",inline"`
	// Temporary ones are not stored in the catalog, but with jobs that use them.
	Temporary bool `msgpack:"t,omitempty"`
}

// PutModel stores m under its name, in the place of any other.
func (s *Store) PutModel(m Model) error { return s.put(modelKind+m.Name, m) }

// RenameModel stores m under its name and forgets it under the old one.
func (s *Store) RenameModel(old string, m Model) error {
	return s.rename(modelKind+old, modelKind+m.Name, m)
}

// DeleteModel forgets a model; an unknown one is fine.
func (s *Store) DeleteModel(name string) error { return s.delete(modelKind + name) }

// Models lists all in order of their names.
func (s *Store) Models() ([]Model, error) { return list[Model](s, modelKind) }
