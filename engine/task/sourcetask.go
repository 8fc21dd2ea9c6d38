package task

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/exchange"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// openSplitsMax is how many splits of a bounded source a task reads in turn; the
// others wait, and hold event time back until they have been read.
const openSplitsMax = 16

// silentTick is how often operators are told the time while nothing comes.
const silentTick = 50 * time.Millisecond

// progressEvery is how often a source task publishes its progress.
const progressEvery = 100 * time.Millisecond

// sourceTask is a task that reads splits.
type sourceTask struct {
	cfg    *Config
	source *Source
	chain  *chain
	// perSplit marks the nodes that run once per split: those from the source to
	// an assigner.
	perSplit  []bool
	assigners []assigner
	// lines are all splits the task was ever given; open are those being read,
	// waiting those to be opened when there is room.
	lines   []*splitLine
	open    []*splitLine
	waiting []*splitLine
	next    int
	// live counts the lines that have not ended, or are not settled.
	live int
	// concurrent sources read each split on a goroutine of its own.
	concurrent bool
	fetched    chan fetched

	// noMore: no further splits will come. ended: the end of time was sent.
	noMore bool
	ended  bool
	// timer pokes the mailbox so that a blocked reader returns; clockDue tells
	// that it did.
	timer    *time.Timer
	armed    bool
	due      time.Time
	clockDue atomic.Bool
	reported time.Time
}

// assigner is a node that assigns event time, once per split, and the merge of
// what the splits reached.
type assigner struct {
	node  int
	merge *exchange.WatermarkMerge
	// out feeds what follows the assigner in the task.
	out output
}

// newSourceTask finds out which nodes run once per split.
func newSourceTask(cfg *Config, c *chain) *sourceTask {
	s := &sourceTask{cfg: cfg, source: cfg.Source, chain: c, perSplit: make([]bool, len(cfg.Nodes)),
		concurrent: !cfg.Source.Bounded, fetched: make(chan fetched)}
	s.markPerSplit(0)
	return s
}

// markPerSplit marks the stateless paths from node i to assigners, and reports
// whether there are any.
func (s *sourceTask) markPerSplit(i int) bool {
	found := false
	for _, k := range s.cfg.Nodes[i].Consumers {
		node := &s.cfg.Nodes[k]
		switch {
		case node.Assigner:
			s.perSplit[k] = true
			s.assigners = append(s.assigners, assigner{node: k, merge: exchange.NewWatermarkMerge(0)})
			found = true
		case node.Stateless && s.markPerSplit(k):
			s.perSplit[k] = true
			found = true
		}
	}
	return found
}

// run reads until a last barrier.
func (s *sourceTask) run() (err error) {
	defer func() { err = errors.Join(err, s.close()) }()
	s.timer = time.AfterFunc(time.Hour, func() {
		s.clockDue.Store(true)
		s.source.Commands.poke()
	})
	s.timer.Stop()
	if err := s.chain.buildAll(s.perSplit); err != nil {
		return err
	}
	if s.source.Letters != nil {
		if err := s.source.Letters.open(s.chain.ctx); err != nil {
			return errs.Wrap(errs.Resource, err, "%s: dead letters", s.chain.nodes[0].Label)
		}
	}
	for k := range s.assigners {
		a := &s.assigners[k]
		a.out = output{chain: s.chain, metrics: s.chain.nodes[a.node].Metrics, watermark: stream.NoWatermark}
		s.chain.wire(&a.out, a.node)
	}
	s.arm(s.cfg.Latency)
	for {
		last, err := s.step()
		if err != nil || last {
			return err
		}
	}
}

// align makes a split's part in the alignment of a node.
func (s *sourceTask) align(node int) *aligned {
	n := &s.cfg.Nodes[node]
	if n.Align == nil {
		return nil
	}
	return &aligned{of: n.Align, driftMillis: n.DriftMillis}
}

// idleWithoutSplits keeps a task that has no splits to read from holding back others.
func (s *sourceTask) idleWithoutSplits() error {
	if s.source.Bounded || s.noMore || s.live > 0 {
		return nil
	}
	return s.chain.broadcast(stream.Element{Kind: stream.ElementIdle})
}

