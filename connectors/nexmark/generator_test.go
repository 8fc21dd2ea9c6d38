package nexmark

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
)

// pick keeps the named columns of the schema, with the named fields of their ROWs.
func pick(names ...[]string) types.Schema {
	full := Schema()
	var out types.Schema
	for _, n := range names {
		f := full[full.Index(n[0])]
		if len(n) > 1 {
			var fields []types.Field
			for _, name := range n[1:] {
				fields = append(fields, f.Type.Fields[f.Type.FieldIndex(name)])
			}
			f.Type = types.RowOf(fields...)
		}
		out = append(out, f)
	}
	return out
}

// testSchemas are typical projections.
func testSchemas() []types.Schema {
	return []types.Schema{
		Schema(),
		{},
		pick([]string{"event_type"}),
		pick([]string{"bid", "auction", "price"}),
		pick([]string{"event_type"}, []string{"person", "extra", "id"}, []string{"bid", "url"}),
		pick([]string{"auction", "description", "expires"}, []string{"bid", "extra"}),
		pick([]string{"person", "dateTime"}, []string{"auction", "dateTime"}, []string{"bid", "dateTime"}),
	}
}

func newTestGenerator(t testing.TB, config Config, schema types.Schema) *generator {
	t.Helper()
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	l, err := newLayout(schema)
	if err != nil {
		t.Fatal(err)
	}
	return newGenerator(&config, testTables().get(&config), config.Splits(1)[0], l)
}

// testTables shares one set over all tests.
var testTables = sync.OnceValue(func() *tableCache { return &tableCache{} })

func release(g *generator, events int64) {
	g.batch(memory.DefaultAllocator, int(events), events).Release()
}

// cell prints one value, NULL for NULL.
func cell(column arrow.Array, row int) string {
	if column.IsNull(row) {
		return "NULL"
	}
	return column.ValueStr(row)
}

// fieldText prints a column's value at row, or its field's.
func fieldText(record arrow.Record, column, field string, row int) string {
	a := record.Column(record.Schema().FieldIndices(column)[0])
	if field == "" {
		return cell(a, row)
	}
	s := a.(*array.Struct)
	at, _ := s.DataType().(*arrow.StructType).FieldIdx(field)
	if s.IsNull(row) != s.Field(at).IsNull(row) {
		return "validity of the field differs from its row's"
	}
	return cell(s.Field(at), row)
}

// TestPrunedColumnsEqualTheWholeRows generates projections and filters in batches
// of random sizes and compares each value with the unpruned stream.
func TestPrunedColumnsEqualTheWholeRows(t *testing.T) {
	configs := map[string]Config{}
	for _, c := range readStreams(t) {
		if c.name == "prop" || c.name == "golden" || c.name == "sizes2" || c.name == "sizes" || c.name == "ooo10" {
			configs[c.name] = c.config
		}
	}
	events := int64(1500)
	if testing.Short() {
		events = 300
	}
	choose := rand.New(rand.NewPCG(7, 7))
	for name, config := range configs {
		whole := newTestGenerator(t, config, Schema()).batch(memory.DefaultAllocator, int(events), events)
		defer whole.Release()
		for i, schema := range testSchemas() {
			for mask := range 8 {
				t.Run(fmt.Sprintf("%s/schema %d/kinds %03b", name, i, mask), func(t *testing.T) {
					comparePruned(t, whole.Record, config, schema, kindSet{mask&1 > 0, mask&2 > 0, mask&4 > 0}, choose)
				})
			}
		}
	}
}

func comparePruned(
	t *testing.T, whole arrow.Record, config Config, schema types.Schema, emit kindSet, choose *rand.Rand,
) {
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(t, 0)
	g := newTestGenerator(t, config, schema)
	g.emit = emit
	kinds := whole.Column(0).(*array.Int32).Int32Values()
	from := 0
	for g.emitted < whole.NumRows() {
		batch := g.batch(alloc, 1+choose.IntN(300), min(int64(1+choose.IntN(900)), whole.NumRows()-g.emitted))
		for row := range batch.Rows() {
			for !emit[kinds[from]] {
				from++
			}
			for _, c := range schema {
				fields := c.Type.Fields
				if fields == nil {
					fields = []types.Field{{}}
				}
				for _, f := range fields {
					got, want := fieldText(batch.Record, c.Name, f.Name, row), fieldText(whole, c.Name, f.Name, from)
					if got != want {
						t.Fatalf("event %d, %s.%s: got %s, want %s", from, c.Name, f.Name, got, want)
					}
				}
			}
			from++
		}
		batch.Release()
	}
	for ; from < int(whole.NumRows()); from++ {
		if emit[kinds[from]] {
			t.Fatalf("event %d is missing", from)
		}
	}
}

// TestLongTextsEndBatchesEarly keeps a batch's texts within what a column holds.
func TestLongTextsEndBatchesEarly(t *testing.T) {
	config := DefaultConfig()
	config.BidBytes = 8 << 20
	g := newTestGenerator(t, config, pick([]string{"bid", "extra"}))
	batch := g.batch(memory.DefaultAllocator, 4096, 4096)
	defer batch.Release()
	if batch.Rows() < 5 || batch.Rows() > 20 || g.emitted != int64(batch.Rows()) {
		t.Errorf("%d rows, %d events", batch.Rows(), g.emitted)
	}
}

// recycler hands freed memory out again, as the engine's allocator does.
type recycler map[int][][]byte

func (r recycler) Allocate(size int) []byte {
	class := max(6, bits.Len(uint(size-1)))
	if free := r[class]; len(free) > 0 {
		r[class] = free[:len(free)-1]
		return free[len(free)-1][:size]
	}
	return make([]byte, size, 1<<class)
}

func (r recycler) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		return b[:size]
	}
	grown := r.Allocate(size)
	copy(grown, b)
	r.Free(b)
	return grown
}

func (r recycler) Free(b []byte) {
	if class := bits.Len(uint(cap(b) - 1)); cap(b) > 0 {
		r[class] = append(r[class], b)
	}
}

func BenchmarkGenerate(b *testing.B) {
	bids := kindSet{bidKind: true}
	all := kindSet{true, true, true}
	cases := []struct {
		name   string
		schema types.Schema
		emit   kindSet
	}{
		{"q0", pick([]string{"bid", "auction", "bidder", "price", "dateTime", "extra"}), bids},
		{"auction+price", pick([]string{"bid", "auction", "price"}), bids},
		{"auction+time", pick([]string{"bid", "auction", "dateTime"}), bids},
		{"channel+url", pick([]string{"bid", "auction", "channel", "url"}), bids},
		{"whole", Schema(), all},
		{"nothing", types.Schema{}, all},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			g := newTestGenerator(b, DefaultConfig(), c.schema)
			g.emit = c.emit
			b.ReportAllocs()
			const events = 4096
			alloc := recycler{}
			for b.Loop() {
				g.batch(alloc, events, events).Release()
			}
			b.ReportMetric(float64(b.N)*events/b.Elapsed().Seconds()/1e6, "Mevents/s")
		})
	}
}
