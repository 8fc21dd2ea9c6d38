// Package remotetest has a service with aggregate functions, for tests.
package remotetest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Group is a group of a request, and of an answer. A state is the sum and the number of
// values, which may be below 0 in one of two phases, or the list of them.
type Group struct {
	State   []any            `json:"state"`
	Rows    []map[string]any `json:"rows,omitempty"`
	Retract []bool           `json:"retract,omitempty"`
	Merge   [][]any          `json:"merge,omitempty"`
	Result  any              `json:"result,omitempty"`
}

// Request is the body of a request, and of an answer.
type Request struct {
	Version  int     `json:"version,omitempty"`
	Function string  `json:"function,omitempty"`
	Step     string  `json:"step,omitempty"`
	Groups   []Group `json:"groups"`
}

// function is how a value and another state are counted into a state, and its result.
type function struct {
	add    func(state []any, v any, sign float64) []any
	merge  func(state, other []any) []any
	result func(state []any) any
	// lazy functions give results only when they are asked.
	lazy bool
}

// named finds TOTAL, FIRST, LAST and ROWS, which may have LAZY_ before them.
func named(name string) (f function, ok bool) {
	name, f.lazy = strings.CutPrefix(name, "LAZY_")
	f.add = func(state []any, v any, _ float64) []any { return append(state, v) }
	f.merge = func(state, other []any) []any { return append(state, other...) }
	switch name {
	case "TOTAL":
		f.merge = func(state, other []any) []any {
			if state == nil {
				return other
			}
			return []any{state[0].(float64) + other[0].(float64), state[1].(float64) + other[1].(float64)}
		}
		merge := f.merge
		f.add = func(state []any, v any, sign float64) []any { return merge(state, []any{sign * v.(float64), sign}) }
		f.result = func(state []any) any {
			if state == nil || state[1] == 0.0 {
				return nil
			}
			return state[0]
		}
	case "FIRST":
		f.result = func(state []any) any { return state[0] }
	case "LAST":
		f.result = func(state []any) any { return state[len(state)-1] }
	case "ROWS":
		f.result = func(state []any) any { return len(state) }
		return f, true
	default:
		return f, false
	}
	some := f.result
	f.result = func(state []any) any {
		if len(state) == 0 {
			return nil
		}
		return some(state)
	}
	return f, true
}

// Serve starts the service. tap, which may be nil, sees each request, and answers it
// instead if it gives true.
func Serve(t testing.TB, tap func(http.ResponseWriter, Request) bool) (url string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request Request
		err := json.NewDecoder(r.Body).Decode(&request)
		f, ok := named(request.Function)
		if err != nil || !ok {
			http.Error(w, "a wrong request", http.StatusBadRequest)
			return
		}
		if tap != nil && tap(w, request) {
			return
		}
		for i := range request.Groups {
			request.Groups[i] = f.answer(request.Step, request.Groups[i])
		}
		json.NewEncoder(w).Encode(Request{Groups: request.Groups})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func (f function) answer(step string, g Group) Group {
	for i, row := range g.Rows {
		sign := 1.0
		if g.Retract != nil && g.Retract[i] {
			sign = -1
		}
		g.State = f.add(g.State, row["v"], sign)
	}
	for _, other := range g.Merge {
		g.State = f.merge(g.State, other)
	}
	out := Group{State: g.State}
	if step == "result" || !f.lazy {
		if out.Result = f.result(g.State); out.Result == nil {
			out.Result = json.RawMessage("null")
		}
	}
	return out
}
