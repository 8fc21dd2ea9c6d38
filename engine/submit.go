package engine

import (
	"context"
	"strings"
	"time"

	"github.com/thalweg/thalweg/engine/meta"
	"github.com/thalweg/thalweg/planner/plan"
	"github.com/thalweg/thalweg/sql"
)

// insert starts the job of an INSERT or a statement set.
func (st *statement) insert(ctx context.Context, stmt sql.Statement) (Result, error) {
	p, err := st.plan(stmt)
	if err != nil {
		return Result{}, err
	}
	if err := refuseViews(p, stmt); err != nil {
		return Result{}, err
	}
	return st.submit(ctx, p)
}

// submit starts a job that writes to tables, and waits for it if the session says
// so.
func (st *statement) submit(ctx context.Context, p *plan.Plan) (Result, error) {
	record, err := st.record(p)
	if err != nil {
		return Result{}, err
	}
	run, err := st.session.engine.submit(ctx, record, p, nil)
	if err != nil {
		return Result{}, err
	}
	result := Result{Kind: ResultJob, Job: &Job{run: run}, Message: "job " + run.id}
	if st.settings.Bool("table.dml-sync") {
		if err := run.wait(ctx); err != nil {
			return Result{}, err
		}
	}
	return result, nil
}

// query starts the job of a SELECT, whose rows the caller reads.
func (st *statement) query(ctx context.Context, stmt sql.Statement) (Result, error) {
	p, err := st.plan(stmt)
	if err != nil {
		return Result{}, err
	}
	record, err := st.record(p)
	if err != nil {
		return Result{}, err
	}
	rule, err := restartRule(record.Settings, st.session.engine.opts)
	if err != nil {
		return Result{}, err
	}
	c := newCollector(rule.Restarts())
	run, err := st.session.engine.submit(ctx, record, p, c)
	if err != nil {
		return Result{}, err
	}
	rows := resultRows(p, c, run)
	rows.zone = st.settings.zone
	return Result{Kind: ResultRows, Job: &Job{run: run}, Rows: rows}, nil
}

// resultRows describes the rows that a collecting plan gives.
func resultRows(p *plan.Plan, c *collector, run *jobRun) *Rows {
	rows := &Rows{job: &Job{run: run}, source: &collectRows{collector: c, job: run}, bounded: bounded(p)}
	for _, n := range p.Nodes {
		if n.Sink != nil && n.Sink.Collect {
			rows.full, rows.schema = n.Schema, n.Schema
			if n.Sink.Visible > 0 {
				rows.schema = n.Schema[:n.Sink.Visible]
			}
			rows.arrow, rows.orderBy = rows.schema.Arrow(), n.Sink.OrderBy
			rows.updating = p.Nodes[n.Inputs[0].Node].Mode != plan.InsertOnly
		}
	}
	return rows
}

// bounded reports whether all sources of a plan end by themselves.
func bounded(p *plan.Plan) bool {
	for _, n := range p.Nodes {
		if n.Source != nil && !n.Source.Bounded {
			return false
		}
	}
	return true
}

// record describes a new job.
func (st *statement) record(p *plan.Plan) (meta.Job, error) {
	name := st.settings.String("pipeline.name")
	if name == "" {
		name = defaultJobName(p)
	}
	letters, err := st.deadLetters(p)
	now := st.session.engine.opts.Now()
	return meta.Job{Name: name, SQL: st.text, Place: st.place, Settings: st.settings.all, DeadLetters: letters, Functions: st.catalog.called.used(),
		Models: st.catalog.called.models.used(), Parallelism: st.parallelism(),
		KeyGroups: st.settings.integer("pipeline.max-parallelism", st.session.engine.opts.KeyGroups),
		Created:   time.UnixMilli(now).UTC(), NowMillis: now}, err
}

// defaultJobName names a job after what it writes, as Flink does.
func defaultJobName(p *plan.Plan) string {
	var names []string
	for _, n := range p.Nodes {
		switch {
		case n.Sink == nil:
		case n.Sink.Collect:
			names = append(names, "collect")
		default:
			names = append(names, "insert-into_"+n.Sink.Table.Name)
		}
	}
	return strings.Join(names, ",")
}

// submit makes a job durable and starts it. A collecting job is neither durable nor
// restored.
func (e *Engine) submit(ctx context.Context, record meta.Job, p *plan.Plan, c *collector) (*jobRun, error) {
	record.ID = e.newJobID()
	encoded, err := p.Encode()
	if err != nil {
		return nil, err
	}
	record.Plan = encoded
	run := newJobRun(e, record, p, c)
	restore, err := run.savepointToRestore(ctx)
	if err != nil {
		return nil, err
	}
	if restore != nil {
		run.record.KeyGroups = restore.KeyGroups
	}
	if err := run.start(restore); err != nil {
		return nil, err
	}
	return run, nil
}
