package meta

import "github.com/thalweg/thalweg/planner/catalog"

// Relation is a table or view of the catalog; exactly one of Table and View is set.
type Relation struct {
	Table *catalog.Table `msgpack:"t,omitempty"`
	View  *catalog.View  `msgpack:"v,omitempty"`
	// Materialized tells that Table shows what a job keeps.
	Materialized *Materialized `msgpack:"m,omitempty"`
}

// Materialized is where the contents of a materialized view come from.
type Materialized struct {
	// Query is the SQL text of the query, Columns its columns' names if not its own.
	Query   string   `msgpack:"q"`
	Columns []string `msgpack:"c,omitempty"`
	// Job is the ID of the job that keeps the contents.
	Job string `msgpack:"j"`
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
