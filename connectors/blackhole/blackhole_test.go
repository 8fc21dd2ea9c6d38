package blackhole

import (
	"context"
	"math/rand"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// rows parses rows of (a BIGINT, s STRING).
func rows(t *testing.T, lines ...string) stream.Batch {
	t.Helper()
	schema := types.Schema{{Name: "a", Type: types.Of(types.BigInt)}, {Name: "s", Type: types.StringType()}}
	b, err := stream.ParseRows(memory.DefaultAllocator, schema, lines)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sumOf(batches ...stream.Batch) Sum {
	var s Sum
	var h Hasher
	for _, b := range batches {
		h.Add(&s, b)
	}
	return s
}

func TestChecksumIgnoresOrderAndBatches(t *testing.T) {
	one := sumOf(rows(t, "+I a=1 s=x", "+I a=2 s=y", "+I a=3 s=NULL", "+I a=NULL s=x"))
	other := sumOf(rows(t, "+I a=3 s=NULL", "+I a=NULL s=x"), rows(t, "+I a=2 s=y"), rows(t, "+I a=1 s=x"))
	if one != other || one.Rows != 4 {
		t.Errorf("%+v and %+v", one, other)
	}
}

func TestChecksumOfAChangelogIsItsTables(t *testing.T) {
	table := sumOf(rows(t, "+I a=1 s=z", "+I a=3 s=c"))
	log := sumOf(rows(t, "+I a=1 s=x", "+I a=2 s=y", "-U a=1 s=x", "+U a=1 s=z"), rows(t, "-D a=2 s=y", "+I a=3 s=c"))
	if table.Checksum() != log.Checksum() || log.Net != 2 || log.Rows != 6 {
		t.Errorf("%+v and %+v", table, log)
	}
}

func TestChecksumTellsTablesApart(t *testing.T) {
	seen := map[string]string{}
	for name, b := range map[string]stream.Batch{
		"one": rows(t, "+I a=1 s=x"), "twice": rows(t, "+I a=1 s=x", "+I a=1 s=x"), "other": rows(t, "+I a=2 s=x"),
		"null": rows(t, "+I a=NULL s=x"), "zero": rows(t, "+I a=0 s=x"), "text": rows(t, "+I a=1 s=y"),
		"nulltext": rows(t, "+I a=1 s=NULL"), "swapped": rows(t, "+I a=1 s=y", "+I a=2 s=x"), "straight": rows(t, "+I a=1 s=x", "+I a=2 s=y"),
	} {
		sum := sumOf(b).Checksum()
		if before, ok := seen[sum]; ok {
			t.Errorf("%s and %s have one checksum", before, name)
		}
		seen[sum] = name
	}
}

func TestSlicesHashLikeCopies(t *testing.T) {
	b := rows(t, "+I a=1 s=x", "+I a=NULL s=yy", "+I a=3 s=NULL", "+I a=4 s=zzz")
	if got, want := sumOf(b.Slice(1, 3)), sumOf(rows(t, "+I a=NULL s=yy", "+I a=3 s=NULL")); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// nestedBatch has a column ROW<list ARRAY<INT>, map MAP<STRING, INT>> whose map
// holds its entries in the given order, and hidden values below a NULL row.
func nestedBatch(hidden int32, keys ...string) stream.Batch {
	row := types.RowOf(types.Field{Name: "list", Type: types.ArrayOf(types.Of(types.Int))},
		types.Field{Name: "map", Type: types.MapOf(types.StringType(), types.Of(types.Int))})
	schema := types.Schema{{Name: "r", Type: row}}.Arrow()
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	r := b.Field(0).(*array.StructBuilder)
	list, dict := r.FieldBuilder(0).(*array.ListBuilder), r.FieldBuilder(1).(*array.MapBuilder)
	for _, there := range []bool{true, false} {
		r.Append(there)
		list.Append(true)
		list.ValueBuilder().(*array.Int32Builder).Append(hidden * map[bool]int32{false: 1}[there])
		dict.Append(true)
		for _, k := range keys {
			dict.KeyBuilder().(*array.StringBuilder).Append(k)
			dict.ItemBuilder().(*array.Int32Builder).Append(int32(len(k)))
		}
	}
	return stream.Batch{Record: b.NewRecord()}
}

func TestSlicesOfNestedValuesHashLikeCopies(t *testing.T) {
	b := nestedBatch(7, "x", "yy")
	whole, first, last := sumOf(b), sumOf(b.Slice(0, 1)), sumOf(b.Slice(1, 2))
	if first == last {
		t.Error("two different rows have one sum")
	}
	if first.merge(last); first != whole {
		t.Errorf("slices have %+v, the whole %+v", first, whole)
	}
}

func TestNestedValuesHashByContent(t *testing.T) {
	base := sumOf(nestedBatch(1, "a", "bb"))
	if sumOf(nestedBatch(1, "bb", "a")) != base {
		t.Error("the order of a map's entries must not count")
	}
	if sumOf(nestedBatch(2, "a", "bb")) != base {
		t.Error("what lies below a NULL row must not count")
	}
	if sumOf(nestedBatch(1, "a", "cc")) == base {
		t.Error("a key must count")
	}
}

func TestTotalsCountOnceOverRestarts(t *testing.T) {
	ctx := context.Background()
	c := New()
	s, _ := c.Sink(connector.Table{Name: "t"})
	env := connector.WriterEnv{Job: "j", Tasks: 1}
	w, _ := s.Writer(ctx, env, nil)
	commit, _ := s.Committer(ctx)
	write := func(w connector.Writer, lines ...string) {
		if err := w.Write(ctx, rows(t, lines...)); err != nil {
			t.Fatal(err)
		}
	}
	write(w, "+I a=1 s=x", "+I a=2 s=y")
	p, _ := w.Prepare(ctx, 1, false)
	for range 2 { // a commit may be repeated
		if err := commit.Commit(ctx, 1, p.Committables); err != nil {
			t.Fatal(err)
		}
	}
	write(w, "+I a=3 s=lost")
	again, err := s.Writer(ctx, env, [][]byte{p.State})
	if err != nil {
		t.Fatal(err)
	}
	write(again, "+I a=3 s=z")
	p, _ = again.Prepare(ctx, 2, true)
	if err := commit.Commit(ctx, 2, p.Committables); err != nil {
		t.Fatal(err)
	}
	got, _ := c.Stats("j", "t")
	if want := sumOf(rows(t, "+I a=1 s=x", "+I a=2 s=y", "+I a=3 s=z")); got.Sum != want || got.Written != 4 {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func BenchmarkHash(b *testing.B) {
	const n = 4096
	r := rand.New(rand.NewSource(1))
	ints := array.NewInt64Builder(memory.DefaultAllocator)
	texts := array.NewStringBuilder(memory.DefaultAllocator)
	for range n {
		ints.Append(r.Int63())
		texts.Append("https://www.nexmark.com/item.htm"[:10+r.Intn(22)])
	}
	for name, col := range map[string]arrow.Array{"int64": ints.NewArray(), "string": texts.NewArray()} {
		b.Run(name, func(b *testing.B) {
			const cols = 4
			fields, arrays := make([]arrow.Field, cols), make([]arrow.Array, cols)
			for i := range arrays {
				fields[i], arrays[i] = arrow.Field{Name: "c", Type: col.DataType(), Nullable: true}, col
			}
			batch := stream.Batch{Record: array.NewRecord(arrow.NewSchema(fields, nil), arrays, n)}
			var h Hasher
			var s Sum
			b.ReportAllocs()
			for b.Loop() {
				h.Add(&s, batch)
			}
			b.ReportMetric(float64(b.N)*n*cols/b.Elapsed().Seconds()/1e6, "Mcells/s")
		})
	}
}
