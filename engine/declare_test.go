package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/thalweg/thalweg/engine/enginetest"
)

// TestOneOfManyCreatesATable has sessions declare one name at the same time: one of them
// does, and the others are told so, or that there is nothing to do.
func TestOneOfManyCreatesATable(t *testing.T) {
	eng := openWorld(t, t.TempDir(), enginetest.NewTables())
	defer eng.Close()
	for round := range 20 {
		for _, clause := range []string{"", "IF NOT EXISTS "} {
			name := fmt.Sprintf("t%d_%d", round, len(clause))
			var made, found, refused atomic.Int64
			var wait sync.WaitGroup
			for i := range 8 {
				wait.Go(func() {
					what := "TABLE %s%s (x INT) WITH ('connector' = 'memory')"
					if i%2 == 1 {
						what = "VIEW %s%s AS SELECT 1 AS x"
					}
					results, err := eng.NewSession().Execute(context.Background(), fmt.Sprintf("CREATE "+what, clause, name))
					switch {
					case err != nil && strings.Contains(err.Error(), "there is already a table or view"):
						refused.Add(1)
					case err != nil:
						t.Error(err)
					case strings.HasPrefix(results[0].Message, "created"):
						made.Add(1)
					default:
						found.Add(1)
					}
				})
			}
			wait.Wait()
			if made.Load() != 1 || clause == "" && found.Load() > 0 || clause != "" && refused.Load() > 0 {
				t.Fatalf("%s: %d made it, %d found it, %d were refused", name, made.Load(), found.Load(), refused.Load())
			}
		}
	}
}
