package engine

import (
	"context"
	"errors"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/sql"
)

// createTable declares a table, and starts the job that fills it with AS.
func (st *statement) createTable(ctx context.Context, stmt *sql.CreateTable) (Result, error) {
	name, err := st.relationName(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	c := creation{name: name, at: stmt.Name, ifNotExists: stmt.IfNotExists, orReplace: stmt.OrReplace, temporary: stmt.Temporary}
	exists := Result{Message: "table " + name + " exists already"}
	if done, err := st.taken(&c); done || err != nil {
		return exists, err
	}
	table, err := st.bindTable(name, stmt)
	if err != nil {
		return Result{}, err
	}
	r := relation{Table: table}
	if stmt.As == nil {
		return Result{Message: "created table " + name}, st.put(r, c)
	}
	st.catalog.relations[name] = catalogOfRelation(r)
	p, err := st.plan(stmt)
	if err != nil {
		return Result{}, err
	}
	if err := st.put(r, c); err != nil {
		return Result{}, err
	}
	return st.submit(ctx, p)
}

// bindTable checks the declaration of a table.
func (st *statement) bindTable(name string, stmt *sql.CreateTable) (*catalog.Table, error) {
	table, err := st.planner().BindTable(stmt)
	if err != nil {
		return nil, err
	}
	table.Name = name
	if err := st.catalog.parts.check(table); err != nil {
		return nil, atOption(errs.Wrap(errs.Bug, err, "table %s", name), stmt)
	}
	return table, nil
}

// atOption makes an error about a declared table point at the option that it is about, or
// at the table's name.
func atOption(err error, stmt *sql.CreateTable) error {
	e, ok := err.(*errs.Error)
	if !ok || errs.SpanOf(err) != (errs.Span{}) {
		return err
	}
	var option *connector.OptionError
	if errors.As(err, &option) {
		for _, o := range stmt.With {
			switch {
			case o.Key == option.Option && option.Value && o.ValuePlace.Span != (errs.Span{}):
				return e.At(o.ValuePlace.Span)
			case o.Key == option.Option:
				return e.At(o.Span)
			}
		}
	}
	return e.At(stmt.Name.Span)
}

// createView declares a view.
func (st *statement) createView(stmt *sql.CreateView) (Result, error) {
	name, err := st.relationName(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	c := creation{name: name, at: stmt.Name, ifNotExists: stmt.IfNotExists, orReplace: stmt.OrReplace, temporary: stmt.Temporary}
	exists := Result{Message: "view " + name + " exists already"}
	if done, err := st.taken(&c); done || err != nil {
		return exists, err
	}
	st.within(name)
	view, err := st.planner().BindView(stmt)
	if err != nil {
		return Result{}, err
	}
	view.Name = name
	return Result{Message: "created view " + name}, st.put(relation{View: view}, c)
}

// creation is what a CREATE says of the name of a table or view.
type creation struct {
	name                              string
	at                                sql.Name
	ifNotExists, orReplace, temporary bool
	// saw is what has the name now, nil for nothing.
	saw *relation
}

// taken decides about a name that is in use: done tells that there is nothing left
// to do.
func (st *statement) taken(c *creation) (done bool, err error) {
	if c.saw = st.session.relationAt(c.name, c.temporary); c.saw == nil || c.orReplace {
		return false, nil
	}
	if c.ifNotExists {
		return true, nil
	}
	return false, errs.Userf("there is already a table or view `%s`", c.name).At(c.at.Span).
		WithHint("choose another name, or write IF NOT EXISTS")
}

// put declares a relation, in the place of the one that is replaced.
func (st *statement) put(r relation, c creation) error {
	if c.saw != nil && c.saw.Materialized != nil && r.Materialized == nil {
		return errs.Userf("`%s` is a materialized view", c.name).At(c.at.Span).WithHint("DROP MATERIALIZED VIEW it first, or choose another name")
	}
	return st.session.swapRelation(swap[relation]{key: c.name, saw: c.saw, now: &r, home: st.home(c.at)}, c.temporary)
}

// drop forgets a table or view.
func (st *statement) drop(ctx context.Context, stmt *sql.Drop) (Result, error) {
	switch stmt.Kind {
	case sql.StreamObject:
		return st.dropStream(stmt)
	case sql.DatabaseObject:
		return st.dropDatabase(ctx, stmt)
	case sql.FunctionObject:
		return st.dropFunction(stmt)
	case sql.ModelObject:
		return st.dropModel(stmt)
	case sql.MaterializedViewObject:
		return st.dropMaterializedView(ctx, stmt)
	case sql.CatalogObject:
		return Result{}, errs.Userf("the catalog %s can't be dropped, and there is no other", defaultCatalog).At(stmt.Name.Pos())
	}
	if stmt.Kind != sql.TableObject && stmt.Kind != sql.ViewObject {
		return Result{}, unsupported(stmt)
	}
	name, err := st.relationName(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	r, ok := st.catalog.relations[name]
	if ok && isMaterialized(r) {
		return Result{}, errs.Userf("`%s` is a materialized view", name).At(stmt.Name.Span).WithHint("write DROP MATERIALIZED VIEW")
	}
	if !ok || (r.View != nil) != (stmt.Kind == sql.ViewObject) {
		if stmt.IfExists {
			return Result{Message: "nothing to drop"}, nil
		}
		return Result{}, st.noRelation(stmt.Kind.String(), name, stmt.Name)
	}
	return Result{Message: "dropped " + name}, st.session.remove(seen(r))
}

// noRelation names the nearest relation.
func (st *statement) noRelation(what, name string, at sql.Name) error {
	e := errs.Userf("there is no %s `%s`", lower(what), name).At(at.Span)
	if r, ok := st.catalog.relations[name]; ok {
		return e.WithHint("`%s` is a %s", name, kindOf(r))
	}
	if near := errs.Nearest(name, st.catalog.Relations()); near != "" {
		return e.WithHint("did you mean `%s`?", near)
	}
	return e
}
