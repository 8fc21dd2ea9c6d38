package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/enginetest"
	"github.com/thalweg/thalweg/engine/functions/wasm/wasmtest"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
)

// span is the state of the test's aggregate in Go.
type span struct {
	Low, High int64
	Some      bool
}

// standIns are functions in Go that stand in for classes of a script.
func standIns() engine.Options {
	return engine.Options{Parallelism: 1,
		Functions: []expr.Function{expr.GoFunc1("com.acme.Shout", func(s string) string { return strings.ToUpper(s) + "!" })},
		Aggregates: []agg.Function{agg.GoFunc1("com.acme.Span", agg.Go1[span, int64, int64]{
			Add: func(s *span, v int64) {
				if !s.Some {
					*s = span{v, v, true}
				}
				s.Low, s.High = min(s.Low, v), max(s.High, v)
			},
			Merge: func(s, o *span) {
				if o.Some && s.Some {
					*s = span{min(s.Low, o.Low), max(s.High, o.High), true}
				} else if o.Some {
					*s = *o
				}
			},
			Result: func(s *span) (int64, bool) { return s.High - s.Low, s.Some },
		})},
		TableFunctions: []expr.TableFunction{expr.GoTable1("com.acme.Letters", "letter", func(s string, emit func(string)) {
			for _, r := range s {
				emit(string(r))
			}
		})},
	}
}

// lines runs a query and gives its rows as texts.
func (w *world) lines(t *testing.T, text string) string {
	t.Helper()
	var out []string
	for _, row := range w.query(t, text) {
		out = append(out, strings.Join(row, ","))
	}
	return strings.Join(out, " ")
}

func (w *world) must(t *testing.T, script string) {
	t.Helper()
	if _, err := w.session.Execute(context.Background(), script); err != nil {
		t.Fatal(err)
	}
}

// refused runs a script that fails and checks what it says, and where.
func (w *world) refused(t *testing.T, script, at, says string) {
	t.Helper()
	_, err := w.session.Execute(context.Background(), script)
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: %v, want %q", script, err, says)
		return
	}
	if text := engine.Render(err, "x.sql", script); at != "" && !strings.Contains(text, fmt.Sprintf("x.sql:1:%d", strings.Index(script, at)+1)) {
		t.Errorf("%s: it points elsewhere:\n%s", script, text)
	}
}

