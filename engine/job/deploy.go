package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/build"
	"github.com/thalweg/thalweg/engine/coordinator"
	"github.com/thalweg/thalweg/engine/exchange"
	"github.com/thalweg/thalweg/engine/graph"
	"github.com/thalweg/thalweg/engine/task"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/planner/plan"
)

// attempt is one deployment of a job's tasks.
type attempt struct {
	job     *Job
	number  int
	restore *Checkpoint
	// lastEpoch is the last one that was used before.
	lastEpoch uint64
	// uncertain: there may be a later checkpoint than restore.
	uncertain bool
	ctx       context.Context
	cancel    context.CancelFunc
	sinks     []*sinkPart
	sources   []*enumerator
	wires     *wires
	tasks     []*runningTask
	// alignments are those of sources, by group.
	alignments map[string]*task.Alignment
	wg         sync.WaitGroup
	// watchers look for new splits; they end when the tasks have.
	watchers sync.WaitGroup
}

// runningTask is a task and what the job sees of it.
type runningTask struct {
	id      graph.TaskID
	cfg     task.Config
	metrics []*task.Metrics
}

// sinkPart is one sink node's connector side.
type sinkPart struct {
	uid     string
	label   string
	collect bool
	// name is the job's name for this sink: several sinks of a job may write to one
	// table.
	name      string
	sink      connector.Sink
	committer connector.Committer
}

// deploy starts an attempt on a goroutine of its own, since restoring may take
// long.
func (j *Job) deploy(e coordinator.Deploy) {
	if j.attempt != nil {
		j.attempt.closeSinks()
	}
	clear(j.carried)
	a := &attempt{job: j, number: e.Attempt, lastEpoch: e.LastEpoch}
	if e.Restore > 0 {
		a.restore = j.last
	}
	a.uncertain = j.uncertain
	a.ctx, a.cancel = context.WithCancel(j.ctx)
	j.attempt = a
	j.work.Add(1)
	go func() {
		defer j.work.Done()
		err := errs.Safely("deployment", a.prepare)
		j.inbox.post(func() {
			if err != nil {
				a.cancel()
				a.closeSinks()
				j.step(coordinator.DeployFailed{Err: err})
				return
			}
			a.run()
			j.deployed = true
			j.step(coordinator.Deployed{})
		})
	}()
}

// prepare opens sinks and sources, and commits what the restored checkpoint holds.
func (a *attempt) prepare() error {
	if a.uncertain {
		latest, err := a.job.cfg.Backend.Latest(a.ctx)
		if err != nil {
			return err
		}
		if latest != nil && (a.restore == nil || latest.Barrier.Epoch > a.restore.Barrier.Epoch) {
			a.restore = latest
		}
	}
	if err := a.openSinks(a.ctx); err != nil {
		return err
	}
	if a.restore != nil {
		if err := a.commit(a.ctx, a.restore); err != nil {
			return err
		}
	}
	if a.restore != nil || a.number > 0 || a.job.cfg.Resumed {
		for _, s := range a.sinks {
			if err := s.committer.Recover(a.ctx, s.name); err != nil {
				return errs.Wrap(errs.Resource, err, "%s: recovery", s.label)
			}
		}
	}
	a.wires = newWires(a.job.graph, a.job.cfg.Env.BatchRows)
	for _, id := range a.job.graph.Tasks() {
		if err := a.addTask(id); err != nil {
			return err
		}
	}
	for _, e := range a.sources {
		if err := e.start(a.ctx); err != nil {
			return err
		}
	}
	return nil
}

// openSinks makes the connector side of all sink nodes, and of the tables that bad
// records go to.
func (a *attempt) openSinks(ctx context.Context) error {
	p := a.job.cfg.Plan
	for i := range p.Nodes {
		n := build.NodeOf(p, plan.NodeID(i))
		part := &sinkPart{uid: n.UID, label: n.Label, name: a.job.cfg.ID}
		wanted, err := n.Kind == plan.KindSink, error(nil)
		if wanted {
			part.collect = n.Sink.Collect
			part.sink, err = build.Sink(a.job.cfg.Env, n)
		} else {
			part.uid = partUID(n.UID, task.LettersPart)
			part.sink, wanted, err = a.lettersSink(n)
		}
		if err != nil {
			return err
		}
		if !wanted {
			continue
		}
		if part.committer, err = part.sink.Committer(ctx); err != nil {
			return errs.Wrap(errs.Resource, err, "%s", n.Label)
		}
		a.sinks = append(a.sinks, part)
	}
	if len(a.sinks) > 1 {
		for i, s := range a.sinks {
			s.name = fmt.Sprintf("%s-%d", s.name, i)
		}
	}
	return nil
}

// sinkNamed finds a sink by UID, or nil.
func (a *attempt) sinkNamed(uid string) *sinkPart {
	for _, s := range a.sinks {
		if s.uid == uid {
			return s
		}
	}
	return nil
}

