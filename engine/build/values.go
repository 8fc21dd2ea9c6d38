package build

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/values"
)

// valuesSource is a bounded source with one split: the rows of a Values node.
type valuesSource struct {
	env  *Env
	node Node
}

// valuesReader gives the rows once.
type valuesReader struct {
	source *valuesSource
	env    connector.ReaderEnv
	schema *arrow.Schema
	done   bool
}

var (
	_ connector.Source = (*valuesSource)(nil)
	_ connector.Reader = (*valuesReader)(nil)
)

// valuesSplit names the only split.
const valuesSplit connector.SplitID = "values"

// Apply takes nothing over.
func (s *valuesSource) Apply(p connector.Pushdown) (connector.Applied, error) {
	return connector.Applied{Filters: make([]bool, len(p.Filters))}, nil
}

// Bounded is true.
func (s *valuesSource) Bounded() bool { return true }

// Discover gives the only split.
func (s *valuesSource) Discover(_ context.Context, known []connector.SplitID, _ int) ([]connector.Split, error) {
	if slices.Contains(known, valuesSplit) {
		return nil, nil
	}
	return []connector.Split{{ID: valuesSplit}}, nil
}

// Open starts at the rows, or behind them with a position.
func (s *valuesSource) Open(_ context.Context, _ connector.Split, position []byte, env connector.ReaderEnv) (connector.Reader, error) {
	return &valuesReader{source: s, env: env, schema: s.node.Schema.Arrow(), done: len(position) > 0}, nil
}

// Next gives all rows, then the end.
func (r *valuesReader) Next(context.Context, <-chan struct{}) (stream.Batch, error) {
	if r.done {
		return stream.Batch{}, connector.ErrEndOfSplit
	}
	r.done = true
	batch, err := values.Batch(values.Config{Rows: r.source.node.Values.Rows, Schema: r.schema,
		Registry: r.source.env.Functions, NowMillis: r.source.env.NowMillis, Zone: r.source.env.Zone}, r.env.Alloc)
	if err != nil {
		return stream.Batch{}, err
	}
	return batch, connector.ErrEndOfSplit
}

// Position tells whether the rows were given.
func (r *valuesReader) Position() []byte {
	if r.done {
		return []byte{1}
	}
	return nil
}

// Lag is known exactly.
func (r *valuesReader) Lag() connector.Lag {
	total := int64(len(r.source.node.Values.Rows))
	if r.done {
		return connector.Lag{Done: total, Total: total}
	}
	return connector.Lag{Rows: total, Total: total}
}

// Close frees nothing.
func (r *valuesReader) Close() error { return nil }
