// Package planner turns SQL statements into physical plans: it binds names and
// types (planner/bind), rewrites the relational form (planner/rules) and chooses
// operators and exchanges (planner/internal/physical).
//
// A [Planner] is cheap: make one per statement over the session's catalog and
// settings. Its errors are of class user or unsupported and carry a span of the
// script that the statement was parsed from.
package planner

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/bind"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/internal/physical"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/planner/plan"
	"github.com/thalweg/thalweg/planner/rules"
	"github.com/thalweg/thalweg/sql"
)

// Options are what a session sets for its plans.
type Options struct {
	// Settings are the session's SET options. The planner reads
	// 'table.optimizer.distinct-agg.split.enabled' and '….bucket-num',
	// 'table.optimizer.agg-phase-strategy' (AUTO, ONE_PHASE or TWO_PHASE),
	// 'table.optimizer.multi-join.enabled' (not if 'false'),
	// 'table.exec.sink.not-null-enforcer' (ERROR or DROP),
	// 'table.exec.late-rows.table',
	// 'table.exec.state.ttl' and 'table.exec.source.idle-timeout'.
	Settings map[string]string
	// Parallelism is the number of tasks per stage that the job will have, as a
	// hint; 0 means unknown. Aggregation in two phases pays off from 2 on.
	Parallelism int
}

// Planner plans statements over a catalog. It may be used by one goroutine.
type Planner struct {
	cat      catalog.Catalog
	opts     Options
	warnings []string
}

// Warnings are what statements planned so far ask for without effect.
func (p *Planner) Warnings() []string { return p.warnings }

// New makes a Planner. The catalog must not change while it is used.
func New(cat catalog.Catalog, opts Options) *Planner { return &Planner{cat: cat, opts: opts} }

// Plan plans a *sql.Insert, a *sql.QueryStatement (whose result a Collect sink
// gathers), a *sql.StatementSet (one plan with several sinks), or a
// *sql.CreateTable with AS, whose table must be in the catalog by now.
func (p *Planner) Plan(stmt sql.Statement) (*plan.Plan, error) {
	roots, err := p.bind(stmt)
	if err != nil {
		return nil, err
	}
	if roots, err = p.rewrite(roots, nil); err != nil {
		return nil, err
	}
	return p.physical(roots)
}

// bind gives the sinks of a statement.
func (p *Planner) bind(stmt sql.Statement) ([]logical.Node, error) {
	b := bind.New(p.cat, p.opts.Settings)
	defer func() { p.warnings = append(p.warnings, b.Warnings()...) }()
	switch stmt := stmt.(type) {
	case *sql.QueryStatement:
		return one(b.Query(stmt.Query))
	case *sql.Insert:
		return one(b.Insert(stmt))
	case *sql.CreateTable:
		if stmt.As != nil {
			return one(b.CreateAs(stmt))
		}
	case *sql.StatementSet:
		return p.bindSet(stmt)
	}
	return nil, errs.Userf("this statement has no plan").At(stmt.Pos()).WithHint("a SELECT, an INSERT and a statement set have one")
}

func one(sink *logical.Sink, err error) ([]logical.Node, error) {
	if err != nil {
		return nil, err
	}
	return []logical.Node{sink}, nil
}

// bindSet gives the sinks of all statements of a set.
func (p *Planner) bindSet(set *sql.StatementSet) ([]logical.Node, error) {
	if len(set.Statements) == 0 {
		return nil, errs.Userf("the statement set is empty").At(set.Pos())
	}
	var roots []logical.Node
	for _, stmt := range set.Statements {
		if _, nested := stmt.(*sql.StatementSet); nested {
			return nil, errs.Userf("a statement set can't hold another").At(stmt.Pos())
		}
		sinks, err := p.bind(stmt)
		if err != nil {
			return nil, err
		}
		roots = append(roots, sinks...)
	}
	return roots, nil
}

