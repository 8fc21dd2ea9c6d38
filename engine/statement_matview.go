package engine

import (
	"context"
	"maps"
	"slices"

	"github.com/thalweg/thalweg/connectors/matview"
	"github.com/thalweg/thalweg/engine/meta"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/plan"
	"github.com/thalweg/thalweg/sql"
)

// createMaterializedView starts a job that keeps a query's result, and makes the
// table that shows it.
func (st *statement) createMaterializedView(ctx context.Context, stmt *sql.CreateMaterializedView) (Result, error) {
	name, err := st.relationName(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	c := creation{name: name, at: stmt.Name, ifNotExists: stmt.IfNotExists, orReplace: stmt.OrReplace || stmt.OrAlter}
	if done, err := st.taken(&c); done || err != nil {
		return Result{Message: "materialized view " + name + " exists already"}, err
	}
	if err := checkMaterialized(stmt); err != nil {
		return Result{}, err
	}
	st.within(name)
	view, err := st.planner().BindView(&sql.CreateView{Place: stmt.Place, Name: stmt.Name, Columns: stmt.Columns, Query: stmt.Query})
	if err != nil {
		return Result{}, err
	}
	view.Name = name
	m := &materialization{statement: st, stmt: stmt, view: view, as: c}
	switch {
	case c.saw == nil:
	case c.saw.Materialized == nil:
		return Result{}, errs.Userf("`%s` is not a materialized view", name).At(stmt.Name.Span).WithHint("drop it first, or choose another name")
	case stmt.OrAlter && m.same(*c.saw):
		return Result{Message: "materialized view " + name + " is so already"}, nil
	}
	return m.start(ctx)
}

// checkMaterialized refuses clauses that mean nothing here.
func checkMaterialized(stmt *sql.CreateMaterializedView) error {
	if len(stmt.With) > 0 {
		return errs.Userf("a materialized view has no option '%s'", stmt.With[0].Key).At(stmt.With[0].Span).
			WithHint("how its job runs is what is SET before")
	}
	if stmt.RefreshMode == "FULL" {
		return errs.Unsupportedf("a materialized view is not computed anew from time to time").At(stmt.RefreshPlace.Span).
			WithHint("leave REFRESH_MODE out: it is kept up to date by what changes")
	}
	return nil
}

// materialization is a materialized view being made.
type materialization struct {
	*statement
	stmt *sql.CreateMaterializedView
	view *catalog.View
	// as is how it is declared, and tells the one it replaces.
	as creation
}

// same reports that the view exists as it is declared.
func (m *materialization) same(old relation) bool {
	var key []string
	if m.stmt.PrimaryKey != nil {
		key = identTexts(m.stmt.PrimaryKey.Columns)
	}
	return old.Materialized.Query == m.view.Query && slices.Equal(old.Materialized.Columns, m.view.Columns) &&
		slices.Equal(old.Table.PrimaryKey, key)
}

func identTexts(ids []sql.Ident) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.Text
	}
	return out
}

// start makes the place of the contents and starts the job. The relation comes last:
// what a crash leaves before is dropped by the next start.
func (m *materialization) start(ctx context.Context) (Result, error) {
	store, err := m.session.engine.views()
	if err != nil {
		return Result{}, err
	}
	id, err := store.Create()
	if err != nil {
		return Result{}, err
	}
	result, err := m.startAt(ctx, id)
	if err != nil {
		// The first error is the one to tell.
		_ = store.Drop(id)
		return Result{}, err
	}
	if m.as.saw == nil {
		return result, nil
	}
	return result, m.session.engine.forget(ctx, *m.as.saw)
}

