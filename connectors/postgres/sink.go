package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/stream"
)

// sink is the writing side of one table.
type sink struct{ *layout }

var _ connector.Sink = (*sink)(nil)

// Mode takes updates when there is a key to make them by.
func (s *sink) Mode() connector.SinkMode {
	if len(s.table.PrimaryKey) > 0 {
		return connector.Upsert
	}
	return connector.AppendOnly
}

// Guarantee implements connector.Sink: rows are there before the checkpoint is.
func (s *sink) Guarantee() connector.Guarantee { return connector.AtLeastOnce }

// Writer implements connector.Sink.
func (s *sink) Writer(context.Context, connector.WriterEnv, [][]byte) (connector.Writer, error) {
	w := &writer{
		sink: s, maxRows: int(s.table.Options.Int("sink.buffer-flush.max-rows")), every: s.table.Options.Duration("sink.buffer-flush.interval"),
		retries: int(s.table.Options.Int("sink.max-retries")), places: map[string]int{}, flushed: time.Now(),
	}
	var keys []arrow.DataType
	for _, name := range s.table.PrimaryKey {
		i := s.table.Schema.Index(name)
		w.key, keys = append(w.key, i), append(keys, s.table.Schema[i].Type.Arrow())
	}
	if len(keys) == 0 {
		return w, nil
	}
	var err error
	w.encoder, err = rowcodec.NewKeyEncoder(keys)
	return w, err
}

// Committer implements connector.Sink: rows are visible when they are written.
func (s *sink) Committer(context.Context) (connector.Committer, error) { return idle{}, nil }

// idle is the committer of a sink that shows rows at once.
type idle struct{}

// Commit implements connector.Committer.
func (idle) Commit(context.Context, uint64, [][]byte) error { return nil }

// Recover implements connector.Committer.
func (idle) Recover(context.Context, string) error { return nil }

// Close implements connector.Committer.
func (idle) Close() error { return nil }

// upsertSQL inserts a row, or makes the one with its key equal to it.
func (s *sink) upsertSQL() string {
	var marks, sets []string
	for i, f := range s.table.Schema {
		marks = append(marks, fmt.Sprintf("$%d", i+1))
		if !slices.Contains(s.table.PrimaryKey, f.Name) {
			sets = append(sets, quoted(f.Name)+" = EXCLUDED."+quoted(f.Name))
		}
	}
	text := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", s.name, columnList(s.table.Schema), strings.Join(marks, ", "))
	if len(s.table.PrimaryKey) == 0 {
		return text
	}
	var key []string
	for _, name := range s.table.PrimaryKey {
		key = append(key, quoted(name))
	}
	text += " ON CONFLICT (" + strings.Join(key, ", ") + ") DO "
	if len(sets) == 0 {
		return text + "NOTHING"
	}
	return text + "UPDATE SET " + strings.Join(sets, ", ")
}

func (s *sink) deleteSQL() string {
	var terms []string
	for i, name := range s.table.PrimaryKey {
		terms = append(terms, fmt.Sprintf("%s = $%d", quoted(name), i+1))
	}
	return "DELETE FROM " + s.name + " WHERE " + strings.Join(terms, " AND ")
}

// change is a row to write, or the key of one to delete.
type change struct {
	values  [][]byte
	deletes bool
}

// writer gathers changes, of one key the last, and writes them in one transaction.
type writer struct {
	sink    *sink
	maxRows int
	every   time.Duration
	retries int
	key     []int
	encoder *rowcodec.KeyEncoder
	keys    rowcodec.Keys
	pending []change
	// places tells where the change of a key stands in pending.
	places  map[string]int
	flushed time.Time
	conn    *pgconn.PgConn
}

var _ connector.Writer = (*writer)(nil)

// Write implements connector.Writer.
func (w *writer) Write(ctx context.Context, batch stream.Batch) error {
	if w.encoder != nil {
		cols := make([]arrow.Array, len(w.key))
		for i, c := range w.key {
			cols[i] = batch.Column(c)
		}
		if err := w.encoder.Encode(cols, batch.Rows(), &w.keys); err != nil {
			return err
		}
	}
	for i := range batch.Rows() {
		if batch.Kind(i) == stream.UpdateBefore {
			continue
		}
		w.put(batch, i)
		if len(w.pending) >= w.maxRows {
			if err := w.flush(ctx); err != nil {
				return err
			}
		}
	}
	if w.every > 0 && time.Since(w.flushed) >= w.every {
		return w.flush(ctx)
	}
	return nil
}

// put gathers the change of row i.
func (w *writer) put(batch stream.Batch, i int) {
	c := change{deletes: batch.Kind(i) == stream.Delete}
	schema := w.sink.table.Schema
	if c.deletes {
		for _, k := range w.key {
			c.values = append(c.values, textOf(batch.Column(k), schema[k].Type, i))
		}
	} else {
		for k, f := range schema {
			c.values = append(c.values, textOf(batch.Column(k), f.Type, i))
		}
	}
	if w.encoder == nil {
		w.pending = append(w.pending, c)
		return
	}
	if at, ok := w.places[string(w.keys.At(i))]; ok {
		w.pending[at] = c
		return
	}
	w.places[string(w.keys.At(i))] = len(w.pending)
	w.pending = append(w.pending, c)
}

// flush writes what waits, again after failures that pass.
func (w *writer) flush(ctx context.Context) error {
	w.flushed = time.Now()
	if len(w.pending) == 0 {
		return nil
	}
	wait := 100 * time.Millisecond
	for attempt := 0; ; attempt++ {
		err := w.send(ctx)
		if err == nil {
			break
		}
		w.disconnect()
		var refused *pgconn.PgError
		if attempt >= w.retries || asError(err, &refused) && !transient(refused.Code) {
			return w.sink.failed(err)
		}
		select {
		case <-time.After(wait):
			wait *= 2
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	w.pending = w.pending[:0]
	clear(w.places)
	return nil
}

// send writes what waits in one transaction: a batch without a Sync in between.
func (w *writer) send(ctx context.Context) error {
	if w.conn == nil {
		if err := w.connect(ctx); err != nil {
			return err
		}
	}
	batch := &pgconn.Batch{}
	for _, c := range w.pending {
		name := "upsert"
		if c.deletes {
			name = "delete"
		}
		batch.ExecPrepared(name, c.values, nil, nil)
	}
	_, err := w.conn.ExecBatch(ctx, batch).ReadAll()
	return err
}

// connect connects and prepares the statements.
func (w *writer) connect(ctx context.Context) error {
	conn, err := pgconn.ConnectConfig(ctx, w.sink.config)
	if err != nil {
		return err
	}
	w.conn = conn
	if _, err := conn.Prepare(ctx, "upsert", w.sink.upsertSQL(), nil); err != nil || len(w.key) == 0 {
		return err
	}
	_, err = conn.Prepare(ctx, "delete", w.sink.deleteSQL(), nil)
	return err
}

// Prepare implements connector.Writer.
func (w *writer) Prepare(ctx context.Context, _ uint64, _ bool) (connector.Prepared, error) {
	return connector.Prepared{}, w.flush(ctx)
}

func (w *writer) disconnect() {
	if w.conn != nil {
		_ = w.conn.Close(context.Background()) // it is given up
		w.conn = nil
	}
}

// Close implements connector.Writer.
func (w *writer) Close() error {
	w.disconnect()
	return nil
}
