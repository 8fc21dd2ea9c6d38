package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/enginetest"
)

const upsertTables = `
CREATE TABLE IF NOT EXISTS bids (auction BIGINT, price BIGINT) WITH ('connector' = 'memory');
CREATE TABLE IF NOT EXISTS items (id BIGINT, name STRING) WITH ('connector' = 'memory');
CREATE TABLE IF NOT EXISTS joined (name STRING, n BIGINT, s BIGINT) WITH ('connector' = 'memory');
`

const upsertStream = `
CREATE STREAM totals (n BIGINT, k_auction BIGINT, s BIGINT, PRIMARY KEY (k_auction) NOT ENFORCED)
WITH ('shards' = '3', 'connector' = 'upsert-shardlog', 'key.fields-prefix' = 'k_', 'value.fields-include' = 'EXCEPT_KEY'%s);`

const writeTotals = `INSERT INTO totals SELECT COUNT(*), auction, SUM(price) FROM bids GROUP BY auction HAVING MOD(SUM(price), 3) <> 0`

const readTotals = `SELECT i.name, t.n, t.s FROM items AS i JOIN totals AS t ON i.id = t.k_auction`

// upsertWorld is an engine that is closed and opened again.
type upsertWorld struct {
	*testing.T
	options engine.Options
	tables  *enginetest.Tables
	engine  *engine.Engine
}

func (w *upsertWorld) open() {
	w.Helper()
	e, err := engine.Open(w.Context(), w.options)
	if err != nil {
		w.Fatal(err)
	}
	w.engine = e
}

func (w *upsertWorld) run(script string) []engine.Result {
	w.Helper()
	results, err := w.engine.Execute(w.Context(), script)
	if err != nil {
		w.Fatal(engine.Render(err, "", script))
	}
	return results
}

// shows waits until the committed rows of joined describe the table that want lists.
func (w *upsertWorld) shows(want []string) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	for {
		got, err := enginetest.Fold(w.tables.Table("joined").Rows())
		if err != nil {
			w.Fatal(err)
		}
		if slices.Equal(got, want) {
			return
		}
		select {
		case <-ctx.Done():
			w.Fatalf("the result is %q, not %q", got, want)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// twin is what the tables give without a log between.
func (w *upsertWorld) twin(bids, items []string) []string {
	w.Helper()
	tables := enginetest.NewTables()
	tables.Table("bids").SetSplits(false, bids)
	tables.Table("items").SetSplits(false, items)
	e, err := engine.Open(w.Context(), engine.Options{Parallelism: 1, Connectors: []connector.Connector{tables.Connector()}})
	if err != nil {
		w.Fatal(err)
	}
	defer e.Close()
	results, err := e.Execute(w.Context(), upsertTables+`INSERT INTO joined SELECT i.name, t.n, t.s FROM items AS i JOIN
		(SELECT COUNT(*) AS n, auction, SUM(price) AS s FROM bids GROUP BY auction HAVING MOD(SUM(price), 3) <> 0) AS t ON i.id = t.auction`)
	if err != nil {
		w.Fatal(err)
	}
	if err := results[len(results)-1].Job.Wait(w.Context()); err != nil {
		w.Fatal(err)
	}
	want, err := enginetest.Fold(tables.Table("joined").Rows())
	if err != nil {
		w.Fatal(err)
	}
	return want
}

// TestUpsertLogs writes an aggregate that changes into a log and reads it back as a
// table, under several circumstances, with the server closed in the middle.
func TestUpsertLogs(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	var bids, items []string
	for range 400 {
		bids = append(bids, fmt.Sprintf("+I auction=%d price=%d", random.IntN(20), random.IntN(50)))
	}
	for id := range 15 {
		items = append(items, fmt.Sprintf("+I id=%d name=n%d", id, id))
	}
	for _, c := range []struct {
		parallelism, batchRows int
		options                string
	}{
		{1, 1, ""}, {1, 4096, ", 'sink.buffer-flush.max-rows' = '7', 'sink.buffer-flush.interval' = '1 h'"},
		{3, 16, ", 'key.format' = 'csv', 'value.format' = 'msgpack'"}, {4, 1, ", 'sink.delivery-guarantee' = 'at-least-once'"},
	} {
		t.Run(fmt.Sprintf("%d tasks, %d rows%s", c.parallelism, c.batchRows, c.options), func(t *testing.T) {
			w := &upsertWorld{T: t, tables: enginetest.NewTables()}
			w.options = engine.Options{DataDir: t.TempDir(), Parallelism: c.parallelism, BatchRows: c.batchRows, RestartAttempts: -1,
				CheckpointInterval: 20 * time.Millisecond, Connectors: []connector.Connector{w.tables.Connector()}}
			w.tables.Table("bids").SetSplits(true, bids[:200])
			w.tables.Table("items").SetSplits(false, items)
			w.open()
			w.run(upsertTables + fmt.Sprintf(upsertStream, c.options) + writeTotals + "; INSERT INTO joined " + readTotals)
			w.shows(w.twin(bids[:200], items))
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
		})
	}
}

// Rows of several keys of the query come to one key of the sink: the last one counts,
// and the one before when it goes, or with ON CONFLICT DO NOTHING the first.
func TestAnUpsertSinkKeepsOneRowOfItsKey(t *testing.T) {
	for conflict, want := range map[string][]string{
		"":                            {"name=a n=2 s=20", "name=b n=3 s=7"},
		" ON CONFLICT DO DEDUPLICATE": {"name=a n=2 s=20", "name=b n=3 s=7"},
		" ON CONFLICT DO NOTHING":     {"name=a n=1 s=15", "name=b n=3 s=7"},
	} {
		w := &upsertWorld{T: t, tables: enginetest.NewTables()}
		w.options = engine.Options{Parallelism: 1, Connectors: []connector.Connector{w.tables.Connector()}}
		w.open()
		results := w.run(upsertTables + `CREATE STREAM kept (name STRING, n BIGINT, s BIGINT, PRIMARY KEY (name) NOT ENFORCED) WITH ('connector' = 'upsert-shardlog');
			INSERT INTO kept SELECT name, id, SUM(v) FROM (VALUES (1, 'a', 10), (1, 'a', 5), (2, 'a', 20), (3, 'b', 7), (4, 'a', 1), (4, 'a', -1)) AS t(id, name, v)
			GROUP BY id, name HAVING SUM(v) > 0` + conflict)
		if err := results[len(results)-1].Job.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.run(`INSERT INTO joined SELECT * FROM kept /*+ OPTIONS('scan.bounded.mode' = 'latest') */`)
		w.shows(want)
		w.engine.Close()
	}
}
