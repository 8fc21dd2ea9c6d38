package engine_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/enginetest"
)

// TestOpenMatchesOutgrowMemoryAndMoveBetweenTasks gives each of many partitions one row
// of A+ B at a time, stops with a savepoint between and goes on with another number of
// tasks, under a budget of state that the open matches exceed. Some of the rows wait for
// event time when the savepoint is taken.
func TestOpenMatchesOutgrowMemoryAndMoveBetweenTasks(t *testing.T) {
	const parts = 4_000
	ctx, dir, tables := context.Background(), t.TempDir(), enginetest.NewTables()
	in := tables.Table("t")
	in.SetSplits(true, nil, nil)
	eng := must[*engine.Engine](t)(engine.Open(ctx, engine.Options{DataDir: dir, Parallelism: 2, WorkDir: dir, MemoryBudgetBytes: 1 << 20,
		Connectors: []connector.Connector{tables.Connector()}}))
	defer eng.Close()
	s := eng.NewSession()
	must[[]engine.Result](t)(s.Execute(ctx, `
		CREATE TABLE t (k STRING, v BIGINT, rt TIMESTAMP(3), WATERMARK FOR rt AS rt - INTERVAL '2' SECOND) WITH ('connector' = 'memory');
		CREATE TABLE o (k STRING, n BIGINT, s BIGINT) WITH ('connector' = 'memory');`))
	round := func(v int) {
		for split := range 2 {
			var rows []string
			for i := split; i < parts; i += 2 {
				rows = append(rows, fmt.Sprintf("+I k=key%d v=%d rt=%ds", i, v*(1+i%3), v))
			}
			in.Append(split, rows...)
		}
	}
	for i, parallelism := range []int{2, 3, 1, 2} {
		round(2*i + 1)
		round(2*i + 2)
		if i == 3 {
			round(9)
			in.Finish()
		}
		results := must[[]engine.Result](t)(s.Execute(ctx, fmt.Sprintf(`SET 'parallelism.default' = '%d';
			INSERT INTO o SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY k ORDER BY rt
				MEASURES COUNT(*) AS n, SUM(v) AS s PATTERN (A+ B) DEFINE A AS SUM(A.v) < 30, B AS B.v > 15) AS m`, parallelism)))
		job := results[1].Job
		if i == 3 {
			if err := job.Wait(ctx); err != nil {
				t.Fatal(err)
			}
			break
		}
		if err := in.WaitRead(ctx); err != nil {
			t.Fatal(err)
		}
		rel := must[string](t)(filepath.Rel(dir, must[string](t)(job.StopWithSavepoint(ctx, false))))
		must[[]engine.Result](t)(s.Execute(ctx, "SET 'execution.state-recovery.path' = '"+rel+"'"))
	}
	// 12, 14, 16 of twice 1 to 9; 12, 15, 18 and 21, 24 of three times them.
	var want []string
	for i := range parts {
		switch i % 3 {
		case 1:
			want = append(want, fmt.Sprintf("+I k=key%d n=3 s=42", i))
		case 2:
			want = append(want, fmt.Sprintf("+I k=key%d n=3 s=45", i), fmt.Sprintf("+I k=key%d n=2 s=45", i))
		}
	}
	got := tables.Table("o").Rows()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("%d rows, want %d: %s … %s", len(got), len(want), strings.Join(got[:min(4, len(got))], "; "), strings.Join(want[:4], "; "))
	}
}
