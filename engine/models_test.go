package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/enginetest"
	"github.com/thalweg/thalweg/engine/functions/wasm/wasmtest"
)

// chat answers like OpenAI's API: chats with the last message in upper case, embeddings
// with the length of each text. A text that holds "refuse" is refused.
func chat(t *testing.T) (url string, requests *atomic.Int64) {
	requests = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		var request struct {
			Model    string
			Messages []struct{ Role, Content string }
			Input    []string
			N        int
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || r.Header.Get("Authorization") != "Bearer sesame" {
			http.Error(w, "wrong request", http.StatusUnauthorized)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/embeddings") {
			var data []string
			for i := len(request.Input) - 1; i >= 0; i-- {
				data = append(data, fmt.Sprintf(`{"index": %d, "embedding": [%d, 0.5]}`, i, len(request.Input[i])))
			}
			fmt.Fprintf(w, `{"data": [%s]}`, strings.Join(data, ","))
			return
		}
		text := request.Messages[len(request.Messages)-1].Content
		if strings.Contains(text, "refuse") {
			http.Error(w, "I won't", http.StatusForbidden)
			return
		}
		choice := fmt.Sprintf(`{"message": {"role": "assistant", "content": %q}}`, strings.ToUpper(text))
		fmt.Fprintf(w, `{"choices": [%s]}`, strings.TrimSuffix(strings.Repeat(choice+",", max(1, request.N)), ","))
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

const threeTexts = `CREATE TEMPORARY VIEW texts AS SELECT * FROM (VALUES (1, 'to be'), (2, 'or'), (3, CAST(NULL AS STRING)), (4, 'not')) AS t (id, text)`

func TestModelsOfOpenAI(t *testing.T) {
	url, requests := chat(t)
	w := newWorld(t, engine.Options{Parallelism: 2})
	w.must(t, threeTexts)
	create := func(name, output, path, more string) {
		w.must(t, fmt.Sprintf(`CREATE MODEL %s INPUT (prompt STRING) OUTPUT (%s)
			WITH ('provider' = 'openai', 'endpoint' = '%s/v1/%s', 'api-key' = 'sesame', 'model' = 'm'%s)`, name, output, url, path, more))
	}
	create("shout", "answer STRING", "chat/completions", ", 'temperature' = '0.1', 'stop' = 'a,b', 'retry-num' = '0'")
	create("twice", "answer STRING", "chat/completions", ", 'n' = '2'")
	create("embed", "v ARRAY<FLOAT>", "embeddings", "")
	create("careful", "answer STRING, why STRING METADATA FROM 'error-string', `http-status-code` INT METADATA", "chat/completions", ", 'error-handling-strategy' = 'ignore'")
	create("quiet", "answer STRING", "chat/completions", ", 'retry-fallback-strategy' = 'ignore', 'retry-num' = '1', 'retry-delay' = '1 ms'")
	for query, want := range map[string]string{
		"SELECT id, answer FROM ML_PREDICT(TABLE texts, MODEL shout, DESCRIPTOR(text)) ORDER BY id LIMIT 9":                                             "1,TO BE 2,OR 4,NOT",
		"SELECT id, COUNT(*) FROM TABLE(ML_PREDICT(TABLE texts, MODEL twice, DESCRIPTOR(text), MAP['async', 'false'])) GROUP BY id ORDER BY id LIMIT 9": "1,2 2,2 4,2",
		"SELECT id, v[1], v[2] FROM ML_PREDICT(TABLE texts, MODEL embed, DESCRIPTOR(text), MAP['output-mode', 'ALLOW_UNORDERED']) ORDER BY id LIMIT 9":  "1,5.0,0.5 2,2.0,0.5 4,3.0,0.5",
		"SELECT answer, why IS NULL, `http-status-code` FROM ML_PREDICT((SELECT 'refuse' AS x), MODEL careful, DESCRIPTOR(x))":                          "NULL,FALSE,403",
		"SELECT answer, why, `http-status-code` FROM ML_PREDICT((SELECT 'no' AS x), MODEL careful, DESCRIPTOR(x))":                                      "NO,NULL,NULL",
		"SELECT COUNT(*) FROM ML_PREDICT((SELECT 'refuse' AS x), MODEL quiet, DESCRIPTOR(x))":                                                           "0",
	} {
		if got := w.lines(t, query); got != want {
			t.Errorf("%s = %s, want %s", query, got, want)
		}
	}
	if n := requests.Load(); n != 3+3+1+1+1+1 {
		t.Errorf("%d requests", n)
	}
	if got := w.run("SELECT * FROM ML_PREDICT((SELECT 'refuse' AS x), MODEL shout, DESCRIPTOR(x))"); !strings.Contains(got, "answered 403 Forbidden: I won't") {
		t.Error(got)
	}
	if got := w.run("SHOW CREATE MODEL shout"); strings.Contains(got, "sesame") || !strings.Contains(got, "'api-key' = '******'") {
		t.Error(got)
	}
}

func TestModelsBehindHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Function string
			Rows     []struct {
				Amount float64
				Who    struct{ Name string }
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.Function != "fraud" {
			http.Error(w, "wrong request", http.StatusBadRequest)
			return
		}
		results := []any{}
		for _, row := range request.Rows {
			results = append(results, map[string]any{"score": row.Amount / 10, "tags": []string{row.Who.Name}})
		}
		json.NewEncoder(w).Encode(map[string]any{"results": results})
	}))
	defer server.Close()
	w := newWorld(t, engine.Options{Parallelism: 2})
	w.must(t, fmt.Sprintf(`CREATE MODEL fraud INPUT (amount DOUBLE, who ROW<name STRING>) OUTPUT (score DOUBLE, tags ARRAY<STRING>)
		COMMENT 'how bad' WITH ('provider' = 'http', 'endpoint' = '%s', 'batch-size' = '2', 'header.x-team' = 'blue')`, server.URL))
	query := "SELECT amount, score, tags[1] FROM ML_PREDICT((SELECT amount, ROW(n) AS who FROM (VALUES (1, 'a'), (2, 'b'), (3, 'c')) AS t (amount, n)), MODEL fraud, DESCRIPTOR(amount, who))"
	if got := w.lines(t, query); got != "1,0.1,a 2,0.2,b 3,0.3,c" {
		t.Error(got)
	}
	if got := w.lines(t, "DESCRIBE MODEL fraud"); got != "amount,DOUBLE,TRUE,TRUE who,ROW<`name` STRING>,TRUE,TRUE score,DOUBLE,TRUE,FALSE tags,ARRAY<STRING>,TRUE,FALSE" {
		t.Error(got)
	}
}

