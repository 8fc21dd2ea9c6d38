package msgpack

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/json"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

func field(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }

func everyType() types.Schema {
	row := types.RowOf(field("u", types.StringType()), field("v", types.ArrayOf(types.Of(types.Int))), field("w", types.RowOf(field("x", types.Of(types.BigInt)))))
	return types.Schema{
		field("b", types.Of(types.Boolean)), field("i1", types.Of(types.TinyInt)), field("i2", types.Of(types.SmallInt)),
		field("i4", types.Of(types.Int)), field("i8", types.Of(types.BigInt)), field("f4", types.Of(types.Float)),
		field("f8", types.Of(types.Double)), field("d", types.DecimalOf(20, 3)), field("s", types.StringType()),
		field("x", types.BytesType()), field("day", types.Of(types.Date)), field("t", types.TimeOf(3)),
		field("ts", types.TimestampOf(3)), field("us", types.TimestampOf(6)), field("ns", types.TimestampOf(9)), field("z", types.TimestampLTZOf(3)),
		field("a", types.ArrayOf(types.StringType())), field("m", types.MapOf(types.Of(types.Int), types.Of(types.BigInt))), field("r", row),
	}
}

const everyValue = `{"b":true,"i1":-128,"i2":32767,"i4":-70000,"i8":9223372036854775807,"f4":1.5,"f8":-0.1,"d":12345678901234567.891,"s":"ü\"\\\n","x":"AAEC","day":"2024-02-29","t":"23:59:59.001","ts":"2024-02-29 12:00:00.123","us":"1969-12-31 23:59:59.999999","ns":"2024-02-29 12:00:00.123456789","z":"2024-02-29 12:00:00.000Z","a":["p",null,""],"m":{"1":1,"-300":null},"r":{"u":"q","v":[1,2],"w":{"x":7}}}
{"b":null,"i1":null,"i2":null,"i4":null,"i8":null,"f4":null,"f8":null,"d":null,"s":null,"x":null,"day":null,"t":null,"ts":null,"us":null,"ns":null,"z":null,"a":null,"m":null,"r":null}
{"b":false,"i1":0,"i2":0,"i4":0,"i8":-9223372036854775808,"f4":"NaN","f8":"-Infinity","d":-0.001,"s":"","x":"","day":"0001-01-01","t":"00:00:00.000","ts":"0001-01-01 00:00:00.000","us":"9999-12-31 23:59:59.999999","ns":"1970-01-01 00:00:00.000000000","z":"1970-01-01 00:00:00.000Z","a":[],"m":{},"r":{"u":null,"v":null,"w":null}}
`

func config(t testing.TB, alloc memory.Allocator, schema types.Schema, options map[string]string) codec.Config {
	t.Helper()
	o, err := Format{}.Spec().Parse(options)
	if err != nil {
		t.Fatal(err)
	}
	return codec.Config{Schema: schema, Options: o, Alloc: alloc, BatchRows: 1 << 16}
}

