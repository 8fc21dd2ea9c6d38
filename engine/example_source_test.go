package engine_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/operators/stream"
)

// countdown is a connector whose tables count down to one.
type countdown struct{}

var _ connector.Connector = countdown{}

// Spec names the connector and its options: they are checked, defaulted and
// documented from here.
func (countdown) Spec() connector.Spec {
	return connector.Spec{Name: "countdown", Doc: "Numbers that count down to one.", Options: []connector.OptionSpec{
		{Name: "from", Type: connector.TypeBigInt, Required: true, Doc: "The first number.", Example: "10"},
	}}
}

// Check runs at CREATE TABLE.
func (countdown) Check(t connector.Table) error {
	if len(t.Schema) != 1 || t.Schema[0].Type.Arrow().ID() != arrow.INT64 {
		return errors.New("a countdown has one column of type BIGINT")
	}
	return nil
}

// Source makes the reading side.
func (countdown) Source(t connector.Table) (connector.Source, error) {
	return &countdownSource{from: t.Options.Int("from"), schema: t.Schema.Arrow()}, nil
}

// Sink refuses.
func (countdown) Sink(connector.Table) (connector.Sink, error) {
	return nil, errors.New("a countdown can't be written")
}

// countdownSource is one table in one job: it has one split.
type countdownSource struct {
	from   int64
	schema *arrow.Schema
}

// Apply takes no filter or projection over: the planner keeps them.
func (s *countdownSource) Apply(p connector.Pushdown) (connector.Applied, error) {
	return connector.Applied{Filters: make([]bool, len(p.Filters))}, nil
}

// Bounded tells that the table ends.
func (s *countdownSource) Bounded() bool { return true }

// Discover lists the splits that are not known yet.
func (s *countdownSource) Discover(_ context.Context, known []connector.SplitID, _ int) ([]connector.Split, error) {
	if len(known) > 0 {
		return nil, nil
	}
	return []connector.Split{{ID: "all"}}, nil
}

// Open starts at the split's start, or where a checkpoint stopped.
func (s *countdownSource) Open(_ context.Context, _ connector.Split, position []byte, env connector.ReaderEnv) (connector.Reader, error) {
	r := &countdownReader{source: s, env: env, next: s.from}
	if position != nil {
		r.next = int64(binary.BigEndian.Uint64(position))
	}
	return r, nil
}

type countdownReader struct {
	source *countdownSource
	env    connector.ReaderEnv
	next   int64
}

// Next gives a batch, which the caller owns, or the end.
func (r *countdownReader) Next(ctx context.Context, _ <-chan struct{}) (stream.Batch, error) {
	if err := ctx.Err(); err != nil {
		return stream.Batch{}, err
	}
	if r.next < 1 {
		return stream.Batch{}, connector.ErrEndOfSplit
	}
	builder := array.NewInt64Builder(r.env.Alloc)
	defer builder.Release()
	for ; r.next >= 1 && builder.Len() < r.env.BatchRows; r.next-- {
		builder.Append(r.next)
	}
	column := builder.NewArray()
	return stream.NewBatch(r.source.schema, []arrow.Array{column}, column.Len(), nil), nil
}

// Position is what a checkpoint keeps: the place behind the last row given.
func (r *countdownReader) Position() []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(r.next))
}

// Lag tells how far there is to go.
func (r *countdownReader) Lag() connector.Lag {
	return connector.Lag{Rows: r.next, Millis: -1, Done: r.source.from - r.next, Total: r.source.from}
}

// Close has nothing to free.
func (r *countdownReader) Close() error { return nil }

// A Go source is a connector: its tables are declared like all others, its
// positions are part of checkpoints.
func ExampleEngine_RegisterConnector() {
	ctx := context.Background()
	eng, err := engine.Open(ctx, engine.Options{Parallelism: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer eng.Close()
	if err := eng.RegisterConnector(countdown{}); err != nil {
		log.Fatal(err)
	}
	rows, err := eng.Query(ctx, `
		CREATE TABLE c (n BIGINT) WITH ('connector' = 'countdown', 'from' = '5');
		SELECT n, n * n AS square FROM c WHERE n > 2`)
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
		fmt.Println(table.Column(0).ValueStr(i), table.Column(1).ValueStr(i))
	}
	// Output:
	// 5 25
	// 4 16
	// 3 9
}
