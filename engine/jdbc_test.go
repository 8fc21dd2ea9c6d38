package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/thalweg/thalweg/connectors/postgres/postgrestest"
	"github.com/thalweg/thalweg/engine"
)

// TestJDBCThroughSQL enriches rows from one table of a database, and writes an updating
// result into another.
func TestJDBCThroughSQL(t *testing.T) {
	ctx, url := context.Background(), postgrestest.Server(t)
	postgrestest.Execute(t, url, "CREATE TABLE customers (id bigint primary key, name text, kind text)")
	postgrestest.Execute(t, url, "INSERT INTO customers SELECT n, 'c' || n, CASE WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END FROM generate_series(1, 7) AS n")
	postgrestest.Execute(t, url, "CREATE TABLE sums (name text primary key, n bigint, total bigint)")
	eng := must[*engine.Engine](t)(engine.Open(ctx, engine.Options{Parallelism: 2}))
	defer eng.Close()
	script := fmt.Sprintf(`
CREATE TABLE orders (n BIGINT, customer AS MOD(n, 9), at AS PROCTIME()) WITH ('connector' = 'datagen', 'number-of-rows' = '900', 'rows-per-second' = '1000000',
  'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '900');
CREATE TABLE customers (id INT, name STRING, kind STRING) WITH ('connector' = 'jdbc', 'url' = 'jdbc:%[1]s', 'table-name' = 'customers',
  'lookup.cache' = 'PARTIAL', 'lookup.partial-cache.max-rows' = '100');
CREATE TABLE sums (name STRING, n BIGINT, total BIGINT, PRIMARY KEY (name) NOT ENFORCED) WITH ('connector' = 'jdbc', 'url' = 'jdbc:%[1]s', 'table-name' = 'sums');
INSERT INTO sums SELECT COALESCE(c.name, 'nobody'), COUNT(*), SUM(o.n) FROM orders AS o
LEFT JOIN customers FOR SYSTEM_TIME AS OF o.at AS c ON o.customer = c.id AND c.kind = 'odd' GROUP BY COALESCE(c.name, 'nobody');`, url)
	err := eng.NewSession().Each(ctx, script, func(r engine.Result) error {
		if r.Job == nil {
			return nil
		}
		return r.Job.Wait(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"c1|100|44650", "c3|100|44850", "c5|100|45050", "c7|100|45250", "nobody|500|225650"}
	if got := postgrestest.Execute(t, url, "SELECT * FROM sums ORDER BY name"); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