// rewrite applies the rules; trace may be nil.
func (p *Planner) rewrite(roots []logical.Node, trace func(string, []logical.Node)) ([]logical.Node, error) {
	c, err := p.context()
	if err != nil {
		return nil, err
	}
	c.Trace = trace
	return rules.Apply(c, roots)
}

// context is what the session's settings tell the rules.
func (p *Planner) context() (*rules.Context, error) {
	emit, err := p.emission()
	if err != nil {
		return nil, err
	}
	buckets, err := p.distinctBuckets()
	if err != nil {
		return nil, err
	}
	c := &rules.Context{Catalog: p.cat, Functions: p.cat.Functions(), Emit: emit, Buckets: buckets}
	if table := p.opts.Settings[bind.LateTable]; table != "" {
		c.Late = func(rows logical.Node) (*logical.Sink, error) {
			return bind.New(p.cat, p.opts.Settings).LateSink(rows, table)
		}
	}
	return c, nil
}

// bucketsDefault is Flink's default of 'table.optimizer.distinct-agg.split.bucket-num'.
const bucketsDefault = 1024

// distinctBuckets is into how many parts the session has DISTINCT aggregates split,
// 0 for not.
func (p *Planner) distinctBuckets() (int, error) {
	const enabled, number = "table.optimizer.distinct-agg.split.enabled", "table.optimizer.distinct-agg.split.bucket-num"
	on, err := strconv.ParseBool(cmp.Or(p.opts.Settings[enabled], "false"))
	if err != nil {
		return 0, errs.Userf("'%s' = '%s': it is true or false", enabled, p.opts.Settings[enabled])
	}
	text := cmp.Or(p.opts.Settings[number], strconv.Itoa(bucketsDefault))
	buckets, err := strconv.Atoi(text)
	if err != nil || buckets < 1 {
		return 0, errs.Userf("'%s' = '%s': it is a number of at least 1", number, text)
	}
	if !on {
		return 0, nil
	}
	return buckets, nil
}

// physical chooses operators by the session's settings.
func (p *Planner) physical(roots []logical.Node) (*plan.Plan, error) {
	opts := physical.Options{Functions: p.cat.Functions()}
	switch s := strings.ToUpper(p.opts.Settings["table.optimizer.agg-phase-strategy"]); s {
	case "", "AUTO":
		opts.TwoPhase = p.opts.Parallelism > 1
	case "TWO_PHASE":
		opts.TwoPhase = true
	case "ONE_PHASE":
	default:
		return nil, errs.Userf("'table.optimizer.agg-phase-strategy' = '%s': it is AUTO, ONE_PHASE or TWO_PHASE", s)
	}
	opts.MultiJoin = !strings.EqualFold(p.opts.Settings["table.optimizer.multi-join.enabled"], "false")
	opts.DropNulls = strings.EqualFold(p.opts.Settings["table.exec.sink.not-null-enforcer"], "DROP")
	if text := p.opts.Settings["table.exec.state.ttl"]; text != "" {
		ttl, err := bind.Duration(text)
		if err != nil {
			return nil, errs.Wrap(errs.User, err, "'table.exec.state.ttl'")
		}
		opts.TTLMillis = ttl.Milliseconds()
	}
	return physical.Build(roots, opts)
}

// BindTable checks a table declaration and turns it into a catalog table. With AS
// the columns come from the query; with LIKE from another table.
func (p *Planner) BindTable(stmt *sql.CreateTable) (*catalog.Table, error) {
	return bind.New(p.cat, p.opts.Settings).Declare(stmt, sql.FormatExpr)
}

// BindView checks a view's query and turns it into a catalog view.
func (p *Planner) BindView(stmt *sql.CreateView) (*catalog.View, error) {
	if _, err := bind.New(p.cat, p.opts.Settings).View(stmt); err != nil {
		return nil, err
	}
	view := &catalog.View{Name: stmt.Name.Last(), Query: sql.FormatQuery(stmt.Query)}
	for _, c := range stmt.Columns {
		view.Columns = append(view.Columns, c.Name.Text)
	}
	if stmt.Comment != nil {
		view.Comment = *stmt.Comment
	}
	return view, nil
}
