package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/enginetest"
	"github.com/thalweg/thalweg/operators/stream"
)

// contents is what a SELECT gives, sorted.
func (w *upsertWorld) contents(query string) []string {
	w.Helper()
	rows, err := w.engine.Query(w.Context(), query)
	if err != nil {
		w.Fatal(engine.Render(err, "", query))
	}
	defer rows.Close()
	batch, err := rows.Table(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	defer batch.Release()
	lines := stream.FormatRows(batch)
	slices.Sort(lines)
	return lines
}

// until runs a SELECT until it gives what want lists.
func (w *upsertWorld) until(query string, want []string) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	for {
		got := w.contents(query)
		if slices.Equal(got, want) {
			return
		}
		select {
		case <-ctx.Done():
			w.Fatalf("%s gives %q, not %q", query, got, want)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// totalsOf is the view of TestMaterializedViews as a map makes it.
func totalsOf(bids []string) []string {
	sums, counts := map[int]int{}, map[int]int{}
	for _, line := range bids {
		var auction, price int
		fmt.Sscanf(line, "+I auction=%d price=%d", &auction, &price)
		sums[auction] += price
		counts[auction]++
	}
	var out []string
	for auction, sum := range sums {
		if sum%3 != 0 {
			out = append(out, fmt.Sprintf("+I a=%d n=%d s=%d", auction, counts[auction], sum))
		}
	}
	slices.Sort(out)
	return out
}

// TestMaterializedViews keeps an aggregate that changes, a view of it, and a join that
// follows it, under several circumstances, with the server closed in the middle.
func TestMaterializedViews(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	var bids, items []string
	for range 400 {
		bids = append(bids, fmt.Sprintf("+I auction=%d price=%d", random.IntN(20), random.IntN(50)))
	}
	for id := range 15 {
		items = append(items, fmt.Sprintf("+I id=%d name=n%d", id, id))
	}
	for _, c := range []struct{ parallelism, batchRows int }{{1, 1}, {1, 4096}, {3, 16}} {
		t.Run(fmt.Sprintf("%d tasks, %d rows", c.parallelism, c.batchRows), func(t *testing.T) {
			w := &upsertWorld{T: t, tables: enginetest.NewTables()}
			w.options = engine.Options{DataDir: t.TempDir(), Parallelism: c.parallelism, BatchRows: c.batchRows, RestartAttempts: -1,
				CheckpointInterval: 20 * time.Millisecond, Connectors: []connector.Connector{w.tables.Connector()}}
			w.tables.Table("bids").SetSplits(true, bids[:200])
			w.tables.Table("items").SetSplits(false, items)
			w.open()
			w.run(upsertTables + `
				CREATE MATERIALIZED VIEW totals (a, n, s) AS
				SELECT auction, COUNT(*), SUM(price) FROM bids GROUP BY auction HAVING MOD(SUM(price), 3) <> 0;
				CREATE MATERIALIZED VIEW large AS SELECT n, COUNT(*) AS times FROM totals GROUP BY n;
				INSERT INTO joined SELECT i.name, t.n, t.s FROM items AS i JOIN totals AS t ON i.id = t.a;`)
			w.shows(w.twin(bids[:200], items))
			w.until("SELECT * FROM totals", totalsOf(bids[:200]))
			if err := w.engine.Close(); err != nil {
				t.Fatal(err)
			}
			w.tables.Table("bids").Append(0, bids[200:]...)
			w.open()
			defer func() {
				if err := w.engine.Close(); err != nil {
					t.Error(err)
				}
			}()
			w.shows(w.twin(bids, items))
			w.until("SELECT * FROM totals", totalsOf(bids))
			w.until("SELECT * FROM large", w.contents("SELECT n, COUNT(*) AS times FROM totals GROUP BY n"))
			w.checkDrop()
		})
	}
}

// checkDrop drops the view that others read: its job ends, theirs fail.
func (w *upsertWorld) checkDrop() {
	w.Helper()
	w.run("DROP MATERIALIZED VIEW totals")
	failed, cancelled := 0, 0
	for _, job := range w.engine.Jobs() {
		info := job.Info()
		if !strings.HasPrefix(info.Name, "materialize") && !strings.HasPrefix(info.Name, "insert") {
			continue
		}
		ctx, cancel := context.WithTimeout(w.Context(), 5*time.Second)
		_ = job.Wait(ctx)
		cancel()
		switch job.Info().Status {
		case "FAILED":
			failed++
		case "CANCELLED":
			cancelled++
		}
	}
	if failed != 2 || cancelled != 1 {
		w.Errorf("%d jobs failed, %d were cancelled", failed, cancelled)
	}
}

func TestSuspendedViewsAndNewQueries(t *testing.T) {
	w := &upsertWorld{T: t, tables: enginetest.NewTables()}
	w.options = engine.Options{DataDir: t.TempDir(), Parallelism: 1, CheckpointInterval: 20 * time.Millisecond, Connectors: []connector.Connector{w.tables.Connector()}}
	w.tables.Table("bids").SetSplits(true, []string{"+I auction=1 price=1"})
	w.open()
	w.run(upsertTables + "CREATE MATERIALIZED VIEW v AS SELECT auction, price FROM bids")
	w.until("SELECT * FROM v", []string{"+I auction=1 price=1"})
	w.run("ALTER MATERIALIZED VIEW v SUSPEND")
	w.tables.Table("bids").Append(0, "+I auction=2 price=2")
	if err := w.engine.Close(); err != nil {
		t.Fatal(err)
	}
	w.open()
	if got := w.contents("SELECT * FROM v"); !slices.Equal(got, []string{"+I auction=1 price=1"}) {
		t.Errorf("a suspended view holds %q", got)
	}
	w.run("ALTER MATERIALIZED VIEW v RESUME")
	w.until("SELECT * FROM v", []string{"+I auction=1 price=1", "+I auction=2 price=2"})
	w.run("CREATE OR ALTER MATERIALIZED VIEW v AS SELECT auction, price FROM bids") // nothing to do
	w.run("ALTER MATERIALIZED VIEW v AS SELECT price * 10 AS p FROM bids; ALTER MATERIALIZED VIEW v RENAME TO u")
	w.until("SELECT * FROM u", []string{"+I p=10", "+I p=20"})
	if n := len(w.engine.Jobs()); n < 2 {
		t.Errorf("%d jobs", n)
	}
	w.run("DROP MATERIALIZED VIEW u; DROP MATERIALIZED VIEW IF EXISTS u")
	if err := w.engine.Close(); err != nil {
		t.Fatal(err)
	}
	w.open()
	for _, job := range w.engine.Jobs() {
		if !job.Info().State.Ended() {
			t.Errorf("job %s is %s", job.ID(), job.Info().Status)
		}
	}
	if err := w.engine.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestNamesOfViewsAreKept declares other relations under a view's name: one in its place is refused, and a temporary
// one hides it, so that what drops the name does not touch the view.
func TestNamesOfViewsAreKept(t *testing.T) {
	w := &upsertWorld{T: t, tables: enginetest.NewTables()}
	w.options = engine.Options{DataDir: t.TempDir(), Parallelism: 1, CheckpointInterval: 20 * time.Millisecond, Connectors: []connector.Connector{w.tables.Connector()}}
	w.tables.Table("bids").SetSplits(true, []string{"+I auction=1 price=1"})
	w.open()
	defer func() {
		if err := w.engine.Close(); err != nil {
			t.Error(err)
		}
	}()
	w.run(upsertTables + "CREATE MATERIALIZED VIEW v AS SELECT auction, price FROM bids")
	const hiding = "CREATE TEMPORARY TABLE v (a INT) WITH ('connector' = 'blackhole'); "
	for script, want := range map[string]string{
		"CREATE OR REPLACE TABLE v (a INT) WITH ('connector' = 'blackhole')": "`v` is a materialized view",
		"CREATE OR REPLACE VIEW v AS SELECT 1 AS a":                          "`v` is a materialized view",
		hiding + "DROP MATERIALIZED VIEW v":                                  "there is no materialized view `v`",
		hiding + "ALTER MATERIALIZED VIEW v RENAME TO u":                     "there is no materialized view `v`",
	} {
		err := w.engine.NewSession().Each(t.Context(), script, func(engine.Result) error { return nil })
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(want)) {
			t.Errorf("%s\ngives %v, and not %s", script, err, want)
		}
	}
	w.until("SELECT * FROM v", []string{"+I auction=1 price=1"})
}
