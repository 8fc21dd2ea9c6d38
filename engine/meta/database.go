package meta

// Database is a database of the catalog; the default one is not stored.
type Database struct {
	Name    string            `msgpack:"n"`
	Comment string            `msgpack:"m,omitempty"`
	Options map[string]string `msgpack:"o,omitempty"`
}

// PutDatabase stores a database under its name.
func (s *Store) PutDatabase(d Database) error { return s.put(databaseKind+d.Name, d) }

// DeleteDatabase forgets a database; an unknown one is fine.
func (s *Store) DeleteDatabase(name string) error { return s.delete(databaseKind + name) }

// Databases lists all in order of their names.
func (s *Store) Databases() ([]Database, error) { return list[Database](s, databaseKind) }
