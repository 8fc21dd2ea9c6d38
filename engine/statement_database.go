package engine

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/engine/meta"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql"
)

// databaseName reads the name of a database; the catalog may stand before it.
func databaseName(name sql.Name) (string, error) {
	parts := name.Strings()
	if len(parts) > 2 {
		return "", errs.Userf("a database's name has two parts at most: catalog and database").At(name.Span)
	}
	if len(parts) == 2 {
		if err := checkCatalog(parts[0], name.Parts[0].Span); err != nil {
			return "", err
		}
	}
	return name.Last(), nil
}

// createDatabase adds a database.
func (st *statement) createDatabase(stmt *sql.CreateDatabase) (Result, error) {
	name, err := databaseName(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	if slices.Contains(st.catalog.databaseNames(), name) {
		if stmt.IfNotExists {
			return Result{Message: "database " + name + " exists already"}, nil
		}
		return Result{}, errs.Userf("there is already a database `%s`", name).At(stmt.Name.Span).
			WithHint("choose another name, or write IF NOT EXISTS")
	}
	d := meta.Database{Name: name, Options: map[string]string{}}
	if stmt.Comment != nil {
		d.Comment = *stmt.Comment
	}
	for _, o := range stmt.With {
		d.Options[o.Key] = o.Value
	}
	return Result{Message: "created database " + name}, st.session.engine.swapDatabase(swap[meta.Database]{key: name, now: &d})
}

// alterDatabase sets or resets options of a database, which it only remembers.
func (st *statement) alterDatabase(stmt *sql.Alter) (Result, error) {
	name, err := databaseName(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	if !slices.Contains(st.catalog.databaseNames(), name) && stmt.IfExists {
		return Result{Message: "nothing to alter"}, nil
	}
	if err := st.checkDatabase(name, stmt.Name.Span); err != nil {
		return Result{}, err
	}
	saw, ok := st.session.engine.database(name)
	if !ok {
		return Result{}, errs.Userf("the database `%s` can't be altered", name).At(stmt.Name.Span)
	}
	d := saw
	if d.Options = maps.Clone(saw.Options); d.Options == nil {
		d.Options = map[string]string{}
	}
	for _, action := range stmt.Actions {
		switch action := action.(type) {
		case *sql.AlterSet:
			for _, o := range action.Options {
				d.Options[o.Key] = o.Value
			}
		case *sql.AlterReset:
			for _, key := range action.Keys {
				delete(d.Options, key.Text)
			}
		default:
			return Result{}, errs.Userf("a database has options to SET or RESET, and nothing else to alter").At(action.Pos())
		}
	}
	return Result{Message: "altered database " + name}, st.session.engine.swapDatabase(swap[meta.Database]{key: name, saw: &saw, now: &d})
}

// database finds a database that was created.
func (e *Engine) database(name string) (meta.Database, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d, ok := e.databases[name]
	return d, ok
}

// dropDatabase forgets a database, with CASCADE also what is in it.
func (st *statement) dropDatabase(ctx context.Context, stmt *sql.Drop) (Result, error) {
	name, err := databaseName(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	if !slices.Contains(st.catalog.databaseNames(), name) && stmt.IfExists {
		return Result{Message: "nothing to drop"}, nil
	}
	if err := st.checkDatabase(name, stmt.Name.Span); err != nil {
		return Result{}, err
	}
	if name == defaultDatabase || name == st.catalog.database {
		return Result{}, errs.Userf("the database `%s` is in use", name).At(stmt.Name.Span).
			WithHint("the default database stays; leave another one with USE first")
	}
	held, err := st.heldBy(name)
	if err != nil {
		return Result{}, err
	}
	if len(held) > 0 && !stmt.Cascade {
		return Result{}, errs.Userf("the database `%s` holds `%s`", name, held[0]).At(stmt.Name.Span).
			WithHint("drop what is in it first, or write CASCADE")
	}
	saw, ok := st.session.engine.database(name)
	if !ok {
		return Result{}, errChanged
	}
	if err := st.dropContents(ctx, name); err != nil {
		return Result{}, err
	}
	return Result{Message: "dropped database " + name}, st.session.engine.swapDatabase(swap[meta.Database]{key: name, saw: &saw})
}

// heldBy lists all that a database holds.
func (st *statement) heldBy(database string) ([]string, error) {
	streams, err := st.streamsIn(database)
	if err != nil {
		return nil, err
	}
	return slices.Concat(st.catalog.relationsIn(database), st.catalog.modelsIn(database), streams,
		st.session.functionsIn(database, true), st.session.functionsIn(database, false)), nil
}

// dropContents forgets all that a database holds.
func (st *statement) dropContents(ctx context.Context, database string) error {
	for _, model := range st.catalog.modelsIn(database) {
		if err := st.session.removeModel(st.catalog.called.models.known[relationKey(database, model)]); err != nil {
			return err
		}
	}
	for _, relation := range st.catalog.relationsIn(database) {
		if err := st.dropHeld(ctx, relationKey(database, relation)); err != nil {
			return err
		}
	}
	if err := st.dropStreams(database); err != nil {
		return err
	}
	for _, temporary := range []bool{true, false} {
		for _, function := range st.session.functionsIn(database, temporary) {
			if err := st.session.removeFunction(functionKey(database, function), temporary); err != nil && !errors.Is(err, errChanged) {
				return err
			}
		}
	}
	return nil
}

// dropStreams deletes the streams of a database; their tables are its relations.
func (st *statement) dropStreams(database string) error {
	streams, err := st.streamsIn(database)
	if err != nil || len(streams) == 0 {
		return err
	}
	store, err := st.session.engine.streams()
	if err != nil {
		return err
	}
	for _, stream := range streams {
		if err := store.DeleteStream(relationKey(database, stream)); err != nil {
			return err
		}
	}
	return nil
}

// dropHeld forgets a relation of a database that is dropped, and one that it hid.
func (st *statement) dropHeld(ctx context.Context, key string) error {
	for r, ok := st.session.relation(key); ok; r, ok = st.session.relation(key) {
		if err := st.session.remove(r); err != nil {
			return err
		}
		if r.Materialized == nil {
			continue
		}
		if err := st.session.engine.forget(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// functionsIn lists the functions that a database holds, the session's or the engine's.
func (s *Session) functionsIn(database string, temporary bool) []string {
	from, mu := s.engine.functions, &s.engine.mu
	if temporary {
		from, mu = s.functions, &s.mu
	}
	mu.Lock()
	defer mu.Unlock()
	var all []string
	for key := range from {
		if name, ok := strings.CutPrefix(key, functionKey(database, "")); ok {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// use makes another database the session's.
func (st *statement) use(stmt *sql.Use) (Result, error) {
	if stmt.Kind == sql.CatalogObject {
		if err := checkCatalog(stmt.Name.Last(), stmt.Name.Span); err != nil {
			return Result{}, err
		}
		return Result{Message: "using catalog " + stmt.Name.Last()}, nil
	}
	name, err := databaseName(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	if err := st.checkDatabase(name, stmt.Name.Span); err != nil {
		return Result{}, err
	}
	s := st.session
	s.mu.Lock()
	defer s.mu.Unlock()
	s.database = name
	return Result{Message: "using " + name}, nil
}
