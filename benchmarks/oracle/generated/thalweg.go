package generated

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/enginetest"
	"github.com/thalweg/thalweg/operators/stream"
)

// Circumstance is what must not change a result.
type Circumstance struct {
	Parallelism, BatchRows, Splits int
}

// thalweg is an engine with the tables.
type thalweg struct {
	engine  *engine.Engine
	session *engine.Session
}

func openThalweg(ctx context.Context, tables []*Table, c Circumstance) (*thalweg, error) {
	world := enginetest.NewTables()
	eng, err := engine.Open(ctx, engine.Options{Parallelism: c.Parallelism, BatchRows: c.BatchRows,
		Connectors: []connector.Connector{world.Connector()}})
	if err != nil {
		return nil, err
	}
	th := &thalweg{engine: eng, session: eng.NewSession()}
	for _, t := range tables {
		// Each split keeps the order of its rows, and so the bound on disorder.
		splits := make([][]string, c.Splits)
		for i, line := range t.lines() {
			splits[i%c.Splits] = append(splits[i%c.Splits], line)
		}
		world.Table(t.Name).SetSplits(false, splits...)
		if _, err := th.session.Execute(ctx, t.DDL()); err != nil {
			return nil, fmt.Errorf("%s: %w", t.DDL(), err)
		}
	}
	return th, nil
}

// queryTime is more than any query takes that does not hang.
const queryTime = 10 * time.Second

// run gives each row of the final table as text. That the changelog is one is
// proved on the way: a row that is taken away must be there.
func (th *thalweg) run(ctx context.Context, q *Relation) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTime)
	defer cancel()
	rows, err := th.session.Query(ctx, q.SQL(Ours))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var changes []string
	for {
		batch, err := rows.Next(ctx)
		if err == io.EOF {
			return enginetest.Fold(changes)
		}
		if err != nil {
			return nil, err
		}
		for i := range batch.Rows() {
			if !rows.Updating() && batch.Kind(i) != stream.Insert {
				return nil, fmt.Errorf("a %s row in a result declared insert-only", batch.Kind(i))
			}
			changes = append(changes, batch.Kind(i).String()+" "+rowText(batch, i, q.Columns))
		}
		batch.Release()
	}
}

func rowText(b stream.Batch, row int, columns []Type) string {
	texts := make([]string, len(columns))
	for i, t := range columns {
		texts[i] = canonical(cell(b.Column(i), row), t)
	}
	return strings.Join(texts, "|")
}

// cell gives a value as SQLite's driver would.
func cell(arr arrow.Array, i int) any {
	if arr.IsNull(i) {
		return nil
	}
	switch arr := arr.(type) {
	case *array.Boolean:
		if arr.Value(i) {
			return int64(1)
		}
		return int64(0)
	case *array.Int64:
		return arr.Value(i)
	case *array.Int32:
		return int64(arr.Value(i))
	case *array.Float64:
		return arr.Value(i)
	case *array.String:
		return arr.Value(i)
	case *array.Timestamp:
		unit := arr.DataType().(*arrow.TimestampType).Unit.Multiplier()
		return (time.Duration(arr.Value(i)) * unit).Milliseconds()
	case *array.Decimal128:
		if scale := arr.DataType().(*arrow.Decimal128Type).Scale; scale != 2 {
			return fmt.Sprintf("DECIMAL of scale %d", scale)
		}
		return arr.Value(i).BigInt().Int64()
	}
	return fmt.Sprintf("%s of type %s", arr.ValueStr(i), arr.DataType())
}

func (th *thalweg) close() error { return th.engine.Close() }
