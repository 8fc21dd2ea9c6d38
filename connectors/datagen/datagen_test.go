package datagen

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/connectortest"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// manualClock stands still until a reader waits: then it jumps to the end of the
// wait, or blocks for ever when stopped.
type manualClock struct {
	millis  int64
	stopped bool
	waits   int
}

func (c *manualClock) NowMillis() int64 { return c.millis }

func (c *manualClock) After(d time.Duration) (<-chan time.Time, func()) {
	c.waits++
	ready := make(chan time.Time, 1)
	if !c.stopped {
		c.millis += d.Milliseconds()
		ready <- time.UnixMilli(c.millis)
	}
	return ready, func() {}
}

func table(t testing.TB, schema types.Schema, kv ...string) connector.Table {
	t.Helper()
	m := map[string]string{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	o, err := New().Spec().Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	return connector.Table{Name: "t", Schema: schema, Options: o}
}

func field(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }

func everyType() types.Schema {
	row := types.RowOf(field("u", types.StringType()), field("v", types.Of(types.Int)))
	return types.Schema{field("n", types.Of(types.BigInt)), field("b", types.Of(types.Boolean)), field("i", types.Of(types.TinyInt)),
		field("f", types.Of(types.Float)), field("d", types.DecimalOf(20, 2)), field("s", types.StringType()), field("x", types.BytesType()),
		field("day", types.Of(types.Date)), field("t", types.TimeOf(0)), field("at", types.TimestampOf(6)), field("z", types.TimestampLTZOf(3)),
		field("a", types.ArrayOf(types.Of(types.Int))), field("m", types.MapOf(types.StringType(), types.Of(types.Double))),
		field("c", types.MultisetOf(types.StringType())), field("r", row)}
}

func TestSourceContract(t *testing.T) {
	connectortest.RunSource(t, connectortest.Source{
		Make: func(t testing.TB) connector.Source {
			s, err := NewWithClock(&manualClock{millis: 1_700_000_000_000}).Source(table(t, everyType(), "number-of-rows", "50", "rows-per-second", "100",
				"fields.n.kind", "sequence", "fields.n.start", "1", "fields.n.end", "70", "fields.s.null-rate", "0.5", "fields.s.length", "5",
				"fields.r.u.var-len", "true", "fields.at.max-past", "10 s", "fields.a.element.max", "3", "fields.a.element.min", "1"))
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		Schema: everyType(), Rows: 50, Parallelism: 3,
		Pruned: types.Schema{everyType()[0], everyType()[5], field("r", types.RowOf(everyType()[14].Type.Fields[0]))},
	})
}

func TestBlockedReadersWake(t *testing.T) {
	s, err := NewWithClock(&manualClock{stopped: true}).Source(table(t, everyType()[:1], "rows-per-second", "1"))
	if err != nil {
		t.Fatal(err)
	}
	connectortest.Blocking(t, s)
}

// rows reads n rows of a one-column table at parallelism 1.
func rows(t *testing.T, clock Clock, typ types.Type, kv ...string) []string {
	t.Helper()
	s, err := NewWithClock(clock).Source(table(t, types.Schema{field("f", typ)}, kv...))
	if err != nil {
		t.Fatal(err)
	}
	splits, _ := s.Discover(context.Background(), nil, 1)
	r, err := s.Open(context.Background(), splits[0], nil, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out []string
	for err == nil {
		var batch stream.Batch
		if batch, err = r.Next(context.Background(), nil); batch.Rows() > 0 {
			out = append(out, stream.FormatRows(batch)...)
		}
		batch.Release()
	}
	return out
}

func TestSequencesCountAndEnd(t *testing.T) {
	for typ, want := range map[string]string{"BIGINT": "[+I f=3 +I f=4 +I f=5]", "STRING": "[+I f=3 +I f=4 +I f=5]", "DECIMAL(5, 2)": "[+I f=3.00 +I f=4.00 +I f=5.00]"} {
		schema, err := stream.ParseSchema("f " + typ)
		if err != nil {
			t.Fatal(err)
		}
		got := rows(t, &manualClock{}, schema[0].Type, "fields.f.kind", "sequence", "fields.f.start", "3", "fields.f.end", "5")
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v", typ, got)
		}
	}
}

func TestRandomKeepsToItsRangeAndSeed(t *testing.T) {
	read := func(seed string) []string {
		return rows(t, &manualClock{}, types.Of(types.Int), "rows-per-second", "0", "number-of-rows", "1000", "seed", seed,
			"fields.f.min", "-2", "fields.f.max", "2", "fields.f.null-rate", "0.25")
	}
	counts := map[string]int{}
	for _, r := range read("1") {
		counts[r]++
	}
	if len(counts) != 6 || counts["+I f=NULL"] < 180 || counts["+I f=NULL"] > 320 || counts["+I f=-2"] < 100 || counts["+I f=2"] < 100 {
		t.Errorf("%v", counts)
	}
	first, again, other := fmt.Sprint(read("1")), fmt.Sprint(read("1")), fmt.Sprint(read("2"))
	if first != again || first == other {
		t.Error("the rows must be the seed's")
	}
}

func TestRateIsKept(t *testing.T) {
	clock := &manualClock{}
	got := rows(t, clock, types.TimestampOf(3), "rows-per-second", "100", "number-of-rows", "500")
	if len(got) != 500 || clock.millis < 4_900 || clock.millis > 5_100 || clock.waits < 100 {
		t.Errorf("%d rows in %d ms and %d waits", len(got), clock.millis, clock.waits)
	}
	if got[499] != "+I f="+"4990ms" && !strings.Contains(got[499], "4.99") {
		t.Errorf("the last time is %s", got[499])
	}
}

func TestWrongDeclarations(t *testing.T) {
	for want, kv := range map[string][]string{
		"did you mean 'f'?":                  {"fields.g.min", "1"},
		"needs the options 'fields.f.start'": {"fields.f.kind", "sequence"},
		"is empty or does not fit":           {"fields.f.min", "3", "fields.f.max", "1"},
		"from 1 to 3000000000 does not fit":  {"fields.f.kind", "sequence", "fields.f.start", "1", "fields.f.end", "3000000000"},
		"not a number":                       {"fields.f.min", "x"},
		"not between 0 and 1":                {"fields.f.null-rate", "2"},
	} {
		err := New().Check(table(t, types.Schema{field("f", types.Of(types.Int))}, kv...))
		if err == nil || errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", kv, err)
		}
	}
}
