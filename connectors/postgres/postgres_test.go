package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/postgres"
	"github.com/thalweg/thalweg/connectors/postgres/postgrestest"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// declare makes a table's declaration.
func declare(t *testing.T, url, name, schema string, key []string, options ...string) connector.Table {
	t.Helper()
	all := map[string]string{"url": "jdbc:" + url, "table-name": name}
	for i := 0; i < len(options); i += 2 {
		all[options[i]] = options[i+1]
	}
	parsed, err := postgres.New().Spec().Parse(all)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := stream.ParseSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	table := connector.Table{Name: name, Schema: columns, PrimaryKey: key, Options: parsed}
	if err := postgres.New().Check(table); err != nil {
		t.Fatal(err)
	}
	return table
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// read reads a source to its end, or some batches, from a position.
func read(t *testing.T, s connector.Source, position []byte, batches int) ([]string, []byte) {
	t.Helper()
	ctx := context.Background()
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(t, 0)
	splits := must[[]connector.Split](t)(s.Discover(ctx, nil, 1))
	r := must[connector.Reader](t)(s.Open(ctx, splits[0], position, connector.ReaderEnv{Alloc: alloc, BatchRows: 2}))
	defer r.Close()
	var rows []string
	for ; batches != 0; batches-- {
		b, err := r.Next(ctx, nil)
		rows = append(rows, stream.FormatRows(b)...)
		b.Release()
		if errors.Is(err, connector.ErrEndOfSplit) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return rows, r.Position()
}

const everyType = "b BOOLEAN, i1 TINYINT, i2 SMALLINT, i4 INT, i8 BIGINT, f4 FLOAT, f8 DOUBLE, d DECIMAL(10, 2), s STRING, y BYTES, dt DATE, ts TIMESTAMP(3), tz TIMESTAMP_LTZ(6)"

func TestAgainstAServer(t *testing.T) {
	url := postgrestest.Server(t)
	postgrestest.Execute(t, url, `
CREATE TABLE every (b boolean, i1 smallint, i2 smallint, i4 int, i8 bigint, f4 real, f8 double precision, d numeric(10, 2), s text, y bytea, dt date, tm time, ts timestamp, tz timestamptz);
CREATE TABLE customers (id bigint primary key, name text, kind varchar(10), "Odd ""Name" uuid);
INSERT INTO customers SELECT n, 'c' || n, CASE WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END, ('00000000-0000-0000-0000-00000000000' || n)::uuid FROM generate_series(1, 7) AS n;
CREATE TABLE totals (a bigint, b text, v int, primary key (a, b));
CREATE TABLE log (line text)`)
	t.Run("values of every type go out and come back", func(t *testing.T) { everyTypeRoundTrip(t, url) })
	t.Run("reading, with pushdown, from a position", func(t *testing.T) { reading(t, url) })
	t.Run("looking up", func(t *testing.T) { lookingUp(t, url) })
	t.Run("looking up over connections that were cut", func(t *testing.T) { lookingUpAgain(t, url) })
	t.Run("writing by key", func(t *testing.T) { writing(t, url) })
	t.Run("what the database refuses is the user's mistake", func(t *testing.T) { refused(t, url) })
}

// lookingUpAgain cuts all connections of a lookup while they are idle.
func lookingUpAgain(t *testing.T, url string) {
	ctx := context.Background()
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(t, 0)
	table := declare(t, url, "customers", "id BIGINT, name STRING", []string{"id"})
	s := must[connector.Source](t)(postgres.New().Source(table)).(connector.LookupSource)
	l := must[connector.Lookup](t)(s.OpenLookup(ctx, connector.LookupRequest{Schema: table.Schema, Keys: []int{0}, Alloc: alloc, BatchRows: 10}))
	defer l.Close()
	keys := must[stream.Batch](t)(stream.ParseRows(alloc, table.Schema, []string{"+I id=2", "+I id=5"}))
	defer keys.Release()
	ask := func() error {
		rows, of, err := l.Rows(ctx, []arrow.Array{keys.Column(0)}, 2)
		if err != nil {
			return err
		}
		defer rows.Release()
		if rows.Rows() != 2 || len(of) != 2 {
			return fmt.Errorf("%q for two keys", stream.FormatRows(rows))
		}
		return nil
	}
	var asking sync.WaitGroup
	for range 6 { // so that several connections are made
		asking.Go(func() {
			if err := ask(); err != nil {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	postgrestest.Execute(t, url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
	if err := ask(); err != nil {
		t.Errorf("after all connections were cut: %v", err)
	}
}

// write writes batches of lines and prepares.
func write(t *testing.T, table connector.Table, batches ...[]string) error {
	t.Helper()
	ctx := context.Background()
	sink := must[connector.Sink](t)(postgres.New().Sink(table))
	w := must[connector.Writer](t)(sink.Writer(ctx, connector.WriterEnv{Alloc: memory.DefaultAllocator}, nil))
	defer w.Close()
	for _, lines := range batches {
		b := must[stream.Batch](t)(stream.ParseRows(memory.DefaultAllocator, table.Schema, lines))
		err := w.Write(ctx, b)
		b.Release()
		if err != nil {
			return err
		}
	}
	_, err := w.Prepare(ctx, 1, false)
	return err
}

func everyTypeRoundTrip(t *testing.T, url string) {
	table := declare(t, url, "every", everyType, nil)
	table.Schema = append(table.Schema, types.Field{Name: "tm", Type: types.Type{Kind: types.Time, Precision: 3, Nullable: true}})
	rows := []string{
		`+I b=true i1=-128 i2=32767 i4=-2147483648 i8=9223372036854775807 f4=1.5 f8=-1E300 d=12345678.91 s='a "quoted" \ ''text''' y=00ff10 dt=2024-02-29 ts=474996h0m0.123s tz=474996h0m0.123456s tm=23:59:59.999`,
		`+I b=NULL i1=NULL i2=NULL i4=NULL i8=NULL f4=NULL f8=NULL d=NULL s=NULL y=NULL dt=NULL ts=NULL tz=NULL tm=NULL`,
	}
	b := must[stream.Batch](t)(stream.ParseRows(memory.DefaultAllocator, table.Schema, rows))
	want := stream.FormatRows(b)
	b.Release()
	if err := write(t, table, rows); err != nil {
		t.Fatal(err)
	}
	source := must[connector.Source](t)(postgres.New().Source(table))
	if got, _ := read(t, source, nil, -1); !slices.Equal(got, want) {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

func reading(t *testing.T, url string) {
	table := declare(t, url, "public.customers", "id BIGINT, name STRING, kind STRING", []string{"id"})
	s := must[connector.Source](t)(postgres.New().Source(table))
	first, position := read(t, s, nil, 2)
	rest, _ := read(t, s, position, -1)
	if all, _ := read(t, s, nil, -1); !slices.Equal(append(first, rest...), all) || len(all) != 7 {
		t.Errorf("%q then %q, not %q", first, rest, all)
	}
	schema := types.Schema{table.Schema[2], table.Schema[0]}
	boolean := types.Of(types.Boolean)
	applied := must[connector.Applied](t)(s.Apply(connector.Pushdown{Columns: schema, Limit: 2, Filters: []rex.Expr{
		rex.CallOf("=", boolean, rex.Col(0, schema[0].Type), rex.Str("odd")),
		rex.CallOf(">", boolean, rex.Col(1, schema[1].Type), rex.BigInt(1)),
		rex.CallOf("IN", boolean, rex.Col(0, schema[0].Type), rex.Str("odd"), rex.Str("it's")),
	}}))
	if !applied.Columns || slices.Contains(applied.Filters, false) {
		t.Errorf("%+v", applied)
	}
	if got, _ := read(t, s, nil, -1); !slices.Equal(got, []string{"+I kind=odd id=3", "+I kind=odd id=5"}) {
		t.Errorf("%q", got)
	}
	order := rex.CallOf("<", boolean, rex.Col(0, schema[0].Type), rex.Str("odd"))
	if applied := must[connector.Applied](t)(s.Apply(connector.Pushdown{Columns: schema, Filters: []rex.Expr{order}})); applied.Filters[0] {
		t.Error("the order of texts, which collations differ in, was taken over")
	}
}

func lookingUp(t *testing.T, url string) {
	table := declare(t, url, "customers", `id BIGINT, name STRING, kind STRING`, []string{"id"})
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(t, 0)
	for _, c := range []struct {
		keys []int
		ask  string
		want string
		rows []string
	}{
		{[]int{0}, "id BIGINT", "1:c2 3:c1 4:c2", []string{"+I id=NULL", "+I id=2", "+I id=99", "+I id=1", "+I id=2"}},
		{[]int{2, 0}, "kind STRING, id BIGINT", "1:c2", []string{"+I kind=odd id=2", "+I kind=even id=2", "+I kind=NULL id=1"}},
		{[]int{1}, "name STRING", "0:c3", []string{"+I name=c3", `+I name='{"'`}},
	} {
		s := must[connector.Source](t)(postgres.New().Source(table)).(connector.LookupSource)
		l := must[connector.Lookup](t)(s.OpenLookup(context.Background(), connector.LookupRequest{Schema: table.Schema, Keys: c.keys, Alloc: alloc}))
		b := must[stream.Batch](t)(stream.ParseRows(alloc, must[types.Schema](t)(stream.ParseSchema(c.ask)), c.rows))
		for range 2 { // the second time on the same connection
			rows, of, err := l.Rows(context.Background(), append([]arrow.Array(nil), b.Record.Columns()...), b.Rows())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, line := range stream.FormatRows(rows) {
				_, name, _ := strings.Cut(line, "name=")
				got = append(got, string(rune('0'+of[i]))+":"+strings.Fields(name)[0])
			}
			rows.Release()
			slices.Sort(got)
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s: %q, want %s", c.ask, got, c.want)
			}
		}
		b.Release()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

func writing(t *testing.T, url string) {
	table := declare(t, url, "totals", "a BIGINT, b STRING, v INT", []string{"a", "b"}, "sink.buffer-flush.max-rows", "3")
	batches := [][]string{
		{"+I a=1 b=x v=1", "+I a=2 b=x v=2", "+U a=1 b=x v=3"},
		{"-U a=2 b=x v=2", "+U a=2 b=x v=4", "+I a=3 b=y v=5", "+I a=4 b=y v=NULL", "-D a=3 b=y v=5"},
	}
	for range 2 { // written again after a failure: the same
		if err := write(t, table, batches...); err != nil {
			t.Fatal(err)
		}
		if got := postgrestest.Execute(t, url, "SELECT * FROM totals ORDER BY a"); !slices.Equal(got, []string{"1|x|3", "2|x|4", "4|y|NULL"}) {
			t.Errorf("%q", got)
		}
	}
	lines := declare(t, url, "log", "line STRING", nil)
	if err := write(t, lines, []string{"+I line=a", "+I line=a"}); err != nil {
		t.Fatal(err)
	}
	if got := postgrestest.Execute(t, url, "SELECT * FROM log"); !slices.Equal(got, []string{"a", "a"}) {
		t.Errorf("%q", got)
	}
}

func refused(t *testing.T, url string) {
	gone := declare(t, url, "gone", "a BIGINT", nil)
	if err := write(t, gone, []string{"+I a=1"}); errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), "gone") {
		t.Errorf("%v", err)
	}
	narrow := declare(t, url, "customers", "name BIGINT", nil)
	s := must[connector.Source](t)(postgres.New().Source(narrow))
	r := must[connector.Reader](t)(s.Open(context.Background(), connector.Split{}, nil, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 1}))
	defer r.Close()
	if _, err := r.Next(context.Background(), nil); errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), "column 'name': 'c1' is no BIGINT") {
		t.Errorf("%v", err)
	}
}

func TestBadDeclarationsAreRefused(t *testing.T) {
	for _, url := range []string{"jdbc:mysql://localhost/x", "localhost", "jdbc:postgresql://u:secret@h:port/x"} {
		parsed, err := postgres.New().Spec().Parse(map[string]string{"url": url, "table-name": "t"})
		if err != nil {
			t.Fatal(err)
		}
		err = postgres.New().Check(connector.Table{Name: "t", Options: parsed})
		if errs.ClassOf(err) != errs.User || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", url, err)
		}
	}
	rows := types.Schema{{Name: "r", Type: types.Type{Kind: types.Row}}}
	parsed, _ := postgres.New().Spec().Parse(map[string]string{"url": "postgresql://h/x", "table-name": "t"})
	if err := postgres.New().Check(connector.Table{Name: "t", Schema: rows, Options: parsed}); errs.ClassOf(err) != errs.Unsupported {
		t.Errorf("a row: %v", err)
	}
}
