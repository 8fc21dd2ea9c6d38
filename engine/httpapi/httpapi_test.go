package httpapi

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a server over an engine with a data directory of its own.
type world struct {
	t      *testing.T
	api    *Server
	server *httptest.Server
}

func newWorld(t *testing.T) *world {
	t.Helper()
	eng, err := engine.Open(t.Context(), engine.Options{DataDir: t.TempDir(), Parallelism: 1})
	if err != nil {
		t.Fatal(err)
	}
	api := New(eng, nil)
	w := &world{t: t, api: api, server: httptest.NewServer(api)}
	t.Cleanup(func() {
		w.server.Close()
		http.DefaultClient.CloseIdleConnections()
		if err := api.Close(); err != nil {
			t.Error(err)
		}
		if err := eng.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// call sends a request and gives status and body.
func (w *world) call(method, path, body string) (int, string) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

// statements runs a script and decodes the answer.
func (w *world) statements(sql string) (int, statementsResponse, errorJSON) {
	w.t.Helper()
	body, err := json.Marshal(statementsRequest{SQL: sql})
	if err != nil {
		w.t.Fatal(err)
	}
	code, raw := w.call("POST", "/v1/statements", string(body))
	var ok statementsResponse
	var failed errorBody
	if err := json.Unmarshal([]byte(raw), &ok); err != nil {
		w.t.Fatalf("%v: %s", err, raw)
	}
	if err := json.Unmarshal([]byte(raw), &failed); err != nil {
		w.t.Fatalf("%v: %s", err, raw)
	}
	return code, ok, failed.Error
}

func TestSelectIsReadAsNDJSON(t *testing.T) {
	w := newWorld(t)
	code, answer, _ := w.statements("SELECT n, 'x' AS s FROM (VALUES (1), (2)) AS t(n)")
	if code != http.StatusOK || len(answer.Results) != 1 {
		t.Fatalf("%d: %+v", code, answer)
	}
	result := answer.Results[0]
	if result.Kind != "rows" || len(result.Columns) != 2 || result.Columns[0].Name != "n" {
		t.Errorf("result %+v", result)
	}
	code, body := w.call("GET", result.Results, "")
	if want := "{\"n\":1,\"s\":\"x\"}\n{\"n\":2,\"s\":\"x\"}\n"; code != http.StatusOK || body != want {
		t.Errorf("%d %q, want %q", code, body, want)
	}
	if code, body := w.call("GET", result.Results, ""); code != http.StatusBadRequest || !strings.Contains(body, "read already") {
		t.Errorf("reading twice: %d %s", code, body)
	}
}

// Results that nobody reads must not add up: each holds rows and a job.
func TestOldestUnreadResultsAreGivenUp(t *testing.T) {
	w := newWorld(t)
	w.api.resultsMax = 2
	_, ok, failed := w.statements(`CREATE TABLE g (v BIGINT) WITH ('connector' = 'datagen');
		SELECT v FROM g; SELECT 1 AS v; SELECT 2 AS v`)
	if failed.Message != "" || len(ok.Results) != 4 {
		t.Fatalf("%+v %+v", ok, failed)
	}
	if code, body := w.call("GET", ok.Results[1].Results, ""); code != http.StatusBadRequest || !strings.Contains(body, "given up") {
		t.Errorf("%d %s", code, body)
	}
	if _, body := w.call("GET", "/v1/jobs/"+ok.Results[1].Job.ID, ""); !strings.Contains(body, `"state":"CANCELLED"`) {
		t.Error(body)
	}
	if code, body := w.call("GET", ok.Results[3].Results, ""); code != http.StatusOK || body != "{\"v\":2}\n" {
		t.Errorf("%d %s", code, body)
	}
}

func TestUpdatingSelectTellsKinds(t *testing.T) {
	w := newWorld(t)
	_, answer, _ := w.statements("SELECT k, COUNT(*) AS n FROM (VALUES ('a'), ('b')) AS t(k) GROUP BY k")
	_, body := w.call("GET", answer.Results[0].Results, "")
	for _, want := range []string{`{"op":"+I","row":{"k":"a","n":1}}`, `{"op":"+I","row":{"k":"b","n":1}}`} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("%q lacks %s", body, want)
		}
	}
}

func TestErrorsTellClassAndPlace(t *testing.T) {
	w := newWorld(t)
	code, _, e := w.statements("SELECT 1;\nSELECT nothing FROM VALUES (1)")
	if code != http.StatusBadRequest || e.Class != "user" || e.Line != 2 || e.Text == "" {
		t.Errorf("%d %+v", code, e)
	}
	for _, c := range []struct {
		method, path, body string
		code               int
		says               string
	}{
		{"POST", "/v1/statements", "{", http.StatusBadRequest, "not the expected JSON"},
		{"POST", "/v1/statements", `{"sqll": "x"}`, http.StatusBadRequest, "sqll"},
		{"GET", "/v1/jobs/nope", "", http.StatusNotFound, "no job nope"},
		{"DELETE", "/v1/jobs/nope", "", http.StatusNotFound, "no job nope"},
		{"GET", "/v2/whatever", "", http.StatusNotFound, "/v2/whatever"},
		{"POST", "/v1/streams/none/records", `{"a":1}`, http.StatusBadRequest, "none"},
		{"POST", "/v1/streams/none/records", "", http.StatusBadRequest, "no records"},
		{"POST", "/v1/streams/none/records?key=k", "{\"k\":1}\n{}", http.StatusBadRequest, "line 2"},
		{"POST", "/v1/streams/none/records", "[1]", http.StatusBadRequest, "line 1"},
	} {
		code, body := w.call(c.method, c.path, c.body)
		if code != c.code || !strings.Contains(body, c.says) {
			t.Errorf("%s %s %s: %d %s, want %d and %q", c.method, c.path, c.body, code, body, c.code, c.says)
		}
	}
}

func TestShowGivesRowsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.statements("CREATE TABLE t (a INT) WITH ('connector' = 'blackhole')")
	_, answer, _ := w.statements("SHOW TABLES")
	if rows := answer.Results[0].Rows; len(rows) != 1 || !strings.Contains(string(rows[0]), `"t"`) {
		t.Errorf("rows %s", rows)
	}
}

