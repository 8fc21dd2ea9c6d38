package job

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/build"
	"github.com/thalweg/thalweg/engine/coordinator"
	"github.com/thalweg/thalweg/engine/graph"
	"github.com/thalweg/thalweg/engine/task"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/plan"
)

// enumerator finds a source's splits and gives them to its tasks. After start only
// the loop's goroutine uses it.
type enumerator struct {
	attempt *attempt
	node    build.Node
	source  connector.Source
	every   time.Duration
	policy  connector.BadPolicy
	// commands are the mailboxes of the source's tasks.
	commands []*task.Commands
	// ended tells of every known split whether it was read to its end.
	ended map[connector.SplitID]bool
	// taskOf is the task that each split was given to.
	taskOf map[connector.SplitID]int
	// pending splits wait for their parents; waiting is how others see them.
	pending []connector.Split
	waiting atomic.Pointer[[]connector.Split]
	// unsettled are splits that have ended and whose children are still to be looked for.
	unsettled []connector.SplitID
	next      int
	closed    bool
	// nudge asks the watching goroutine to look for new splits now.
	nudge chan struct{}
}

// addSource makes task t a source task.
func (a *attempt) addSource(t *runningTask, stage graph.Stage) error {
	e, err := a.enumeratorOf(stage.Head())
	if err != nil {
		return err
	}
	commands := task.NewCommands()
	e.commands = append(e.commands, commands)
	cfg := a.job.cfg
	t.cfg.Source = &task.Source{Source: e.source, Bounded: e.source.Bounded(), Policy: e.policy, Letters: a.letters(e, t, stage.Tasks),
		Commands: commands, Progress: &task.Progress{}, Env: connector.ReaderEnv{Context: a.ctx, Alloc: cfg.Alloc, BatchRows: cfg.Env.BatchRows}}
	return nil
}

// enumeratorOf finds or makes the enumerator of a source node.
func (a *attempt) enumeratorOf(n plan.NodeID) (*enumerator, error) {
	for _, e := range a.sources {
		if e.node.ID == n {
			return e, nil
		}
	}
	node := build.NodeOf(a.job.cfg.Plan, n)
	source, err := build.Source(a.job.cfg.Env, node)
	if err != nil {
		return nil, err
	}
	e := &enumerator{attempt: a, node: node, source: source, ended: map[connector.SplitID]bool{}, taskOf: map[connector.SplitID]int{}, nudge: make(chan struct{}, 1)}
	if e.policy, _, err = build.BadPolicy(a.job.cfg.Env, node); err != nil {
		return nil, err
	}
	if r, ok := source.(connector.Rediscoverer); ok {
		e.every = r.DiscoverEvery()
	}
	a.sources = append(a.sources, e)
	return e, nil
}

// start hands out the restored splits and those found now.
func (e *enumerator) start(ctx context.Context) error {
	if e.attempt.restore != nil {
		for _, s := range e.attempt.restore.Sources[e.node.UID] {
			e.ended[s.Split.ID] = s.Ended
			e.give(s)
		}
	}
	found, err := e.source.Discover(ctx, e.known(), len(e.commands))
	if err != nil {
		return errs.Wrap(errs.Resource, err, "%s", e.node.Label)
	}
	e.add(found)
	for _, c := range e.commands {
		c.Discovered()
	}
	return nil
}

