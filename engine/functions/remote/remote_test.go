package remote_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/engine/functions"
	"github.com/thalweg/thalweg/engine/functions/remote"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
)

// lengths answers with the lengths of the argument s, after refusing the first
// requests with the given statuses.
func lengths(t *testing.T, refuse ...int) (address string, calls *atomic.Int64) {
	calls = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(calls.Add(1))
		if n <= len(refuse) {
			http.Error(w, "not  now", refuse[n-1])
			return
		}
		var request struct {
			Version  int
			Function string
			Rows     []struct{ S *string }
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.Version != 1 || request.Function != "F" || r.Header.Get("X-Team") != "blue" {
			http.Error(w, "a wrong request", http.StatusBadRequest)
			return
		}
		var results []string
		for i, row := range request.Rows {
			switch {
			case row.S == nil:
				results = append(results, "null")
			case *row.S == "bad":
				fmt.Fprintf(w, `{"errors": [{"row": %d, "message": "too bad"}]}`, i)
				return
			default:
				results = append(results, fmt.Sprint(len(*row.S)))
			}
		}
		fmt.Fprintf(w, `{"results": [%s]}`, strings.Join(results, ","))
	}))
	t.Cleanup(server.Close)
	return server.URL, calls
}

func define(t *testing.T, url string, options map[string]string) functions.Entry {
	t.Helper()
	all := map[string]string{"signature": "(s STRING) -> INT", "header.x-team": "blue", "retry-delay": "1 ms"}
	for k, v := range options {
		all[k] = v
	}
	entry, err := remote.New(functions.Definition{Name: "F", Class: url, Language: "HTTP", Options: all})
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

func column(alloc memory.Allocator, values ...string) arrow.Array {
	b := array.NewStringBuilder(alloc)
	defer b.Release()
	for _, v := range values {
		if v == "NULL" {
			b.AppendNull()
		} else {
			b.Append(v)
		}
	}
	return b.NewArray()
}

// run calls a scalar function over texts.
func run(t *testing.T, ctx context.Context, entry functions.Entry, values ...string) (string, error) {
	t.Helper()
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	k, err := entry.Scalar.Bind(&expr.Call{})
	if err != nil {
		t.Fatal(err)
	}
	arg := column(alloc, values...)
	defer arg.Release()
	out, err := k(&expr.EvalContext{Context: ctx, Alloc: alloc}, []expr.Vector{{Array: arg}}, len(values))
	if err != nil {
		return "", err
	}
	defer out.Release()
	return out.String(), nil
}

func TestRowsKeepTheirOrderOverRequestsAndRepetitions(t *testing.T) {
	url, calls := lengths(t, http.StatusServiceUnavailable, http.StatusTooManyRequests)
	entry := define(t, url, map[string]string{"batch-size": "2", "concurrency": "3"})
	got, err := run(t, context.Background(), entry, "a", "NULL", "ccc", "", "eeeee")
	if err != nil || got != "[1 (null) 3 0 5]" {
		t.Errorf("%s, %v", got, err)
	}
	if n := calls.Load(); n != 5 {
		t.Errorf("%d requests", n)
	}
}

func TestFailuresSayWhat(t *testing.T) {
	for _, c := range []struct {
		refuse  []int
		options map[string]string
		says    string
		class   errs.Class
	}{
		{[]int{503, 503}, map[string]string{"max-retries": "1"}, "answered 503 Service Unavailable: not now", errs.Resource},
		{[]int{404}, nil, "answered 404 Not Found: not now", errs.User},
		{nil, map[string]string{"header.x-team": "red"}, "answered 400 Bad Request: a wrong request", errs.User},
		{nil, nil, `row 1 of the batch, {"s":"bad"}: too bad`, errs.User},
		{nil, map[string]string{"signature": "(s STRING) -> DATE"}, "the answer of ", errs.User},
	} {
		url, _ := lengths(t, c.refuse...)
		value := "bad"
		if strings.Contains(c.options["signature"], "DATE") {
			value = "good"
		}
		_, err := run(t, context.Background(), define(t, url, c.options), "ok", value)
		if err == nil || !strings.Contains(err.Error(), c.says) || errs.ClassOf(err) != c.class {
			t.Errorf("want %s %q, got %v", c.class, c.says, err)
		}
	}
}

func TestABadRowOfAnyNumber(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"errors": [{"row": 9223372036854775807, "message": "too bad"}]}`)
	}))
	defer server.Close()
	want := "function F of " + server.URL + ": too bad"
	if _, err := run(t, context.Background(), define(t, server.URL, map[string]string{"batch-size": "1"}), "a", "b"); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestAPanicIsTheErrorOfItsPieces(t *testing.T) {
	slots := remote.NewSlots(2, 0)
	for range 2 { // the slots are free again
		err := slots.Pieces(context.Background(), 5, 1, 0, func(ctx context.Context, from, _ int) error {
			if from == 1 {
				panic("oh")
			}
			<-ctx.Done()
			return ctx.Err()
		})
		if err == nil || !strings.Contains(err.Error(), "a request to a service panicked: oh") || errs.ClassOf(err) != errs.Bug {
			t.Errorf("%v", err)
		}
	}
}

func TestTheWaitEndsWithTheJob(t *testing.T) {
	url, _ := lengths(t, 503, 503, 503)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	start := time.Now()
	if _, err := run(t, ctx, define(t, url, map[string]string{"retry-delay": "20 s"}), "a"); err == nil {
		t.Error("no error")
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestATableFunction(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"results": [[{"w": "to", "n": 2}, {"w": "be"}], [], [{"n": 7}]]}`)
	}))
	defer server.Close()
	entry := define(t, server.URL, map[string]string{"signature": "(s STRING) -> TABLE(w STRING, n INT)"})
	k, err := entry.Table.Bind(&expr.TableCall{})
	if err != nil {
		t.Fatal(err)
	}
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	arg := column(alloc, "a", "b", "c")
	defer arg.Release()
	rows, err := k(&expr.EvalContext{Alloc: alloc}, []arrow.Array{arg}, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	if got := fmt.Sprint(rows.Parents, rows.Columns); got != `[0 0 2] [["to" "be" (null)] [2 (null) 7]]` {
		t.Error(got)
	}
}

