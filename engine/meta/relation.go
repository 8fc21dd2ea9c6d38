package meta

import "github.com/thalweg/thalweg/planner/catalog"

// Relation is a table or view of the catalog; exactly one member is set.
type Relation struct {
	Table *catalog.Table `msgpack:"t,omitempty"`
	View  *catalog.View  `msgpack:"v,omitempty"`
}

// Name is the relation's name.
func (r Relation) Name() string {
	if r.Table != nil {
		return r.Table.Name
	}
	return r.View.Name
}

// PutRelation stores r under its name, in the place of any other.
func (s *Store) PutRelation(r Relation) error { return s.put(relationKind+r.Name(), r) }

// RenameRelation stores r under its name and forgets it under the old one.
func (s *Store) RenameRelation(old string, r Relation) error {
	return s.rename(relationKind+old, relationKind+r.Name(), r)
}

// DeleteRelation forgets a relation; an unknown one is fine.
func (s *Store) DeleteRelation(name string) error { return s.delete(relationKind + name) }

// Relations lists all in order of their names.
func (s *Store) Relations() ([]Relation, error) { return list[Relation](s, relationKind) }
