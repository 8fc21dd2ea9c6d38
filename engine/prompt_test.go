package engine_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/thalweg/thalweg/engine"
)

// TestRowsOfEndlessJobsDoNotWaitForTheInterval sends rows through two jobs whose
// interval is longer than any test runs.
func TestRowsOfEndlessJobsDoNotWaitForTheInterval(t *testing.T) {
	ctx := context.Background()
	eng, err := engine.Open(ctx, engine.Options{DataDir: t.TempDir(), Parallelism: 1, RestartAttempts: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close()
	rows := must[*engine.Rows](t)(eng.Query(ctx, `
		SET 'execution.checkpointing.interval' = '1 d';
		CREATE STREAM a (v INT);
		CREATE STREAM b (v INT, n BIGINT);
		INSERT INTO b SELECT v + 1, 0 FROM a;
		SELECT v FROM b`))
	defer rows.Close()
	for i := range 3 {
		must[[]engine.RecordPosition](t)(eng.AppendRecords(ctx, "a", []engine.StreamRecord{{Data: fmt.Appendf(nil, `{"v":%d}`, i)}}))
		batch, err := rows.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if text := batch.Column(0).ValueStr(0); batch.Rows() != 1 || text != fmt.Sprint(i+1) {
			t.Errorf("row %d: %d rows, %s", i, batch.Rows(), text)
		}
		batch.Release()
	}
}
