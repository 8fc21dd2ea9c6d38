package task

import (
	"context"
	"slices"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// obey carries out the commands in the mailbox.
func (s *sourceTask) obey() (last bool, err error) {
	for _, cmd := range s.source.Commands.take() {
		switch {
		case cmd.barrier != nil:
			last, err = s.barrier(*cmd.barrier)
		case cmd.drain:
			err = s.drain()
		case cmd.discovered:
			err = s.idleWithoutSplits()
		case cmd.settled != nil:
			err = s.settle(cmd.settled)
		default:
			s.noMore = s.noMore || cmd.noMore
			s.add(cmd.splits)
			if s.noMore {
				err = s.settle(nil)
			}
		}
		if err != nil || last {
			return last, err
		}
	}
	return false, nil
}

// add takes splits over. Until they have rows of their own they hold event time
// back to where they were.
func (s *sourceTask) add(splits []Split) {
	for _, split := range splits {
		line := &splitLine{split: split, position: split.Position, lag: connector.Lag{Rows: -1, Millis: -1, Total: -1}}
		for k := range s.assigners {
			wm := stream.NoWatermark
			if k < len(split.Watermarks) {
				wm = split.Watermarks[k]
			}
			line.merge = s.assigners[k].merge.Add(wm)
			if split.Ended {
				s.assigners[k].merge.End(line.merge)
			}
		}
		s.lines = append(s.lines, line)
		if !split.Ended {
			s.live++
			s.waiting = append(s.waiting, line)
		}
	}
}

// settle lets ended splits, nil being all, hold event time back no longer.
func (s *sourceTask) settle(splits []connector.SplitID) error {
	for _, line := range s.lines {
		if !line.unsettled || splits != nil && !slices.Contains(splits, line.split.Split.ID) {
			continue
		}
		line.unsettled = false
		s.live--
		for k := range s.assigners {
			if err := s.merged(k, s.assigners[k].merge.End(line.merge)); err != nil {
				return err
			}
		}
	}
	return s.idleWithoutSplits()
}

// openWaiting opens splits while there is room.
func (s *sourceTask) openWaiting() error {
	for len(s.waiting) > 0 && (s.concurrent || len(s.open) < openSplitsMax) {
		line := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.open = append(s.open, line)
		if err := line.open(s); err != nil {
			return s.readError(line, err)
		}
		line.lag = line.reader.Lag()
		s.publish(true)
		if s.concurrent {
			ctx, stop := context.WithCancel(s.chain.ctx)
			line.stop, line.stopped = stop, make(chan struct{})
			go s.fetch(ctx, line)
		}
		s.arm(s.cfg.Latency)
	}
	return nil
}

// drain ends all splits where they are.
func (s *sourceTask) drain() error {
	if s.ended {
		return nil
	}
	s.noMore, s.waiting = true, nil
	return s.closeOpen()
}

// closeOpen closes the open splits without marking them as ended.
func (s *sourceTask) closeOpen() error {
	for _, line := range s.open {
		line.split = line.snapshot(s)
		if err := line.close(s); err != nil {
			return s.readError(line, err)
		}
	}
	s.open = nil
	return nil
}

// barrier keeps FLUSH-BARRIER-SNAPSHOT and LAST.
func (s *sourceTask) barrier(b stream.Barrier) (last bool, err error) {
	nodes, err := s.chain.passBarrier(b)
	if err != nil {
		return false, err
	}
	own := NodeAck{Node: s.chain.nodes[0].ID}
	for _, line := range s.lines {
		own.Splits = append(own.Splits, line.snapshot(s))
	}
	nodes = append([]NodeAck{own}, nodes...)
	if l := s.source.Letters; l != nil {
		letters := NodeAck{Node: own.Node, Part: LettersPart, IsSink: true}
		if letters.Prepared, err = l.writer.Prepare(s.chain.ctx, b.Epoch, b.Kind.Last()); err != nil {
			Ack{Nodes: nodes}.Discard()
			return false, errs.Wrap(errs.Resource, err, "%s: dead letters", s.chain.nodes[0].Label)
		}
		nodes = append(nodes, letters)
	}
	s.cfg.Report.Acked(Ack{Task: s.cfg.ID, Barrier: b, Nodes: nodes})
	return b.Kind.Last(), nil
}
