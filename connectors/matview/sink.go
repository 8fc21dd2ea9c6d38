package matview

import (
	"context"
	"encoding/binary"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
)

// sink is the writing side of a view.
type sink struct{ table connector.Table }

var _ connector.Prompter = (*sink)(nil)

// Mode implements connector.Sink.
func (*sink) Mode() connector.SinkMode { return connector.Retract }

// Guarantee implements connector.Sink.
func (*sink) Guarantee() connector.Guarantee { return connector.ExactlyOnce }

// Prompt implements connector.Prompter: a view is as fresh as its last commit.
func (*sink) Prompt() bool { return true }

// Writer implements connector.Sink.
func (s *sink) Writer(_ context.Context, env connector.WriterEnv, _ [][]byte) (connector.Writer, error) {
	v, err := open(s.table)
	if err != nil {
		return nil, err
	}
	codec, err := rows.NewCodec(s.table.Schema.Arrow())
	if err != nil {
		return nil, err
	}
	return &writer{view: v, codec: codec, env: env, changes: map[string]*int64{}}, nil
}

// Committer implements connector.Sink.
func (s *sink) Committer(context.Context) (connector.Committer, error) {
	v, err := open(s.table)
	if err != nil {
		return nil, err
	}
	return &committer{v}, nil
}

// spillBytes is how much a task's changes may take in memory before they wait on
// disk.
const spillBytes = 32 << 20

// writer adds up a task's changes.
type writer struct {
	view  *view
	codec *rows.Codec
	env   connector.WriterEnv

	changes map[string]*int64
	bytes   int
	scratch []byte
	// spilled tells that some of the changes since the last Prepare wait on disk
	// already; part numbers what was prepared.
	spilled bool
	part    uint64
}

var _ connector.Writer = (*writer)(nil)

// rowOverhead is about what a row takes in memory besides its bytes.
const rowOverhead = 64

// Write implements connector.Writer.
func (w *writer) Write(ctx context.Context, batch stream.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	cols := batch.Record.Columns()
	for i := range batch.Rows() {
		by := int64(-1)
		if batch.Kind(i).Adds() {
			by = 1
		}
		w.scratch = w.codec.Append(w.scratch[:0], cols, i)
		if n := w.changes[string(w.scratch)]; n != nil {
			*n += by
			continue
		}
		n := by
		w.changes[string(w.scratch)] = &n
		w.bytes += len(w.scratch) + rowOverhead
	}
	if w.bytes < spillBytes {
		return nil
	}
	return w.spill()
}

// prefix begins the keys of the changes since the last Prepare.
func (w *writer) prefix() []byte { return pendingPart(w.view.id, w.env.Job, w.part, w.env.Task) }

// spill writes the changes in memory on top of what waits on disk.
func (w *writer) spill() error {
	prefix := w.prefix()
	b := w.view.store.db.NewBatch()
	defer b.Close()
	if !w.spilled {
		// Of an attempt that failed.
		if err := b.DeleteRange(prefix, after(prefix), nil); err != nil {
			return errs.Wrap(errs.Resource, err, "write a materialized view")
		}
	}
	for row, n := range w.changes {
		by := *n
		if by == 0 {
			continue
		}
		at := append(append([]byte(nil), prefix...), row...)
		if w.spilled {
			old, found, err := w.view.store.get(at)
			if err != nil {
				return err
			}
			if found {
				n, _ := binary.Varint(old)
				by += n
			}
		}
		if err := b.Set(at, binary.AppendVarint(nil, by), nil); err != nil {
			return errs.Wrap(errs.Resource, err, "write a materialized view")
		}
	}
	clear(w.changes)
	w.bytes, w.spilled = 0, true
	return w.view.store.write(b, "write")
}

const committableVersion = 1

// committable names what a task prepared.
type committable struct {
	Version int    `msgpack:"v"`
	Job     string `msgpack:"j"`
	Prefix  []byte `msgpack:"p"`
}

// Prepare implements connector.Writer.
func (w *writer) Prepare(context.Context, uint64, bool) (connector.Prepared, error) {
	if len(w.changes) == 0 && !w.spilled {
		return connector.Prepared{}, nil
	}
	if err := w.spill(); err != nil {
		return connector.Prepared{}, err
	}
	b, err := msgpack.Marshal(committable{committableVersion, w.env.Job, w.prefix()})
	if err != nil {
		return connector.Prepared{}, errs.Wrap(errs.Bug, err, "encoding prepared changes")
	}
	w.part, w.spilled = w.part+1, false
	return connector.Prepared{Committables: [][]byte{b}}, nil
}

// Close implements connector.Writer: what waits unprepared goes with the next start.
func (*writer) Close() error { return nil }

// committer applies prepared changes.
type committer struct{ view *view }

var _ connector.Committer = (*committer)(nil)

// Commit implements connector.Committer.
func (c *committer) Commit(ctx context.Context, epoch uint64, committables [][]byte) error {
	if err := ctx.Err(); err != nil || len(committables) == 0 {
		return err
	}
	var prefixes [][]byte
	job := ""
	for _, b := range committables {
		var k committable
		if err := msgpack.Unmarshal(b, &k); err != nil || k.Version != committableVersion {
			return errs.Corruptionf("prepared changes of a materialized view can't be read (version %d)", k.Version)
		}
		job, prefixes = k.Job, append(prefixes, k.Prefix)
	}
	return c.view.commit(job, epoch, prefixes)
}

// Recover implements connector.Committer.
func (c *committer) Recover(_ context.Context, job string) error { return c.view.discard(job) }

// Close implements connector.Committer.
func (*committer) Close() error { return nil }
