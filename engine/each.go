package engine

import (
	"context"
	"errors"

	"github.com/thalweg/thalweg/engine/meta"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner"
	"github.com/thalweg/thalweg/planner/plan"
	"github.com/thalweg/thalweg/sql"
)

// Each runs a script and hands each statement's result to do as soon as there is
// one; an error of do stops the script and is returned. Every Rows must be closed
// by do.
func (s *Session) Each(ctx context.Context, script string, do func(Result) error) error {
	s.running.Lock()
	defer s.running.Unlock()
	statements, err := sql.Parse(script)
	if err != nil {
		return err
	}
	for _, stmt := range statements {
		if err := ctx.Err(); err != nil {
			return err
		}
		result, err := s.run(ctx, script, stmt)
		if err != nil {
			return err
		}
		result.Span, result.Statement = stmt.Pos(), sql.Text(script, stmt)
		if err := do(result); err != nil {
			return err
		}
	}
	return nil
}

// statement is a statement with what its execution needs.
type statement struct {
	session *Session
	text    string
	place   meta.Place
	// catalog is what the statement sees, settings what is set.
	catalog  *sessionCatalog
	settings settings
	// warnings are added to those of the result.
	warnings []string
}

// plan plans a statement and notes what has no effect in it.
func (st *statement) plan(stmt sql.Statement) (*plan.Plan, error) {
	p := st.planner()
	out, err := p.Plan(stmt)
	st.warnings = append(st.warnings, p.Warnings()...)
	return out, err
}

// run executes one statement. Errors without a place point at all of it.
func (s *Session) run(ctx context.Context, script string, stmt sql.Statement) (Result, error) {
	for range changesMax {
		result, err := s.runOnce(ctx, script, stmt)
		if !errors.Is(err, errChanged) {
			return result, err
		}
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
	}
	return Result{}, errs.Resourcef("other statements change what this one is about all the time").At(stmt.Pos()).WithHint("try again")
}

// changesMax is how often a statement runs anew because others have changed what it looked
// at. Each time one of them did something.
const changesMax = 100

// runOnce executes a statement on the catalog as it is now.
func (s *Session) runOnce(ctx context.Context, script string, stmt sql.Statement) (Result, error) {
	st := &statement{session: s, text: sql.Text(script, stmt), place: meta.PlaceOf(script, stmt.Pos().Start), catalog: s.catalogOf()}
	var err error
	if st.settings, err = readSettings(s.Settings(), s.engine.opts); err != nil {
		return Result{}, err
	}
	st.catalog.snapshots = readsSnapshots(stmt)
	var result Result
	err = errs.Safely("this statement", func() (err error) {
		result, err = st.execute(ctx, stmt)
		return err
	})
	result.Warnings = append(result.Warnings, st.warnings...)
	return result, place(err, stmt)
}

// place makes an error point at the statement if it points nowhere.
func place(err error, stmt sql.Statement) error {
	e, ok := err.(*errs.Error)
	if !ok || errs.SpanOf(err) != (errs.Span{}) {
		return err
	}
	return e.At(stmt.Pos())
}

func (st *statement) execute(ctx context.Context, stmt sql.Statement) (Result, error) {
	switch stmt := stmt.(type) {
	case *sql.Set:
		return st.set(stmt)
	case *sql.Truncate:
		return st.truncate(stmt)
	case *sql.Reset:
		return st.reset(stmt)
	case *sql.Use:
		return st.use(stmt)
	case *sql.CreateTable:
		return st.createTable(ctx, stmt)
	case *sql.CreateStream:
		return st.createStream(stmt)
	case *sql.CreateView:
		return st.createView(stmt)
	case *sql.CreateMaterializedView:
		return st.createMaterializedView(ctx, stmt)
	case *sql.CreateFunction:
		return st.createFunction(stmt)
	case *sql.CreateModel:
		return st.createModel(stmt)
	case *sql.CreateDatabase:
		return st.createDatabase(stmt)
	case *sql.Alter:
		return st.alter(ctx, stmt)
	case *sql.Drop:
		return st.drop(ctx, stmt)
	case *sql.Describe:
		return st.describe(stmt)
	case *sql.Show:
		return st.show(stmt)
	case *sql.Explain:
		return st.explain(ctx, stmt)
	case *sql.Insert, *sql.StatementSet:
		return st.insert(ctx, stmt)
	case *sql.QueryStatement:
		return st.query(ctx, stmt)
	case *sql.StopJob:
		return st.stopJob(ctx, stmt)
	case *sql.Modules:
		return modules(stmt)
	case *sql.Jar:
		return Result{}, errs.Unsupportedf("JARs can't be loaded: this program runs no Java").At(stmt.Place.Span).
			WithHint("register a function or a connector written in Go, see docs/embedding.md")
	case *sql.CreateCatalog:
		return Result{}, errs.Unsupportedf("there is one catalog, %s", defaultCatalog).At(stmt.Name.Place.Span).
			WithHint("make databases in it with CREATE DATABASE")
	}
	return Result{}, unsupported(stmt)
}

// unsupported is the error for a statement that parses but is not run yet.
func unsupported(stmt sql.Statement) error {
	what := "this statement"
	switch stmt := stmt.(type) {
	case *sql.Show:
		what = "SHOW " + stmt.What
	case *sql.Drop:
		what = "DROP " + stmt.Kind.String()
	case *sql.Alter:
		what = "ALTER " + stmt.Kind.String()
	}
	return errs.Unsupportedf("%s is not supported yet", what).At(stmt.Pos())
}

// planner makes a planner over what the statement sees.
func (st *statement) planner() *planner.Planner {
	return planner.New(st.catalog, planner.Options{Settings: st.settings.all, Parallelism: st.parallelism()})
}

// parallelism is the number of tasks of a stage.
func (st *statement) parallelism() int {
	if n := st.settings.integer("table.exec.resource.default-parallelism", -1); n != -1 {
		return n
	}
	return st.settings.integer("parallelism.default", st.session.engine.opts.Parallelism)
}
