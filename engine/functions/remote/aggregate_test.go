package remote_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/engine/functions"
	"github.com/thalweg/thalweg/engine/functions/remote"
	"github.com/thalweg/thalweg/engine/functions/remote/remotetest"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/groupagg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

// aggregateOf declares an aggregate of a service.
func aggregateOf(t testing.TB, url, name, signature string, options map[string]string) agg.Function {
	t.Helper()
	all := map[string]string{"signature": signature, "retry-delay": "1 ms", "batch-size": "7"}
	maps.Copy(all, options)
	entry, err := remote.New(functions.Definition{Name: name, Class: url, Language: "HTTP", Options: all})
	if err != nil {
		t.Fatal(err)
	}
	return *entry.Aggregate
}

// withRemote are the built-in aggregates and those of a service: one that takes rows
// back, one that can't, and ones whose results are asked for.
func withRemote(t testing.TB, url string) *agg.Registry {
	registry := agg.NewRegistry()
	full := map[string]string{"retract": "true", "merge": "true"}
	merges := map[string]string{"merge": "true"}
	for _, f := range []agg.Function{
		aggregateOf(t, url, "TOTAL", "(v BIGINT) -> AGGREGATE(BIGINT)", full),
		aggregateOf(t, url, "LAZY_TOTAL", "(v BIGINT) -> aggregate (BIGINT)", full),
		aggregateOf(t, url, "FIRST", "(v STRING) -> AGGREGATE(STRING)", merges),
		aggregateOf(t, url, "LAZY_LAST", "(v STRING) -> AGGREGATE(STRING)", merges),
		aggregateOf(t, url, "ROWS", "(v BIGINT) -> AGGREGATE(BIGINT)", map[string]string{"nulls": "true"}),
	} {
		if err := registry.Register(f); err != nil {
			t.Fatal(err)
		}
	}
	return registry
}

const (
	remoteMerging = "TOTAL(v) AS s; LAZY_TOTAL(v) FILTER f AS sf; FIRST(t) AS ft; LAZY_LAST(t) AS lt"
	remoteAggs    = remoteMerging + "; ROWS(v) AS n; TOTAL(DISTINCT v) AS d"
)

// twinOf computes remoteAggs of a group's rows.
func twinOf(rows []map[string]string) map[string]string {
	out := map[string]string{"n": strconv.Itoa(len(rows)), "s": "NULL", "sf": "NULL", "d": "NULL", "ft": "NULL", "lt": "NULL"}
	add := func(name string, v int) {
		was, _ := strconv.Atoi(out[name])
		out[name] = strconv.Itoa(was + v)
	}
	seen := map[int]bool{}
	for _, row := range rows {
		if row["t"] != "NULL" {
			if out["lt"] = row["t"]; out["ft"] == "NULL" {
				out["ft"] = row["t"]
			}
		}
		v, err := strconv.Atoi(row["v"])
		if err != nil {
			continue
		}
		add("s", v)
		if row["f"] == "true" {
			add("sf", v)
		}
		if !seen[v] {
			seen[v] = true
			add("d", v)
		}
	}
	return out
}

// orNull makes some values NULL.
func orNull(r *rand.Rand, text string) string {
	if r.IntN(6) == 0 {
		return "NULL"
	}
	return text
}

func remoteRow(r *rand.Rand, _ int) string {
	return fmt.Sprintf("k=k%d v=%s f=%t t=%s", r.IntN(3), orNull(r, strconv.Itoa(r.IntN(9)-4)), r.IntN(2) == 0, orNull(r, fmt.Sprintf("t%x", r.Uint32())))
}