// step obeys commands, looks at the clock, and reads once.
func (s *sourceTask) step() (last bool, err error) {
	if last, err = s.obey(); err != nil || last {
		return last, err
	}
	if s.clockDue.CompareAndSwap(true, false) {
		s.armed = false
		if err := s.onClock(); err != nil {
			return false, err
		}
	}
	if err := s.openWaiting(); err != nil {
		return false, err
	}
	if s.noMore && !s.ended && len(s.open) == 0 {
		return false, s.endOfTime()
	}
	return false, s.read()
}

// read passes on one batch of the next split, or waits for something to happen.
func (s *sourceTask) read() error {
	if s.concurrent || len(s.open) == 0 {
		return s.await()
	}
	line, wait := s.turn()
	if line == nil {
		return s.awaitOthers(wait)
	}
	previous := s.chain.switchTo(s.chain.nodes[0].Metrics)
	batch, err := line.reader.Next(s.chain.ctx, s.source.Commands.wake)
	s.chain.switchTo(previous)
	return s.accept(line, fetched{batch: batch, err: err, letters: line.takeLetters()})
}

// turn is the split whose turn it is to be read, or what to wait for when all are ahead of
// others.
func (s *sourceTask) turn() (line *splitLine, wait <-chan struct{}) {
	for range s.open {
		s.next %= len(s.open)
		line = s.open[s.next]
		s.next++
		if wait = line.ahead(); wait == nil {
			return line, nil
		}
	}
	return nil, wait
}

// awaitOthers waits until others have come nearer, or for a command.
func (s *sourceTask) awaitOthers(moved <-chan struct{}) error {
	s.arm(silentTick) // it may be others than those of the last split
	select {
	case <-moved:
	case <-s.source.Commands.wake:
	case <-s.chain.ctx.Done():
		return s.chain.ctx.Err()
	}
	return nil
}

// await waits for a fetched batch or a command.
func (s *sourceTask) await() error {
	select {
	case f := <-s.fetched:
		f.line.position, f.line.lag = f.position, f.lag
		return s.accept(f.line, f)
	case <-s.source.Commands.wake:
		return nil
	case <-s.chain.ctx.Done():
		return s.chain.ctx.Err()
	}
}

// accept passes on what a reader gave.
func (s *sourceTask) accept(line *splitLine, f fetched) error {
	if f.err != nil && !errors.Is(f.err, connector.ErrEndOfSplit) {
		f.batch.Release()
		return s.readError(line, f.err)
	}
	if len(f.letters) > 0 && s.source.Letters != nil {
		if err := s.source.Letters.write(s.chain.ctx, f.letters); err != nil {
			f.batch.Release()
			return errs.Wrap(errs.Resource, err, "%s: dead letters", s.chain.nodes[0].Label)
		}
	}
	if f.batch.Rows() == 0 {
		f.batch.Release()
	} else if err := s.emit(line, f.batch); err != nil {
		return err
	}
	s.publish(false)
	if f.err != nil {
		return s.endSplit(line)
	}
	return nil
}

func (s *sourceTask) emit(line *splitLine, batch stream.Batch) error {
	for k := range s.assigners {
		s.assigners[k].merge.Active(line.merge)
	}
	s.arm(s.cfg.Latency)
	return line.out.Emit(batch)
}

// readError names the source and the split in a reader's error.
func (s *sourceTask) readError(line *splitLine, err error) error {
	if s.chain.ctx.Err() != nil {
		return s.chain.ctx.Err()
	}
	return errs.Wrap(errs.Resource, err, "%s, split %s", s.chain.nodes[0].Label, line.split.Split.ID)
}

// reached takes the watermark that assigner k gave for a split.
func (s *sourceTask) reached(k int, line *splitLine, wm stream.Watermark) error {
	line.aligned[k].reach(wm)
	return s.merged(k, s.assigners[k].merge.Update(line.merge, wm))
}

// becameIdle takes from assigner k that a split is silent.
func (s *sourceTask) becameIdle(k int, line *splitLine) error {
	line.aligned[k].leave()
	return s.merged(k, s.assigners[k].merge.Idle(line.merge))
}

// merged passes on what changed in assigner k's merge.
func (s *sourceTask) merged(k int, step exchange.MergeStep) error {
	switch {
	case step.Advanced:
		return s.assigners[k].out.Watermark(step.Watermark)
	case step.Idle:
		return s.assigners[k].out.Idle()
	}
	return nil
}

