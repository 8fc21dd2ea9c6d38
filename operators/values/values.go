// Package values gives constant rows: VALUES (…), (…).
package values

import (
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// Config describes the rows.
type Config struct {
	// Rows are expressions without inputs, all rows of the schema's width.
	Rows [][]rex.Expr
	// Schema is the schema of the rows.
	Schema *arrow.Schema
	// Registry holds the functions.
	Registry *expr.Registry
	// NowMillis is the processing time that time functions see; Zone the session's
	// time zone, nil being UTC.
	NowMillis int64
	Zone      *time.Location
}

// Batch evaluates the rows into one batch, which the caller owns. Whoever drives
// it treats it as a bounded source: the batch, then the end of time.
func Batch(cfg Config, alloc memory.Allocator) (stream.Batch, error) {
	builder := array.NewRecordBuilder(alloc, cfg.Schema)
	defer builder.Release()
	eval := &expr.EvalContext{
		Alloc: alloc, NowMillis: cfg.NowMillis, Zone: cfg.Zone, WatermarkMillis: int64(stream.NoWatermark),
	}
	none := stream.NewBatch(arrow.NewSchema(nil, nil), nil, 1, nil)
	defer none.Release()
	for i, row := range cfg.Rows {
		if len(row) != cfg.Schema.NumFields() {
			return stream.Batch{}, errs.Bugf("row %d of VALUES has %d columns, not %d", i+1, len(row), cfg.Schema.NumFields())
		}
		if err := appendRow(builder, row, cfg.Registry, eval, none); err != nil {
			return stream.Batch{}, err
		}
	}
	cols := make([]arrow.Array, cfg.Schema.NumFields())
	for i := range cols {
		cols[i] = builder.Field(i).NewArray()
	}
	return stream.NewBatch(cfg.Schema, cols, len(cfg.Rows), nil), nil
}

func appendRow(builder *array.RecordBuilder, row []rex.Expr, registry *expr.Registry, eval *expr.EvalContext, none stream.Batch) error {
	projection, err := expr.CompileProject(row, expr.CompileEnv{Registry: registry, Label: "Values"})
	if err != nil {
		return err
	}
	cells, err := projection.Eval(eval, none)
	if err != nil {
		return err
	}
	for i, cell := range cells {
		columns.Append(builder.Field(i), cell, 0)
		cell.Release()
	}
	return nil
}