func TestGoFunctionsStandInForClasses(t *testing.T) {
	w := newWorld(t, standIns())
	w.must(t, `CREATE FUNCTION shout AS 'com.acme.Shout' LANGUAGE JAVA;
		CREATE TEMPORARY FUNCTION spread AS 'com.acme.Span';
		CREATE TEMPORARY SYSTEM FUNCTION letters AS 'com.acme.Letters' LANGUAGE SCALA USING JAR 'acme.jar'`)
	for query, want := range map[string]string{
		"SELECT shout(x) FROM (VALUES 'a', 'b') AS t(x)":                                                                        "A! B!",
		"SELECT `default_database`.Shout('c')":                                                                                  "C!",
		"SELECT k, SPREAD(v) FROM (VALUES (1, 5), (1, 9), (2, 4)) AS t(k, v) GROUP BY k":                                        "1,4 2,0",
		"SELECT SPREAD(DISTINCT v) FILTER (WHERE v < 9) FROM (VALUES 5, 9, 2) AS t(v)":                                          "3",
		"SELECT v, SPREAD(v) OVER (ORDER BY PROCTIME() ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES 1, 5, 7) AS t(v)": "1,0 5,4 7,2",
		"SELECT SPREAD(n) FROM (SELECT k, COUNT(*) AS n FROM (VALUES 1, 1, 1, 2) AS t(k) GROUP BY k)":                           "2",
		"SELECT x, l FROM (VALUES 'ab', 'c') AS t(x), LATERAL TABLE(letters(x)) AS u(l)":                                        "ab,a ab,b c,c",
		"SHOW USER FUNCTIONS": "com.acme.letters com.acme.shout com.acme.span letters shout spread",
		"DESCRIBE FUNCTION EXTENDED spread": "is system function,false is temporary,true class name,com.acme.Span function language,JAVA " +
			"kind,AGGREGATE signature,SPREAD(BIGINT) is deterministic,true",
	} {
		if got := w.lines(t, query); got != want {
			t.Errorf("%s\n= %s\nwant %s", query, got, want)
		}
	}
	for function, want := range map[string]string{
		"shout":   "CREATE FUNCTION `shout` AS 'com.acme.Shout' LANGUAGE JAVA",
		"Spread":  "CREATE TEMPORARY FUNCTION `spread` AS 'com.acme.Span' LANGUAGE JAVA",
		"letters": "CREATE TEMPORARY SYSTEM FUNCTION `letters` AS 'com.acme.Letters' LANGUAGE SCALA",
	} {
		results, err := w.session.Execute(context.Background(), "SHOW CREATE FUNCTION "+function)
		if err != nil || results[0].Message != want {
			t.Errorf("%s: %v, %v", function, results, err)
		}
	}
	w.refused(t, "SHOW CREATE FUNCTION upper", "upper", "UPPER is built in, and was not created")
	w.refused(t, "SHOW CREATE FUNCTION shuot", "shuot", "there is no function SHUOT of a user")
	w.refused(t, "CREATE FUNCTION f AS 'com.acme.Gone'", "'com.acme.Gone'", "no Go function is registered as 'com.acme.Gone', and this program runs no Java")
	w.refused(t, "CREATE FUNCTION f AS 'x' LANGUAGE RUST", "'x'", "there is no language RUST")
	w.refused(t, "CREATE FUNCTION shout AS 'com.acme.Shout'", "shout", "there is already a function SHOUT")
	w.refused(t, "CREATE FUNCTION upper AS 'com.acme.Shout'", "upper", "UPPER is a built-in function")
	w.refused(t, "SELECT shout(1, 2)", "shout", "takes (STRING)")
	w.refused(t, "DROP FUNCTION spread", "spread", "write TEMPORARY FUNCTION")
	w.refused(t, "ALTER FUNCTION shout AS 'com.acme.Gone'", "'com.acme.Gone'", "no Go function is registered as 'com.acme.Gone'")
	w.refused(t, "ALTER FUNCTION shout AS 'gone.wasm' LANGUAGE WASM", "'gone.wasm'", "there is no file")
	w.refused(t, "ALTER FUNCTION shout AS 'x' LANGUAGE RUST", "'x'", "there is no language RUST")
	if got := w.lines(t, "SELECT shout('c')"); got != "C!" {
		t.Errorf("after refused ALTERs: %s", got)
	}
	w.must(t, `ALTER FUNCTION shout AS 'com.acme.Letters'; DROP TEMPORARY FUNCTION spread; DROP TEMPORARY SYSTEM FUNCTION letters;
		DROP FUNCTION IF EXISTS nothing; CREATE FUNCTION IF NOT EXISTS shout AS 'com.acme.Shout'`)
	if got := w.lines(t, "SELECT l FROM LATERAL TABLE(shout('ab')) AS u(l)"); got != "a b" {
		t.Errorf("altered: %s", got)
	}
	w.must(t, "DROP FUNCTION shout")
	w.refused(t, "SELECT shout('a')", "shout", "no function called SHOUT")
}

func TestAModuleOutlivesItsFile(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	file := filepath.Join(dir, "numbers.wasm")
	if err := os.WriteFile(file, wasmtest.Plain, 0o644); err != nil {
		t.Fatal(err)
	}
	opts := engine.Options{DataDir: filepath.Join(dir, "data"), WorkDir: dir, Parallelism: 1}
	func() {
		eng, err := engine.Open(ctx, opts)
		if err != nil {
			t.Fatal(err)
		}
		defer eng.Close()
		if _, err := eng.Execute(ctx, "CREATE FUNCTION plus AS 'numbers.wasm' LANGUAGE WASM WITH ('symbol' = 'add')"); err != nil {
			t.Fatal(err)
		}
	}()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, opts)
	if got := w.lines(t, "SELECT plus(x, 1) FROM (VALUES 1, CAST(NULL AS INT), 3) AS t(x)"); got != "2 NULL 4" {
		t.Errorf("after a restart: %s", got)
	}
	w.refused(t, "CREATE FUNCTION f AS 'numbers.wasm' LANGUAGE WASM", "'numbers.wasm'", "there is no file")
	w.refused(t, "CREATE FUNCTION f AS 'x' LANGUAGE WASM WITH ('timeot' = '1 s')", "", "there is no file")
}

