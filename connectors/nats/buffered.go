package nats

import (
	"context"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// bufferedWriter keeps an epoch's rows for its commit: they travel in the
// checkpoint.
type bufferedWriter struct {
	sink *sink
	rows *rows
	job  string
	task int
	// pending are the rows since the last Prepare, bytes their size.
	pending []parcel
	bytes   int64
}

// parcel is a message to publish.
type parcel struct {
	Subject string      `msgpack:"s"`
	Header  nats.Header `msgpack:"h,omitempty"`
	Data    []byte      `msgpack:"d"`
}

// chunk is a committable: some of an epoch's messages, numbered from First.
type chunk struct {
	Version int      `msgpack:"v"`
	Name    string   `msgpack:"n"`
	First   int      `msgpack:"f"`
	Parcels []parcel `msgpack:"p"`
}

const (
	chunkVersion = 1
	// chunkMessages is the most messages of a committable.
	chunkMessages = 4096
)

var _ connector.Writer = (*bufferedWriter)(nil)

// Write implements connector.Writer.
func (w *bufferedWriter) Write(_ context.Context, batch stream.Batch) error {
	return w.rows.each(batch, w.keep)
}

// keep adds a message, whose data is copied.
func (w *bufferedWriter) keep(m *nats.Msg) error {
	most := w.sink.table.Options.Bytes(optionBuffer)
	if w.bytes += int64(len(m.Data) + len(m.Subject)); w.bytes > most {
		return errs.Resourcef("table '%s': the rows between two checkpoints have more than %d bytes", w.sink.table.Name, most).
			WithHint("checkpoint more often, raise '%s', or set '%s' to '%s'", optionBuffer, optionGuarantee, deliverTwice)
	}
	w.pending = append(w.pending, parcel{m.Subject, m.Header, slices.Clone(m.Data)})
	return nil
}

// Prepare implements connector.Writer.
func (w *bufferedWriter) Prepare(_ context.Context, epoch uint64, _ bool) (connector.Prepared, error) {
	var p connector.Prepared
	if err := w.rows.flush(w.keep); err != nil {
		return p, err
	}
	first := 0
	for part := range slices.Chunk(w.pending, chunkMessages) {
		c := chunk{chunkVersion, fmt.Sprintf("%s/%d/%d", w.job, w.task, epoch), first, part}
		b, err := msgpack.Marshal(&c)
		if err != nil {
			return p, errs.Wrap(errs.Bug, err, "encoding prepared rows")
		}
		p.Committables = append(p.Committables, b)
		first += len(part)
	}
	w.pending, w.bytes = nil, 0
	return p, nil
}

// Close implements connector.Writer.
func (*bufferedWriter) Close() error { return nil }

// committer publishes prepared rows. It connects when it has some.
type committer struct {
	sink      *sink
	publisher *publisher
}

var _ connector.Committer = (*committer)(nil)

// Commit implements connector.Committer. The ids of repeated commits are the same.
func (c *committer) Commit(ctx context.Context, _ uint64, committables [][]byte) error {
	if len(committables) == 0 {
		return nil
	}
	if c.publisher == nil {
		var err error
		if c.publisher, err = c.sink.publisher(); err != nil {
			return err
		}
	}
	for _, b := range committables {
		var part chunk
		if err := msgpack.Unmarshal(b, &part); err != nil || part.Version != chunkVersion {
			return errs.Corruptionf("table '%s': prepared rows can't be read (version %d)", c.sink.table.Name, part.Version)
		}
		for i, p := range part.Parcels {
			m := &nats.Msg{Subject: p.Subject, Header: p.Header, Data: p.Data}
			if err := c.publisher.publish(ctx, m, fmt.Sprintf("%s/%d", part.Name, part.First+i)); err != nil {
				c.reset()
				return err
			}
		}
	}
	if err := c.publisher.flush(ctx); err != nil {
		c.reset()
		return err
	}
	return nil
}

// reset drops a connection whose messages are in doubt.
func (c *committer) reset() {
	c.publisher.close()
	c.publisher = nil
}

// Recover implements connector.Committer: unpublished rows were in memory only.
func (*committer) Recover(context.Context, string) error { return nil }

// Close implements connector.Committer.
func (c *committer) Close() error {
	if c.publisher != nil {
		c.reset()
	}
	return nil
}
