package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// query runs a query and gives each value of its result as text, row by row.
func (w *world) query(t *testing.T, text string) [][]string {
	t.Helper()
	ctx := context.Background()
	var out [][]string
	err := w.session.Each(ctx, text, func(r engine.Result) error {
		defer r.Rows.Close()
		batch, err := r.Rows.Table(ctx)
		if err != nil {
			return err
		}
		defer batch.Release()
		for i := range batch.Rows() {
			out = append(out, cells(batch, r.Rows.Schema(), i))
		}
		return nil
	})
	if err != nil {
		t.Errorf("%s: %v", text, err)
	}
	return out
}

func cells(batch stream.Batch, schema types.Schema, row int) []string {
	var out []string
	for c, f := range schema {
		out = append(out, string(columns.AppendCell(nil, columns.Cell{Array: batch.Column(c), Type: f.Type}, row)))
	}
	return out
}

// TestExamplesOfFunctions runs the examples of the reference pages as a user would.
func TestExamplesOfFunctions(t *testing.T) {
	w := newWorld(t, engine.Options{Parallelism: 1})
	for _, f := range expr.NewRegistry().Docs() {
		var items, want []string
		for _, ex := range f.Examples {
			items, want = append(items, ex.SQL), append(want, ex.Result)
		}
		if len(items) == 0 {
			continue
		}
		text := "SELECT " + strings.Join(items, ", ")
		if rows := w.query(t, text); len(rows) != 1 || fmt.Sprint(rows[0]) != fmt.Sprint(want) {
			t.Errorf("%s = %v, want %v", text, rows, want)
		}
	}
}

// TestExamplesOfAggregates does so with aggregates, over VALUES.
func TestExamplesOfAggregates(t *testing.T) {
	w := newWorld(t, engine.Options{Parallelism: 1})
	for _, f := range agg.NewRegistry().Functions() {
		for _, ex := range f.Examples {
			text := aggregateQuery(t, ex)
			rows := w.query(t, text)
			if len(rows) != 1 || strings.TrimSuffix(rows[0][0], ".0") != strings.TrimSuffix(ex.Want, ".0") {
				t.Errorf("%s = %v, want %s", text, rows, ex.Want)
			}
		}
	}
}

// aggregateQuery writes an example such as `SUM(v INT)` over its input as a query.
// The last argument of an aggregate that makes JSON is JSON in the example and a
// number in the query.
func aggregateQuery(t *testing.T, ex agg.Example) string {
	name, params, _ := strings.Cut(strings.TrimSuffix(ex.Call, ")"), "(")
	call, star := name+"(*)", params == "*"
	if star {
		params = "v BIGINT"
	}
	schema, err := stream.ParseSchema(params)
	if err != nil {
		t.Fatal(err)
	}
	last := len(schema) - 1
	if strings.HasPrefix(name, "JSON") {
		schema[last].Type = types.Of(types.Int)
	}
	var rows []string
	for _, line := range ex.Input {
		values := strings.Split(line, ",")
		for i, v := range values[:last+1] {
			if v != "NULL" {
				v = types.QuoteString(v)
			}
			values[i] = fmt.Sprintf("CAST(%s AS %s)", v, schema[i].Type)
		}
		rows = append(rows, "("+strings.Join(values[:last+1], ", ")+")")
	}
	names := strings.Join(schema.Names(), ", ")
	switch {
	case name == "JSON_OBJECTAGG":
		call = "JSON_OBJECTAGG(KEY k VALUE v)"
	case !star:
		call = name + "(" + names + ")"
	}
	return "SELECT " + call + " FROM (VALUES " + strings.Join(rows, ", ") + ") AS t(" + names + ")"
}