func fromJSON(t testing.TB, c codec.Config, lines string) stream.Batch {
	t.Helper()
	d, err := json.Format{}.NewDecoder(codec.Config{Schema: c.Schema, Alloc: c.Alloc, BatchRows: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, _, err := d.Lines([]byte(lines), true, func(b codec.Bad) error { return errors.New(b.Reason) }); err != nil {
		t.Fatal(err)
	}
	return d.Flush()
}

func toJSON(t testing.TB, schema types.Schema, batch stream.Batch) string {
	t.Helper()
	e, err := json.Format{}.NewEncoder(codec.Config{Schema: schema, Lines: true})
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := e.Encode(nil, nil, batch)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func encode(t testing.TB, c codec.Config, batch stream.Batch) ([]byte, []int) {
	t.Helper()
	e, err := Format{}.NewEncoder(c)
	if err != nil {
		t.Fatal(err)
	}
	data, ends, err := e.Encode(nil, nil, batch)
	if err != nil {
		t.Fatal(err)
	}
	return data, ends
}

func newDec(t testing.TB, c codec.Config) codec.Decoder {
	t.Helper()
	d, err := Format{}.NewDecoder(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEveryTypeRoundTrips(t *testing.T) {
	for _, rows := range []string{rowsMap, rowsArray} {
		t.Run(rows, func(t *testing.T) {
			alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
			defer alloc.AssertSize(t, 0)
			c := config(t, alloc, everyType(), map[string]string{optionRows: rows})
			batch := fromJSON(t, c, everyValue)
			defer batch.Release()
			data, _ := encode(t, c, batch)
			d := newDec(t, c)
			defer d.Close()
			for cut := range data { // in two pieces, cut anywhere
				n, _, err := d.Lines(data[:cut], false, func(b codec.Bad) error { return errors.New(b.Reason) })
				if err == nil {
					n, _, err = d.Lines(data[n:], true, func(b codec.Bad) error { return errors.New(b.Reason) })
				}
				back := d.Flush()
				if got := toJSON(t, everyType(), back); err != nil || got != everyValue {
					t.Fatalf("cut at %d: %v, %d, got\n%s", cut, err, n, got)
				}
				back.Release()
			}
			c.Columns = types.Schema{field("s", types.StringType()), field("r", types.RowOf(field("w", types.RowOf(field("x", types.Of(types.BigInt))))))}
			pruned := newDec(t, c)
			defer pruned.Close()
			if err := pruned.Record(data); err != nil {
				t.Fatal(err)
			}
			back := pruned.Flush()
			defer back.Release()
			want := `{"s":"ü\"\\\n","r":{"w":{"x":7}}}` + "\n" + `{"s":null,"r":null}` + "\n" + `{"s":"","r":{"w":null}}` + "\n"
			if got := toJSON(t, c.Columns, back); got != want {
				t.Errorf("pruned:\n%s", got)
			}
		})
	}
}

// An independent library writes what is read, and reads what is written.
func TestRecordsOfAnotherLibrary(t *testing.T) {
	schema := types.Schema{field("id", types.Of(types.BigInt)), field("name", types.StringType()), field("at", types.TimestampOf(9)), field("price", types.DecimalOf(8, 2)), field("x", types.Of(types.Double))}
	c := config(t, memory.DefaultAllocator, schema, nil)
	at := time.Date(2024, 2, 29, 12, 0, 0, 5, time.UTC)
	data, err := msgpack.Marshal(map[string]any{"name": "é", "id": uint64(7), "at": at, "price": 2.5, "x": 3, "extra": []any{1, map[string]any{"a": []byte("b")}}})
	if err != nil {
		t.Fatal(err)
	}
	d := newDec(t, c)
	defer d.Close()
	if err := d.Record(data); err != nil {
		t.Fatal(err)
	}
	batch := d.Flush()
	defer batch.Release()
	if got := toJSON(t, schema, batch); got != `{"id":7,"name":"é","at":"2024-02-29 12:00:00.000000005","price":2.50,"x":3}`+"\n" {
		t.Error(got)
	}
	out, _ := encode(t, c, batch)
	var back map[string]any
	if err := msgpack.Unmarshal(out, &back); err != nil || fmt.Sprintf("%v %v %v %v", back["id"], back["name"], back["price"], back["x"]) != "7 é 2.50 3" || !back["at"].(time.Time).Equal(at) {
		t.Errorf("%v, %v", back, err)
	}
}

func TestBadRecords(t *testing.T) {
	schema := types.Schema{field("id", types.Of(types.Int)), field("at", types.TimestampOf(3))}
	c := config(t, memory.DefaultAllocator, schema, nil)
	record := func(v any) string {
		b, err := msgpack.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	good := record(map[string]any{"id": 1})
	data := good + record(map[string]any{"id": "x"}) + record(7) + record(map[string]any{"id": uint64(1 << 40)}) + record(map[string]any{"at": true}) + good + good[:3]
	d := newDec(t, c)
	defer d.Close()
	var got []string
	bad := func(b codec.Bad) error {
		got = append(got, fmt.Sprintf("%d: %s", b.Offset, b.Reason))
		return nil
	}
	n, _, err := d.Lines([]byte(data), true, bad)
	want := []string{`5: column 'id' (INT): not a whole number: "x"`, "11: the record: a map or an array wanted, found a whole number", `12: column 'id' (INT): number out of range: "1099511627776"`,
		"25: column 'at' (TIMESTAMP(3)): a value of its type wanted, found a boolean", "35: a map: a key wanted, found the end of the data"}
	if err != nil || n != len(data) || d.Rows() != 2 || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%v, %d of %d, %d rows\n%s", err, n, len(data), d.Rows(), strings.Join(got, "\n"))
	}
	d.Flush().Release()
	if _, _, err := d.Lines([]byte("\xc1"+good), true, bad); err == nil {
		t.Error("what is no MessagePack was accepted")
	}
}

func FuzzDecode(f *testing.F) {
	c := config(f, memory.DefaultAllocator, everyType(), nil)
	batch := fromJSON(f, c, everyValue)
	data, ends := encode(f, c, batch)
	f.Add(data)
	f.Add(data[:ends[0]])
	f.Fuzz(func(t *testing.T, data []byte) {
		alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
		defer alloc.AssertSize(t, 0)
		c.Alloc = alloc
		d := newDec(t, c)
		defer d.Close()
		d.Record(data)
		d.Lines(data, true, func(codec.Bad) error { return nil })
		rows := d.Rows()
		batch := d.Flush()
		defer batch.Release()
		for _, col := range batch.Record.Columns() {
			if col.Len() != rows {
				t.Fatalf("%d values for %d rows", col.Len(), rows)
			}
		}
	})
}

func bids(t testing.TB) (codec.Config, stream.Batch) {
	schema := types.Schema{field("auction", types.Of(types.BigInt)), field("bidder", types.Of(types.BigInt)), field("price", types.Of(types.BigInt)),
		field("channel", types.StringType()), field("url", types.StringType()), field("at", types.TimestampOf(3)), field("extra", types.StringType())}
	c := config(t, memory.DefaultAllocator, schema, nil)
	c.BatchRows = 4096
	var lines strings.Builder
	for i := range 4096 {
		fmt.Fprintf(&lines, `{"auction":%d,"bidder":%d,"price":%d,"channel":"channel-%d","url":"https://www.nexmark.com/abc/def/ghi/item.htm?query=1&channel_id=%d","at":"2015-07-15 00:00:%02d.%03d","extra":"%s"}`+"\n",
			1000+i%977, 1000+i%331, i*7, i%1000, i*31, i%60, i%1000, strings.Repeat("abcdefg", 5+i%9))
	}
	return c, fromJSON(t, c, lines.String())
}

func BenchmarkDecode(b *testing.B) {
	c, batch := bids(b)
	data, ends := encode(b, c, batch)
	d := newDec(b, c)
	defer d.Close()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := d.Lines(data, true, func(bad codec.Bad) error { return errors.New(bad.Reason) }); err != nil {
			b.Fatal(err)
		}
		d.Flush().Release()
	}
	b.ReportMetric(float64(b.N)*float64(len(ends))/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkEncode(b *testing.B) {
	c, batch := bids(b)
	e, err := Format{}.NewEncoder(c)
	if err != nil {
		b.Fatal(err)
	}
	var data []byte
	var ends []int
	b.ReportAllocs()
	for b.Loop() {
		if data, ends, err = e.Encode(data[:0], ends[:0], batch); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(data)))
	b.ReportMetric(float64(b.N)*float64(len(ends))/b.Elapsed().Seconds(), "rows/s")
}
