package columns_test

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

func TestSliceCountsWhatItsRowsTake(t *testing.T) {
	schema := types.Schema{{Name: "v", Type: types.Of(types.BigInt)}, {Name: "s", Type: types.StringType()}}
	b, err := stream.ParseRows(memory.DefaultAllocator, schema, []string{"+I v=1 s=abcd", "+I v=2 s=ef", "+I v=3 s=NULL", "+I v=4 s=ghij"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Release()
	for _, c := range []struct {
		from, to int
		want     int64
	}{{0, 4, 4*8 + 4*4 + 10}, {1, 3, 2*8 + 2*4 + 2}, {2, 2, 0}} {
		part := b.Slice(c.from, c.to)
		if got := columns.BytesOf(part); got != c.want {
			t.Errorf("rows %d to %d count %d bytes, want %d", c.from, c.to, got, c.want)
		}
		part.Release()
	}
}