func TestModelsInThisProcess(t *testing.T) {
	opts := standIns()
	opts.WorkDir = t.TempDir()
	if err := os.WriteFile(filepath.Join(opts.WorkDir, "numbers.wasm"), wasmtest.Plain, 0o644); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, opts)
	w.must(t, `CREATE MODEL loud INPUT (s STRING) OUTPUT (cry STRING) WITH ('provider' = 'go', 'function' = 'com.acme.Shout');
		CREATE MODEL letters INPUT (s STRING) OUTPUT (letter STRING) WITH ('provider' = 'go', 'function' = 'com.acme.Letters');
		CREATE TEMPORARY MODEL total INPUT (a BIGINT, b BIGINT) OUTPUT (c BIGINT) WITH ('provider' = 'wasm', 'module' = 'numbers.wasm', 'symbol' = 'add');`+threeTexts)
	for query, want := range map[string]string{
		"SELECT id, cry FROM ML_PREDICT(TABLE texts, MODEL loud, DESCRIPTOR(text))":                    "1,TO BE! 2,OR! 3,NULL 4,NOT!",
		"SELECT letter, id FROM ML_PREDICT(TABLE texts, MODEL letters, DESCRIPTOR(text)) WHERE id > 1": "o,2 r,2 n,4 o,4 t,4",
		"SELECT c FROM ML_PREDICT(TABLE texts, MODEL total, DESCRIPTOR(id, id))":                       "2 4 6 8",
	} {
		if got := w.lines(t, query); got != want {
			t.Errorf("%s = %s, want %s", query, got, want)
		}
	}
	w.refused(t, "CREATE MODEL m INPUT (s INT) OUTPUT (cry STRING) WITH ('provider' = 'go', 'function' = 'com.acme.Shout')", "m INPUT", "STRING")
	w.refused(t, "CREATE MODEL m INPUT (s STRING) OUTPUT (cry INT) WITH ('provider' = 'go', 'function' = 'com.acme.Shout')", "m INPUT", "gives STRING")
	w.refused(t, "CREATE MODEL m INPUT (s STRING) OUTPUT (cry INT) WITH ('provider' = 'wasm', 'module' = 'none.wasm')", "'none.wasm'", "there is no file")
	w.refused(t, "SELECT * FROM ML_PREDICT(TABLE texts, MODEL loud, DESCRIPTOR(text), MAP['async', 'true'])", "'true'", "computed in the task itself")
}

