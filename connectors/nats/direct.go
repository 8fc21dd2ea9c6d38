package nats

import (
	"context"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/vmihailenco/msgpack/v5"
	"github.com/zeebo/xxh3"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// directWriter publishes rows at once. A row's id is made of the task's lineage,
// the row's number in it and the row's content: a replayed row has the id of its
// first time if the task replays in the same order, and a different row never has
// the id of another.
type directWriter struct {
	rows      *rows
	publisher *publisher
	state     lineage
}

// lineage numbers a task's rows over restarts; it is the writer's state.
type lineage struct {
	Version int    `msgpack:"v"`
	Name    string `msgpack:"l"`
	Rows    uint64 `msgpack:"n"`
}

const lineageVersion = 1

var _ connector.Writer = (*directWriter)(nil)

func newDirectWriter(s *sink, rows *rows, env connector.WriterEnv, restored [][]byte) (*directWriter, error) {
	w := &directWriter{rows: rows, state: lineage{lineageVersion, fmt.Sprintf("%s/%d/%d", env.Job, env.Task, env.Tasks), 0}}
	if len(restored) == 1 {
		if err := msgpack.Unmarshal(restored[0], &w.state); err != nil || w.state.Version != lineageVersion {
			return nil, errs.Corruptionf("table '%s': a writer's state can't be read (version %d)", s.table.Name, w.state.Version)
		}
	}
	var err error
	w.publisher, err = s.publisher()
	return w, err
}

// Write implements connector.Writer.
func (w *directWriter) Write(ctx context.Context, batch stream.Batch) error {
	return w.rows.each(batch, func(m *nats.Msg) error { return w.publish(ctx, m) })
}

// publish publishes a message, whose data is copied.
func (w *directWriter) publish(ctx context.Context, m *nats.Msg) error {
	m.Data = slices.Clone(m.Data)
	hash := xxh3.Hash(m.Data) ^ xxh3.HashString(m.Subject)
	id := fmt.Sprintf("%s/%d/%016x", w.state.Name, w.state.Rows, hash)
	w.state.Rows++
	return w.publisher.publish(ctx, m, id)
}

// Prepare implements connector.Writer: all rows are stored when it returns.
func (w *directWriter) Prepare(ctx context.Context, _ uint64, _ bool) (connector.Prepared, error) {
	if err := w.rows.flush(func(m *nats.Msg) error { return w.publish(ctx, m) }); err != nil {
		return connector.Prepared{}, err
	}
	if err := w.publisher.flush(ctx); err != nil {
		return connector.Prepared{}, err
	}
	state, err := msgpack.Marshal(w.state)
	return connector.Prepared{State: state}, errs.Wrap(errs.Bug, err, "encoding a writer's state")
}

// Close implements connector.Writer.
func (w *directWriter) Close() error {
	w.publisher.close()
	return nil
}
