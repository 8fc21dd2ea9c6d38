package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/engine/enginetest"
)

// ddlStep is a statement and what its message, rows or error say.
type ddlStep struct{ statement, want string }

// followSteps runs statements in one session.
func followSteps(t *testing.T, steps []ddlStep) {
	t.Helper()
	eng := openWorld(t, t.TempDir(), enginetest.NewTables())
	defer eng.Close()
	session := eng.NewSession()
	for _, step := range steps {
		results, err := session.Execute(context.Background(), step.statement)
		got := ""
		switch {
		case err != nil:
			got = err.Error()
		case results[0].Rows == nil:
			got = results[0].Message
		default:
			rows, err := results[0].Rows.Table(context.Background())
			results[0].Rows.Close()
			if err != nil {
				t.Fatal(err)
			}
			got = fmt.Sprint(rows.Record)
			rows.Release()
		}
		if !strings.Contains(got, step.want) {
			t.Errorf("%s: %s, want %s", step.statement, got, step.want)
		}
	}
}

// TestADatabaseHoldsStreamsAndTemporaryFunctions drops databases with what only some
// statements list.
func TestADatabaseHoldsStreamsAndTemporaryFunctions(t *testing.T) {
	const function = "FUNCTION d.f AS 'http://h/p' LANGUAGE HTTP WITH ('signature' = '(a INT) -> INT')"
	followSteps(t, []ddlStep{
		{"CREATE DATABASE d", "created"},
		{"CREATE STREAM d.s", "created stream"},
		{"CREATE STREAM d.both (a INT)", "created stream and table"},
		{"DROP TABLE d.both", "dropped"},
		{"DROP DATABASE d", "holds `both`"},
		{"DROP DATABASE d CASCADE", "dropped database"},
		{"SHOW STREAMS", "rows: 0"},
		{"CREATE DATABASE d", "created"},
		{"CREATE TEMPORARY " + function, "created"},
		{"DROP DATABASE d", "holds `F`"},
		{"DROP DATABASE d CASCADE", "dropped database"},
		{"CREATE DATABASE d", "created"},
		{"CREATE TEMPORARY " + function, "created"},
	})
}

// TestShowPartitionsByValue lists partitions by values that folders' names write otherwise.
func TestShowPartitionsByValue(t *testing.T) {
	followSteps(t, []ddlStep{
		{"CREATE TABLE t (a INT, d STRING, n INT) PARTITIONED BY (d, n) WITH ('connector' = 'filesystem', 'path' = 't', 'format' = 'json')", "created"},
		{"ALTER TABLE t ADD PARTITION (d = 'a/b', n = 1) PARTITION (d = NULL, n = 2) PARTITION (d = 'c', n = -5)", "altered"},
		{"SHOW PARTITIONS t PARTITION (d = 'a/b')", "[\"d=a/b/n=1\"]"},
		{"SHOW PARTITIONS t PARTITION (d = NULL)", "[\"d=__HIVE_DEFAULT_PARTITION__/n=2\"]"},
		{"SHOW PARTITIONS t PARTITION (n = -5)", "[\"d=c/n=-5\"]"},
		{"SHOW PARTITIONS t PARTITION (n = -'x')", "needs a literal"},
	})
}

// TestExplainOfATableThatExists is refused as the statement itself is.
func TestExplainOfATableThatExists(t *testing.T) {
	followSteps(t, []ddlStep{
		{"CREATE TABLE z (a INT) WITH ('connector' = 'memory')", "created"},
		{"EXPLAIN CREATE TABLE z WITH ('connector' = 'memory') AS SELECT 1 AS a", "there is already a table or view `z`"},
		{"EXPLAIN CREATE TABLE IF NOT EXISTS z WITH ('connector' = 'memory') AS SELECT 1 AS a", "table z exists already"},
		{"EXPLAIN CREATE TABLE y (a INT) WITH ('connector' = 'memory')", "CREATE TABLE … AS"},
	})
}

// TestFunctionsOfDatabasesThatDifferByCase drops one database and not the other's
// functions.
func TestFunctionsOfDatabasesThatDifferByCase(t *testing.T) {
	const declaration = ".f AS 'http://h/p' LANGUAGE HTTP WITH ('signature' = '(a INT) -> INT')"
	followSteps(t, []ddlStep{
		{"CREATE DATABASE d", "created"},
		{"CREATE DATABASE `D`", "created"},
		{"CREATE FUNCTION d" + declaration, "created"},
		{"CREATE FUNCTION `D`" + declaration, "created"},
		{"DROP DATABASE `D`", "holds `F`"},
		{"DROP DATABASE `D` CASCADE", "dropped database"},
		{"SHOW CREATE FUNCTION d.f", "CREATE FUNCTION `d`.`f`"},
		{"EXPLAIN SELECT d.f(1)", "D.F"},
		{"DROP FUNCTION d.f", "dropped"},
		{"DROP DATABASE d", "dropped database"},
	})
}
