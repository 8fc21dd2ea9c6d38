package job

import (
	"github.com/thalweg/thalweg/engine/task"
	"github.com/thalweg/thalweg/planner/plan"
)

// carried are, by the sinks' UIDs, what the present attempt prepared for epochs
// that were abandoned or not published, oldest first. The rows in it lie before the
// positions of the next checkpoint, so that one has to commit them.
type carried map[string][][]byte

// add keeps what the sinks of one task prepared.
func (c carried) add(p *plan.Plan, a task.Ack) {
	for _, n := range a.Nodes {
		if n.IsSink && len(n.Prepared.Committables) > 0 {
			uid := p.Nodes[n.Node].UID
			c[uid] = append(c[uid], n.Prepared.Committables...)
		}
	}
}

// moveTo puts everything into a checkpoint that holds no committables yet.
func (c carried) moveTo(to *Checkpoint) {
	for uid, committables := range c {
		to.Sinks[uid] = SinkPart{Committables: committables}
	}
	clear(c)
}

// takeBack keeps what a checkpoint that was not published was to commit.
func (c carried) takeBack(from *Checkpoint) {
	for uid, part := range from.Sinks {
		if len(part.Committables) > 0 {
			c[uid] = part.Committables
		}
	}
}
