// Package planner turns SQL statements into physical plans: it binds names and
// types (planner/bind), rewrites the relational form (planner/rules) and chooses
// operators and exchanges (planner/internal/physical).
//
// A [Planner] is cheap: make one per statement over the session's catalog and
// settings. Its errors are of class user or unsupported and carry a span of the
// script that the statement was parsed from.
package planner

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/plan"
	"github.com/thalweg/thalweg/sql"
)

// Options are what a session sets for its plans.
type Options struct {
	// Settings are the session's SET options, such as
	// 'table.optimizer.agg-phase-strategy' or 'table.exec.state.ttl'.
	Settings map[string]string
	// Parallelism is the number of tasks per stage that the job will have, as a
	// hint; 0 means unknown.
	Parallelism int
}

// Planner plans statements over a catalog. It may be used by one goroutine.
type Planner struct {
	cat  catalog.Catalog
	opts Options
}

// New makes a Planner. The catalog must not change while it is used.
func New(cat catalog.Catalog, opts Options) *Planner { return &Planner{cat: cat, opts: opts} }

// Plan plans a *sql.Insert, a *sql.QueryStatement (whose result a Collect sink
// gathers), a *sql.StatementSet (one plan with several sinks), or a
// *sql.CreateTable with AS, whose table must be in the catalog by now.
func (p *Planner) Plan(stmt sql.Statement) (*plan.Plan, error) {
	return nil, errs.Unsupportedf("planning is not wired yet").At(stmt.Pos())
}

// Explain renders the plan of a statement that Plan takes.
func (p *Planner) Explain(stmt sql.Statement, details ...sql.ExplainDetail) (string, error) {
	return "", errs.Unsupportedf("planning is not wired yet").At(stmt.Pos())
}

// BindTable checks a table declaration and turns it into a catalog table. With AS
// the columns come from the query; with LIKE from another table.
func (p *Planner) BindTable(stmt *sql.CreateTable) (*catalog.Table, error) {
	return nil, errs.Unsupportedf("planning is not wired yet").At(stmt.Pos())
}

// BindView checks a view's query and turns it into a catalog view.
func (p *Planner) BindView(stmt *sql.CreateView) (*catalog.View, error) {
	return nil, errs.Unsupportedf("planning is not wired yet").At(stmt.Pos())
}
