package parquet

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet/file"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// poisoning overwrites what it is given back, as a pool that lends it again does.
type poisoning struct{ memory.Allocator }

func (p poisoning) Free(b []byte) {
	for i := range b {
		b[i] = 0xAA
	}
	p.Allocator.Free(b)
}

func (p poisoning) Reallocate(size int, b []byte) []byte {
	fresh := p.Allocator.Allocate(size)
	copy(fresh, b)
	p.Free(b)
	return fresh
}

func TestStatisticsOutliveTheBatches(t *testing.T) {
	checked := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer checked.AssertSize(t, 0)
	alloc := poisoning{checked}
	schema := types.Schema{{Name: "s", Type: types.StringType()}}
	options, err := connector.Spec{Options: Format{}.Spec().Options}.Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := Format{}.NewFile(&out, codec.Config{Schema: schema, Options: options, Alloc: alloc})
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range []string{"+I s=mm\n+I s=bb", "+I s=zz\n+I s=cc"} {
		batch, err := stream.ParseRows(alloc, schema, strings.Split(rows, "\n"))
		if err != nil {
			t.Fatal(err)
		}
		err = w.Write(batch)
		batch.Release()
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	reader, err := file.NewParquetReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	chunk, err := reader.MetaData().RowGroup(0).ColumnChunk(0)
	if err != nil {
		t.Fatal(err)
	}
	stats, err := chunk.Statistics()
	if err != nil {
		t.Fatal(err)
	}
	if low, high := string(stats.EncodeMin()), string(stats.EncodeMax()); low != "bb" || high != "zz" {
		t.Errorf("statistics %q to %q, want bb to zz", low, high)
	}
}