func TestSecretsAreNotShown(t *testing.T) {
	w := newWorld(t, engine.Options{Parallelism: 1})
	w.must(t, `CREATE TABLE t (a INT) WITH ('connector' = 'nats', 'url' = 'nats://127.0.0.1:1', 'subject' = 's', 'format' = 'avro-confluent',
		'avro-confluent.url' = 'http://127.0.0.1:1', 'avro-confluent.basic-auth.user-info' = 'me:hunter2')`)
	if got := w.run("SHOW CREATE TABLE t"); strings.Contains(got, "hunter2") || !strings.Contains(got, "'avro-confluent.basic-auth.user-info' = '******'") {
		t.Error(got)
	}
}

// TestAJobKeepsItsFunctions stops a job, drops the function that it calls, and goes on
// in another engine: the job has the function still.
func TestAJobKeepsItsFunctions(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	file := filepath.Join(dir, "numbers.wasm")
	if err := os.WriteFile(file, wasmtest.Plain, 0o644); err != nil {
		t.Fatal(err)
	}
	tables := enginetest.NewTables()
	tables.Table("t").SetSplits(true, []string{"+I x=1", "+I x=2"})
	opts := standIns()
	opts.DataDir, opts.WorkDir, opts.Connectors = filepath.Join(dir, "data"), dir, []connector.Connector{tables.Connector()}
	open := func() *engine.Engine {
		eng, err := engine.Open(ctx, opts)
		if err != nil {
			t.Fatal(err)
		}
		return eng
	}
	eng := open()
	results, err := eng.Execute(ctx, `CREATE FUNCTION plus AS 'numbers.wasm' LANGUAGE WASM WITH ('symbol' = 'add');
		CREATE TEMPORARY FUNCTION spread AS 'com.acme.Span';
		CREATE TABLE t (x INT) WITH ('connector' = 'memory');
		CREATE TABLE o (s BIGINT, PRIMARY KEY (s) NOT ENFORCED) WITH ('connector' = 'memory');
		INSERT INTO o SELECT SPREAD(plus(x, x)) FROM t`)
	if err != nil {
		t.Fatal(err)
	}
	job := results[len(results)-1].Job
	if _, err := job.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	if err := job.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := eng.Execute(ctx, "DROP FUNCTION plus"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(eng.Close(), os.Remove(file)); err != nil {
		t.Fatal(err)
	}
	eng = open()
	defer eng.Close()
	tables.Table("t").SetSplits(false, []string{"+I x=1", "+I x=2", "+I x=9"})
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
	if got := enginetest.Lines(table); got != "s=16\n" {
		t.Errorf("the spread of doubles is %q", got)
	}
}

func TestFunctionsOfAModuleInGo(t *testing.T) {
	path := wasmtest.Text(t)
	w := newWorld(t, engine.Options{Parallelism: 2})
	w.must(t, fmt.Sprintf(`CREATE FUNCTION initials AS '%[1]s' LANGUAGE WASM;
		CREATE FUNCTION gm AS '%[1]s' LANGUAGE WASM WITH ('symbol' = 'geomean');
		CREATE FUNCTION words AS '%[1]s' LANGUAGE WASM`, path))
	for query, want := range map[string]string{
		"SELECT initials(f, l) FROM (VALUES ('Ada', 'Lovelace'), (NULL, 'Hopper')) AS t(f, l)":                                          "A. Lovelace NULL",
		"SELECT k, gm(v) FROM (VALUES (1, 2), (1, 8), (2, 5)) AS t(k, v) GROUP BY k ORDER BY k LIMIT 9":                                 "1,4.0 2,5.0",
		"SELECT gm(n) FROM (SELECT k, COUNT(*) AS n FROM (VALUES 1, 1, 1, 1, 2) AS t(k) GROUP BY k)":                                    "2.0",
		"SELECT x, w FROM (VALUES 'to be', CAST(NULL AS STRING), '', 'or') AS t(x), LATERAL TABLE(words(x)) AS u(w) ORDER BY w LIMIT 9": "to be,be or,or to be,to",
	} {
		if got := w.lines(t, query); got != want {
			t.Errorf("%s\n= %s\nwant %s", query, got, want)
		}
	}
	script := "SELECT initials(x, x) FROM (VALUES 'a', '') AS t(x)"
	rows, err := w.session.Query(context.Background(), script)
	if err == nil {
		defer rows.Close()
		_, err = rows.Table(context.Background())
	}
	if err == nil || !strings.Contains(err.Error(), "row 1 of the batch, initials(, )") || !strings.Contains(err.Error(), "slice bounds out of range") {
		t.Errorf("a trap: %v", err)
	}
}
