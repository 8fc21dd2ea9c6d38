package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/engine/functions/wasm/wasmtest"
)

// declared are what SHOW CREATE is asked for, with what declares it. They see a table t.
var declared = []struct{ what, name, create string }{
	{"TABLE", "x", "CREATE TABLE x (a INT, b STRING NOT NULL COMMENT 'it''s b', c AS a + 1 COMMENT 'one more') WITH ('connector' = 'memory')"},
	{"TABLE", "x", "CREATE TEMPORARY TABLE x (a INT PRIMARY KEY NOT ENFORCED) COMMENT 'two\nlines' WITH ('connector' = 'memory', 'changelog' = 'upsert')"},
	{"TABLE", "x", "CREATE TABLE x (ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1.5' SECOND) WITH ('connector' = 'memory')"},
	{"TABLE", "x", "CREATE TABLE x (ts TIMESTAMP_LTZ(6) NOT NULL, d DECIMAL(20, 3), v VARCHAR(7), y BINARY(3), i ARRAY<ROW<`a b` INT, m MAP<STRING, TIME(3)>>>) WITH ('connector' = 'memory')"},
	{"TABLE", "x", "CREATE TABLE x (r ROW<n INT NOT NULL 'inner', `select` STRING>, p AS PROCTIME(), e AS r.n || '''' || r.`select`) WITH ('connector' = 'memory')"},
	{"TABLE", "x", "CREATE TABLE x (at TIMESTAMP_LTZ(3) METADATA FROM 'arrival_time' VIRTUAL, k STRING, v STRING) WITH ('connector' = 'shardlog', 'stream' = 's', 'format' = 'json')"},
	{"TABLE", "x", "CREATE TABLE x (a INT, b INT, CONSTRAINT pk PRIMARY KEY (b, a) NOT ENFORCED) PARTITIONED BY (b) WITH ('connector' = 'filesystem', 'path' = 'x', 'format' = 'json')"},
	{"TABLE", "`select`", "CREATE TABLE `select` (`from` INT, `wh``ere` INT, `ünï` INT, c AS `wh``ere` + 1) WITH ('connector' = 'memory')"},
	{"TABLE", "x", "CREATE TABLE x (extra INT) WITH ('changelog' = 'append') LIKE t"},
	{"TABLE", "d.x", "CREATE TABLE d.x (a INT) WITH ('connector' = 'memory')"},
	{"VIEW", "x", "CREATE VIEW x AS SELECT a, COUNT(*) AS n FROM t GROUP BY a"},
	{"VIEW", "x", "CREATE TEMPORARY VIEW x (`p q`, r) COMMENT 'a ''view''' AS SELECT a, 'it''s' FROM t WHERE s LIKE '%`%'"},
	{"VIEW", "d.x", "CREATE VIEW d.x AS SELECT * FROM default_database.t"},
	{"VIEW", "x", "CREATE VIEW x AS WITH w AS (SELECT a FROM t) SELECT a FROM w UNION ALL SELECT MAX(a) OVER (ORDER BY PROCTIME()) FROM w"},
	{"VIEW", "x", "CREATE VIEW x AS SELECT window_start, COUNT(*) AS c FROM TABLE(TUMBLE(TABLE timed, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end"},
	{"MATERIALIZED VIEW", "x", "CREATE MATERIALIZED VIEW x (PRIMARY KEY (a) NOT ENFORCED) COMMENT 'kept' AS SELECT a, SUM(b) AS s FROM t GROUP BY a"},
	{"MATERIALIZED VIEW", "x", "CREATE MATERIALIZED VIEW x (`k k`, v) AS SELECT a, b FROM t"},
	{"MATERIALIZED VIEW", "d.x", "CREATE MATERIALIZED VIEW d.x AS SELECT a FROM default_database.t"},
	{"FUNCTION", "x", "CREATE FUNCTION x AS 'http://h/p' LANGUAGE HTTP WITH ('signature' = '(a INT) -> AGGREGATE(INT)', 'merge' = 'true')"},
	{"FUNCTION", "x", "CREATE TEMPORARY SYSTEM FUNCTION x AS 'com.acme.Shout' LANGUAGE SCALA"},
	{"FUNCTION", "x", "CREATE TEMPORARY FUNCTION x AS 'com.acme.Span'"},
	{"FUNCTION", "d.x", "CREATE FUNCTION d.x AS 'com.acme.Letters' LANGUAGE GO"},
	{"FUNCTION", "x", "CREATE FUNCTION x AS 'numbers.wasm' LANGUAGE WASM WITH ('symbol' = 'add', 'memory-limit' = '8 mb')"},
	{"FUNCTION", "`my fun`", "CREATE FUNCTION `my fun` AS 'com.acme.Shout'"},
	{"MODEL", "x", "CREATE MODEL x INPUT (a INT, `b c` STRING) OUTPUT (p DOUBLE) COMMENT 'it''s one' WITH ('provider' = 'http', 'endpoint' = 'http://h/p')"},
	{"MODEL", "x", "CREATE TEMPORARY MODEL x INPUT (a STRING) OUTPUT (p STRING) WITH ('provider' = 'http', 'endpoint' = 'http://h/p')"},
	{"MODEL", "d.x", "CREATE MODEL d.x INPUT (a STRING NOT NULL) OUTPUT (p STRING) WITH ('provider' = 'http', 'endpoint' = 'http://h/p')"},
	{"STREAM", "x", "CREATE STREAM x WITH ('shards' = '3', 'retention' = '2 d')"},
	{"STREAM", "x", "CREATE STREAM x (a INT, ts TIMESTAMP(3) COMMENT 'when', WATERMARK FOR ts AS ts) COMMENT 'streamed' WITH ('shards' = '2')"},
	{"STREAM", "x", "CREATE STREAM x (a INT, PRIMARY KEY (a) NOT ENFORCED) WITH ('connector' = 'upsert-shardlog')"},
	{"STREAM", "x", "CREATE STREAM x (a INT) WITH ('format' = 'csv', 'retention' = '48 h')"},
	{"STREAM", "d.x", "CREATE STREAM d.x (a INT)"},
}