func TestWrongDefinitionsAreRefused(t *testing.T) {
	for _, c := range []struct {
		url, signature, says string
	}{
		{"ftp://x", "(s STRING) -> INT", "'ftp://x' is no URL of HTTP"},
		{"http://x", "s STRING", "'s STRING' is no signature"},
		{"http://x", "(s STRING) -> NUMBR", "'NUMBR' is no type"},
		{"http://x", "", "needs the option 'signature'"},
	} {
		options := map[string]string{"signature": c.signature}
		if c.signature == "" {
			options = nil
		}
		_, err := remote.New(functions.Definition{Name: "F", Class: c.url, Options: options})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %s: %v", c.url, c.signature, err)
		}
	}
}

func TestNestedArgumentsAndResults(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if want := `"rows":[{"who":{"name":"Ada","tags":["a","b"]}}]`; !strings.Contains(string(body), want) {
			t.Errorf("%s, want %s", body, want)
		}
		fmt.Fprint(w, `{"results": [{"counts": {"a": 1}, "rows": [{"x": 1.5}]}]}`)
	}))
	defer server.Close()
	entry := define(t, server.URL, map[string]string{"signature": "(who ROW<name STRING, tags ARRAY<STRING>>) -> ROW<counts MAP<STRING, INT>, rows ARRAY<ROW<x DOUBLE>>>"})
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	k, err := entry.Scalar.Bind(&expr.Call{})
	if err != nil {
		t.Fatal(err)
	}
	// As in ROW('Ada', …), the fields have other names than the argument's.
	who := types.RowOf(types.Field{Name: "EXPR$0", Type: types.StringType()}, types.Field{Name: "EXPR$1", Type: types.ArrayOf(types.StringType())})
	arg, _, err := array.FromJSON(alloc, who.Arrow(), strings.NewReader(`[{"EXPR$0": "Ada", "EXPR$1": ["a", "b"]}]`))
	if err != nil {
		t.Fatal(err)
	}
	defer arg.Release()
	out, err := k(&expr.EvalContext{Alloc: alloc}, []expr.Vector{{Array: arg}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Release()
	if got := out.ValueStr(0); got != `{"counts":[{"key":"a","value":1}],"rows":[{"x":1.5}]}` {
		t.Error(got)
	}
}

// BenchmarkCalls has a service that answers at once, in this process.
func BenchmarkCalls(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Rows []struct{ S string } }
		json.NewDecoder(r.Body).Decode(&request)
		results := make([]int, len(request.Rows))
		for i, row := range request.Rows {
			results[i] = len(row.S)
		}
		json.NewEncoder(w).Encode(map[string]any{"results": results})
	}))
	defer server.Close()
	entry, err := remote.New(functions.Definition{Name: "F", Class: server.URL, Language: "HTTP", Options: map[string]string{"signature": "(s STRING) -> INT"}})
	if err != nil {
		b.Fatal(err)
	}
	k, err := entry.Scalar.Bind(&expr.Call{})
	if err != nil {
		b.Fatal(err)
	}
	const rows = 4096
	values := make([]string, rows)
	for i := range values {
		values[i] = strings.Repeat("x", i%50)
	}
	arg := column(memory.DefaultAllocator, values...)
	b.ReportAllocs()
	for b.Loop() {
		out, err := k(&expr.EvalContext{Alloc: memory.DefaultAllocator}, []expr.Vector{{Array: arg}}, rows)
		if err != nil {
			b.Fatal(err)
		}
		out.Release()
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
