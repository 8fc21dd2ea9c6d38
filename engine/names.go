package engine

import (
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql"
)

// Flink's names of the catalog and the database that are always there.
const (
	defaultCatalog  = "default_catalog"
	defaultDatabase = "default_database"
)

// A relation's key in the catalog is its name alone in the default database, and
// "database.name" in any other.

// relationKey is the key of a relation in a database.
func relationKey(database, name string) string {
	if database == defaultDatabase {
		return name
	}
	return database + "." + name
}

// relationName gives the key that a name stands for in the session.
func (st *statement) relationName(name sql.Name) (string, error) {
	parts := name.Strings()
	if len(parts) == 3 {
		if err := checkCatalog(parts[0], name.Parts[0].Span); err != nil {
			return "", err
		}
		parts = parts[1:]
	}
	switch len(parts) {
	case 1:
		if err := st.checkDatabase(st.catalog.database, name.Span); err != nil {
			return "", err // it was dropped by another session
		}
		return relationKey(st.catalog.database, parts[0]), nil
	case 2:
		if err := st.checkDatabase(parts[0], name.Span); err != nil {
			return "", err
		}
		return relationKey(parts[0], parts[1]), nil
	}
	return "", errs.Userf("a name has three parts at most: catalog, database and table").At(name.Span)
}

// home is the database that a name is in; empty for the default one.
func (st *statement) home(name sql.Name) string {
	database := st.catalog.database
	if parts := name.Strings(); len(parts) > 1 {
		database = parts[len(parts)-2]
	}
	if database == defaultDatabase {
		return ""
	}
	return database
}

// homeOfKey is the database that a key is in; empty for the default one.
func (st *statement) homeOfKey(key string) string {
	database, _ := st.catalog.splitKey(key)
	if database == defaultDatabase {
		return ""
	}
	return database
}

// checkCatalog accepts the one catalog there is.
func checkCatalog(name string, at errs.Span) error {
	if name == defaultCatalog {
		return nil
	}
	return errs.Userf("there is no catalog `%s`", name).At(at).WithHint("there is only %s", defaultCatalog)
}

// checkDatabase names the nearest database if there is none of that name.
func (st *statement) checkDatabase(name string, at errs.Span) error {
	all := st.catalog.databaseNames()
	for _, database := range all {
		if database == name {
			return nil
		}
	}
	e := errs.Userf("there is no database `%s`", name).At(at)
	if near := errs.Nearest(name, all); near != "" {
		return e.WithHint("did you mean `%s`?", near)
	}
	return e
}

// splitKey parts a relation's key into its database and its name.
func (c *sessionCatalog) splitKey(key string) (database, name string) {
	if database, name, ok := strings.Cut(key, "."); ok && c.databases[database] {
		return database, name
	}
	return defaultDatabase, key
}
