package job

import (
	"context"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/build"
	"github.com/thalweg/thalweg/engine/task"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/plan"
)

// lettersSink is the table that a source's bad records go to; ok is false when they
// go nowhere.
func (a *attempt) lettersSink(n build.Node) (sink connector.Sink, ok bool, err error) {
	if n.Kind != plan.KindSource {
		return nil, false, nil
	}
	policy, table, err := build.BadPolicy(a.job.cfg.Env, n)
	if err != nil || policy != connector.BadDeadLetter {
		return nil, false, err
	}
	sink, err = build.DeadLetters(a.job.cfg.Env, table)
	return sink, true, errs.Wrap(errs.User, err, "%s: dead letters", n.Label)
}

// letters makes what writes a source task's bad records; nil for other policies.
func (a *attempt) letters(e *enumerator, t *runningTask, tasks int) *task.Letters {
	part := a.sinkNamed(partUID(e.node.UID, task.LettersPart))
	if part == nil {
		return nil
	}
	open := func(ctx context.Context) (connector.Writer, error) {
		env := connector.WriterEnv{Context: ctx, Alloc: a.job.cfg.Alloc, Job: part.name, Task: t.id.Index, Tasks: tasks, Attempt: a.number}
		return part.sink.Writer(ctx, env, a.writerStates(part.uid, t.id.Index, tasks))
	}
	return &task.Letters{Open: open, Alloc: a.job.cfg.Alloc, Schema: build.DeadLetterSchema().Arrow()}
}