// TestAggregatesAgreeWithATwin has a service aggregate random changes by key: over any
// batches, over a restore at every gap, in one phase and two.
func TestAggregatesAgreeWithATwin(t *testing.T) {
	url := remotetest.Serve(t, nil)
	schema, err := stream.ParseSchema("k STRING, v BIGINT, f BOOLEAN, t STRING")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, aggs         string
		share              float64
		retracts, twoPhase bool
	}{
		{name: "inserts", aggs: remoteAggs},
		{name: "retractions", aggs: remoteAggs, share: 0.45, retracts: true},
		{name: "two phases", aggs: remoteMerging, twoPhase: true},
		{name: "two phases of retractions", aggs: "TOTAL(v) AS s; LAZY_TOTAL(v) FILTER f AS sf", share: 0.45, retracts: true, twoPhase: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := groupagg.Config{Keys: []int{0}, InputSchema: schema, Registry: withRemote(t, url), InputRetracts: test.retracts,
				EmitUpdateBefore: true, FromLocal: test.twoPhase}
			c := optest.Case{Inputs: []types.Schema{schema}, Output: schema[:1:1], Same: optest.Folded, Rebatched: optest.Folded}
			for _, text := range strings.Split(test.aggs, "; ") {
				call, field, err := optest.ParseAgg(text, schema, cfg.Registry)
				if err != nil {
					t.Fatal(err)
				}
				cfg.Aggs, c.Output = append(cfg.Aggs, call), append(c.Output, field)
			}
			c.New = func() (op.Operator, error) {
				global, err := groupagg.New(cfg)
				if err != nil || !test.twoPhase {
					return global, err
				}
				local, err := groupagg.NewLocal(cfg)
				return optest.Chain(local, global), err
			}
			script, left := optest.Random{Steps: 24, DeleteShare: test.share, Row: remoteRow}.Script(1)
			if err := optest.Check(c, script, optest.Grouped(left[0], "k", c.Output[1:], twinOf)); err != nil {
				t.Fatalf("%v\n%s", err, strings.Join(script.Lines(), "\n"))
			}
		})
	}
}

// folding is an aggregate over one batch: group i of rows values each.
func folding(t *testing.T, f agg.Function, retracts bool) (a agg.Agg, add func(groups ...[]int64) (string, error)) {
	t.Helper()
	a, err := f.Bind(rex.AggCall{Name: f.Name, ArgTypes: []types.Type{types.Of(types.BigInt)}}, retracts)
	if err != nil {
		t.Fatal(err)
	}
	return a, func(groups ...[]int64) (string, error) {
		var list []int
		b := array.NewInt64Builder(memory.DefaultAllocator)
		for g, values := range groups {
			for _, v := range values {
				b.Append(v)
				list = append(list, g)
			}
		}
		args := []arrow.Array{b.NewArray()}
		rows := optest.NewAccumulators(a, len(groups))
		a.Accumulate(rows.Of(list), args, nil)
		if err := agg.ErrOf(a); err != nil {
			return "", err
		}
		out := a.Emit(rows.All(), memory.DefaultAllocator)
		return out.String(), agg.ErrOf(a)
	}
}

// TestStepsAreSentInPortions watches the requests: groups go together up to the size of
// a batch, and one with more rows goes several times, each from the state before.
func TestStepsAreSentInPortions(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	url := remotetest.Serve(t, func(_ http.ResponseWriter, r remotetest.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		text := r.Step
		for _, g := range r.Groups {
			had := any(0)
			if g.State != nil {
				had = g.State[1]
			}
			text += fmt.Sprintf(" %v+%d", had, len(g.Rows))
		}
		asked = append(asked, text)
		return false
	})
	_, add := folding(t, aggregateOf(t, url, "TOTAL", "(v BIGINT) -> AGGREGATE(BIGINT)", map[string]string{"batch-size": "3", "concurrency": "2"}), false)
	got, err := add([]int64{1, 2}, []int64{3}, []int64{4, 5, 6, 7, 8, 9, 10}, []int64{11})
	if err != nil || got != "[3 3 49 11]" {
		t.Errorf("%s, %v", got, err)
	}
	slices.Sort(asked)
	if got := strings.Join(asked, "; "); got != "add 0+1; add 0+2 0+1; add 0+3; add 3+3; add 6+1" {
		t.Errorf("requests: %s", got)
	}
}

