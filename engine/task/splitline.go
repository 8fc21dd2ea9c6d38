package task

import (
	"context"
	"errors"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/operators/stream"
)

// splitLine reads one split, and runs the nodes before event time for it.
type splitLine struct {
	split  Split
	reader connector.Reader
	// unsettled splits have ended, and their children have not been given out yet.
	unsettled bool
	// links are the operators of this split alone, by node; nil for others.
	links []*link
	// out is the source's output for this split.
	out output
	// merge is the split's index in every assigner's merge; aligned is its part in their
	// alignments, nil where there is none.
	merge   int
	aligned []*aligned
	// position is where reading stands after the last batch passed on, when the
	// reader runs on a goroutine of its own.
	position []byte
	lag      connector.Lag
	// bad counts bad records; letters are those of the batch being read, which only
	// its reader's goroutine touches.
	bad     *connector.BadCounter
	letters []connector.BadRecord
	// stop ends the reader's own goroutine, if it has one; stopped is closed when
	// it has ended.
	stop    context.CancelFunc
	stopped chan struct{}
}

// open opens the reader and builds the split's own operators.
func (l *splitLine) open(s *sourceTask) error {
	l.links = make([]*link, len(s.chain.nodes))
	for i, perSplit := range s.perSplit {
		if !perSplit {
			continue
		}
		built, err := s.chain.build(i)
		if err != nil {
			return err
		}
		l.links[i] = built
	}
	l.out = output{chain: s.chain, node: &s.chain.nodes[0], metrics: s.chain.nodes[0].Metrics, watermark: stream.NoWatermark}
	l.wire(s, &l.out, 0)
	for i, built := range l.links {
		if built != nil {
			l.wire(s, &built.out, i)
		}
	}
	for k, a := range s.assigners {
		l.aligned = append(l.aligned, s.align(a.node))
		out := &l.links[a.node].out
		out.divert = func(wm stream.Watermark) error { return s.reached(k, l, wm) }
		out.divertIdle = func() error { return s.becameIdle(k, l) }
		out.paused = func() bool { return l.ahead() != nil }
	}
	env := s.source.Env
	l.bad = connector.NewBadCounter(s.source.Policy, func(r connector.BadRecord) error {
		l.letters = append(l.letters, r)
		return nil
	})
	env.Bad = l.bad
	reader, err := s.source.Source.Open(s.chain.ctx, l.split.Split, l.split.Position, env)
	if err != nil {
		return err
	}
	l.reader = reader
	return nil
}

// ahead is nil if the split may be read, else what is closed when it should look again
// whether others have caught up.
func (l *splitLine) ahead() <-chan struct{} {
	for _, m := range l.aligned {
		if wait := m.ahead(); wait != nil {
			return wait
		}
	}
	return nil
}

// takeLetters takes the bad records of the batch just read.
func (l *splitLine) takeLetters() []connector.BadRecord {
	letters := l.letters
	l.letters = nil
	return letters
}

// wire makes out feed node i's consumers: the split's own first, then the task's.
func (l *splitLine) wire(s *sourceTask, out *output, i int) {
	for _, k := range s.chain.nodes[i].Consumers {
		if l.links[k] != nil {
			out.links = append(out.links, l.links[k])
		}
	}
	s.chain.wire(out, i)
}

// snapshot is where the split stands.
func (l *splitLine) snapshot(s *sourceTask) Split {
	split := l.split
	split.Watermarks = nil
	for _, a := range s.assigners {
		split.Watermarks = append(split.Watermarks, a.merge.Of(l.merge))
	}
	switch {
	case split.Ended:
		split.Position = nil
	case l.reader == nil:
	case s.concurrent:
		split.Position = l.position
	default:
		split.Position = l.reader.Position()
	}
	return split
}

// close closes the reader and the split's operators.
func (l *splitLine) close(s *sourceTask) error {
	for _, m := range l.aligned {
		m.leave()
	}
	if l.stop != nil {
		l.stop()
		<-l.stopped
	}
	var err error
	if l.reader != nil {
		err = l.reader.Close()
		l.reader = nil
	}
	for i, built := range l.links {
		if built != nil {
			s.chain.forget(built)
			err = errors.Join(err, built.close())
			l.links[i] = nil
		}
	}
	return err
}

// forget takes l off the list of links to close.
func (c *chain) forget(l *link) {
	for i, other := range c.all {
		if other == l {
			c.all = append(c.all[:i], c.all[i+1:]...)
			return
		}
	}
}
