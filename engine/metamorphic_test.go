package engine_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/thalweg/thalweg/engine/enginetest"
)

// bidRows are n rows of three splits with 2 s of disorder.
func bidRows(n int) [][]string {
	random := rand.New(rand.NewPCG(7, 11))
	splits := make([][]string, 3)
	for i := range n {
		at := max(0, time.Duration(i)*200*time.Millisecond-time.Duration(random.IntN(1900))*time.Millisecond)
		row := fmt.Sprintf("+I auction=%d bidder=%d price=%d ts=%s", random.IntN(9), random.IntN(5), random.IntN(50), at)
		splits[i%3] = append(splits[i%3], row)
	}
	return splits
}

// itemRows are a changelog of items: names change and items go.
func itemRows() [][]string {
	var rows []string
	for id := range 12 {
		rows = append(rows, fmt.Sprintf("+I id=%d name=n%d", id, id%4))
	}
	return [][]string{rows}
}

const metamorphicDDL = `
CREATE TABLE bids (auction BIGINT, bidder BIGINT, price BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND) WITH ('connector' = 'memory');
CREATE TABLE items (id BIGINT, name STRING) WITH ('connector' = 'memory');
`

// windowCases are queries whose state goes with their windows.
func windowCases() []enginetest.Case {
	return []enginetest.Case{
		{Name: "hopping windows carried on", Appends: true,
			DDL: "CREATE TABLE `out` (ws TIMESTAMP(3), a BIGINT, n BIGINT, s BIGINT) WITH ('connector' = 'memory', 'changelog' = 'append');",
			Insert: "INSERT INTO `out` SELECT window_start, auction, COUNT(*), SUM(price) FROM TABLE(HOP(TABLE bids, DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL '6' SECOND)) " +
				"GROUP BY window_start, window_end, auction"},
		{Name: "sessions", Appends: true,
			DDL: "CREATE TABLE `out` (a BIGINT, n BIGINT, hi BIGINT, ws TIMESTAMP(3), we TIMESTAMP(3)) WITH ('connector' = 'memory', 'changelog' = 'append');",
			Insert: "INSERT INTO `out` SELECT auction, COUNT(*), MAX(price), SESSION_START(ts, INTERVAL '2' SECOND), SESSION_END(ts, INTERVAL '2' SECOND) " +
				"FROM bids GROUP BY auction, SESSION(ts, INTERVAL '2' SECOND)"},
		{Name: "sessions, distinct", Appends: true,
			DDL: "CREATE TABLE `out` (a BIGINT, d BIGINT, ws TIMESTAMP(3), we TIMESTAMP(3)) WITH ('connector' = 'memory', 'changelog' = 'append');",
			Insert: "INSERT INTO `out` SELECT auction, COUNT(DISTINCT bidder), window_start, window_end " +
				"FROM TABLE(SESSION(TABLE bids PARTITION BY auction, DESCRIPTOR(ts), INTERVAL '2' SECOND)) GROUP BY auction, window_start, window_end"},
		{Name: "top-n within windows", Appends: true,
			DDL: "CREATE TABLE `out` (we TIMESTAMP(3), a BIGINT, s BIGINT, rn BIGINT) WITH ('connector' = 'memory', 'changelog' = 'append');",
			Insert: "INSERT INTO `out` SELECT window_end, auction, s, rn FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY s DESC, auction) AS rn FROM (" +
				"SELECT window_start, window_end, auction, SUM(price) AS s FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '5' SECOND)) " +
				"GROUP BY window_start, window_end, auction)) WHERE rn <= 2"},
		{Name: "order by time", Appends: true,
			DDL:    "CREATE TABLE `out` (a BIGINT, p BIGINT, ts TIMESTAMP(3)) WITH ('connector' = 'memory', 'changelog' = 'append');",
			Insert: "INSERT INTO `out` SELECT auction, price, ts FROM bids ORDER BY ts, price"},
	}
}

