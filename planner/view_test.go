package planner

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestViewsArePlannedAtTheSameTime plans queries over one view by many at once: they
// share what was made of its text.
func TestViewsArePlannedAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	if err := w.define(`CREATE TABLE t (a INT, b STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'test');
CREATE VIEW v AS WITH c AS (SELECT a, b FROM t WHERE a IN (SELECT a FROM t WHERE b LIKE 'x%') ORDER BY b LIMIT 3)
  SELECT CASE a WHEN 1, 2 THEN COUNT(*) ELSE SUM(a) END AS n, ROW_NUMBER() OVER (PARTITION BY a ORDER BY COUNT(*)) AS r FROM c GROUP BY a, b
  HAVING EXISTS (SELECT 1 FROM t ORDER BY a LIMIT 1);
CREATE VIEW u AS SELECT x.n, y.r FROM v AS x LEFT JOIN v AS y ON x.n = y.r AND EXISTS (SELECT 1 FROM t WHERE a = x.n + y.r)`); err != nil {
		t.Fatal(err)
	}
	plans := make([]string, 8)
	var wg sync.WaitGroup
	for i := range plans {
		wg.Go(func() {
			stmt, err := single("SELECT n FROM u WHERE r > 1")
			if err != nil {
				plans[i] = fmt.Sprint(err)
				return
			}
			if plans[i], err = New(w.cat, Options{}).Explain(stmt); err != nil {
				plans[i] = err.Error()
			}
		})
	}
	wg.Wait()
	for i := range plans {
		if plans[i] != plans[0] || !strings.Contains(plans[i], "Join") {
			t.Errorf("%s\nand\n%s", plans[0], plans[i])
		}
	}
}