// endSplit closes a split that was read to its end. It holds event time back until
// its children, if there are any, have been given to a task.
func (s *sourceTask) endSplit(line *splitLine) error {
	for i, l := range s.open {
		if l == line {
			s.open = append(s.open[:i], s.open[i+1:]...)
			break
		}
	}
	line.split.Ended = true
	if err := line.close(s); err != nil {
		return s.readError(line, err)
	}
	line.unsettled = true
	if s.noMore {
		if err := s.settle(nil); err != nil {
			return err
		}
	}
	s.publish(true)
	s.cfg.Report.SplitEnded(s.cfg.ID, s.chain.nodes[0].ID, line.split.Split.ID)
	return nil
}

// endOfTime tells everything in the task that no more rows come.
func (s *sourceTask) endOfTime() error {
	s.ended = true
	for k := range s.assigners {
		if err := s.assigners[k].out.Watermark(stream.EndOfTime); err != nil {
			return err
		}
	}
	for i := range s.chain.nodes {
		if i > 0 && (!s.perSplit[i] || s.chain.nodes[i].Assigner) {
			continue
		}
		out := output{chain: s.chain, metrics: s.chain.nodes[i].Metrics, watermark: stream.NoWatermark}
		s.chain.wire(&out, i)
		if err := out.Watermark(stream.EndOfTime); err != nil {
			return err
		}
	}
	s.publish(true)
	s.cfg.Report.SourceEnded(s.cfg.ID)
	return nil
}

// arm makes onClock run after so long, unless it will already be sooner.
func (s *sourceTask) arm(after time.Duration) {
	due := time.Now().Add(after)
	if s.armed && !due.Before(s.due) {
		return
	}
	s.armed, s.due = true, due
	s.timer.Reset(after)
}

// onClock does what depends on time: flushing and ticking.
func (s *sourceTask) onClock() error {
	if err := s.chain.flush(); err != nil {
		return err
	}
	s.publish(false)
	if !s.chain.tickers {
		return nil
	}
	if err := s.chain.tick(s.chain.links); err != nil {
		return err
	}
	for _, line := range s.open {
		if err := s.chain.tick(line.links); err != nil {
			return err
		}
	}
	s.arm(max(s.cfg.Latency, silentTick))
	return nil
}

// publish stores the progress, not too often unless force: what is held back goes out
// a little later, so that the last news always do.
func (s *sourceTask) publish(force bool) {
	if early := progressEvery - time.Since(s.reported); !force && early > 0 {
		s.arm(early)
		return
	}
	s.reported = time.Now()
	info := ProgressInfo{Splits: len(s.lines)}
	for _, line := range s.lines {
		if line.bad != nil {
			info.Bad += line.bad.Count()
		}
		switch {
		case line.split.Ended:
			info.Ended++
		case s.concurrent:
			info.Lag = info.Lag.Add(line.lag)
		case line.reader != nil:
			line.lag = line.reader.Lag()
			info.Lag = info.Lag.Add(line.lag)
		}
	}
	s.source.Progress.store(info)
}

// close ends all reading.
func (s *sourceTask) close() error {
	s.timer.Stop()
	var err error
	for _, line := range s.open {
		if line.stop != nil {
			line.stop()
		}
	}
	for _, line := range s.open {
		err = errors.Join(err, line.close(s))
	}
	if s.source.Letters != nil {
		err = errors.Join(err, s.source.Letters.close())
	}
	s.publish(true)
	return err
}

// fetched is what a reader's goroutine hands over.
type fetched struct {
	line     *splitLine
	batch    stream.Batch
	err      error
	position []byte
	lag      connector.Lag
	letters  []connector.BadRecord
}

// fetch reads a split until it ends, fails, or ctx is done.
func (s *sourceTask) fetch(ctx context.Context, line *splitLine) {
	defer close(line.stopped)
	for {
		for wait := line.ahead(); wait != nil; wait = line.ahead() {
			select {
			case <-wait:
			case <-ctx.Done():
				return
			}
		}
		f := line.fetch(ctx)
		if ctx.Err() != nil {
			f.batch.Release()
			return
		}
		select {
		case s.fetched <- f:
		case <-ctx.Done():
			f.batch.Release()
			return
		}
		if f.err != nil {
			return
		}
	}
}

// fetch reads once. What panics is the reader's error and not the process's end.
func (l *splitLine) fetch(ctx context.Context) fetched {
	f := fetched{line: l}
	f.err = errs.Safely("reading", func() (err error) {
		f.batch, err = l.reader.Next(ctx, nil)
		f.position, f.lag, f.letters = l.reader.Position(), l.reader.Lag(), l.takeLetters()
		return err
	})
	return f
}
