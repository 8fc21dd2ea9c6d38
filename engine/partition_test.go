package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/engine"
)

func TestPartitionsAndOverwriting(t *testing.T) {
	w := &upsertWorld{T: t}
	w.options = engine.Options{DataDir: t.TempDir(), WorkDir: t.TempDir(), Parallelism: 2}
	w.open()
	defer func() {
		if err := w.engine.Close(); err != nil {
			t.Error(err)
		}
	}()
	run := func(script string) {
		t.Helper()
		for _, r := range w.run(script) {
			if r.Kind == engine.ResultJob {
				if err := r.Job.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	run(`CREATE TABLE t (a INT, d DATE, s STRING) PARTITIONED BY (d, s) WITH ('connector' = 'filesystem', 'path' = 't', 'format' = 'json');
		CREATE TABLE u (a INT) WITH ('connector' = 'filesystem', 'path' = 'u', 'format' = 'csv');
		CREATE TABLE p (a INT) WITH ('connector' = 'print')`)
	run(`INSERT INTO t VALUES (1, DATE '2024-01-01', 'x'), (2, DATE '2024-01-01', 'y'), (3, DATE '2024-01-02', CAST(NULL AS STRING))`)
	check := func(query string, want ...string) {
		t.Helper()
		if got := w.contents(query); !slices.Equal(got, want) {
			t.Errorf("%s gives %q, not %q", query, got, want)
		}
	}
	run(`INSERT OVERWRITE t SELECT a * 10, d, s FROM t WHERE a = 2`)
	check("SELECT a FROM t", "+I a=1", "+I a=20", "+I a=3")
	run(`INSERT OVERWRITE t PARTITION (d = '2024-01-01') SELECT 7, 'z'`)
	check("SELECT a, s FROM t", "+I a=3 s=NULL", "+I a=7 s=z")
	run(`INSERT OVERWRITE t PARTITION (d = '2024-01-01') SELECT a, s FROM t WHERE a > 100`)
	check("SELECT a FROM t", "+I a=3")
	run(`INSERT INTO u VALUES 1, 2`)
	run(`INSERT OVERWRITE u SELECT a + 10 FROM u`)
	check("SELECT a FROM u", "+I a=11", "+I a=12")
	run(`ALTER TABLE t ADD PARTITION (d = '2024-02-01', s = 'q')`)
	run(`ALTER TABLE t ADD IF NOT EXISTS PARTITION (d = '2024-02-01', s = 'q')`)
	run(`ALTER TABLE t DROP PARTITION (d = '2024-01-02', s = NULL)`)
	check("SELECT a FROM t")
	checkPartitions(t, w)
	run(`TRUNCATE TABLE u`)
	check("SELECT a FROM u")
	for script, want := range map[string]string{
		"ALTER TABLE t ADD PARTITION (d = '2024-02-01', s = 'q')":  "is there already",
		"ALTER TABLE t DROP PARTITION (d = '2024-03-01', s = 'q')": "is not there",
		"ALTER TABLE t DROP PARTITION (d = '2024-03-01')":          "has no value",
		"ALTER TABLE t DROP PARTITION (x = 1, d = '1', s = '2')":   "not partitioned by",
		"ALTER TABLE t DROP PARTITION (d = 1 + 1, s = 'q')":        "needs a literal",
		"SHOW PARTITIONS u":                   "is not partitioned",
		"SHOW PARTITIONS t PARTITION (x = 1)": "is not partitioned by `x`",
		"SHOW PARTITIONS p":                   "is not for the connector 'print'",
		"TRUNCATE TABLE p":                    "is not for the connector 'print'",
		"TRUNCATE TABLE nix":                  "there is no table",
		"INSERT OVERWRITE p SELECT 1":         "can't replace",
		"INSERT OVERWRITE u VALUES 'x'":       "can't be written",
	} {
		if _, err := w.engine.Execute(t.Context(), script); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", script, err)
		}
	}
}

// checkPartitions shows partitions: all, those with a value, and none.
func checkPartitions(t *testing.T, w *upsertWorld) {
	t.Helper()
	if got := w.contents("SHOW PARTITIONS t"); !slices.Contains(got, "+I partition name='d=2024-02-01/s=q'") && !slices.Contains(got, "+I partition name=d=2024-02-01/s=q") {
		t.Errorf("the partitions are %q", got)
	}
	if got := w.contents("SHOW PARTITIONS t PARTITION (s = 'q')"); len(got) != 1 || !strings.Contains(got[0], "d=2024-02-01/s=q") {
		t.Errorf("the partitions of s = 'q' are %q", got)
	}
	if got := w.contents("SHOW PARTITIONS t PARTITION (s = 'q', d = '1999-01-01')"); len(got) > 0 {
		t.Errorf("the partitions of a day without any are %q", got)
	}
}
