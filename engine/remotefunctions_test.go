package engine_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/enginetest"
	"github.com/thalweg/thalweg/engine/functions/remote/remotetest"
)

func TestFunctionsOfAService(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Rows []struct{ A, B int } }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		sums := make([]int, len(request.Rows))
		for i, row := range request.Rows {
			sums[i] = row.A + row.B
		}
		json.NewEncoder(w).Encode(map[string]any{"results": sums})
	}))
	defer server.Close()
	w := newWorld(t, engine.Options{Parallelism: 2})
	w.must(t, fmt.Sprintf(`CREATE FUNCTION plus AS '%s' LANGUAGE HTTP
		WITH ('signature' = '(a INT, b INT) -> BIGINT', 'batch-size' = '2', 'header.authorization' = 'Bearer xyz')`, server.URL))
	for query, want := range map[string]string{
		"SELECT plus(x, 1) FROM (VALUES 1, 2, 3, 4, 5) AS t(x)":                 "2 3 4 5 6",
		"SELECT SUM(plus(x, x)) FROM (VALUES 1, 2, 3) AS t(x)":                  "12",
		"SELECT x FROM (VALUES 1, 2, 3) AS t(x) WHERE plus(x, 1) > 2 AND x < 3": "2",
	} {
		if got := w.lines(t, query); got != want {
			t.Errorf("%s = %s, want %s", query, got, want)
		}
	}
	if got := w.lines(t, "DESCRIBE FUNCTION EXTENDED plus"); got != "is system function,false is temporary,false class name,"+server.URL+
		" function language,HTTP kind,SCALAR signature,PLUS(INT, INT) is deterministic,false option 'batch-size',2 option 'header.authorization',******"+
		" option 'signature',(a INT, b INT) -> BIGINT" {
		t.Error(got)
	}
	w.refused(t, "CREATE FUNCTION f AS 'http://x' LANGUAGE HTTP WITH ('signature' = '(a INT) -> INT', 'timeot' = '1 s')", "'timeot'", "language 'HTTP' has no option 'timeot'")
}

// medianService runs examples/services/median in another process.
func medianService(t *testing.T) (url string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "median")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/thalweg/thalweg/examples/services/median").CombinedOutput(); err != nil {
		t.Fatalf("build the service: %v\n%s", err, out)
	}
	service := exec.Command(program, "-listen", "127.0.0.1:0")
	said, err := service.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		service.Process.Kill()
		service.Wait()
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
}

