package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/sql"
)

// explain gives a statement's plan; with ANALYZE also what running it took.
func (st *statement) explain(ctx context.Context, stmt *sql.Explain) (Result, error) {
	details := slices.DeleteFunc(slices.Clone(stmt.Details), func(d sql.ExplainDetail) bool { return d == sql.ExplainAnalyze })
	if create, ok := stmt.Statement.(*sql.CreateTable); ok {
		if len(details) < len(stmt.Details) {
			return Result{}, errs.Userf("EXPLAIN ANALYZE runs a query or an INSERT").At(create.Pos()).WithHint("create the table, and analyze the INSERT")
		}
		if done, err := st.explainCreate(create); done || err != nil {
			return Result{Kind: ResultText, Message: "table " + create.Name.Last() + " exists already"}, err
		}
	}
	p := st.planner()
	text, err := p.Explain(stmt.Statement, details...)
	st.warnings = append(st.warnings, p.Warnings()...)
	if err != nil || len(details) == len(stmt.Details) {
		return Result{Kind: ResultText, Message: text}, err
	}
	run, err := st.analyze(ctx, stmt.Statement)
	return Result{Kind: ResultText, Message: text + "\n" + run}, err
}

// explainCreate makes the table of CREATE TABLE … AS one that the statement alone sees.
// done tells that there is nothing to plan: IF NOT EXISTS of one that exists.
func (st *statement) explainCreate(create *sql.CreateTable) (done bool, err error) {
	if create.As == nil {
		return false, errs.Unsupportedf("CREATE TABLE without a query has no plan").At(create.Pos()).
			WithHint("EXPLAIN is for queries, INSERT and CREATE TABLE … AS")
	}
	name, err := st.relationName(create.Name)
	if err != nil {
		return false, err
	}
	c := creation{name: name, at: create.Name, ifNotExists: create.IfNotExists, orReplace: create.OrReplace, temporary: create.Temporary}
	if done, err := st.taken(&c); done || err != nil {
		return done, err
	}
	table, err := st.bindTable(name, create)
	if err == nil {
		st.catalog.relations[name] = catalog.Relation{Table: table}
	}
	return false, err
}

// analyze runs a statement to its end, an INSERT with all its effects, and tells what
// each operator did.
func (st *statement) analyze(ctx context.Context, stmt sql.Statement) (string, error) {
	p, err := st.plan(stmt)
	if err != nil {
		return "", err
	}
	if !bounded(p) {
		return "", errs.Userf("EXPLAIN ANALYZE runs the statement to its end, and this one has none").At(stmt.Pos()).
			WithHint("bound its sources, or run it and look at the job's metrics")
	}
	began := time.Now()
	var job *Job
	if _, query := stmt.(*sql.QueryStatement); query {
		result, err := st.query(ctx, stmt)
		if err != nil {
			return "", err
		}
		job = result.Job
		if err := errors.Join(drain(ctx, result.Rows), result.Rows.Close()); err != nil {
			return "", err
		}
	} else {
		result, err := st.submit(ctx, p)
		if err != nil {
			return "", err
		}
		job = result.Job
	}
	if err := job.Wait(ctx); err != nil {
		return "", err
	}
	return analysis(job.Metrics(), time.Since(began)), nil
}

// drain reads rows to their end.
func drain(ctx context.Context, rows *Rows) error {
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		batch.Release()
	}
}

// analysis prints a job's counters, an operator a line.
func analysis(m Metrics, took time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "== Run ==\nfinished in %s, %d checkpoints\n", took.Round(time.Millisecond), m.Checkpoints)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "operator\ttasks\trows in\trows out\tlate\tstate rows\tbusy\tblocked")
	for _, n := range m.Nodes {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", n.Label, n.Tasks, n.RowsIn, n.RowsOut, n.LateRows, n.StateRows,
			time.Duration(n.BusyNanos).Round(time.Microsecond), time.Duration(n.BlockedNanos).Round(time.Microsecond))
	}
	_ = w.Flush() // a strings.Builder takes everything
	return b.String()
}
