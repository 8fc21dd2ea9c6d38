package httpapi

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// alive checks that the server still answers and runs queries.
func (w *world) alive() {
	w.t.Helper()
	if code, body := w.call("GET", "/healthz", ""); code != http.StatusOK {
		w.t.Errorf("the server is ill: %d %s", code, body)
	}
	code, answer, e := w.statements("SELECT 1 AS one")
	if code != http.StatusOK || len(answer.Results) != 1 {
		w.t.Fatalf("a good query fails afterwards: %d %+v", code, e)
	}
	if _, body := w.call("GET", answer.Results[0].Results, ""); body != "{\"one\":1}\n" {
		w.t.Errorf("a good query gives %q afterwards", body)
	}
}

// TestBadStatementsLeaveTheServerAlive sends mistakes of each class.
func TestBadStatementsLeaveTheServerAlive(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		sql, class string
		code       int
		column     int
		says       string
	}{
		{"SELEC 1", "user", http.StatusBadRequest, 1, "SELECT"},
		{"SELECT TRUE + 1", "user", http.StatusBadRequest, 8, "BOOLEAN and INT"},
		{"CREATE CATALOG c WITH ('type' = 'jdbc')", "unsupported", http.StatusNotImplemented, 16, "one catalog"},
		{"CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'pth' = 'x', 'format' = 'json')", "user", http.StatusBadRequest, 58, "'path'"},
		{"CREATE TABLE t (a INT) WITH ('connector' = 'filesystm')", "user", http.StatusBadRequest, 44, "'filesystem'"},
	} {
		code, _, e := w.statements(c.sql)
		if code != c.code || e.Class != c.class || e.Line != 1 || e.Column != c.column || !strings.Contains(e.Text, c.says) {
			t.Errorf("%s: %d %+v", c.sql, code, e)
		}
	}
	if code, answer := w.call("POST", "/v1/statements", `{"sql": "SELECT 1"} {"sql": "SELECT 2"}`); code != http.StatusBadRequest || !strings.Contains(answer, "more than one") {
		t.Errorf("%d %s", code, answer)
	}
	for _, body := range []string{`{}`, `{"sql": ""}`, `{"sql": " \n"}`} {
		if code, answer := w.call("POST", "/v1/statements", body); code != http.StatusBadRequest || !strings.Contains(answer, "no SQL") {
			t.Errorf("%s: %d %s", body, code, answer)
		}
	}
	w.alive()
}

func TestRecordsThatAreNoObjectsAreRefused(t *testing.T) {
	w := newWorld(t)
	w.statements("CREATE STREAM clicks")
	for _, line := range []string{"null", "[1]", "7", "{"} {
		code, answer := w.call("POST", "/v1/streams/clicks/records", "{\"a\": 1}\n"+line)
		if code != http.StatusBadRequest || !strings.Contains(answer, "line 2: not a JSON object") {
			t.Errorf("%s: %d %s", line, code, answer)
		}
	}
}

var oneBadRecord = regexp.MustCompile(`(?m)^thalweg_source_bad_records_total\{.*\} 1$`)

// TestMistakesInDataFailTheirJobOnly starts jobs over a missing file and over a
// malformed line: they fail with a class and a place, and nothing else does.
func TestMistakesInDataFailTheirJobOnly(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.json")
	if err := os.WriteFile(bad, []byte("{\"a\":1}\nnot JSON\n{\"a\":2}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, options, result, says string }{
		{filepath.Join(dir, "missing.json"), "", "", "there is no file"},
		{bad, "", "", "bad.json:2"},
		{bad, ", 'bad-records' = 'skip'", "{\"a\":1}\n{\"a\":2}\n", ""},
	} {
		table := "CREATE TEMPORARY TABLE t (a INT) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '" + c.path + "'" + c.options + ");"
		_, answer, e := w.statements(table + " SELECT a FROM t")
		if e.Message != "" {
			t.Fatalf("%s: %+v", c.path, e)
		}
		_, body := w.call("GET", answer.Results[1].Results, "")
		rest, told := strings.CutPrefix(body, c.result)
		var last errorBody
		if c.says != "" {
			lines := strings.Split(strings.TrimSpace(rest), "\n")
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
		}
		if !told || !strings.Contains(last.Error.Message, c.says) || c.says != "" && last.Error.Class != "user" {
			t.Errorf("%s%s: %s", c.path, c.options, body)
		}
	}
	w.alive()
	w.placeOfFailure(bad)
	_, metrics := w.call("GET", "/metrics", "")
	if n := len(oneBadRecord.FindAllString(metrics, -1)); n != 2 {
		t.Errorf("%d jobs count a bad record, want 2", n)
	}
}

// placeOfFailure sees that a job tells which expression of the script failed.
func (w *world) placeOfFailure(path string) {
	w.t.Helper()
	_, answer, e := w.statements("CREATE TEMPORARY TABLE texts (s STRING) WITH ('connector' = 'filesystem', 'format' = 'raw', 'path' = '" + path + "');\n" +
		"SELECT 1,\n  CAST(s AS INT) FROM texts")
	if e.Message != "" {
		w.t.Fatalf("%+v", e)
	}
	w.call("GET", answer.Results[1].Results, "")
	var job jobJSON
	_, body := w.call("GET", "/v1/jobs/"+answer.Results[1].Job.ID, "")
	if err := json.Unmarshal([]byte(body), &job); err != nil {
		w.t.Fatal(err)
	}
	if job.ErrorLine != 3 || job.ErrorColumn != 3 || job.ErrorClass != "user" {
		w.t.Errorf("failed at %d:%d: %s", job.ErrorLine, job.ErrorColumn, body)
	}
}

// TestPagesOfOtherOriginsAreRefused calls as a browser does for a page.
func TestPagesOfOtherOriginsAreRefused(t *testing.T) {
	w := newWorld(t)
	for origin, want := range map[string]int{"": http.StatusOK, w.server.URL: http.StatusOK, "http://evil.example": http.StatusForbidden, "null": http.StatusForbidden} {
		request, err := http.NewRequestWithContext(t.Context(), "POST", w.server.URL+"/v1/statements", strings.NewReader(`{"sql": "SHOW TABLES"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "text/plain")
		if origin != "" {
			request.Header.Set("Origin", origin)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("a page of %q gets %d, not %d", origin, response.StatusCode, want)
		}
	}
}