// TestWhatIsShownDeclaresTheSame creates, shows, drops, creates what was shown, and shows
// again; from the database that it is in, and from another one.
func TestWhatIsShownDeclaresTheSame(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "numbers.wasm"), wasmtest.Plain, 0o644); err != nil {
		t.Fatal(err)
	}
	opts := standIns()
	opts.WorkDir, opts.DataDir = dir, filepath.Join(dir, "data")
	w := newWorld(t, opts)
	w.must(t, `CREATE DATABASE d; CREATE STREAM s;
		CREATE TABLE t (a INT, b INT, s STRING) WITH ('connector' = 'memory');
		CREATE TABLE timed (ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'memory')`)
	for _, c := range declared {
		for _, database := range []string{"default_database", "d"} {
			t.Run(c.create[:20]+" "+database, func(t *testing.T) { checkShown(t, w, c.what, c.name, c.create, database) })
		}
	}
}

func checkShown(t *testing.T, w *world, what, name, create, database string) {
	w.must(t, "USE default_database")
	w.must(t, create)
	if system := strings.Contains(create, " SYSTEM "); !strings.HasPrefix(name, "d.") && !system {
		name = "default_database." + name
	}
	drop := "DROP "
	for _, word := range []string{"TEMPORARY SYSTEM ", "TEMPORARY "} {
		if len(create) > 7+len(word) && create[7:7+len(word)] == word && (what == "FUNCTION" || what == "MODEL") {
			drop += word
			break
		}
	}
	show := fmt.Sprintf("SHOW CREATE %s %s", what, name)
	w.must(t, "USE "+database)
	first := w.run(show)
	w.must(t, drop+what+" "+name)
	if _, err := w.session.Execute(context.Background(), first); err != nil {
		t.Errorf("%s\nis shown as\n%s\n%v", create, first, err)
		return
	}
	if second := w.run(show); second != first {
		t.Errorf("%s\nis shown as\n%s\nand that as\n%s", create, first, second)
	}
	w.must(t, drop+what+" "+name)
}