func TestJobIsWatchedAndCancelled(t *testing.T) {
	w := newWorld(t)
	_, answer, e := w.statements(`
CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '10');
CREATE TABLE nowhere (n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO nowhere SELECT n FROM numbers`)
	if e.Message != "" {
		t.Fatal(e.Message)
	}
	id := answer.Results[len(answer.Results)-1].Job.ID
	if _, body := w.call("GET", "/v1/jobs", ""); !strings.Contains(body, id) {
		t.Errorf("%s is not listed in %s", id, body)
	}
	_, body := w.call("GET", "/v1/jobs/"+id, "")
	var job jobJSON
	if err := json.Unmarshal([]byte(body), &job); err != nil || !strings.Contains(job.Plan, "numbers") || job.Metrics.Nodes == nil {
		t.Errorf("%v: %s", err, body)
	}
	if _, body := w.call("GET", "/metrics", ""); !strings.Contains(body, fmt.Sprintf("job=%q", id)) {
		t.Error("the job is not in the metrics")
	}
	if code, body := w.call("DELETE", "/v1/jobs/"+id, ""); code != http.StatusOK || !strings.Contains(strings.ToLower(body), "cancel") {
		t.Errorf("%d %s", code, body)
	}
	if code, body := w.call("GET", "/healthz", ""); code != http.StatusOK || body != "{\"status\":\"ok\"}\n" {
		t.Errorf("%d %s", code, body)
	}
}

func TestUnknownJobIsNotFound(t *testing.T) {
	w := newWorld(t)
	for _, call := range []string{"GET /v1/jobs/nope", "DELETE /v1/jobs/nope", "GET /v1/jobs/nope/results", "POST /v1/jobs/nope/stop",
		"POST /v1/jobs/nope/resume", "POST /v1/jobs/nope/savepoints"} {
		method, path, _ := strings.Cut(call, " ")
		if code, body := w.call(method, path, ""); code != http.StatusNotFound || !strings.Contains(body, "there is no job nope") {
			t.Errorf("%s: %d %s", call, code, body)
		}
	}
}

func TestRecordsAreAppended(t *testing.T) {
	w := newWorld(t)
	if _, _, e := w.statements("CREATE STREAM clicks WITH ('shards' = '2')"); e.Message != "" {
		t.Fatal(e.Message)
	}
	code, body := w.call("POST", "/v1/streams/clicks/records?key=user", "{\"user\":\"ann\"}\n\n{\"user\":7}\n")
	var answer recordsResponse
	if err := json.Unmarshal([]byte(body), &answer); code != http.StatusOK || err != nil || len(answer.Records) != 2 {
		t.Fatalf("%d %s %v", code, body, err)
	}
	for _, r := range answer.Records {
		if !strings.HasPrefix(r.Shard, "shardId-") || len(r.Sequence) != 56 {
			t.Errorf("position %+v", r)
		}
	}
}
