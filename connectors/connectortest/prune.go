package connectortest

import (
	"context"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

func prunes(t *testing.T, s Source) {
	if s.Pruned == nil {
		t.Fatal("name the columns to prune in Source.Pruned")
	}
	src := s.Make(t)
	applied, err := src.Apply(connector.Pushdown{Columns: s.Pruned})
	if err != nil || !applied.Columns {
		t.Fatalf("%+v, %v", applied, err)
	}
	var got []string
	for _, split := range s.discover(t, src) {
		r, err := src.Open(context.Background(), split, nil, env(t, 4))
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			var batch stream.Batch
			batch, err = r.Next(context.Background(), nil)
			if batch.Rows() > 0 {
				checkSchema(t, batch.Record.Schema(), s.Pruned)
				got = append(got, stream.FormatRows(batch)...)
			}
			batch.Release()
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	want := s.project(t)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%d rows, want %d\n%v\n%v", len(got), len(want), head(got), head(want))
	}
}

func checkSchema(t testing.TB, got *arrow.Schema, want types.Schema) {
	t.Helper()
	if w := want.Arrow(); !got.Equal(w) {
		t.Fatalf("schema %s, want %s", got, w)
	}
}

// project reads everything and takes the pruned columns afterwards.
func (s Source) project(t testing.TB) []string {
	t.Helper()
	src := s.Make(t)
	var rows []string
	for _, split := range s.discover(t, src) {
		r, err := src.Open(context.Background(), split, nil, env(t, 4))
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			var batch stream.Batch
			batch, err = r.Next(context.Background(), nil)
			if batch.Rows() > 0 {
				p := s.pick(batch)
				rows = append(rows, stream.FormatRows(p)...)
				p.Release()
			}
			batch.Release()
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	return rows
}

// pick takes the pruned columns of a batch.
func (s Source) pick(batch stream.Batch) stream.Batch {
	want := s.Pruned.Arrow()
	cols := make([]arrow.Array, len(s.Pruned))
	for i, f := range s.Pruned {
		cols[i] = pickColumn(batch.Column(s.Schema.Index(f.Name)), want.Field(i).Type)
	}
	return stream.NewBatch(want, cols, batch.Rows(), batch.Kinds)
}

// pickColumn gives a column with only the wanted ROW fields, owned by the caller.
func pickColumn(arr arrow.Array, want arrow.DataType) arrow.Array {
	st, ok := arr.(*array.Struct)
	if !ok {
		arr.Retain()
		return arr
	}
	w := want.(*arrow.StructType)
	var kids []arrow.ArrayData
	for _, f := range w.Fields() {
		i, _ := st.DataType().(*arrow.StructType).FieldIdx(f.Name)
		kid := pickColumn(st.Field(i), f.Type)
		defer kid.Release()
		kids = append(kids, kid.Data())
	}
	// The fields are already cut to the slice, the bitmap is not.
	bitmap := memory.NewBufferBytes(make([]byte, (st.Len()+7)/8))
	for i := range st.Len() {
		if st.IsValid(i) {
			bitmap.Bytes()[i>>3] |= 1 << (i & 7)
		}
	}
	data := array.NewData(w, st.Len(), []*memory.Buffer{bitmap}, kids, array.UnknownNullCount, 0)
	defer data.Release()
	return array.NewStructData(data)
}
