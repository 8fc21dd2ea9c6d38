package planner

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestPlanningGrowsWithTheText plans queries in which something is nested or repeated,
// each of a form that once took time exponential or quadratic in its length.
func TestPlanningGrowsWithTheText(t *testing.T) {
	ctes := func(n int, first, next string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "WITH c0 AS (%s)", first)
		for i := range n {
			fmt.Fprintf(&b, ", c%d AS (%s)", i+1, strings.ReplaceAll(next, "@", fmt.Sprintf("c%d", i)))
		}
		return b.String()
	}
	nest := func(n int, open, inner, end string) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(end, n)
	}
	w := newWorld(t)
	ddl := `CREATE TABLE t (a INT, b STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'test');
CREATE VIEW v0 AS SELECT a FROM t`
	for i := range 25 {
		ddl += fmt.Sprintf("; CREATE VIEW v%d AS SELECT x.a FROM v%d AS x JOIN v%d AS y ON x.a = y.a", i+1, i, i)
	}
	if err := w.define(ddl); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"NOT IN in NOT IN": "SELECT a FROM t WHERE " + nest(24, "a NOT IN (SELECT a FROM t WHERE ", "a > 1", ")"),
		"views joined":     "SELECT a FROM v25",
		"WITH over commas": ctes(25, "SELECT a FROM t", "SELECT x.a FROM @ AS x, @ AS y") + " SELECT a FROM c25 WHERE a = 1",
		"WITH over windows": ctes(25, "SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE))", "SELECT * FROM @ UNION ALL SELECT * FROM @") +
			" SELECT window_start, window_end, COUNT(*) FROM c25 GROUP BY window_start, window_end",
		"one name":          "SELECT " + strings.Repeat("a, ", 20_000) + "a FROM t",
		"sum over a group":  "SELECT SUM(a)" + strings.Repeat(" + a", 10_000) + " FROM t GROUP BY a",
		"CASE over a group": "SELECT " + nest(400, "CASE WHEN SUM(a) > 1 THEN ", "1", " END") + " FROM t GROUP BY a",
	} {
		stmt, err := single(text)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := New(w.cat, Options{}).Plan(stmt); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// TestViewsThatDifferAreExpandedAFewTimes expands views each of whose readings gives
// other rows, and so can't share one, up to a bound.
func TestViewsThatDifferAreExpandedAFewTimes(t *testing.T) {
	w := newWorld(t)
	ddl := "CREATE TABLE t (a INT) WITH ('connector' = 'test'); CREATE VIEW v0 AS SELECT a, RAND() AS r FROM t"
	for i := range 12 {
		ddl += fmt.Sprintf("; CREATE VIEW v%d AS SELECT x.a, y.r FROM v%d AS x JOIN v%d AS y ON x.a = y.a", i+1, i, i)
	}
	if err := w.define(ddl); err != nil {
		t.Fatal(err)
	}
	for view, want := range map[string]string{"v3": "", "v12 AS x JOIN v12 AS y ON x.a = y.a": "more than 10000 times"} {
		stmt, err := single("SELECT * FROM " + view)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = New(w.cat, Options{}).Plan(stmt); err == nil != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", view, err)
		}
	}
}
