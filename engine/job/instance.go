package job

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/build"
	"github.com/thalweg/thalweg/engine/graph"
	"github.com/thalweg/thalweg/engine/task"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/planner/plan"
)

// context makes what an operator may use of the world, without state.
func (a *attempt) context(n build.Node) *op.Context {
	cfg := &a.job.cfg
	ctx := &op.Context{Context: a.ctx, Alloc: cfg.Alloc, Output: n.Schema.Arrow(), Label: n.Label, BatchRows: cfg.Env.BatchRows,
		Counters: &op.Counters{}}
	for _, in := range n.Inputs {
		ctx.Inputs = append(ctx.Inputs, in.Arrow())
	}
	return ctx
}

// operatorBuilder makes instances of an operator, with their state.
func (a *attempt) operatorBuilder(spec build.Operator, n build.Node, id graph.TaskID) func() (task.Instance, error) {
	return func() (task.Instance, error) {
		operator, err := spec.Build(a.job.cfg.Env, n)
		if err != nil {
			return task.Instance{}, err
		}
		instance := task.Instance{Operator: operator, Context: a.context(n)}
		if spec.Caches {
			instance.Context.MemoryBytes = a.budget()
		}
		if !spec.Stateful {
			return instance, nil
		}
		instance.Context.State, err = a.job.cfg.Backend.Open(a.ctx, OpenState{UID: n.UID, Task: id.Index,
			Tasks: a.job.graph.Stages[id.Stage].Tasks, KeyGroups: a.job.cfg.KeyGroups,
			BudgetBytes: a.budget(), Restore: a.restore})
		return instance, err
	}
}

// budget is the share of one operator in one task, of those that keep rows.
func (a *attempt) budget() int64 {
	shares := int64(0)
	for _, s := range a.job.graph.Stages {
		for _, n := range s.Nodes {
			if spec := build.Operators()[a.job.cfg.Plan.Nodes[n].Kind]; spec.Stateful || spec.Caches {
				shares += int64(s.Tasks)
			}
		}
	}
	return a.job.cfg.BudgetBytes / max(1, shares)
}

// sinkBuilder makes the operator around a sink's writer.
func (a *attempt) sinkBuilder(n build.Node, id graph.TaskID) func() (task.Instance, error) {
	part := a.sinkNamed(n.UID)
	tasks := a.job.graph.Stages[id.Stage].Tasks
	open := func(ctx context.Context) (connector.Writer, error) {
		env := connector.WriterEnv{Context: ctx, Alloc: a.job.cfg.Alloc, Job: part.name, Task: id.Index, Tasks: tasks, Attempt: a.number}
		w, err := part.sink.Writer(ctx, env, a.writerStates(n.UID, id.Index, tasks))
		if p, ok := part.sink.(connector.Prompter); ok && err == nil && p.Prompt() {
			w = &promptWriter{Writer: w, after: a.lastEpoch, held: a.held}
		}
		return w, err
	}
	nulls := task.Nulls{Columns: n.Sink.NotNull, Drop: n.Sink.DropNulls, Table: n.Sink.Table.Name}
	return func() (task.Instance, error) {
		return task.Instance{Operator: task.NewSink(open, part.sink.Mode(), nulls), Context: a.context(n)}, nil
	}
}

// writerStates is a task's share of the restored writer states.
func (a *attempt) writerStates(uid string, index, tasks int) [][]byte {
	if a.restore == nil {
		return nil
	}
	var mine [][]byte
	for i, s := range a.restore.Sinks[uid].States {
		if i%tasks == index {
			mine = append(mine, s)
		}
	}
	return mine
}

// schemaOf is the Arrow schema of a node's rows.
func schemaOf(p *plan.Plan, n plan.NodeID) *arrow.Schema { return p.Nodes[n].Schema.Arrow() }