// TestAggregatesOfAService asks a service in another process for medians, of a function
// with all abilities and of one with none.
func TestAggregatesOfAService(t *testing.T) {
	url := medianService(t)
	w := newWorld(t, engine.Options{Parallelism: 2})
	w.tables.Table("t").SetSplits(false, []string{"+I k=1 v=5 ts=1s", "+I k=1 v=7 ts=2s", "+I k=2 v=8 ts=3s",
		"+I k=1 v=100 ts=7s", "+I k=2 v=9 ts=4s", "+I k=2 v=20 ts=13s"})
	w.must(t, fmt.Sprintf(`CREATE FUNCTION able AS '%[1]s' LANGUAGE HTTP WITH ('signature' = '(v DOUBLE) -> AGGREGATE(DOUBLE)', 'retract' = 'true', 'merge' = 'true');
		CREATE FUNCTION plain AS '%[1]s' LANGUAGE HTTP WITH ('signature' = '(v DOUBLE) -> AGGREGATE(DOUBLE)');
		CREATE TABLE t (k INT, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'memory')`, url))
	for _, f := range []string{"able", "plain"} {
		for query, want := range map[string]string{
			"SELECT k, F(v) FROM t GROUP BY k ORDER BY k LIMIT 9":                                                                             "1,7.0 2,9.0",
			"SELECT F(v) FROM t WHERE v > 1000":                                                                                               "NULL",
			"SELECT k, F(DISTINCT v) FILTER (WHERE v > 7) FROM t GROUP BY k ORDER BY k LIMIT 9":                                               "1,100.0 2,9.0",
			"SELECT F(n) FROM (SELECT v > 8, COUNT(*) AS n FROM t GROUP BY v > 8)":                                                            "3.0",
			"SELECT F(n) FROM (SELECT v, COUNT(*) AS n FROM t GROUP BY v HAVING v > 8)":                                                       "1.0",
			"SELECT k, F(v ORDER BY v DESC) FROM t GROUP BY k ORDER BY k LIMIT 9":                                                             "1,7.0 2,9.0",
			"SELECT v, F(v) OVER (PARTITION BY k ORDER BY ts) FROM t ORDER BY v LIMIT 9":                                                      "5,5.0 7,6.0 8,8.0 9,8.5 20,9.0 100,7.0",
			"SELECT v, F(v) OVER (ORDER BY ts ROWS 1 PRECEDING) FROM t ORDER BY v LIMIT 9":                                                    "5,5.0 7,6.0 8,7.5 9,8.5 20,60.0 100,54.5",
			"SELECT F(v) FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND) GROUP BY window_end":                                      "8.0 20.0",
			"SELECT F(v) FROM HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND) GROUP BY window_start, window_end":      "7.5 8.0 60.0 20.0",
			"SELECT F(v) FROM CUMULATE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND) GROUP BY window_start, window_end": "7.5 8.0 20.0 20.0",
			"SELECT F(v) FROM SESSION(TABLE t, DESCRIPTOR(ts), INTERVAL '4' SECOND) GROUP BY window_start, window_end":                        "8.0 20.0",
			"SELECT m FROM t MATCH_RECOGNIZE (ORDER BY ts MEASURES F(A.v) AS m PATTERN (A{3}) DEFINE A AS A.v > 0)":                           "7.0 20.0",
		} {
			query = strings.ReplaceAll(query, "F(", f+"(")
			if got := w.lines(t, query); got != want {
				t.Errorf("%s\n= %s\nwant %s", query, got, want)
			}
		}
	}
	w.refused(t, "SELECT able(k, v) FROM t", "able", "ABLE takes (DOUBLE), not (INT, INT)")
	w.refused(t, fmt.Sprintf("CREATE FUNCTION f AS '%s' LANGUAGE HTTP WITH ('signature' = '(a INT) -> INT', 'merge' = 'true')", url), "'merge'", "option 'merge' is for aggregates")
}

// TestAnAggregateOfAServiceGoesOn stops a job at a checkpoint and goes on: the states are
// the engine's, so that the service may be another one, and what is taken back is what
// was given out.
func TestAnAggregateOfAServiceGoesOn(t *testing.T) {
	w, ctx := newWorld(t, engine.Options{Parallelism: 1, DataDir: t.TempDir()}), context.Background()
	w.tables.Table("t").SetSplits(true, []string{"+I k=a v=1", "+I k=a v=2", "+I k=b v=3"})
	var second bool
	url := remotetest.Serve(t, func(_ http.ResponseWriter, r remotetest.Request) bool {
		if second && r.Step == "add" && r.Groups[0].State == nil {
			t.Error("a state is lost")
		}
		return false
	})
	w.must(t, fmt.Sprintf(`CREATE FUNCTION total AS '%s' LANGUAGE HTTP WITH ('signature' = '(v BIGINT) -> AGGREGATE(BIGINT)');
		CREATE TABLE t (k STRING, v BIGINT) WITH ('connector' = 'memory');
		CREATE TABLE o (k STRING, s BIGINT) WITH ('connector' = 'memory', 'changelog' = 'retract')`, url))
	results, err := w.session.Execute(ctx, "INSERT INTO o SELECT k, total(v) FROM t GROUP BY k")
	if err != nil {
		t.Fatal(err)
	}
	job := results[0].Job
	if err := w.tables.Table("t").WaitRead(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := job.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	if err := job.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	second = true
	w.tables.Table("t").SetSplits(false, []string{"+I k=a v=1", "+I k=a v=2", "+I k=b v=3", "+I k=a v=10", "+I k=b v=20"})
	again, err := w.engine.Resume(ctx, job.ID())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	table, err := enginetest.Fold(w.tables.Table("o").Rows())
	if err != nil {
		t.Fatal(err)
	}
	if got := enginetest.Lines(table); got != "k=a s=13\nk=b s=23\n" {
		t.Errorf("%q", got)
	}
}
