package nats

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/connectortest"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

func orderBatch(t testing.TB, schema types.Schema, lines ...string) stream.Batch {
	t.Helper()
	b, err := stream.ParseRows(memory.DefaultAllocator, schema, lines)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func numberedBatch(t testing.TB, n int) stream.Batch {
	var lines []string
	for i := range 20 {
		lines = append(lines, fmt.Sprintf("+ k=%d s='text %d'", n*100+i, i))
	}
	return orderBatch(t, orderSchema(), lines...)
}

func (w *world) visible() []string {
	w.t.Helper()
	rows, err := w.rows(w.source(orderSchema(), "stream", "OUT", "scan.bounded.mode", "latest"), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

func (w *world) sink(schema types.Schema, options ...string) connector.Sink {
	w.t.Helper()
	s, err := New().Sink(w.declare(schema, options...))
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func TestExactlyOnceSinkContract(t *testing.T) {
	w := newWorld(t)
	name := 0
	connectortest.RunSink(t, connectortest.Sink{
		Make: func(t testing.TB) func() connector.Sink {
			if name > 0 {
				if err := w.js.DeleteStream(context.Background(), "OUT"); err != nil {
					t.Fatal(err)
				}
			}
			name++
			w.stream("OUT", "out.>")
			return func() connector.Sink {
				return w.sink(orderSchema(), "subject", "out.orders", "sink.delivery-guarantee", "exactly-once")
			}
		},
		Batch:   numberedBatch,
		Visible: func(testing.TB) []string { return w.visible() },
	})
}

func writerOf(t testing.TB, s connector.Sink, attempt int, restored ...[]byte) connector.Writer {
	t.Helper()
	w, err := s.Writer(context.Background(), connector.WriterEnv{Alloc: memory.DefaultAllocator, Job: "job", Tasks: 1, Attempt: attempt}, restored)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestReplayedRowsAreDropped writes, fails after a checkpoint, and replays: the
// server has each row once, although the checkpoints fall elsewhere.
func TestReplayedRowsAreDropped(t *testing.T) {
	w := newWorld(t)
	w.stream("OUT", "out.>")
	s := w.sink(orderSchema(), "subject", "out.orders")
	if s.Guarantee() != connector.AtLeastOnce {
		t.Errorf("guarantee %s", s.Guarantee())
	}
	ctx := context.Background()
	write := func(wr connector.Writer, n int) {
		b := numberedBatch(t, n)
		defer b.Release()
		if err := wr.Write(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	prepare := func(wr connector.Writer, epoch uint64) []byte {
		p, err := wr.Prepare(ctx, epoch, false)
		if err != nil || len(p.Committables) > 0 {
			t.Fatal(err)
		}
		return p.State
	}
	first := writerOf(t, s, 0)
	write(first, 1)
	state := prepare(first, 1)
	write(first, 2)
	prepare(first, 2) // never published
	write(first, 3)
	prepare(first, 3)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := writerOf(t, s, 1, state)
	write(second, 2)
	write(second, 3)
	prepare(second, 4)
	write(second, 4)
	prepare(second, 5)
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if rows := w.visible(); len(rows) != 80 {
		t.Errorf("%d rows, want 80", len(rows))
	}
}

func TestRowsChooseSubjectAndHeaders(t *testing.T) {
	w := newWorld(t)
	w.stream("OUT", "out.>")
	schema := append(orderSchema(), types.Field{Name: "subj", Type: types.StringType()})
	s := w.sink(schema)
	wr := writerOf(t, s, 0)
	b := orderBatch(t, schema, "+ k=1 s=a subj=out.eu", "+ k=2 s=b subj=out.us")
	defer b.Release()
	if err := wr.Write(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	if _, err := wr.Prepare(context.Background(), 1, true); err != nil {
		t.Fatal(err)
	}
	bad := orderBatch(t, schema, "+ k=1 s=a subj=out.*")
	defer bad.Release()
	if err := wr.Write(context.Background(), bad); err == nil || errs.ClassOf(err) != errs.User {
		t.Errorf("wildcard: %v", err)
	}
	if err := wr.Close(); err != nil {
		t.Fatal(err)
	}
	rows, err := w.rows(w.source(orderSchema(), "stream", "OUT", "subject", "out.us", "scan.bounded.mode", "latest"), nil)
	if err != nil || len(rows) != 1 || rows[0] != "+I k=2 s=b" {
		t.Errorf("%q, %v", rows, err)
	}
}

func TestSubjectWithoutStream(t *testing.T) {
	w := newWorld(t)
	wr := writerOf(t, w.sink(orderSchema(), "subject", "nobody"), 0)
	defer wr.Close()
	b := numberedBatch(t, 1)
	defer b.Release()
	err := wr.Write(context.Background(), b)
	if err == nil {
		_, err = wr.Prepare(context.Background(), 1, false)
	}
	if err == nil || errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), "no JetStream stream takes") {
		t.Errorf("got %v", err)
	}
}

func TestBufferIsBounded(t *testing.T) {
	w := newWorld(t)
	wr := writerOf(t, w.sink(orderSchema(), "subject", "out", "sink.delivery-guarantee", "exactly-once", "sink.buffer-size", "1kb"), 0)
	defer wr.Close()
	var err error
	for n := 0; n < 10 && err == nil; n++ {
		b := numberedBatch(t, n)
		err = wr.Write(context.Background(), b)
		b.Release()
	}
	if err == nil || errs.ClassOf(err) != errs.Resource || !strings.Contains(err.Error(), "sink.buffer-size") {
		t.Errorf("got %v", err)
	}
}

func TestHeadersAreWritten(t *testing.T) {
	w := newWorld(t)
	w.stream("OUT", "out.>")
	schema := append(orderSchema(), types.Field{Name: "headers", Type: types.MapOf(types.StringType(), types.StringType())})
	builder := array.NewRecordBuilder(memory.DefaultAllocator, types.Schema(schema).Arrow())
	defer builder.Release()
	builder.Field(0).(*array.Int64Builder).AppendValues([]int64{1, 2}, nil)
	builder.Field(1).(*array.StringBuilder).AppendValues([]string{"a", "b"}, nil)
	m := builder.Field(2).(*array.MapBuilder)
	m.Append(true)
	m.KeyBuilder().(*array.StringBuilder).Append("Trace")
	m.ItemBuilder().(*array.StringBuilder).Append("x1")
	m.AppendNull()
	b := stream.Batch{Record: builder.NewRecord()}
	defer b.Release()
	for i, guarantee := range []string{"at-least-once", "exactly-once"} {
		s := w.sink(schema, "subject", fmt.Sprint("out.", i), "sink.delivery-guarantee", guarantee)
		c, err := s.Committer(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		wr := writerOf(t, s, 0)
		if err := wr.Write(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		p, err := wr.Prepare(context.Background(), 1, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Commit(context.Background(), 1, p.Committables); err != nil {
			t.Fatal(err)
		}
		for _, close := range []func() error{wr.Close, c.Close} {
			if err := close(); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := w.rows(w.source(schema, "stream", "OUT", "subject", fmt.Sprint("out.", i), "scan.bounded.mode", "latest"), nil)
		if err != nil || len(rows) != 2 || !strings.Contains(rows[0], "x1") || strings.Contains(rows[1], "x1") {
			t.Errorf("%s: %q, %v", guarantee, rows, err)
		}
	}
}

// BenchmarkStream writes rows and reads them back through a server in the process.
func BenchmarkStream(b *testing.B) {
	w := newWorld(b)
	w.stream("OUT", "out.>")
	var lines []string
	for i := range 4096 {
		lines = append(lines, fmt.Sprintf("+ k=%d s='some text of a usual length'", i))
	}
	batch := orderBatch(b, orderSchema(), lines...)
	defer batch.Release()
	b.Run("write", func(b *testing.B) {
		wr := writerOf(b, w.sink(orderSchema(), "subject", "out.orders"), 0)
		for b.Loop() {
			if err := wr.Write(context.Background(), batch); err != nil {
				b.Fatal(err)
			}
		}
		state, err := wr.Prepare(context.Background(), 1, true)
		if err != nil || state.State == nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(b.N*4096)/b.Elapsed().Seconds(), "rows/s")
		if err := wr.Close(); err != nil {
			b.Fatal(err)
		}
	})
	b.Run("read", func(b *testing.B) {
		src := w.source(orderSchema(), "stream", "OUT", "scan.bounded.mode", "latest")
		rows := 0
		for b.Loop() {
			splits, err := src.Discover(context.Background(), nil, 1)
			if err != nil {
				b.Fatal(err)
			}
			r, err := src.Open(context.Background(), splits[0], nil, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 4096})
			if err != nil {
				b.Fatal(err)
			}
			for err == nil {
				var batch stream.Batch
				batch, err = r.Next(context.Background(), nil)
				rows += batch.Rows()
				batch.Release()
			}
			if err := r.Close(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	})
}
