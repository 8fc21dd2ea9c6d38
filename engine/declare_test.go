package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/thalweg/thalweg/engine"
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

// atOnce runs statements in a session each, at the same time, and gives what became of
// them.
func atOnce(t *testing.T, eng *engine.Engine, statements []string) (messages []string, failed []error) {
	t.Helper()
	messages, failed = make([]string, len(statements)), make([]error, len(statements))
	var wait sync.WaitGroup
	for i, text := range statements {
		wait.Go(func() {
			results, err := eng.NewSession().Execute(context.Background(), text)
			if failed[i] = err; err == nil {
				messages[i] = results[0].Message
			}
		})
	}
	wait.Wait()
	return messages, failed
}

// repeated is n times a text, whose %d is replaced by the number.
func repeated(n int, text string) []string {
	out := make([]string, n)
	for i := range out {
		if out[i] = text; strings.Contains(text, "%d") {
			out[i] = fmt.Sprintf(text, i)
		}
	}
	return out
}

// textOf runs a statement and gives its text, or its rows as one.
func textOf(t *testing.T, eng *engine.Engine, statement string) string {
	t.Helper()
	results, err := eng.Execute(context.Background(), statement)
	if err != nil {
		t.Fatal(err)
	}
	if results[0].Rows == nil {
		return results[0].Message
	}
	defer results[0].Rows.Close()
	rows, err := results[0].Rows.Table(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	return fmt.Sprint(rows.Record)
}

const (
	aFunction = "FUNCTION %[2]s%[1]s AS 'http://x/%%d' LANGUAGE HTTP WITH ('signature' = '(a INT) -> INT')"
	aModel    = "MODEL %[2]s%[1]s INPUT (a INT) OUTPUT (b INT) WITH ('provider' = 'http', 'endpoint' = 'http://x/%%d')"
)

// TestOneOfManyDeclares is TestOneOfManyCreatesATable for functions, models and
// databases, and drops them in the same way.
func TestOneOfManyDeclares(t *testing.T) {
	eng := openWorld(t, t.TempDir(), enginetest.NewTables())
	defer eng.Close()
	for round := range 5 {
		for what, create := range map[string]string{"FUNCTION": aFunction, "MODEL": aModel, "DATABASE": "DATABASE %[2]s%[1]s WITH ('n' = '%%d')"} {
			for _, clause := range []string{"", "IF NOT EXISTS "} {
				name := fmt.Sprintf("x%d_%d", round, len(clause))
				messages, failed := atOnce(t, eng, repeated(6, fmt.Sprintf("CREATE "+create, name, clause)))
				one(t, what+" "+name, messages, failed, "created", "exists already", "there is already a "+lower(what), clause != "")
				clause := strings.Replace(clause, "NOT ", "", 1)
				messages, failed = atOnce(t, eng, repeated(6, "DROP "+what+" "+clause+name))
				one(t, what+" "+name, messages, failed, "dropped", "nothing to drop", "there is no "+lower(what), clause != "")
			}
		}
	}
}

func lower(s string) string { return strings.ToLower(s) }

// one checks that one statement did it, and that the others were told so: by a message if
// optional, and else by an error.
func one(t *testing.T, about string, messages []string, failed []error, did, found, refused string, optional bool) {
	t.Helper()
	done := 0
	for i, message := range messages {
		switch {
		case failed[i] != nil:
			if optional || !strings.Contains(failed[i].Error(), refused) {
				t.Errorf("%s: %v", about, failed[i])
			}
		case strings.HasPrefix(message, did):
			done++
		case !optional || !strings.Contains(message, found):
			t.Errorf("%s: %s", about, message)
		}
	}
	if done != 1 {
		t.Errorf("%s: %d have %s it", about, done, did)
	}
}

// TestNoChangeIsLost alters one thing in many sessions at the same time: all changes are
// made.
func TestNoChangeIsLost(t *testing.T) {
	dir := t.TempDir()
	eng := openWorld(t, dir, enginetest.NewTables())
	const n = 6
	textOf(t, eng, "CREATE TABLE t (x INT) WITH ('connector' = 'memory')")
	textOf(t, eng, fmt.Sprintf(strings.ReplaceAll("CREATE "+aModel, "%%d", "0"), "m", ""))
	textOf(t, eng, "CREATE DATABASE d")
	for _, statements := range [][]string{
		repeated(n, "ALTER TABLE t ADD y%d INT"),
		repeated(n, "ALTER MODEL m SET ('header.h%d' = 'v')"),
		repeated(n, "ALTER DATABASE d SET ('h%d' = 'v')"),
	} {
		for i, err := range second(atOnce(t, eng, statements)) {
			if err != nil {
				t.Errorf("%s: %v", statements[i], err)
			}
		}
	}
	if err := eng.Close(); err != nil {
		t.Fatal(err)
	}
	eng = openWorld(t, dir, enginetest.NewTables()) // as it was stored
	defer eng.Close()
	for statement, want := range map[string]string{"SHOW CREATE TABLE t": "`y%d`", "SHOW CREATE MODEL m": "'header.h%d'", "DESCRIBE DATABASE EXTENDED d": "h%d"} {
		text := textOf(t, eng, statement)
		for i := range n {
			if !strings.Contains(text, fmt.Sprintf(want, i)) {
				t.Errorf("%s lacks %s:\n%s", statement, fmt.Sprintf(want, i), text)
			}
		}
	}
}

func second[A, B any](_ A, b B) B { return b }

// TestOneOfManyRenames has many sessions rename a table and a model.
func TestOneOfManyRenames(t *testing.T) {
	eng := openWorld(t, t.TempDir(), enginetest.NewTables())
	defer eng.Close()
	textOf(t, eng, "CREATE TABLE t (x INT) WITH ('connector' = 'memory')")
	textOf(t, eng, fmt.Sprintf(strings.ReplaceAll("CREATE "+aModel, "%%d", "0"), "m", ""))
	messages, failed := atOnce(t, eng, repeated(6, "ALTER TABLE t RENAME TO t%d"))
	one(t, "RENAME t", messages, failed, "altered", "", "there is no table `t`", false)
	messages, failed = atOnce(t, eng, repeated(6, "ALTER MODEL m RENAME TO m%d"))
	one(t, "RENAME m", messages, failed, "altered", "", "there is no model `m`", false)
}

// TestADatabaseGoesWithWhatItHolds creates tables in a database that is dropped meanwhile:
// none is left without its database.
func TestADatabaseGoesWithWhatItHolds(t *testing.T) {
	eng := openWorld(t, t.TempDir(), enginetest.NewTables())
	defer eng.Close()
	for round := range 10 {
		textOf(t, eng, "CREATE DATABASE d")
		drop := "DROP DATABASE d"
		if round%2 == 0 {
			drop += " CASCADE"
		}
		statements := append(repeated(5, "CREATE TABLE d.t%d (x INT) WITH ('connector' = 'memory')"), drop)
		_, failed := atOnce(t, eng, statements)
		for i, err := range failed {
			if err != nil && !strings.Contains(err.Error(), "there is no database `d`") && !strings.Contains(err.Error(), "the database `d` holds") {
				t.Errorf("%s: %v", statements[i], err)
			}
		}
		if failed[5] != nil {
			textOf(t, eng, "DROP DATABASE d CASCADE")
		}
		textOf(t, eng, "CREATE DATABASE d")
		if left := textOf(t, eng, "SHOW TABLES FROM d"); !strings.Contains(left, "rows: 0\n") {
			t.Errorf("left: %s", left)
		}
		textOf(t, eng, "DROP DATABASE d")
	}
}

// TestNothingMovesIntoADatabaseThatGoes renames into a database that is dropped
// meanwhile.
func TestNothingMovesIntoADatabaseThatGoes(t *testing.T) {
	eng := openWorld(t, t.TempDir(), enginetest.NewTables())
	defer eng.Close()
	for _, kind := range []struct{ what, declaration string }{
		{"TABLE", "(x INT) WITH ('connector' = 'memory')"},
		{"VIEW", "AS SELECT 1 AS x"},
		{"MODEL", "INPUT (a INT) OUTPUT (b INT) WITH ('provider' = 'http', 'endpoint' = 'http://h/p')"},
	} {
		for range 20 {
			textOf(t, eng, "CREATE DATABASE d")
			textOf(t, eng, "CREATE "+kind.what+" IF NOT EXISTS m "+kind.declaration)
			if _, failed := atOnce(t, eng, []string{"ALTER " + kind.what + " m RENAME TO d.m", "DROP DATABASE d"}); failed[1] != nil {
				textOf(t, eng, "DROP DATABASE d CASCADE")
			}
			textOf(t, eng, "CREATE DATABASE d")
			if left := textOf(t, eng, "SHOW "+kind.what+"S FROM d"); !strings.Contains(left, "rows: 0\n") {
				t.Errorf("%s: left %s", kind.what, left)
			}
			textOf(t, eng, "DROP DATABASE d CASCADE")
		}
		textOf(t, eng, "DROP "+kind.what+" IF EXISTS m")
	}
}
