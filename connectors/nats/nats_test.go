package nats

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/connectortest"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a server with a client.
type world struct {
	t      testing.TB
	server *server.Server
	conn   *nats.Conn
	js     jetstream.JetStream
}

func newWorld(t testing.TB) *world {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	conn, err := nats.Connect(s.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		s.Shutdown()
		s.WaitForShutdown()
	})
	return &world{t, s, conn, js}
}

func (w *world) stream(name string, subjects ...string) jetstream.Stream {
	w.t.Helper()
	st, err := w.js.CreateStream(context.Background(), jetstream.StreamConfig{Name: name, Subjects: subjects, Storage: jetstream.MemoryStorage})
	if err != nil {
		w.t.Fatal(err)
	}
	return st
}

// publish stores numbered orders.
func (w *world) publish(subject string, from, to int) {
	w.t.Helper()
	for i := from; i < to; i++ {
		m := &nats.Msg{Subject: subject, Header: nats.Header{"Trace": []string{fmt.Sprint("t", i)}}, Data: fmt.Appendf(nil, `{"k":%d,"s":"text"}`, i)}
		if _, err := w.js.PublishMsg(context.Background(), m); err != nil {
			w.t.Fatal(err)
		}
	}
}

func orderSchema() types.Schema {
	return types.Schema{{Name: "k", Type: types.Of(types.BigInt)}, {Name: "s", Type: types.StringType()}}
}

func metadataSchema() types.Schema {
	return append(orderSchema(), types.Field{Name: "subj", Type: types.StringType()}, types.Field{Name: "seq", Type: types.Of(types.BigInt)},
		types.Field{Name: "at", Type: types.TimestampLTZOf(3)}, types.Field{Name: "headers", Type: types.MapOf(types.StringType(), types.StringType())})
}

func (w *world) declare(schema types.Schema, options ...string) connector.Table {
	w.t.Helper()
	given := map[string]string{"url": w.server.ClientURL(), "format": "json"}
	for i := 0; i < len(options); i += 2 {
		given[options[i]] = options[i+1]
	}
	parsed, err := New().Spec().Parse(given)
	if err != nil {
		w.t.Fatal(err)
	}
	metadata := map[string]string{}
	for name, key := range map[string]string{"subj": metaSubject, "seq": metaSequence, "at": metaTime, "headers": metaHeaders} {
		if schema.Index(name) >= 0 {
			metadata[name] = key
		}
	}
	return connector.Table{Name: "orders", Schema: schema, Options: parsed, Metadata: metadata}
}

