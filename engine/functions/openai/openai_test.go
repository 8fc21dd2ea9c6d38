package openai_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/engine/functions/model"
	"github.com/thalweg/thalweg/engine/functions/openai"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kernel makes the kernel of a model over a handler, with one connection's pool that
// ends with the test.
func kernel(tb testing.TB, handler http.HandlerFunc, path string, out types.Type, call expr.TableCall, options ...string) expr.TableKernel {
	tb.Helper()
	server := httptest.NewServer(handler)
	tb.Cleanup(func() { server.Close(); http.DefaultTransport.(*http.Transport).CloseIdleConnections() })
	d := model.Definition{Name: "m", Input: types.Schema{{Name: "s", Type: types.StringType()}}, Output: types.Schema{{Name: "o", Type: out}},
		Options: map[string]string{"provider": "openai", "endpoint": server.URL + path, "api-key": "k", "model": "x"}}
	for i := 0; i < len(options); i += 2 {
		d.Options[options[i]] = options[i+1]
	}
	r, err := model.NewRegistry(openai.Provider())
	if err != nil {
		tb.Fatal(err)
	}
	f, err := r.Function(d)
	if err != nil {
		tb.Fatal(err)
	}
	k, err := f.Bind(&call)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func texts(alloc memory.Allocator, values ...string) arrow.Array {
	b := array.NewStringBuilder(alloc)
	defer b.Release()
	for _, v := range values {
		b.AppendStringValues([]string{v}, []bool{v != "NULL"})
	}
	return b.NewArray()
}

// embed answers with as many numbers as the text is long, batches in falling order.
func embed(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Input      json.RawMessage
		Dimensions int
	}
	json.NewDecoder(r.Body).Decode(&request)
	var input []string
	if json.Unmarshal(request.Input, &input) != nil {
		input = []string{string(request.Input)}
	}
	data := make([]string, len(input))
	for i, s := range input {
		data[len(input)-1-i] = fmt.Sprintf(`{"index": %d, "embedding": [%d, %d]}`, i, len(s), request.Dimensions)
	}
	fmt.Fprintf(w, `{"data": [%s]}`, strings.Join(data, ","))
}

func TestEmbeddingsComeBackToTheirRows(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	for _, batch := range []string{"1", "2", "64"} {
		k := kernel(t, embed, "/v1/embeddings", types.ArrayOf(types.Of(types.Float)), expr.TableCall{Concurrency: 2}, "batch-size", batch, "dimension", "7")
		arg := texts(alloc, "a", "NULL", "bbb", "", "ccccc")
		rows, err := k(&expr.EvalContext{Alloc: alloc}, []arrow.Array{arg}, arg.Len())
		arg.Release()
		if err != nil {
			t.Fatal(err)
		}
		want := "[0 2 3 4] [[[1 7] [3 7] [0 7] [5 7]]]"
		if batch == "1" { // the text itself is sent, here counted with its quotes
			want = "[0 2 3 4] [[[3 7] [5 7] [2 7] [7 7]]]"
		}
		if got := fmt.Sprint(rows.Parents, rows.Columns); got != want {
			t.Errorf("batches of %s: %s", batch, got)
		}
		rows.Release()
	}
}

func TestWrongAnswersAreErrors(t *testing.T) {
	arg := texts(memory.DefaultAllocator, "a", "b")
	defer arg.Release()
	for _, c := range []struct{ path, answer, says string }{
		{"/chat/completions", `{"choices": []}`, "no chat completion"},
		{"/chat/completions", `<html>`, "no chat completion with choices: <html>"},
		{"/embeddings", `{"data": [{"index": 0, "embedding": [1]}]}`, "1 embeddings for 2 texts"},
		{"/embeddings", `{"data": [{"index": 5, "embedding": [1]}]}`, "without a place"},
		{"/embeddings", `[]`, "no embeddings"},
	} {
		out := types.StringType()
		if c.path == "/embeddings" {
			out = types.ArrayOf(types.Of(types.Float))
		}
		k := kernel(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.answer) }, c.path, out, expr.TableCall{})
		if _, err := k(&expr.EvalContext{Alloc: memory.DefaultAllocator}, []arrow.Array{arg}, 2); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.answer, err)
		}
	}
}

// TestTheTimeoutBoundsRepetitions has a service that is always busy.
func TestTheTimeoutBoundsRepetitions(t *testing.T) {
	busy := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "busy", http.StatusServiceUnavailable) }
	arg := texts(memory.DefaultAllocator, "a")
	defer arg.Release()
	k := kernel(t, busy, "/chat/completions", types.StringType(), expr.TableCall{Timeout: 30 * time.Millisecond}, "retry-delay", "20 s")
	start := time.Now()
	if _, err := k(&expr.EvalContext{Alloc: memory.DefaultAllocator}, []arrow.Array{arg}, 1); err == nil || time.Since(start) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(start))
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	k = kernel(t, busy, "/chat/completions", types.StringType(), expr.TableCall{}, "retry-delay", "20 s", "error-handling-strategy", "retry", "retry-fallback-strategy", "ignore")
	if _, err := k(&expr.EvalContext{Context: ctx, Alloc: memory.DefaultAllocator}, []arrow.Array{arg}, 1); err == nil {
		t.Error("the end of the job is taken for an answer")
	}
}

// BenchmarkEmbeddings has a service that answers at once, in this process.
func BenchmarkEmbeddings(b *testing.B) {
	const rows = 4096
	values := make([]string, rows)
	for i := range values {
		values[i] = strings.Repeat("x", i%100)
	}
	arg := texts(memory.DefaultAllocator, values...)
	k := kernel(b, embed, "/embeddings", types.ArrayOf(types.Of(types.Float)), expr.TableCall{Concurrency: 10})
	b.ReportAllocs()
	for b.Loop() {
		out, err := k(&expr.EvalContext{Alloc: memory.DefaultAllocator}, []arrow.Array{arg}, rows)
		if err != nil {
			b.Fatal(err)
		}
		out.Release()
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
