package job

import (
	"context"
	"maps"
	"slices"

	"github.com/thalweg/thalweg/engine/coordinator"
	"github.com/thalweg/thalweg/engine/graph"
	"github.com/thalweg/thalweg/engine/task"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// publish uploads and publishes what the tasks acked.
func (j *Job) publish(e coordinator.Publish) {
	c := j.assemble(e)
	acks := slices.Collect(maps.Values(j.acks))
	clear(j.acks)
	j.work.Add(1)
	go func() {
		defer j.work.Done()
		var savepoint string
		var err error
		if !j.skipPublish(c) {
			savepoint, err = j.cfg.Backend.Publish(j.ctx, c)
		}
		for _, a := range acks {
			a.Discard()
		}
		c.States = nil
		j.inbox.post(func() { j.published(c, savepoint, err) })
	}()
}

// skipPublish reports whether nobody could ever use the checkpoint.
func (j *Job) skipPublish(c *Checkpoint) bool {
	return j.cfg.Ephemeral && c.Barrier.Kind == stream.Final && !c.Savepoint && !c.hasCommittables()
}

func (j *Job) published(c *Checkpoint, savepoint string, err error) {
	if err != nil {
		j.cfg.Logger.Warn("checkpoint failed", "job", j.cfg.ID, "epoch", c.Barrier.Epoch, "error", err)
		err = errs.Wrap(errs.Resource, err, "checkpoint %d", c.Barrier.Epoch)
		j.uncertain = true
		j.carried.takeBack(c)
		j.step(coordinator.PublishFailed{Epoch: c.Barrier.Epoch, Err: err})
		return
	}
	j.last, j.uncertain = c, false
	if savepoint != "" {
		j.saved = savepoint
	}
	j.step(coordinator.Published{Epoch: c.Barrier.Epoch})
}

// assemble makes a checkpoint of the acks, tasks in order.
func (j *Job) assemble(e coordinator.Publish) *Checkpoint {
	c := &Checkpoint{Job: j.cfg.ID, Barrier: stream.Barrier{Epoch: e.Epoch, Kind: e.Kind}, Savepoint: e.Savepoint,
		Plan: j.plan, Parallelism: j.cfg.Parallelism, KeyGroups: j.cfg.KeyGroups,
		Sources: map[string][]task.Split{}, Sinks: map[string]SinkPart{}, States: map[string]map[int]*state.Snapshot{}}
	j.carried.moveTo(c)
	for _, t := range j.graph.Tasks() {
		for _, n := range j.acks[t].Nodes {
			c.add(j.cfg.Plan.Nodes[n.Node].UID, t, n)
		}
	}
	return c
}

// add puts one node's ack into the checkpoint.
func (c *Checkpoint) add(uid string, t graph.TaskID, n task.NodeAck) {
	if n.Part != "" {
		uid = partUID(uid, n.Part)
	}
	if n.State != nil {
		if c.States[uid] == nil {
			c.States[uid] = map[int]*state.Snapshot{}
		}
		c.States[uid][t.Index] = n.State
	}
	if len(n.Splits) > 0 {
		c.Sources[uid] = append(c.Sources[uid], n.Splits...)
	}
	if n.IsSink {
		part := c.Sinks[uid]
		part.Committables = append(part.Committables, n.Prepared.Committables...)
		if n.Prepared.State != nil {
			part.States = append(part.States, n.Prepared.State)
		}
		c.Sinks[uid] = part
	}
}

// partUID names a further part of a node.
func partUID(uid, part string) string { return uid + "/" + part }

// commit commits what the last published checkpoint holds.
func (j *Job) commit(epoch uint64) {
	c, a := j.last, j.attempt
	j.work.Add(1)
	go func() {
		defer j.work.Done()
		err := errs.Safely("commit", func() error {
			if a == nil {
				// Only the commit of a job that had ended is missing.
				return j.commitAlone(c)
			}
			return a.commit(j.ctx, c)
		})
		j.inbox.post(func() {
			if err != nil {
				j.step(coordinator.CommitFailed{Epoch: epoch, Err: err})
				return
			}
			j.step(coordinator.Committed{Epoch: epoch})
		})
	}()
}

// commitAlone commits without tasks.
func (j *Job) commitAlone(c *Checkpoint) error {
	a := &attempt{job: j}
	defer a.closeSinks()
	if err := a.openSinks(j.ctx); err != nil {
		return err
	}
	return a.commit(j.ctx, c)
}

// commit hands every sink its committables.
func (a *attempt) commit(ctx context.Context, c *Checkpoint) error {
	for _, s := range a.sinks {
		part := c.Sinks[s.uid]
		if len(part.Committables) == 0 && !s.collect {
			continue
		}
		if err := s.committer.Commit(ctx, c.Barrier.Epoch, part.Committables); err != nil {
			return errs.Wrap(errs.Resource, err, "%s: commit of epoch %d", s.label, c.Barrier.Epoch)
		}
	}
	return nil
}