// TestAResultIsAskedForOnce: one that came with the state costs no request, and one that
// did not costs one for all groups.
func TestAResultIsAskedForOnce(t *testing.T) {
	for name, want := range map[string]string{"TOTAL": "add", "LAZY_TOTAL": "add result"} {
		var steps []string
		url := remotetest.Serve(t, func(_ http.ResponseWriter, r remotetest.Request) bool {
			steps = append(steps, r.Step)
			return false
		})
		_, add := folding(t, aggregateOf(t, url, name, "(v BIGINT) -> AGGREGATE(BIGINT)", nil), false)
		if got, err := add([]int64{1}, []int64{2, 3}); err != nil || got != "[1 5]" {
			t.Errorf("%s: %s, %v", name, got, err)
		}
		if got := strings.Join(steps, " "); got != want {
			t.Errorf("%s: steps %s, want %s", name, got, want)
		}
	}
}

// TestFailuresOfAggregatesSayWhat checks that they name function, service and cause.
func TestFailuresOfAggregatesSayWhat(t *testing.T) {
	text := func(status int, body string) func(http.ResponseWriter, remotetest.Request) bool {
		return func(w http.ResponseWriter, _ remotetest.Request) bool {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return true
		}
	}
	failed := make(chan struct{})
	for _, c := range []struct {
		name  string
		tap   func(http.ResponseWriter, remotetest.Request) bool
		says  string
		class errs.Class
	}{
		{"a status", text(500, "no  way"), "aggregate function TOTAL: call a service: URL answered 500 Internal Server Error: no way", errs.Resource},
		{"no JSON", text(200, "hello"), `the answer of URL to the aggregate function TOTAL is no JSON of the form {"groups": […]}: hello`, errs.User},
		{"too few groups", text(200, `{"groups": [{"state": 1}]}`), "URL answered step add of the aggregate function TOTAL with 1 groups for 2", errs.User},
		{"no state", text(200, `{"groups": [{"state": 1}, {"result": 3}]}`), `URL answered step add of the aggregate function TOTAL without a "state" of group 1 of the request, rows from {"v":2}`, errs.User},
		{"a wrong result", text(200, `{"groups": [{"state": 1, "result": "x"}, {"state": 2, "result": 3}]}`),
			`the answer of URL to the aggregate function TOTAL: step add, group 0 of the request, rows from {"v":1}: `, errs.User},
		{"a bad row", text(200, `{"errors": [{"group": 1, "row": 1, "message": "too bad"}]}`), `aggregate function TOTAL of URL, step add, {"v":3}: too bad`, errs.User},
		{"a bad row that is none", text(200, `{"errors": [{"group": 9, "row": -1, "message": "too bad"}]}`), `aggregate function TOTAL of URL, step add: too bad`, errs.User},
		{"a bad group of any number", text(200, `{"errors": [{"group": 9223372036854775807, "row": 0, "message": "too bad"}]}`), `aggregate function TOTAL of URL, step add: too bad`, errs.User},
		{"a bad row of any number", text(200, `{"errors": [{"group": 1, "row": 9223372036854775807, "message": "too bad"}]}`),
			`aggregate function TOTAL of URL, step add, group 1 of the request, rows from {"v":2}: too bad`, errs.User},
		{"time", func(http.ResponseWriter, remotetest.Request) bool {
			<-failed
			return true
		}, `aggregate function TOTAL: call a service: Post "URL": context deadline exceeded`, errs.Resource},
	} {
		url := remotetest.Serve(t, c.tap)
		_, add := folding(t, aggregateOf(t, url, "TOTAL", "(v BIGINT) -> AGGREGATE(BIGINT)", map[string]string{"max-retries": "0", "timeout": "40 ms"}), false)
		_, err := add([]int64{1}, []int64{2, 3})
		if says := strings.ReplaceAll(c.says, "URL", url); err == nil || !strings.Contains(err.Error(), says) || errs.ClassOf(err) != c.class {
			t.Errorf("%s: want %s %q, got %v", c.name, c.class, says, err)
		}
	}
	close(failed)
}