func TestModelsAreDeclared(t *testing.T) {
	dir := t.TempDir()
	open := func() *world {
		eng, err := engine.Open(context.Background(), engine.Options{DataDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return &world{engine: eng, session: eng.NewSession()}
	}
	w := open()
	w.must(t, `CREATE DATABASE d;
		CREATE MODEL a INPUT (s STRING) OUTPUT (n INT) WITH ('provider' = 'http', 'endpoint' = 'http://127.0.0.1:1');
		CREATE MODEL IF NOT EXISTS a INPUT (s STRING) OUTPUT (n INT) WITH ('provider' = 'nobody');
		CREATE OR REPLACE MODEL a INPUT (s STRING) OUTPUT (n INT) COMMENT 'it counts' WITH ('provider' = 'http', 'endpoint' = 'http://127.0.0.1:2', 'header.key' = 'hunter2');
		CREATE MODEL d.inner INPUT (s STRING) OUTPUT (n INT) WITH ('provider' = 'http', 'endpoint' = 'http://127.0.0.1:1');
		CREATE TEMPORARY MODEL passing INPUT (s STRING) OUTPUT (n INT) WITH ('provider' = 'http', 'endpoint' = 'http://127.0.0.1:1');
		ALTER MODEL a SET ('timeout' = '1 s', 'batch-size' = '7'); ALTER MODEL a RESET ('batch-size'); ALTER MODEL a RENAME TO b; ALTER MODEL IF EXISTS a RESET ('timeout')`)
	for query, want := range map[string]string{"SHOW MODELS": "b passing", "SHOW MODELS FROM d": "inner", "SHOW MODELS LIKE 'p%'": "passing"} {
		if got := w.lines(t, query); got != want {
			t.Errorf("%s = %s, want %s", query, got, want)
		}
	}
	w.refused(t, "CREATE MODEL b INPUT (s STRING) OUTPUT (n INT) WITH ('provider' = 'http')", "b INPUT", "there is already a model `b`")
	w.refused(t, "CREATE MODEL m INPUT (s STRING) OUTPUT (n INT) WITH ('provider' = 'htp')", "'htp'", "there is no model provider 'htp'")
	w.refused(t, "CREATE MODEL m INPUT (s STRING) WITH ('provider' = 'http')", "m INPUT", "doesn't say its OUTPUT")
	w.refused(t, "CREATE MODEL m INPUT (s STRING, s INT) OUTPUT (n INT) WITH ('provider' = 'http')", "s INT", "two columns `s`")
	w.refused(t, "CREATE MODEL m INPUT (s STRING) OUTPUT (n INT) WITH ('provider' = 'http', 'endpoint' = 'ftp://x')", "", "no URL of HTTP")
	w.refused(t, "CREATE MODEL m INPUT (s STRING) OUTPUT (n INT) WITH ('provider' = 'http', 'endpoint' = 'http://x', 'batchsize' = '1')", "'batchsize'", "has no option 'batchsize'")
	w.refused(t, "CREATE MODEL m INPUT (s INT) OUTPUT (n STRING) WITH ('provider' = 'openai', 'endpoint' = 'http://x/chat/completions', 'api-key' = 'k', 'model' = 'm')", "", "takes one STRING")
	w.refused(t, "CREATE MODEL m INPUT (s STRING) OUTPUT (n STRING) WITH ('provider' = 'openai', 'endpoint' = 'http://x/v1', 'api-key' = 'k', 'model' = 'm')", "'http://x/v1'", "ends neither in")
	w.refused(t, "ALTER MODEL b SET ('timeout' = 'soon')", "'soon'", "'timeout'")
	w.refused(t, "DROP MODEL bb", "bb", "did you mean `b`?")
	w.refused(t, "DROP DATABASE d", "d", "holds `inner`")
	w.must(t, "DROP TEMPORARY MODEL passing; DROP MODEL IF EXISTS passing")
	if err := w.engine.Close(); err != nil {
		t.Fatal(err)
	}
	w = open()
	defer w.engine.Close()
	if got := w.run("SHOW CREATE MODEL b"); got != `CREATE MODEL `+"`b`"+`
INPUT (`+"`s`"+` STRING)
OUTPUT (`+"`n`"+` INT)
COMMENT 'it counts'
WITH (
  'endpoint' = 'http://127.0.0.1:2',
  'header.key' = '******',
  'provider' = 'http',
  'timeout' = '1 s'
)
` {
		t.Error(got)
	}
	w.must(t, "DROP MODEL b; DROP DATABASE d CASCADE")
	if got := w.lines(t, "SHOW MODELS"); got != "" {
		t.Error(got)
	}
}

// TestAJobKeepsItsModels stops a job, drops the model that it calls, and goes on.
func TestAJobKeepsItsModels(t *testing.T) {
	url, _ := chat(t)
	ctx := context.Background()
	tables := enginetest.NewTables()
	tables.Table("t").SetSplits(true, []string{"+I x=a", "+I x=b"})
	opts := engine.Options{DataDir: t.TempDir(), Connectors: []connector.Connector{tables.Connector()}}
	eng, err := engine.Open(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	results, err := eng.Execute(ctx, fmt.Sprintf(`CREATE TEMPORARY MODEL shout INPUT (prompt STRING) OUTPUT (answer STRING)
			WITH ('provider' = 'openai', 'endpoint' = '%s/v1/chat/completions', 'api-key' = 'sesame', 'model' = 'm');
		CREATE TABLE t (x STRING) WITH ('connector' = 'memory');
		CREATE TABLE o (s STRING) WITH ('connector' = 'memory');
		EXPLAIN SELECT answer FROM ML_PREDICT(TABLE t, MODEL shout, DESCRIPTOR(x));
		INSERT INTO o SELECT answer FROM ML_PREDICT(TABLE t, MODEL shout, DESCRIPTOR(x))`, url))
	if err != nil {
		t.Fatal(err)
	}
	if plan := results[3].Message; !strings.Contains(plan, "MODEL SHOUT(x)") || strings.Contains(plan, "sesame") {
		t.Error(plan)
	}
	job := results[len(results)-1].Job
	if _, err := job.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(job.Stop(ctx), eng.Close()); err != nil {
		t.Fatal(err)
	}
	if eng, err = engine.Open(ctx, opts); err != nil {
		t.Fatal(err)
	}
	defer eng.Close()
	tables.Table("t").SetSplits(false, []string{"+I x=a", "+I x=b", "+I x=c"})
	again, err := eng.Resume(ctx, job.ID())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	table, err := enginetest.Fold(tables.Table("o").Rows())
	if err != nil {
		t.Fatal(err)
	}
	if got := enginetest.Lines(table); got != "s=A\ns=B\ns=C\n" {
		t.Errorf("%q", got)
	}
}
