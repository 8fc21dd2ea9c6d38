package job

import (
	"github.com/thalweg/thalweg/engine/exchange"
	"github.com/thalweg/thalweg/engine/graph"
	"github.com/thalweg/thalweg/planner/plan"
)

// wires are the queues of all edges.
type wires struct {
	graph *graph.Graph
	// queues[edge][from][to]; nil where an exchange joins no such pair.
	queues [][][]*exchange.Queue
}

// queueBytesMax is what the queues into one task hold together, about.
const queueBytesMax = 16 << 20

// newWires makes the queues.
func newWires(g *graph.Graph, batchRows int) *wires {
	w := &wires{graph: g, queues: make([][][]*exchange.Queue, len(g.Edges))}
	for _, e := range g.Edges {
		from, to := g.Stages[e.From].Tasks, g.Stages[e.To].Tasks
		limits := exchange.Limits{Rows: 4 * batchRows, Bytes: max(256<<10, queueBytesMax/int64(from))}
		matrix := make([][]*exchange.Queue, from)
		for i := range matrix {
			matrix[i] = make([]*exchange.Queue, to)
			for k := range matrix[i] {
				if e.Exchange != plan.Forward || i == k {
					matrix[i][k] = exchange.NewQueue(limits)
				}
			}
		}
		w.queues[e.ID] = matrix
	}
	return w
}

// receivers are the channels into a task, by input.
func (w *wires) receivers(id graph.TaskID) [][]exchange.Receiver {
	var inputs [][]exchange.Receiver
	for _, edge := range w.graph.Stages[id.Stage].Inputs {
		var channels []exchange.Receiver
		for _, row := range w.queues[edge] {
			if q := row[id.Index]; q != nil {
				channels = append(channels, q)
			}
		}
		inputs = append(inputs, channels)
	}
	return inputs
}

// writer makes the writer of edge e in the task of index from.
func (w *wires) writer(e graph.Edge, from int, cfg Config) (*exchange.Writer, error) {
	var senders []exchange.Sender
	for _, q := range w.queues[e.ID][from] {
		if q != nil {
			senders = append(senders, q)
		}
	}
	router, err := w.router(e, from, len(senders), cfg)
	if err != nil {
		return nil, err
	}
	return exchange.NewWriter(router, senders), nil
}

// router makes what spreads rows over an edge's channels. Tasks begin rebalancing
// at different receivers, so that few batches are spread as well.
func (w *wires) router(e graph.Edge, from, channels int, cfg Config) (exchange.Router, error) {
	switch {
	case channels == 1:
		return exchange.Forward{}, nil
	case e.Exchange == plan.Rebalance:
		return &exchange.Rebalance{Next: from}, nil
	case e.Exchange == plan.Broadcast:
		return exchange.Broadcast{}, nil
	}
	return exchange.NewHash(exchange.HashConfig{Alloc: cfg.Alloc, Schema: schemaOf(cfg.Plan, e.FromNode), Keys: e.Keys,
		KeyGroups: cfg.KeyGroups, Tasks: channels})
}
