package engine_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
)

// A query's rows come as Arrow batches. Table waits for the end of a bounded query
// and gives its final table; Next gives the changes as they happen.
func Example() {
	ctx := context.Background()
	eng, err := engine.Open(ctx, engine.Options{Parallelism: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer eng.Close()
	rows, err := eng.Query(ctx, `
		SELECT city, COUNT(*) AS visits, SUM(spent) AS spent
		FROM (VALUES ('Bern', 4), ('Genf', 7), ('Bern', 5)) AS t(city, spent)
		GROUP BY city ORDER BY city`)
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	table, err := rows.Table(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer table.Release()
	cities, visits := table.Column(0).(*array.String), table.Column(1).(*array.Int64)
	for i := range table.Rows() {
		fmt.Println(cities.Value(i), visits.Value(i), table.Column(2).ValueStr(i))
	}
	// Output:
	// Bern 2 9
	// Genf 1 7
}

// Execute runs a script and gives a result for each statement. An INSERT starts a
// job that runs on by itself; Wait waits for its end.
func ExampleEngine_Execute() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "thalweg-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	eng, err := engine.Open(ctx, engine.Options{DataDir: filepath.Join(dir, "data"), WorkDir: dir, Parallelism: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer eng.Close()
	const script = `
CREATE TABLE numbers (n INT) WITH ('connector' = 'datagen', 'fields.n.kind' = 'sequence',
  'fields.n.start' = '1', 'fields.n.end' = '5');
CREATE TABLE squares (n INT, square INT) WITH ('connector' = 'filesystem', 'path' = 'squares', 'format' = 'csv');
INSERT INTO squares SELECT n, n * n FROM numbers`
	results, err := eng.Execute(ctx, script)
	if err != nil {
		log.Fatal(engine.Render(err, "script", script))
	}
	for _, r := range results {
		fmt.Println(r.Kind, r.Statement[:6])
	}
	job := results[len(results)-1].Job
	if err := job.Wait(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(job.Info().Status)
	files, _ := filepath.Glob(filepath.Join(dir, "squares", "*.csv"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		fmt.Print(string(text))
	}
	// Output:
	// ok CREATE
	// ok CREATE
	// job INSERT
	// FINISHED
	// 1,1
	// 2,4
	// 3,9
	// 4,16
	// 5,25
}

// Next gives the rows as they come, each with its kind; an endless query has no
// other way. Batches are owned by the caller.
func ExampleRows_Next() {
	ctx := context.Background()
	eng, err := engine.Open(ctx, engine.Options{Parallelism: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer eng.Close()
	rows, err := eng.Query(ctx, `
		CREATE TABLE numbers (n INT) WITH ('connector' = 'datagen', 'fields.n.kind' = 'sequence',
		  'fields.n.start' = '1', 'fields.n.end' = '1000000');
		SELECT n FROM numbers WHERE n % 2 = 0`)
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close() // cancels the job
	fmt.Println("may change:", rows.Updating())
	for seen := 0; seen < 3; {
		batch, err := rows.Next(ctx) // io.EOF at the end
		if err != nil {
			log.Fatal(err)
		}
		for i := 0; i < batch.Rows() && seen < 3; i++ {
			fmt.Println(batch.Kind(i), batch.Column(0).ValueStr(i))
			seen++
		}
		batch.Release()
	}
	// Output:
	// may change: false
	// +I 2
	// +I 4
	// +I 6
}

// A Go function of one to three arguments becomes a SQL function. It is called
// for rows without NULLs only.
func ExampleEngine_RegisterFunction() {
	ctx := context.Background()
	eng, err := engine.Open(ctx, engine.Options{Parallelism: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer eng.Close()
	initials := func(first, last string) string { return first[:1] + ". " + last }
	if err := eng.RegisterFunction(expr.GoFunc2("INITIALS", initials)); err != nil {
		log.Fatal(err)
	}
	rows, err := eng.Query(ctx, "SELECT INITIALS(f, l) AS name FROM (VALUES ('Ada', 'Lovelace'), (NULL, 'Hopper')) AS t(f, l)")
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	table, err := rows.Table(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer table.Release()
	for i := range table.Rows() {
		fmt.Println(table.Column(0).ValueStr(i))
	}
	// Output:
	// A. Lovelace
	// (null)
}

// An aggregate in Go keeps a state of its own, here the least and the greatest value.
// It can be used in groups, windows and OVER.
func ExampleEngine_RegisterAggregate() {
	ctx := context.Background()
	eng, err := engine.Open(ctx, engine.Options{Parallelism: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer eng.Close()
	type state struct {
		Low, High int64
		Some      bool
	}
	spread := agg.GoFunc1("SPREAD", agg.Go1[state, int64, int64]{
		Add: func(s *state, v int64) {
			if !s.Some {
				*s = state{v, v, true}
			}
			s.Low, s.High = min(s.Low, v), max(s.High, v)
		},
		Merge: func(s, other *state) {
			switch {
			case !s.Some:
				*s = *other
			case other.Some:
				s.Low, s.High = min(s.Low, other.Low), max(s.High, other.High)
			}
		},
		Result: func(s *state) (int64, bool) { return s.High - s.Low, s.Some },
	})
	if err := eng.RegisterAggregate(spread); err != nil {
		log.Fatal(err)
	}
	printColumn(ctx, eng, "SELECT SPREAD(v) FROM (VALUES 5, 9, 2) AS t(v)")
	// Output:
	// 7
}

// A table function in Go gives any number of rows for each row.
func ExampleEngine_RegisterTableFunction() {
	ctx := context.Background()
	eng, err := engine.Open(ctx, engine.Options{Parallelism: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer eng.Close()
	words := expr.GoTable1("WORDS", "word", func(text string, emit func(string)) {
		for word := range strings.FieldsSeq(text) {
			emit(word)
		}
	})
	if err := eng.RegisterTableFunction(words); err != nil {
		log.Fatal(err)
	}
	printColumn(ctx, eng, "SELECT w FROM (VALUES 'to be', 'or') AS t(x), LATERAL TABLE(WORDS(x)) AS u(w)")
	// Output:
	// to
	// be
	// or
}

// printColumn prints the first column of a query's result.
func printColumn(ctx context.Context, eng *engine.Engine, query string) {
	rows, err := eng.Query(ctx, query)
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	table, err := rows.Table(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer table.Release()
	for i := range table.Rows() {
		fmt.Println(table.Column(0).ValueStr(i))
	}
}
