package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/enginetest"
)

// TestLookupJoinOverFiles asks csv files for the rows of each key.
func TestLookupJoinOverFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"side/a.csv": "1,one,x\n2,two,y\n", "side/b.csv": "2,zwei,x\n,none,x\n"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, engine.Options{Parallelism: 2})
	w.tables.Table("asked").SetSplits(false, []string{"+I id=1", "+I id=2", "+I id=3", "+I id=NULL"})
	head := fmt.Sprintf(`
CREATE TABLE asked (id BIGINT, at AS PROCTIME()) WITH ('connector' = 'memory');
CREATE TABLE side (k INT, name STRING, kind STRING, up AS UPPER(name)) WITH ('connector' = 'filesystem', 'path' = '%s/side', 'format' = 'csv');
CREATE VIEW x AS SELECT k, up FROM side WHERE kind = 'x';
`, dir)
	w.run(head)
	for _, c := range []struct{ query, want string }{
		{`SELECT a.id, s.up FROM asked AS a JOIN side FOR SYSTEM_TIME AS OF a.at AS s ON a.id = s.k ORDER BY id, up`,
			"id=1 up=ONE|id=2 up=TWO|id=2 up=ZWEI"},
		{`SELECT a.id, s.up FROM asked AS a LEFT JOIN x FOR SYSTEM_TIME AS OF a.at AS s ON a.id = s.k ORDER BY id`,
			"id=NULL up=NULL|id=1 up=ONE|id=2 up=ZWEI|id=3 up=NULL"},
		{`SELECT a.id, s.name FROM asked AS a JOIN side FOR SYSTEM_TIME AS OF a.at AS s ON s.kind = 'y' AND a.id > s.k ORDER BY id`, "id=3 name=two"},
		{`SELECT /*+ LOOKUP('table' = 's', 'async' = 'true', 'output-mode' = 'allow_unordered') */ a.id, COUNT(s.k) AS n
			FROM asked AS a LEFT JOIN side FOR SYSTEM_TIME AS OF a.at AS s ON a.id = s.k GROUP BY a.id ORDER BY id`, "id=NULL n=0|id=1 n=1|id=2 n=2|id=3 n=0"},
	} {
		got := strings.Split(strings.TrimSpace(w.run(c.query)), "\n")
		if text := strings.ReplaceAll(strings.Join(got[1:], "|"), "+I ", ""); text != c.want {
			t.Errorf("%s\n%s\nwant %s", c.query, strings.Join(got, "\n"), c.want)
		}
	}
	// A missing file is the user's mistake.
	w.run(fmt.Sprintf("CREATE TABLE nowhere (k BIGINT) WITH ('connector' = 'filesystem', 'path' = '%s/gone', 'format' = 'csv')", dir))
	if got := w.run("SELECT a.id FROM asked AS a JOIN nowhere FOR SYSTEM_TIME AS OF a.at AS s ON a.id = s.k"); !strings.Contains(got, "gone") {
		t.Errorf("a missing file: %s", got)
	}
}

// TestJoinsAsOfGoOnFromASavepoint stops a job while left rows wait for their versions,
// and goes on with more tasks: each row comes out once, with the version of its time.
func TestJoinsAsOfGoOnFromASavepoint(t *testing.T) {
	ctx, dir, tables := context.Background(), t.TempDir(), enginetest.NewTables()
	if err := os.WriteFile(filepath.Join(dir, "side.csv"), []byte("0,zero\n1,one\n2,two\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	orders, rates := tables.Table("orders"), tables.Table("rates")
	var left, right []string
	for i := range 200 {
		left = append(left, fmt.Sprintf("+I id=%d cur=c%d ts=%ds", i, i%7, 10*i+5))
		right = append(right, fmt.Sprintf("+U cur=c%d rate=%d ts=%ds", i%7, i, 10*i))
	}
	orders.SetSplits(true, left[:120])
	rates.SetSplits(true, right[:100])
	eng := openWorld(t, dir, tables)
	defer eng.Close()
	s := eng.NewSession()
	insert := `INSERT INTO o SELECT /*+ LOOKUP('table' = 's', 'async' = 'true', 'capacity' = '2') */ j.id, j.rate, s.name
FROM (SELECT o.id, r.rate, PROCTIME() AS at FROM orders AS o JOIN rates FOR SYSTEM_TIME AS OF o.ts AS r ON o.cur = r.cur) AS j
LEFT JOIN side FOR SYSTEM_TIME AS OF j.at AS s ON MOD(j.id, 4) = s.k;`
	results := must[[]engine.Result](t)(s.Execute(ctx, `
CREATE TABLE orders (id BIGINT, cur STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'memory');
CREATE TABLE rates (cur STRING, rate INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts, PRIMARY KEY (cur) NOT ENFORCED) WITH ('connector' = 'memory', 'reads' = 'upsert');
CREATE TABLE side (k BIGINT, name STRING) WITH ('connector' = 'filesystem', 'path' = 'side.csv', 'format' = 'csv');
CREATE TABLE o (id BIGINT, rate INT, name STRING) WITH ('connector' = 'memory');`+insert))
	for _, table := range []*enginetest.Table{orders, rates} {
		if err := table.WaitRead(ctx); err != nil {
			t.Fatal(err)
		}
	}
	path := must[string](t)(results[4].Job.StopWithSavepoint(ctx, false))
	orders.Append(0, left[120:]...)
	rates.Append(0, right[100:]...)
	orders.Finish()
	rates.Finish()
	results = must[[]engine.Result](t)(s.Execute(ctx, fmt.Sprintf("SET 'execution.state-recovery.path' = '%s'; SET 'parallelism.default' = '4'; %s",
		must[string](t)(filepath.Rel(dir, path)), insert)))
	if err := results[2].Job.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 200 {
		name := []string{"zero", "one", "two", "NULL"}[i%4]
		want = append(want, fmt.Sprintf("id=%d rate=%d name=%s", i, i, name))
	}
	slices.Sort(want)
	if got := folded(t, tables); got != strings.Join(want, "; ") {
		t.Errorf("got %s", got)
	}
}