func (w *world) source(schema types.Schema, options ...string) connector.Source {
	w.t.Helper()
	s, err := New().Source(w.declare(schema, options...))
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// rows reads all splits to their ends.
func (w *world) rows(src connector.Source, bad connector.BadRecords) ([]string, error) {
	w.t.Helper()
	splits, err := src.Discover(context.Background(), nil, 1)
	if err != nil {
		return nil, err
	}
	if bad == nil {
		bad = connector.NewBadCounter(connector.BadFail, nil)
	}
	var rows []string
	for _, split := range splits {
		r, err := src.Open(context.Background(), split, nil, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 100, Bad: bad})
		if err != nil {
			return nil, err
		}
		more, err := readToEnd(r)
		rows = append(rows, more...)
		if closeErr := r.Close(); closeErr != nil {
			return nil, closeErr
		}
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

func readToEnd(r connector.Reader) ([]string, error) {
	var rows []string
	for {
		b, err := r.Next(context.Background(), nil)
		if b.Rows() > 0 {
			rows = append(rows, stream.FormatRows(b)...)
		}
		b.Release()
		if errors.Is(err, connector.ErrEndOfSplit) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
	}
}

func TestOptionsAreDocumented(t *testing.T) {
	connectortest.CheckDocs(t, []connector.Doc{{Kind: "connector", Spec: New().Spec()}})
}

func TestSourceContract(t *testing.T) {
	w := newWorld(t)
	w.stream("ORDERS", "orders.>")
	w.publish("orders.eu", 0, 15)
	w.publish("orders.us", 15, 30)
	w.publish("orders.eu", 30, 40)
	for name, subjects := range map[string][]string{"whole stream": nil, "two subjects": {"subject", "orders.eu;orders.us"}} {
		t.Run(name, func(t *testing.T) {
			connectortest.RunSource(t, connectortest.Source{
				Make: func(testing.TB) connector.Source {
					return w.source(metadataSchema(), append(subjects, "stream", "ORDERS", "scan.bounded.mode", "latest")...)
				},
				Schema: metadataSchema(), Rows: 40, Pruned: metadataSchema()[1:4],
			})
		})
	}
}

func TestBlockingContract(t *testing.T) {
	w := newWorld(t)
	w.stream("ORDERS", "orders.>")
	connectortest.Blocking(t, w.source(orderSchema(), "stream", "ORDERS"))
	connectortest.Blocking(t, w.source(orderSchema(), "mode", "core", "subject", "other.>"))
}

func TestStartupModesAndFilters(t *testing.T) {
	w := newWorld(t)
	w.stream("ORDERS", "orders.>")
	w.publish("orders.eu", 0, 5)
	w.publish("orders.us", 5, 10)
	st, err := w.js.Stream(context.Background(), "ORDERS")
	if err != nil {
		t.Fatal(err)
	}
	seventh, err := st.GetMsg(context.Background(), 7)
	if err != nil {
		t.Fatal(err)
	}
	// A time in whole milliseconds may let some of the same millisecond in.
	millis := fmt.Sprint(seventh.Time.UnixMilli() + 1)
	for _, c := range []struct {
		name        string
		options     []string
		least, most int
	}{
		{"earliest", nil, 10, 10},
		{"latest", []string{"scan.startup.mode", "latest"}, 0, 0},
		{"sequence", []string{"scan.startup.mode", "sequence", "scan.startup.sequence", "8"}, 3, 3},
		{"timestamp", []string{"scan.startup.mode", "timestamp", "scan.startup.timestamp-millis", millis}, 0, 3},
		{"old timestamp", []string{"scan.startup.mode", "timestamp", "scan.startup.timestamp-millis", "1"}, 10, 10},
		{"subject", []string{"subject", "orders.us"}, 5, 5},
		{"no such subject", []string{"subject", "orders.none"}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := w.rows(w.source(orderSchema(), append(c.options, "stream", "ORDERS", "scan.bounded.mode", "latest")...), nil)
			if err != nil || len(rows) < c.least || len(rows) > c.most {
				t.Errorf("%q, %v", rows, err)
			}
		})
	}
}

func TestMetadataColumns(t *testing.T) {
	w := newWorld(t)
	w.stream("ORDERS", "orders.>")
	w.publish("orders.eu", 0, 2)
	rows, err := w.rows(w.source(metadataSchema(), "stream", "ORDERS", "scan.bounded.mode", "latest"), nil)
	if err != nil || len(rows) != 2 || !strings.Contains(rows[1], "k=1 s=text subj=orders.eu seq=2") || !strings.Contains(rows[1], "Trace") {
		t.Errorf("%q, %v", rows, err)
	}
}

func TestUnboundedReaderFollows(t *testing.T) {
	w := newWorld(t)
	w.stream("ORDERS", "orders.>")
	src := w.source(orderSchema(), "stream", "ORDERS")
	splits, err := src.Discover(context.Background(), nil, 1)
	if err != nil || src.Bounded() {
		t.Fatal(err)
	}
	r, err := src.Open(context.Background(), splits[0], nil, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	next := 0
	for round := range 3 {
		w.publish("orders.eu", round*50, round*50+50)
		for next < round*50+50 {
			b, err := r.Next(context.Background(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range stream.FormatRows(b) {
				if row != fmt.Sprintf("+I k=%d s=text", next) {
					t.Fatalf("row %d is %s", next, row)
				}
				next++
			}
			b.Release()
		}
		// The consumer vanishes under the reader, which goes on behind the last message.
		st, err := w.js.Stream(context.Background(), "ORDERS")
		if err != nil {
			t.Fatal(err)
		}
		for name := range st.ConsumerNames(context.Background()).Name() {
			if err := st.DeleteConsumer(context.Background(), name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestCoreSubjects(t *testing.T) {
	w := newWorld(t)
	src := w.source(metadataSchema(), "mode", "core", "subject", "live.>")
	splits, err := src.Discover(context.Background(), nil, 1)
	if err != nil || len(splits) != 1 || src.Bounded() {
		t.Fatal(err)
	}
	r, err := src.Open(context.Background(), splits[0], nil, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := w.conn.Publish("live.a", []byte(`{"k":7,"s":"now"}`)); err != nil {
		t.Fatal(err)
	}
	b, err := r.Next(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Release()
	if rows := stream.FormatRows(b); len(rows) != 1 || !strings.HasPrefix(rows[0], "+I k=7 s=now subj=live.a seq=NULL") && !strings.HasPrefix(rows[0], "+I k=7 s=now subj=live.a at=") {
		t.Errorf("%q", rows)
	}
}

func TestBadRecordsFollowThePolicy(t *testing.T) {
	w := newWorld(t)
	w.stream("ORDERS", "orders.>")
	w.publish("orders.eu", 0, 1)
	if _, err := w.js.Publish(context.Background(), "orders.eu", []byte("nonsense")); err != nil {
		t.Fatal(err)
	}
	w.publish("orders.eu", 1, 2)
	src := w.source(orderSchema(), "stream", "ORDERS", "scan.bounded.mode", "latest")
	if _, err := w.rows(src, nil); err == nil || !strings.Contains(err.Error(), "stream sequence 2, subject orders.eu") {
		t.Errorf("fail: %v", err)
	}
	skip := connector.NewBadCounter(connector.BadSkip, nil)
	if rows, err := w.rows(src, skip); err != nil || len(rows) != 2 || skip.Count() != 1 {
		t.Errorf("skip: %q, %v, %d", rows, err, skip.Count())
	}
}

func TestDeclarationsAreChecked(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		options []string
		want    string
	}{
		{nil, "needs the option 'stream'"},
		{[]string{"mode", "core"}, "needs the option 'subject'"},
		{[]string{"mode", "core", "subject", "a", "stream", "S"}, "no stream to start"},
		{[]string{"stream", "S", "scan.startup.mode", "timestamp"}, "needs the option 'scan.startup.timestamp-millis'"},
		{[]string{"stream", "S", "scan.startup.sequence", "4"}, "needs 'scan.startup.mode' = 'sequence'"},
		{[]string{"stream", "S", "queue-group", "g"}, "needs 'mode' = 'core'"},
	} {
		if _, err := New().Source(w.declare(orderSchema(), c.options...)); err == nil || !strings.Contains(err.Error(), c.want) || errs.ClassOf(err) != errs.User {
			t.Errorf("%v: %v", c.options, err)
		}
	}
	for _, c := range []struct {
		options []string
		want    string
	}{
		{nil, "needs one subject"}, {[]string{"subject", "a;b"}, "names 2"}, {[]string{"subject", "a.*"}, "nothing can be published"},
	} {
		if _, err := New().Sink(w.declare(orderSchema(), c.options...)); err == nil || !strings.Contains(err.Error(), c.want) || errs.ClassOf(err) != errs.User {
			t.Errorf("%v: %v", c.options, err)
		}
	}
	if _, err := w.rows(w.source(orderSchema(), "stream", "NONE"), nil); err == nil || !strings.Contains(err.Error(), "no JetStream stream 'NONE'") {
		t.Errorf("got %v", err)
	}
	gone := w.source(orderSchema(), "stream", "S", "url", "nats://user:hidden@127.0.0.1:1", "timeout", "200 ms")
	if _, err := w.rows(gone, nil); err == nil || errs.ClassOf(err) != errs.Resource || strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %v", err)
	}
}