// TestAWrongResultIsNotKept: the batch that it came for fails, and does not when it is
// repeated after the service was mended.
func TestAWrongResultIsNotKept(t *testing.T) {
	wrong := true
	url := remotetest.Serve(t, func(w http.ResponseWriter, r remotetest.Request) bool {
		if wrong && (r.Function == "TOTAL" || r.Step == "result") {
			fmt.Fprint(w, `{"groups": [{"state": [3, 2], "result": "abc"}]}`)
			return true
		}
		return false
	})
	for name, says := range map[string]string{
		"TOTAL":      `TOTAL: step add, group 0 of the request, rows from {"v":1}: `,
		"LAZY_TOTAL": `TOTAL: step result, group 0 of the request, state [3,2]: `,
	} {
		_, add := folding(t, aggregateOf(t, url, name, "(v BIGINT) -> AGGREGATE(BIGINT)", nil), false)
		wrong = true
		if _, err := add([]int64{1, 2}); err == nil || !strings.Contains(err.Error(), says) || errs.ClassOf(err) != errs.User {
			t.Errorf("%s: %v", name, err)
		}
		wrong = false
		if got, err := add([]int64{1, 2}); err != nil || got != "[3]" {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// TestAnAggregateIsRepeated has the service refuse some requests first.
func TestAnAggregateIsRepeated(t *testing.T) {
	calls := 0
	url := remotetest.Serve(t, func(w http.ResponseWriter, _ remotetest.Request) bool {
		calls++
		if calls > 2 {
			return false
		}
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return true
	})
	_, add := folding(t, aggregateOf(t, url, "TOTAL", "(v BIGINT) -> AGGREGATE(BIGINT)", nil), false)
	if got, err := add([]int64{1}, []int64{2, 3}); err != nil || got != "[1 5]" || calls != 3 {
		t.Errorf("%s, %v, %d calls", got, err, calls)
	}
}

func TestTheWaitOfAnAggregateEndsWithTheJob(t *testing.T) {
	url := remotetest.Serve(t, func(w http.ResponseWriter, _ remotetest.Request) bool {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return true
	})
	a, add := folding(t, aggregateOf(t, url, "TOTAL", "(v BIGINT) -> AGGREGATE(BIGINT)", map[string]string{"retry-delay": "20 s"}), false)
	ctx, cancel := context.WithCancel(context.Background())
	agg.WaitWithin(ctx, a)
	time.AfterFunc(20*time.Millisecond, cancel)
	start := time.Now()
	if _, err := add([]int64{1}); err == nil {
		t.Error("no error")
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestWrongAggregatesAreRefused(t *testing.T) {
	for _, c := range []struct{ signature, option, says string }{
		{"(v BIGINT) -> AGGREGATE()", "", "'' is no type"},
		{"(v BIGINT) -> AGGREGATE(BIGINT", "", "'AGGREGATE(BIGINT' is no type"},
		{"(v BIGINT) -> BIGINT", "merge", "option 'merge' is for aggregates"},
		{"(v BIGINT) -> TABLE(x INT)", "retract", "option 'retract' is for aggregates"},
	} {
		options := map[string]string{"signature": c.signature}
		if c.option != "" {
			options[c.option] = "true"
		}
		_, err := remote.New(functions.Definition{Name: "F", Class: "http://x", Options: options})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.signature, err)
		}
	}
}

// BenchmarkAggregate has a service that answers at once, in this process.
func BenchmarkAggregate(b *testing.B) {
	url := remotetest.Serve(b, func(w http.ResponseWriter, r remotetest.Request) bool {
		for i, g := range r.Groups {
			sum := 0.0
			for _, v := range g.State {
				sum += v.(float64)
			}
			for _, row := range g.Rows {
				sum += row["v"].(float64)
			}
			r.Groups[i] = remotetest.Group{State: []any{sum}, Result: sum}
		}
		json.NewEncoder(w).Encode(r)
		return true
	})
	f := aggregateOf(b, url, "TOTAL", "(v DOUBLE) -> AGGREGATE(DOUBLE)", map[string]string{"batch-size": "500"})
	for _, groups := range []int{64, 2048} {
		b.Run(fmt.Sprint(groups), func(b *testing.B) { optest.BenchAggregate(b, f, groups) })
	}
}