// known lists the known splits in order.
func (e *enumerator) known() []connector.SplitID {
	var ids []connector.SplitID
	for id := range e.ended {
		ids = append(ids, id)
	}
	for _, s := range e.pending {
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	return ids
}

// add takes splits that were found.
func (e *enumerator) add(found []connector.Split) {
	for _, s := range found {
		if _, known := e.ended[s.ID]; !known && !slices.ContainsFunc(e.pending, func(p connector.Split) bool { return p.ID == s.ID }) {
			e.pending = append(e.pending, s)
		}
	}
	e.release()
}

// release hands out the splits whose parents have ended, and tells the tasks when
// no more will come.
func (e *enumerator) release() {
	var rest []connector.Split
	for _, s := range e.pending {
		if e.parentsEnded(s) {
			e.ended[s.ID] = false
			e.give(task.Split{Split: s})
		} else {
			rest = append(rest, s)
		}
	}
	e.pending = rest
	e.waiting.Store(&rest) // what is appended to pending lies behind its end
	if len(rest) == 0 && e.every == 0 && !e.closed {
		e.closed = true
		for _, c := range e.commands {
			c.AddSplits(nil, true)
		}
	}
}

// parentsEnded reports whether a split may be read. Parents that are not known have
// been forgotten by the source: nothing of them is left to read.
func (e *enumerator) parentsEnded(s connector.Split) bool {
	for _, parent := range s.Parents {
		if ended, known := e.ended[parent]; known && !ended {
			return false
		}
		if slices.ContainsFunc(e.pending, func(p connector.Split) bool { return p.ID == parent }) {
			return false
		}
	}
	return true
}

// waitingInfo is the progress of the splits that wait for their parents. Any goroutine
// may call it.
func (e *enumerator) waitingInfo() task.ProgressInfo {
	splits := e.waiting.Load()
	if splits == nil || len(*splits) == 0 {
		return task.ProgressInfo{}
	}
	info := task.ProgressInfo{Splits: len(*splits)}
	if w, ok := e.source.(connector.Waiter); ok {
		info.Lag = w.Waiting(*splits)
	} else {
		// Their parents, which are being read, tell the time at least.
		info.Lag = connector.Lag{Rows: -1, Total: -1}
	}
	return info
}

// give hands a split to the task of its parent, else to the next in turn.
func (e *enumerator) give(s task.Split) {
	to, inherited := e.heir(s.Split)
	if !inherited {
		to = e.next
		e.next = (e.next + 1) % len(e.commands)
	}
	e.taskOf[s.Split.ID] = to
	e.commands[to].AddSplits([]task.Split{s}, false)
}

// heir is the task of a split whose parent has just ended: there event time still
// waits for the split's rows, while another task may be far ahead of them.
func (e *enumerator) heir(s connector.Split) (to int, ok bool) {
	for _, parent := range s.Parents {
		if slices.Contains(e.unsettled, parent) {
			to, ok = e.taskOf[parent]
		}
	}
	return to, ok
}

// settle tells the tasks of ended splits that their children have been given out.
func (e *enumerator) settle(splits []connector.SplitID) {
	for _, s := range splits {
		e.commands[e.taskOf[s]].Settled([]connector.SplitID{s})
	}
	e.unsettled = slices.DeleteFunc(e.unsettled, func(s connector.SplitID) bool { return slices.Contains(splits, s) })
}

// watch looks for new splits again and again while the attempt runs.
func (e *enumerator) watch() {
	if e.every <= 0 {
		return
	}
	a := e.attempt
	a.watchers.Add(1)
	go func() {
		defer a.watchers.Done()
		ticker := time.NewTicker(e.every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				e.rediscover()
			case <-e.nudge:
				e.rediscover()
			case <-a.ctx.Done():
				return
			}
		}
	}()
}

// lookNow makes watch look for new splits without delay: a split that ended may
// have children.
func (e *enumerator) lookNow() {
	select {
	case e.nudge <- struct{}{}:
	default: // it will look anyway
	}
}

// rediscover runs on the watching goroutine; what it finds is added by the loop.
func (e *enumerator) rediscover() {
	a := e.attempt
	known := make(chan []connector.SplitID, 1)
	var ended []connector.SplitID // before the search, so that it finds their children
	a.job.inbox.post(func() {
		ended = slices.Clone(e.unsettled)
		known <- e.known()
	})
	select {
	case ids := <-known:
		var found []connector.Split
		err := errs.Safely("discovery", func() (err error) {
			found, err = e.source.Discover(a.ctx, ids, len(e.commands))
			return err
		})
		switch {
		case a.ctx.Err() != nil:
		case err != nil:
			err = errs.Wrap(errs.Resource, err, "%s", e.node.Label)
			a.job.inbox.post(func() { a.job.step(coordinator.TaskFailed{Err: err}) })
		case len(found)+len(ended) > 0:
			a.job.inbox.post(func() {
				e.add(found)
				e.settle(ended)
			})
		}
	case <-a.ctx.Done():
	}
}

// SplitEnded posts the end of a split.
func (r reporter) SplitEnded(_ graph.TaskID, node plan.NodeID, split connector.SplitID) {
	r.job.inbox.post(func() {
		for _, e := range r.attempt.sources {
			if e.node.ID == node {
				e.ended[split] = true
				e.unsettled = append(e.unsettled, split)
				e.release()
				if e.every == 0 {
					e.settle([]connector.SplitID{split})
				}
				e.lookNow()
			}
		}
	})
}