func (m *materialization) startAt(ctx context.Context, id matview.ID) (Result, error) {
	create, err := m.asTable(id)
	if err != nil {
		return Result{}, err
	}
	// Its own query must not see the new one.
	table, err := m.planner().BindTable(create)
	if err != nil {
		return Result{}, err
	}
	table.Name = m.view.Name
	without := m.catalog
	with := *without
	with.relations = maps.Clone(without.relations)
	with.relations[table.Name] = catalog.Relation{Table: table}
	m.catalog = &with
	p, err := m.plan(create)
	m.catalog = without
	if err != nil {
		return Result{}, err
	}
	if err := refuseItself(p, m.stmt, id); err != nil {
		return Result{}, err
	}
	record, err := m.record(p)
	if err != nil {
		return Result{}, err
	}
	record.View = matview.FormatID(id)
	if m.settings.String("pipeline.name") == "" {
		record.Name = "materialize_" + table.Name
	}
	run, err := m.session.engine.submit(ctx, record, p, nil)
	if err != nil {
		return Result{}, err
	}
	kept := relation{Table: table, Materialized: &meta.Materialized{Query: m.view.Query, Columns: m.view.Columns, Job: run.id}}
	if err := m.put(kept, m.as); err != nil {
		_ = run.cancel(context.WithoutCancel(ctx)) // the first error is the one to tell
		return Result{}, err
	}
	return Result{Kind: ResultJob, Job: &Job{run: run}, Message: "job " + run.id}, nil
}

// refuseItself fails for a view that reads the one that it replaces: planning, its
// name stands for the new one already.
func refuseItself(p *plan.Plan, stmt *sql.CreateMaterializedView, id matview.ID) error {
	for _, n := range p.Nodes {
		if n.Source != nil && n.Source.Table.Connector == matview.Name && n.Source.Table.Options[matview.OptionView] == matview.FormatID(id) {
			return errs.Userf("the query of `%s` reads `%[1]s` itself", stmt.Name.Last()).At(stmt.Name.Span).
				WithHint("make a view of another name from it")
		}
	}
	return nil
}

// asTable is the view as CREATE TABLE … AS, with its columns renamed.
func (m *materialization) asTable(id matview.ID) (*sql.CreateTable, error) {
	s := m.stmt
	create := &sql.CreateTable{Place: s.Place, Name: s.Name, PrimaryKey: s.PrimaryKey, Comment: s.Comment, As: s.Query, With: []sql.Option{
		{Place: s.Place, Key: "connector", Value: matview.Name}, {Place: s.Place, Key: matview.OptionView, Value: matview.FormatID(id)}}}
	if len(s.Columns) == 0 {
		return create, nil
	}
	statements, err := sql.Parse("SELECT * FROM (" + m.view.Query + ") AS `view` (" + quoteNames(m.view.Columns) + ")")
	if err != nil {
		return nil, errs.Wrap(errs.Bug, err, "renaming the columns of a materialized view")
	}
	create.As = statements[0].(*sql.QueryStatement).Query
	return create, nil
}

