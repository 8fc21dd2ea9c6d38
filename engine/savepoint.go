package engine

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/thalweg/thalweg/engine/job"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/plan"
)

// savepointToRestore reads the savepoint that a new job is to go on from, or nil.
func (r *jobRun) savepointToRestore(ctx context.Context) (*job.Checkpoint, error) {
	set, err := readSettings(r.record.Settings, r.engine.opts)
	if err != nil {
		return nil, err
	}
	path := set.String("execution.state-recovery.path")
	if path == "" {
		return nil, nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.engine.parts.env.WorkDir, path)
	}
	c, err := r.backend().Savepoint(ctx, path)
	if err != nil {
		return nil, err
	}
	if set.Bool("execution.state-recovery.ignore-unclaimed-state") {
		return c, nil
	}
	return c, claimed(c, r.plan)
}

// claimed checks that a plan goes on with everything in a savepoint.
func claimed(c *job.Checkpoint, p *plan.Plan) error {
	uids := slices.Clone(c.Operators)
	for uid := range c.Sources {
		uids = append(uids, uid)
	}
	slices.Sort(uids)
	for _, uid := range uids {
		if !slices.ContainsFunc(p.Nodes, func(n plan.Node) bool { return n.UID == uid }) {
			return errs.Userf("the savepoint %s holds state of %s, which the job does not have", c.Origin, uid).
				WithHint("set 'execution.state-recovery.ignore-unclaimed-state' to true to drop it")
		}
	}
	return nil
}
