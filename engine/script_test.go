package engine_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/enginetest"
	"github.com/thalweg/thalweg/operators/stream"
)

// TestScripts runs SQL scripts over tables in memory:
//
//	table name=T [open]    declares rows to read as text, one a line (+I unless they
//	                       say otherwise); `--` starts another split
//	sql [parallelism=n]    runs a script in the file's session and prints the results
//	rows name=T            prints the table that T's committed rows describe, sorted
//	session                begins a new session
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		w := newWorld(t, engine.Options{Parallelism: 1})
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "table":
				w.table(t, d)
				return ""
			case "sql":
				return w.run(d.Input)
			case "rows":
				var name string
				d.ScanArgs(t, "name", &name)
				return w.rows(name)
			case "session":
				w.session = w.engine.NewSession()
				return ""
			}
			d.Fatalf(t, "unknown command %q", d.Cmd)
			return ""
		})
	})
}

// world is an engine with a session over tables in memory.
type world struct {
	tables  *enginetest.Tables
	engine  *engine.Engine
	session *engine.Session
}

func newWorld(t *testing.T, opts engine.Options) *world {
	t.Helper()
	w := &world{tables: enginetest.NewTables()}
	opts.Connectors = append(opts.Connectors, connector.Connector(w.tables.Connector()))
	opts.Now = func() int64 { return 1_700_000_000_000 }
	eng, err := engine.Open(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := eng.Close(); err != nil {
			t.Error(err)
		}
	})
	w.engine, w.session = eng, eng.NewSession()
	return w
}

func (w *world) table(t *testing.T, d *datadriven.TestData) {
	var name string
	d.ScanArgs(t, "name", &name)
	splits := [][]string{nil}
	for _, line := range strings.Split(d.Input, "\n") {
		switch {
		case line == "--":
			splits = append(splits, nil)
		case line != "" && !strings.ContainsRune("+-!", rune(line[0])):
			splits[len(splits)-1] = append(splits[len(splits)-1], "+I "+line)
		case line != "":
			splits[len(splits)-1] = append(splits[len(splits)-1], line)
		}
	}
	w.tables.Table(name).SetSplits(d.HasArg("open"), splits...)
}

func (w *world) rows(name string) string {
	table, err := enginetest.Fold(w.tables.Table(name).Rows())
	if err != nil {
		return fmt.Sprintln("error:", err)
	}
	return enginetest.Lines(table)
}

// run executes a script and prints what it gave.
func (w *world) run(script string) string {
	var b strings.Builder
	ctx := context.Background()
	err := w.session.Each(ctx, script, func(r engine.Result) error {
		for _, warning := range r.Warnings {
			fmt.Fprintln(&b, "warning:", warning)
		}
		switch r.Kind {
		case engine.ResultRows:
			return printRows(ctx, &b, r.Rows)
		case engine.ResultJob:
			if err := r.Job.Wait(ctx); err != nil {
				return err
			}
			fmt.Fprintln(&b, "job", r.Job.Info().Status)
		default:
			fmt.Fprintln(&b, r.Message)
		}
		return nil
	})
	if err != nil {
		fmt.Fprintln(&b, "error:", engine.Render(err, "", script))
	}
	return b.String()
}

// printRows prints inserts as they come, and the final table of a query that
// updates or has an order: how often a row changes on the way depends on time.
func printRows(ctx context.Context, b *strings.Builder, rows *engine.Rows) error {
	defer rows.Close()
	fmt.Fprintln(b, strings.Join(rows.Schema().Names(), ", "))
	if len(rows.OrderBy()) > 0 || rows.Updating() {
		batch, err := rows.Table(ctx)
		if err != nil {
			return err
		}
		defer batch.Release()
		fmt.Fprintln(b, strings.Join(stream.FormatRows(batch), "\n"))
		return nil
	}
	for {
		batch, err := rows.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for _, line := range stream.FormatRows(batch) {
			fmt.Fprintln(b, line)
		}
		batch.Release()
	}
}
