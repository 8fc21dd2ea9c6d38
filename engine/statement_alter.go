package engine

import (
	"context"
	"maps"
	"slices"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/sql"
)

// alter changes a declaration. Jobs that run keep what they were started with.
func (st *statement) alter(ctx context.Context, stmt *sql.Alter) (Result, error) {
	switch stmt.Kind {
	case sql.TableObject:
		return st.alterTable(stmt)
	case sql.ViewObject:
		return st.alterView(stmt)
	case sql.MaterializedViewObject:
		return st.alterMaterializedView(ctx, stmt)
	case sql.StreamObject:
		return st.alterStream(stmt)
	case sql.DatabaseObject:
		return st.alterDatabase(stmt)
	case sql.FunctionObject:
		return st.alterFunction(stmt)
	case sql.ModelObject:
		return st.alterModel(stmt)
	}
	return Result{}, unsupported(stmt)
}

// toAlter finds the relation; done tells that there is none and nothing to do.
func (st *statement) toAlter(stmt *sql.Alter) (name string, r catalog.Relation, done bool, err error) {
	if name, err = st.relationName(stmt.Name); err != nil {
		return "", r, false, err
	}
	r, ok := st.catalog.relations[name]
	if ok && isMaterialized(r) {
		return name, r, false, errs.Userf("`%s` is a materialized view", name).At(stmt.Name.Span).WithHint("write ALTER MATERIALIZED VIEW")
	}
	if !ok || (r.View != nil) != (stmt.Kind == sql.ViewObject) {
		if stmt.IfExists {
			return name, r, true, nil
		}
		return name, r, false, st.noRelation(stmt.Kind.String(), name, stmt.Name)
	}
	return name, r, false, nil
}

// alterTable applies all actions to a copy, which then must be a valid declaration.
func (st *statement) alterTable(stmt *sql.Alter) (Result, error) {
	name, r, done, err := st.toAlter(stmt)
	if done || err != nil {
		return Result{Message: "nothing to alter"}, err
	}
	if action, ok := stmt.Actions[0].(*sql.AlterPartitions); ok {
		return st.alterPartitions(r.Table, action)
	}
	t := cloneTable(r.Table)
	for _, action := range stmt.Actions {
		if rename, ok := action.(*sql.AlterRename); ok {
			if t.Name, err = st.newName(rename); err != nil {
				return Result{}, err
			}
			continue
		}
		if err := (&alteration{t}).apply(action); err != nil {
			return Result{}, err
		}
	}
	declared, err := st.redeclare(t)
	if err != nil {
		// Its place is in another text.
		at := stmt.Actions[0].Pos()
		return Result{}, &errs.Error{Class: errs.ClassOf(err), Message: "table " + name + " can't be altered so", Cause: err, Span: at}
	}
	return Result{Message: "altered table " + name}, st.replace(stmt.Name, seen(r), relation{Table: declared})
}

// newName checks the name of RENAME TO.
func (st *statement) newName(rename *sql.AlterRename) (string, error) {
	name, err := st.relationName(rename.To)
	if err != nil {
		return "", err
	}
	if _, taken := st.catalog.relations[name]; taken {
		return "", errs.Userf("there is already a table or view `%s`", name).At(rename.To.Span)
	}
	return name, nil
}

// redeclare checks a changed table as CREATE TABLE would.
func (st *statement) redeclare(t *catalog.Table) (*catalog.Table, error) {
	statements, err := sql.Parse(create(false, "TABLE") + quoteName(t.Name) + declaration(t, t.Options, func(_, value string) string { return value }))
	if err != nil {
		return nil, err
	}
	declared, err := st.planner().BindTable(statements[0].(*sql.CreateTable))
	if err != nil {
		return nil, err
	}
	declared.Name = t.Name
	return declared, st.catalog.parts.check(declared)
}

func cloneTable(t *catalog.Table) *catalog.Table {
	c := *t
	c.Columns, c.PrimaryKey, c.PartitionedBy = slices.Clone(t.Columns), slices.Clone(t.PrimaryKey), slices.Clone(t.PartitionedBy)
	if c.Options = maps.Clone(t.Options); c.Options == nil {
		c.Options = map[string]string{}
	}
	return &c
}

// alterView renames a view, or gives it another query or comment.
func (st *statement) alterView(stmt *sql.Alter) (Result, error) {
	name, r, done, err := st.toAlter(stmt)
	if done || err != nil {
		return Result{Message: "nothing to alter"}, err
	}
	view := &catalog.View{Name: r.View.Name, Columns: r.View.Columns, Query: r.View.Query, Comment: r.View.Comment}
	switch action := stmt.Actions[0].(type) {
	case *sql.AlterRename:
		view.Name, err = st.newName(action)
	case *sql.AlterQuery:
		st.within(name)
		var bound *catalog.View
		if bound, err = st.planner().BindView(&sql.CreateView{Place: stmt.Place, Name: stmt.Name, Query: action.Query}); err == nil {
			view.Columns, view.Query = nil, bound.Query
		}
	case *sql.AlterComment:
		view.Comment = action.Comment
	default:
		err = errs.Userf("a view has no such property").At(action.Pos()).WithHint("write RENAME TO, AS query or COMMENT")
	}
	if err != nil {
		return Result{}, err
	}
	return Result{Message: "altered view " + name}, st.replace(stmt.Name, seen(r), relation{View: view})
}

// setStream sets the options of a stream itself: a stream is resharded while it is used.
func setStream(stream *shardlog.Stream, own map[string]string) error {
	options, err := streamSpec().Parse(own)
	if err != nil {
		return err
	}
	if options.Given("retention") {
		if err := stream.SetRetention(options.Duration("retention")); err != nil {
			return err
		}
	}
	if options.Given("shards") && int(options.Int("shards")) != stream.Open() {
		return stream.Scale(int(options.Int("shards")))
	}
	return nil
}

// alterStream sets a stream's retention and shards; everything else is about its table.
func (st *statement) alterStream(stmt *sql.Alter) (Result, error) {
	store, name, err := st.existingStream(stmt.Name, stmt.IfExists)
	if err != nil {
		return Result{}, err
	}
	if name == "" {
		return Result{Message: "nothing to alter"}, nil
	}
	set, ok := stmt.Actions[0].(*sql.AlterSet)
	if !ok {
		if _, rename := stmt.Actions[0].(*sql.AlterRename); rename {
			return Result{}, errs.Unsupportedf("a stream can't be renamed").At(stmt.Actions[0].Pos())
		}
		return st.alterTableOf(stmt)
	}
	own, rest := streamOptions(set.Options, true)
	stream, err := store.Stream(name)
	if err != nil {
		return Result{}, err
	}
	if err := setStream(stream, own); err != nil {
		return Result{}, atStreamOption(err, name, stmt.Name, set.Options)
	}
	if len(rest) == 0 {
		return Result{Message: "altered stream " + name}, nil
	}
	remaining := *set
	remaining.Options = slices.DeleteFunc(slices.Clone(set.Options), func(o sql.Option) bool { _, own := own[o.Key]; return own })
	change := *stmt
	change.Actions = []sql.AlterAction{&remaining}
	return st.alterTableOf(&change)
}

// alterTableOf alters the table that came with a stream.
func (st *statement) alterTableOf(stmt *sql.Alter) (Result, error) {
	change := *stmt
	change.Kind = sql.TableObject
	return st.alterTable(&change)
}
