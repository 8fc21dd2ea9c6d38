package engine

import (
	"time"

	"github.com/thalweg/thalweg/engine/build"
	"github.com/thalweg/thalweg/engine/job"
	"github.com/thalweg/thalweg/internal/errs"
)

// defaultCommitDelay is how long rows of an endless job wait before a checkpoint is
// begun that lets readers of a stream or of a result see them.
const defaultCommitDelay = 5 * time.Millisecond

// config turns a record into what the job runs with.
func (r *jobRun) config(restore *job.Checkpoint) (job.Config, error) {
	e := r.engine
	set, err := readSettings(r.record.Settings, e.opts)
	if err != nil {
		return job.Config{}, err
	}
	rule, err := restartRule(r.record.Settings, e.opts)
	if err != nil {
		return job.Config{}, err
	}
	parts, err := e.partsWith(r.record.Functions, r.record.Models)
	if err != nil {
		return job.Config{}, err
	}
	env := &build.Env{Functions: parts.functions, Aggregates: parts.aggregates, Connectors: parts.connectors,
		Connector: parts.env, Zone: set.zone, NowMillis: r.record.NowMillis,
		DeadLetters: r.record.DeadLetters,
		BatchRows:   set.integer("execution.batch-rows", e.opts.BatchRows)}
	if r.collect != nil {
		env.Collect = r.collect
	}
	cfg := job.Config{ID: r.id, Plan: r.plan, Parallelism: r.record.Parallelism, KeyGroups: r.record.KeyGroups,
		Latency: set.latency(), BudgetBytes: set.budgetBytes(), Env: env, Alloc: e.alloc,
		Interval: set.duration("execution.checkpointing.interval", e.opts.CheckpointInterval),
		MinPause: set.duration("execution.checkpointing.min-pause", 0),
		Timeout:  set.duration("execution.checkpointing.timeout", 0),
		Restart:  rule, Backend: r.backend(), Ephemeral: !r.durable(), Resumed: r.resumed, Restore: restore, Clock: e.opts.Now, Logger: e.log,
		Changed: r.changed}
	if !bounded(r.plan) {
		cfg.CommitDelay = set.duration("execution.commit-delay", defaultCommitDelay)
	}
	if restore != nil {
		cfg.LastEpoch = restore.Barrier.Epoch
	}
	return cfg, checkParallelism(cfg, env.BatchRows)
}

// checkParallelism checks what a script may have set.
func checkParallelism(cfg job.Config, batchRows int) error {
	switch {
	case cfg.Parallelism < 1 || cfg.Parallelism > maxParallelism:
		return errs.Userf("parallelism.default %d is not between 1 and %d", cfg.Parallelism, maxParallelism)
	case cfg.KeyGroups < cfg.Parallelism || cfg.KeyGroups > maxKeyGroups:
		return errs.Userf("pipeline.max-parallelism %d is not between the parallelism %d and %d", cfg.KeyGroups, cfg.Parallelism, maxKeyGroups)
	case batchRows < 1:
		return errs.Userf("execution.batch-rows %d is not positive", batchRows)
	}
	return nil
}