// dropMaterializedView drops a view, ends its job and forgets its contents.
func (st *statement) dropMaterializedView(ctx context.Context, stmt *sql.Drop) (Result, error) {
	name, r, ok, err := st.materialized(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	if !ok {
		if stmt.IfExists {
			return Result{Message: "nothing to drop"}, nil
		}
		return Result{}, st.noRelation(stmt.Kind.String(), name, stmt.Name)
	}
	if err := st.session.remove(r); err != nil {
		return Result{}, err
	}
	return Result{Message: "dropped " + name}, st.session.engine.forget(ctx, r)
}

// materialized finds a materialized view.
func (st *statement) materialized(at sql.Name) (name string, r relation, ok bool, err error) {
	if name, err = st.relationName(at); err != nil {
		return "", r, false, err
	}
	r, ok = st.session.relation(name)
	return name, r, ok && r.Materialized != nil, nil
}

// alterMaterializedView suspends or resumes a view's job, or gives the view another
// name or query.
func (st *statement) alterMaterializedView(ctx context.Context, stmt *sql.Alter) (Result, error) {
	name, r, ok, err := st.materialized(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	if !ok {
		if stmt.IfExists {
			return Result{Message: "nothing to alter"}, nil
		}
		return Result{}, st.noRelation(stmt.Kind.String(), name, stmt.Name)
	}
	switch action := stmt.Actions[0].(type) {
	case *sql.AlterRefresh:
		return st.alterRefresh(ctx, name, r, action)
	case *sql.AlterRename:
		table := *r.Table
		if table.Name, err = st.newName(action); err != nil {
			return Result{}, err
		}
		return Result{Message: "altered materialized view " + name}, st.replace(stmt.Name, r, relation{Table: &table, Materialized: r.Materialized})
	case *sql.AlterQuery:
		again := &sql.CreateMaterializedView{Place: stmt.Place, OrReplace: true, Name: stmt.Name, Query: action.Query, PrimaryKey: keyOf(r.Table), Comment: commentOf(r.Table)}
		return st.createMaterializedView(ctx, again)
	default:
		return Result{}, errs.Userf("a materialized view has no such property").At(action.Pos()).
			WithHint("write SUSPEND, RESUME, RENAME TO or AS query")
	}
}

// keyOf is a table's PRIMARY KEY as it was declared.
func keyOf(t *catalog.Table) *sql.PrimaryKey {
	if len(t.PrimaryKey) == 0 {
		return nil
	}
	key := &sql.PrimaryKey{}
	for _, name := range t.PrimaryKey {
		key.Columns = append(key.Columns, sql.Ident{Text: name})
	}
	return key
}

func commentOf(t *catalog.Table) *string {
	if t.Comment == "" {
		return nil
	}
	return &t.Comment
}

// alterRefresh stops a view's job with a checkpoint, or goes on from it.
func (st *statement) alterRefresh(ctx context.Context, name string, r relation, action *sql.AlterRefresh) (Result, error) {
	job, ok := st.session.engine.Job(r.Materialized.Job)
	if !ok {
		return Result{}, errs.Userf("the job of the materialized view `%s` is gone", name).At(action.Span).
			WithHint("CREATE OR REPLACE it")
	}
	switch ended := job.Info().State.Ended(); {
	case action.What == "REFRESH":
		return Result{}, errs.Userf("a materialized view is always as fresh as its sources").At(action.Span).
			WithHint("RESUME it if it was suspended")
	case action.What == "SUSPEND" && !ended:
		return Result{Message: "suspended materialized view " + name}, job.Stop(ctx)
	case action.What == "RESUME" && ended:
		_, err := st.session.engine.Resume(ctx, r.Materialized.Job)
		return Result{Message: "resumed materialized view " + name}, err
	case ended:
		return Result{Message: "materialized view " + name + " is not running"}, nil
	}
	return Result{Message: "materialized view " + name + " is running"}, nil
}

// showMaterializedViews lists views with the states of their jobs.
func (st *statement) showMaterializedViews(stmt *sql.Show) (Result, error) {
	database, err := st.showFrom(stmt)
	if err != nil {
		return Result{}, err
	}
	matches, err := likePattern(stmt)
	if err != nil {
		return Result{}, err
	}
	store, err := st.session.engine.views()
	if err != nil {
		return Result{}, err
	}
	var rows [][]string
	for _, name := range st.catalog.relationsIn(database) {
		r, ok := st.session.relation(relationKey(database, name))
		if !ok || r.Materialized == nil || !matches(name) {
			continue
		}
		state := "GONE"
		if job, ok := st.session.engine.Job(r.Materialized.Job); ok {
			state = job.Info().Status
		}
		rows = append(rows, []string{name, r.Materialized.Job, state, store.Rows(viewID(r.Table))})
	}
	return Result{Kind: ResultRows, Rows: textRows([]string{"materialized view name", "job id", "status", "rows"}, rows)}, nil
}

// showCreateMaterializedView prints the statement that makes a view.
func (st *statement) showCreateMaterializedView(stmt *sql.Show) (Result, error) {
	name, r, ok, err := st.materialized(*stmt.Name)
	if err != nil {
		return Result{}, err
	}
	if !ok {
		return Result{}, st.noRelation("materialized view", name, *stmt.Name)
	}
	text := "CREATE MATERIALIZED VIEW " + st.shown(name)
	items := quoteNames(r.Materialized.Columns)
	if key := r.Table.PrimaryKey; len(key) > 0 {
		if items != "" {
			items += ", "
		}
		items += "PRIMARY KEY (" + quoteNames(key) + ") NOT ENFORCED"
	}
	if items != "" {
		text += " (" + items + ")"
	}
	if r.Table.Comment != "" {
		text += " COMMENT " + types.QuoteString(r.Table.Comment)
	}
	return Result{Kind: ResultText, Message: text + " AS\n" + r.Materialized.Query}, nil
}

// refuseViews fails for an INSERT into a materialized view.
func refuseViews(p *plan.Plan, stmt sql.Statement) error {
	for _, n := range p.Nodes {
		if n.Sink != nil && n.Sink.Table.Connector == matview.Name {
			return errs.Userf("%s is a materialized view, which only its own query writes", n.Sink.Table.Name).At(stmt.Pos()).
				WithHint("make a table for the rows, and UNION ALL them in the view's query")
		}
	}
	return nil
}