// closeSinks closes the committers; calling it again does nothing.
func (a *attempt) closeSinks() {
	for _, s := range a.sinks {
		if err := s.committer.Close(); err != nil {
			a.job.cfg.Logger.Warn("close committer", "sink", s.label, "error", err)
		}
	}
	a.sinks = nil
}

// run starts the goroutines of all tasks and the one that tells of their end.
func (a *attempt) run() {
	a.job.watch(a)
	for _, t := range a.tasks {
		a.wg.Add(1)
		go func() {
			defer a.wg.Done()
			err := runTask(a.ctx, t.cfg)
			if err != nil && a.ctx.Err() == nil && !errors.Is(err, exchange.ErrClosed) { // who is gone tells why
				a.job.inbox.post(func() { a.job.step(coordinator.TaskFailed{Task: t.id, Err: err}) })
			}
		}()
	}
	for _, e := range a.sources {
		e.watch()
	}
	a.job.work.Add(1)
	go func() {
		defer a.job.work.Done()
		a.wg.Wait()
		a.cancel()
		a.watchers.Wait()
		a.job.inbox.post(func() { a.job.step(coordinator.TornDown{}) })
	}()
}

// runTask runs a task; a panic in it is the job's failure and not the process's.
func runTask(ctx context.Context, cfg task.Config) error {
	return errs.Safely("task "+cfg.ID.String(), func() error { return task.Run(ctx, cfg) })
}

// inject sends a barrier into all source tasks.
func (a *attempt) inject(b stream.Barrier) {
	a.eachSource(func(c *task.Commands) { c.Inject(b) })
}

// drain makes all source tasks end.
func (a *attempt) drain() {
	a.eachSource(func(c *task.Commands) { c.Drain() })
}

func (a *attempt) eachSource(do func(*task.Commands)) {
	for _, t := range a.tasks {
		if t.cfg.Source != nil {
			do(t.cfg.Source.Commands)
		}
	}
}

// addTask describes one task.
func (a *attempt) addTask(id graph.TaskID) error {
	j := a.job
	stage := j.graph.Stages[id.Stage]
	t := &runningTask{id: id, cfg: task.Config{ID: id, Latency: j.cfg.Latency, Clock: j.cfg.Clock, Report: reporter{job: j, attempt: a}}}
	place := map[plan.NodeID]int{}
	for i, n := range stage.Nodes {
		place[n] = i
	}
	for _, n := range stage.Nodes {
		node, err := a.taskNode(id, n, place)
		if err != nil {
			return err
		}
		t.cfg.Nodes = append(t.cfg.Nodes, node)
		t.metrics = append(t.metrics, node.Metrics)
	}
	if j.graph.IsSource(stage.ID) {
		if err := a.addSource(t, stage); err != nil {
			return err
		}
	} else {
		t.cfg.Gate = exchange.NewGate(a.wires.receivers(id))
	}
	a.tasks = append(a.tasks, t)
	return nil
}

// alignment is that of a group, one for all its sources.
func (a *attempt) alignment(group string) *task.Alignment {
	if a.alignments[group] == nil {
		if a.alignments == nil {
			a.alignments = map[string]*task.Alignment{}
		}
		a.alignments[group] = task.NewAlignment()
	}
	return a.alignments[group]
}

// taskNode describes node n in task id.
func (a *attempt) taskNode(id graph.TaskID, n plan.NodeID, place map[plan.NodeID]int) (task.Node, error) {
	g := a.job.graph
	bn := build.NodeOf(a.job.cfg.Plan, n)
	node := task.Node{ID: n, Label: bn.Label, Metrics: task.NewMetrics(), Schema: bn.Schema.Arrow(), InsertOnly: bn.Mode == plan.InsertOnly}
	for _, consumer := range g.Consumers(id.Stage, n) {
		node.Consumers = append(node.Consumers, place[consumer])
	}
	for _, e := range g.EdgesFrom(id.Stage, n) {
		w, err := a.wires.writer(e, id.Index, a.job.cfg)
		if err != nil {
			return node, errs.Wrap(errs.Bug, err, "%s", bn.Label)
		}
		node.Writers = append(node.Writers, w)
	}
	if bn.Kind == plan.KindSink {
		node.Build = a.sinkBuilder(bn, id)
		return node, nil
	}
	spec, ok := build.Operators()[bn.Kind]
	switch {
	case ok:
		node.Assigner, node.Stateless = spec.Assigner, spec.PerRow
		if bn.Watermark != nil && bn.Watermark.AlignGroup != "" {
			node.Align, node.DriftMillis = a.alignment(bn.Watermark.AlignGroup), bn.Watermark.AlignDriftMillis
		}
		node.Build = a.operatorBuilder(spec, bn, id)
	case !slices.Contains(build.SourceKinds(), bn.Kind):
		return node, errs.Unsupportedf("%s: this operator is not supported yet", bn.Label)
	}
	return node, nil
}