func TestMetamorphic(t *testing.T) {
	input := map[string][][]string{"bids": bidRows(150), "items": itemRows()}
	cases := []enginetest.Case{
		{Name: "calc", Appends: true,
			DDL:    "CREATE TABLE `out` (a BIGINT, p BIGINT) WITH ('connector' = 'memory');",
			Insert: "INSERT INTO `out` SELECT auction, price * 2 FROM bids WHERE bidder <> 3"},
		{Name: "group by",
			DDL:    "CREATE TABLE `out` (a BIGINT, n BIGINT, s BIGINT, lo BIGINT, hi BIGINT, d BIGINT) WITH ('connector' = 'memory');",
			Insert: "INSERT INTO `out` SELECT auction, COUNT(*), SUM(price), MIN(price), MAX(price), COUNT(DISTINCT bidder) FROM bids GROUP BY auction"},
		{Name: "split distinct",
			DDL: "SET 'table.optimizer.distinct-agg.split.enabled' = 'true'; SET 'table.optimizer.distinct-agg.split.bucket-num' = '3';" +
				"CREATE TABLE `out` (n BIGINT, b BIGINT, p BIGINT, s BIGINT, hi BIGINT) WITH ('connector' = 'memory');",
			Insert: "INSERT INTO `out` SELECT COUNT(*), COUNT(DISTINCT bidder), COUNT(DISTINCT price) FILTER (WHERE bidder > 1), SUM(DISTINCT price), MAX(price) FROM bids"},
		{Name: "global aggregate",
			DDL:    "CREATE TABLE `out` (n BIGINT, s BIGINT) WITH ('connector' = 'memory');",
			Insert: "INSERT INTO `out` SELECT COUNT(*), AVG(price) FROM bids WHERE price > 10"},
		{Name: "group by over group by",
			DDL:    "CREATE TABLE `out` (n BIGINT, auctions BIGINT) WITH ('connector' = 'memory');",
			Insert: "INSERT INTO `out` SELECT n, COUNT(*) FROM (SELECT auction, COUNT(*) AS n FROM bids GROUP BY auction) GROUP BY n"},
		{Name: "tumbling windows", Appends: true,
			DDL: "CREATE TABLE `out` (ws TIMESTAMP(3), we TIMESTAMP(3), a BIGINT, n BIGINT, s BIGINT) WITH ('connector' = 'memory', 'changelog' = 'append');",
			Insert: "INSERT INTO `out` SELECT window_start, window_end, auction, COUNT(*), SUM(price) FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '5' SECOND)) " +
				"GROUP BY window_start, window_end, auction"},
		{Name: "hopping windows, distinct", Appends: true,
			DDL: "CREATE TABLE `out` (ws TIMESTAMP(3), a BIGINT, d BIGINT) WITH ('connector' = 'memory', 'changelog' = 'append');",
			Insert: "INSERT INTO `out` SELECT window_start, auction, COUNT(DISTINCT bidder) FROM TABLE(HOP(TABLE bids, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '6' SECOND)) " +
				"GROUP BY window_start, window_end, auction"},
		{Name: "inner join",
			DDL:    "CREATE TABLE `out` (a BIGINT, name STRING, p BIGINT) WITH ('connector' = 'memory');",
			Insert: "INSERT INTO `out` SELECT b.auction, i.name, b.price FROM bids b JOIN items i ON b.auction = i.id WHERE b.price > 20"},
		{Name: "left join of aggregates",
			DDL: "CREATE TABLE `out` (name STRING, n BIGINT) WITH ('connector' = 'memory');",
			Insert: "INSERT INTO `out` SELECT i.name, c.n FROM items i LEFT JOIN (SELECT auction, COUNT(*) AS n FROM bids GROUP BY auction) c " +
				"ON i.id = c.auction"},
		{Name: "top-n",
			DDL: "CREATE TABLE `out` (a BIGINT, p BIGINT, rn BIGINT) WITH ('connector' = 'memory');",
			Insert: "INSERT INTO `out` SELECT auction, p, rn FROM (SELECT auction, p, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY p DESC) AS rn " +
				"FROM (SELECT auction, bidder, MAX(price) AS p FROM bids GROUP BY auction, bidder)) WHERE rn <= 2"},
		{Name: "deduplicate",
			DDL: "CREATE TABLE `out` (a BIGINT, ts TIMESTAMP(3)) WITH ('connector' = 'memory');",
			Insert: "INSERT INTO `out` SELECT auction, ts FROM (SELECT auction, ts, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY ts DESC) AS rn FROM bids) " +
				"WHERE rn = 1"},
		{Name: "union",
			DDL:    "CREATE TABLE `out` (a BIGINT, n BIGINT) WITH ('connector' = 'memory');",
			Insert: "INSERT INTO `out` SELECT auction, price FROM bids WHERE price > 40 UNION ALL SELECT id, 0 FROM items"},
	}
	for _, c := range append(cases, windowCases()...) {
		t.Run(c.Name, func(t *testing.T) {
			c.Input, c.DDL = input, metamorphicDDL+c.DDL
			if table := c.Run(t); len(table) == 0 {
				t.Error("the result is empty")
			}
		})
	}
}

// TestCrashAtEveryWrite cuts a run at write 0, 1, 2, … of the data directory, until
// one is not cut. Under -short only some of the writes are tried.
func TestCrashAtEveryWrite(t *testing.T) {
	c := enginetest.Case{Input: map[string][][]string{"bids": bidRows(60)},
		DDL:    metamorphicDDL + "CREATE TABLE `out` (a BIGINT, n BIGINT, s BIGINT) WITH ('connector' = 'memory');",
		Insert: "INSERT INTO `out` SELECT auction, COUNT(*), SUM(price) FROM bids GROUP BY auction"}
	want := c.Result(t, enginetest.Circumstance{Parallelism: 1, BatchRows: 4096})
	step := int64(1)
	if testing.Short() {
		step = 7
	}
	for k := int64(0); ; k += step {
		if c.CrashAtWrite(t, k, want) {
			t.Logf("uncut at %d writes", k)
			return
		}
	}
}
