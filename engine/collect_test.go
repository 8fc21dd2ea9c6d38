package engine

import (
	"context"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// A checkpoint may be given up after its barrier passed the sink.
func TestCollectorShowsTheRowsOfAnEpochThatWasGivenUpWithTheNext(t *testing.T) {
	ctx := context.Background()
	schema := types.Schema{{Name: "v", Type: types.Of(types.BigInt)}}
	c := newCollector(true)
	w, err := c.Writer(ctx, connector.WriterEnv{Tasks: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for epoch, row := range []string{"+I v=1", "+I v=2", "+I v=3"} {
		batch, err := stream.ParseRows(memory.DefaultAllocator, schema, []string{row})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(ctx, batch); err != nil {
			t.Fatal(err)
		}
		batch.Release()
		if _, err := w.Prepare(ctx, uint64(epoch), false); err != nil {
			t.Fatal(err)
		}
	}
	committer, err := c.Committer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := committer.Commit(ctx, 2, nil); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range c.readable {
		got = append(got, stream.FormatRows(b)...)
	}
	if len(got) != 3 || got[0] != "+I v=1" || got[2] != "+I v=3" {
		t.Errorf("rows %q", got)
	}
}
