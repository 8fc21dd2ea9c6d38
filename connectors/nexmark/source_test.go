package nexmark

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func declare(t *testing.T, schema types.Schema, options map[string]string) connector.Table {
	t.Helper()
	parsed, err := New().Spec().Parse(options)
	if err != nil {
		t.Fatal(err)
	}
	return connector.Table{Name: "nexmark", Schema: schema, Options: parsed}
}

func openSource(t *testing.T, options map[string]string) connector.Source {
	t.Helper()
	s, err := New().Source(declare(t, Schema(), options))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func testEnv(rows int) connector.ReaderEnv {
	return connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: rows}
}

func discover(t *testing.T, s connector.Source, parallelism int) []connector.Split {
	t.Helper()
	splits, err := s.Discover(context.Background(), nil, parallelism)
	if err != nil {
		t.Fatal(err)
	}
	return splits
}

// drain reads to the end and gives the bids' prices.
func drain(t *testing.T, r connector.Reader) []int64 {
	t.Helper()
	var prices []int64
	for {
		b, err := r.Next(context.Background(), nil)
		if b.Rows() > 0 {
			bids := b.Column(b.Record.Schema().FieldIndices("bid")[0]).(*array.Struct)
			prices = append(prices, bids.Field(bidPrice).(*array.Int64).Int64Values()...)
		}
		b.Release()
		if errors.Is(err, connector.ErrEndOfSplit) {
			return prices
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestReaderResumesFromEachPosition(t *testing.T) {
	s := openSource(t, map[string]string{"events.num": "500"})
	split := discover(t, s, 1)[0]
	r, err := s.Open(context.Background(), split, nil, testEnv(37))
	if err != nil {
		t.Fatal(err)
	}
	all := drain(t, r)
	r, _ = s.Open(context.Background(), split, nil, testEnv(37))
	for seen := 0; ; {
		resumed, err := s.Open(context.Background(), split, r.Position(), testEnv(64))
		if err != nil {
			t.Fatal(err)
		}
		rest := drain(t, resumed)
		if len(rest) != len(all)-seen {
			t.Fatalf("after %d rows %d remain, want %d", seen, len(rest), len(all)-seen)
		}
		for i := range rest {
			if rest[i] != all[seen+i] {
				t.Fatalf("row %d: price %d, want %d", seen+i, rest[i], all[seen+i])
			}
		}
		b, err := r.Next(context.Background(), nil)
		seen += b.Rows()
		b.Release()
		if err != nil {
			return
		}
	}
}

func TestSplitsDivideTheEvents(t *testing.T) {
	for _, c := range []struct {
		events, stop string
		want         []int
	}{
		{"103", "-1", []int{25, 25, 25, 28}}, {"3", "-1", []int{0, 0, 0, 3}}, {"100", "42", []int{10, 10, 10, 12}},
		{"100", "0", []int{0, 0, 0, 0}}, {"0", "9", []int{2, 2, 2, 3}},
	} {
		s := openSource(t, map[string]string{"events.num": c.events, "stop-at": c.stop})
		splits := discover(t, s, 4)
		if again, _ := s.Discover(context.Background(), []connector.SplitID{splits[0].ID}, 8); len(again) > 0 {
			t.Errorf("a job that has splits got %d more", len(again))
		}
		for i, split := range splits {
			r, err := s.Open(context.Background(), split, nil, testEnv(8))
			if err != nil {
				t.Fatal(err)
			}
			if got := len(drain(t, r)); got != c.want[i] {
				t.Errorf("events.num %s, stop-at %s, split %d: %d events, want %d", c.events, c.stop, i, got, c.want[i])
			}
		}
	}
}

func TestBoundedness(t *testing.T) {
	for want, cases := range map[bool][]map[string]string{
		true:  {{"events.num": "5"}, {"stop-at": "5"}},
		false: {{}, {"events.num": "5", "keep-alive": "true"}},
	} {
		for _, options := range cases {
			if got := openSource(t, options).Bounded(); got != want {
				t.Errorf("%v: bounded is %v", options, got)
			}
		}
	}
}

func TestKeptAliveSplitStaysSilent(t *testing.T) {
	s := openSource(t, map[string]string{"events.num": "5", "keep-alive": "true"})
	r, err := s.Open(context.Background(), discover(t, s, 1)[0], nil, testEnv(8))
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Next(context.Background(), nil)
	if err != nil || b.Rows() != 5 {
		t.Fatalf("%d rows, %v", b.Rows(), err)
	}
	b.Release()
	wait := make(chan struct{})
	close(wait)
	if b, err := r.Next(context.Background(), wait); err != nil || b.Rows() != 0 {
		t.Errorf("woken: %d rows, %v", b.Rows(), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Next(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	go r.Close()
	if _, err := r.Next(context.Background(), nil); !errors.Is(err, connector.ErrEndOfSplit) {
		t.Errorf("closed: %v", err)
	}
}

// TestPacedStreamFollowsTheClock runs on a fake clock.
func TestPacedStreamFollowsTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSource(t, map[string]string{
			"events.num": "1000", "first-event.rate": "1000", "max-emit-speed": "false",
		})
		r, err := s.Open(context.Background(), discover(t, s, 1)[0], nil, testEnv(4096))
		if err != nil {
			t.Fatal(err)
		}
		start, rows := time.Now(), 0
		for {
			b, err := r.Next(context.Background(), nil)
			rows += b.Rows()
			b.Release()
			if err != nil {
				break
			}
			elapsed := int(time.Since(start).Milliseconds())
			if rows > elapsed || rows < elapsed-10 {
				t.Fatalf("%d events after %d ms", rows, elapsed)
			}
			if rows == 500 {
				// A reader restored late catches up by the same wall clock.
				r, _ = s.Open(context.Background(), discover(t, s, 1)[0], r.Position(), testEnv(4096))
			}
		}
		if rows != 1000 || time.Since(start) < 999*time.Millisecond {
			t.Errorf("%d events in %s", rows, time.Since(start))
		}
	})
}

func TestFiltersOnTheKindArePushedDown(t *testing.T) {
	kind := rex.Col(0, types.Of(types.Int))
	long := rex.Expr{Kind: rex.Cast, Type: types.Of(types.BigInt), Args: []rex.Expr{kind}}
	number := func(n int64) rex.Expr { return rex.Lit(types.Of(types.Int).NotNull(), rex.Value{Int: n}) }
	boolean := types.Of(types.Boolean)
	call := func(name string, args ...rex.Expr) rex.Expr { return rex.CallOf(name, boolean, args...) }
	bid := rex.Col(3, Schema()[3].Type)
	cases := []struct {
		name   string
		filter rex.Expr
		want   string // kinds that pass, or "" when not understood
	}{
		{"equal", call("=", kind, number(2)), "2"},
		{"equal, turned round and cast", call("=", rex.BigInt(1), long), "1"},
		{"unequal", call("<>", kind, number(2)), "01"},
		{"greater, turned round", call("<", number(0), kind), "12"},
		{"at most", call("<=", kind, number(1)), "01"},
		{"in", call("IN", kind, number(0), number(2), number(9)), "02"},
		{"or", call("OR", call("=", kind, number(0)), call("=", kind, number(1))), "01"},
		{"and", call("AND", call(">", kind, number(0)), call("<", kind, number(2))), "1"},
		{"not", call("NOT", call("=", kind, number(0))), "12"},
		{"is a bid", call("IS NOT NULL", bid), "2"},
		{"is no bid", call("IS NULL", bid), "01"},
		{"another column", call("=", rex.Expr{Kind: rex.Field, Name: "price", Type: types.Of(types.BigInt), Args: []rex.Expr{bid}}, number(1)), ""},
		{"half understood", call("OR", call("=", kind, number(0)), rex.Bool(true)), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := openSource(t, map[string]string{"events.num": "200"})
			applied, err := s.Apply(connector.Pushdown{Columns: Schema(), Filters: []rex.Expr{c.filter}})
			if err != nil || !applied.Columns {
				t.Fatalf("%+v, %v", applied, err)
			}
			if applied.Filters[0] != (c.want != "") {
				t.Fatalf("applied is %v", applied.Filters[0])
			}
			want := c.want
			if want == "" {
				want = "012"
			}
			if got := kindsRead(t, s); got != want {
				t.Errorf("kinds %s, want %s", got, want)
			}
		})
	}
}

func kindsRead(t *testing.T, s connector.Source) string {
	t.Helper()
	r, err := s.Open(context.Background(), discover(t, s, 1)[0], nil, testEnv(64))
	if err != nil {
		t.Fatal(err)
	}
	var seen kindSet
	for {
		b, err := r.Next(context.Background(), nil)
		if b.Rows() > 0 {
			for _, k := range b.Column(0).(*array.Int32).Int32Values() {
				seen[k] = true
			}
		}
		b.Release()
		if err != nil {
			break
		}
	}
	out := ""
	for k, s := range seen {
		if s {
			out += string(rune('0' + k))
		}
	}
	return out
}

func TestDeclarationsAreChecked(t *testing.T) {
	row := func(name string, fields ...types.Field) types.Schema {
		return types.Schema{{Name: name, Type: types.RowOf(fields...)}}
	}
	cases := []struct {
		schema  types.Schema
		options map[string]string
		want    string
	}{
		{types.Schema{{Name: "bids", Type: types.Of(types.Int)}}, nil, "did you mean `bid`"},
		{types.Schema{{Name: "event_type", Type: types.StringType()}}, nil, "must be INT"},
		{row("bid", types.Field{Name: "prize", Type: types.Of(types.BigInt)}), nil, "did you mean `price`"},
		{row("bid", types.Field{Name: "price", Type: types.Of(types.Int)}), nil, "bid.price is declared INT"},
		{Schema(), map[string]string{"first-event.rate": "0"}, "first-event.rate is 0"},
		{Schema(), map[string]string{"person.proportion": "0", "auction.proportion": "0", "bid.proportion": "0"}, "all three"},
	}
	for _, c := range cases {
		err := New().Check(declare(t, c.schema, c.options))
		if err == nil || !strings.Contains(err.Error(), c.want) || errs.ClassOf(err) != errs.User {
			t.Errorf("want %q, got %v", c.want, err)
		}
	}
	if _, err := New().Sink(connector.Table{Name: "x"}); err == nil || errs.ClassOf(err) != errs.Unsupported {
		t.Errorf("sink: %v", err)
	}
}

func TestEveryOptionIsDocumented(t *testing.T) {
	for _, o := range New().Spec().Options {
		if o.Doc == "" || o.Example == "" {
			t.Errorf("%s lacks a doc or an example", o.Name)
		}
		if _, err := New().Spec().Parse(map[string]string{o.Name: o.Example}); err != nil {
			t.Errorf("%s: the example fails: %v", o.Name, err)
		}
	}
}
