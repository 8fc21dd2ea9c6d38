package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/engine"
)

func TestExplainAnalyzeRunsTheStatement(t *testing.T) {
	w := newWorld(t, engine.Options{Parallelism: 1})
	results, err := w.session.Execute(context.Background(), `
CREATE TABLE seen (a INT) WITH ('connector' = 'memory');
EXPLAIN ANALYZE INSERT INTO seen SELECT a FROM (VALUES (1), (2), (3)) AS v(a) WHERE a > 1;
EXPLAIN ANALYZE SELECT * FROM (VALUES (1), (2)) AS v(a);
EXPLAIN JSON_EXECUTION_PLAN SELECT 1;`)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]string{1: "rows out", 2: "== Run ==", 3: `"ship_strategy"`} {
		if got := results[i].Message; !strings.Contains(got, want) {
			t.Errorf("statement %d: no %s in\n%s", i, want, got)
		}
	}
	if got := w.rows("seen"); strings.Count(got, "a=") != 2 {
		t.Errorf("the INSERT left %q", got)
	}
}

func TestExplainAnalyzeRefusesWhatNeverEnds(t *testing.T) {
	w := newWorld(t, engine.Options{Parallelism: 1})
	_, err := w.session.Execute(context.Background(), `
CREATE TABLE ticks (a INT) WITH ('connector' = 'datagen');
EXPLAIN ANALYZE SELECT * FROM ticks;`)
	if err == nil || !strings.Contains(err.Error(), "this one has none") {
		t.Errorf("error %v", err)
	}
}
