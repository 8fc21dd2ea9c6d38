package avro

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	hamba "github.com/hamba/avro/v2"
	"github.com/hamba/avro/v2/ocf"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/json"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

func field(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }

// everyType has a column of each type that Avro holds.
func everyType() types.Schema {
	row := types.RowOf(field("u", types.StringType()), field("v", types.ArrayOf(types.Of(types.Int))), field("w", types.RowOf(field("x", types.Of(types.BigInt)))))
	return types.Schema{
		field("b", types.Of(types.Boolean)), field("i1", types.Of(types.TinyInt)), field("i2", types.Of(types.SmallInt)),
		field("i4", types.Of(types.Int)), field("i8", types.Of(types.BigInt)), field("f4", types.Of(types.Float)),
		field("f8", types.Of(types.Double)), field("d", types.DecimalOf(20, 3)), field("s", types.StringType()),
		field("x", types.BytesType()), field("day", types.Of(types.Date)), field("t", types.TimeOf(3)), field("tu", types.TimeOf(6)),
		field("ts", types.TimestampOf(3)), field("us", types.TimestampOf(6)), field("z", types.TimestampLTZOf(3)),
		field("a", types.ArrayOf(types.StringType())), field("m", types.MapOf(types.StringType(), types.Of(types.BigInt))), field("r", row),
	}
}

const everyValue = `{"b":true,"i1":-128,"i2":32767,"i4":-5,"i8":9223372036854775807,"f4":1.5,"f8":-0.1,"d":12345678901234567.891,"s":"ü\"\\\n","x":"AAEC","day":"2024-02-29","t":"23:59:59.001","tu":"00:00:00.000001","ts":"2024-02-29 12:00:00.123","us":"1969-12-31 23:59:59.999999","z":"2024-02-29 12:00:00.000Z","a":["p",null,""],"m":{"k":1,"l":null},"r":{"u":"q","v":[1,2],"w":{"x":7}}}
{"b":null,"i1":null,"i2":null,"i4":null,"i8":null,"f4":null,"f8":null,"d":null,"s":null,"x":null,"day":null,"t":null,"tu":null,"ts":null,"us":null,"z":null,"a":null,"m":null,"r":null}
{"b":false,"i1":0,"i2":0,"i4":0,"i8":-9223372036854775808,"f4":"NaN","f8":"-Infinity","d":-0.001,"s":"","x":"","day":"0001-01-01","t":"00:00:00.000","tu":"12:00:00.000000","ts":"0001-01-01 00:00:00.000","us":"9999-12-31 23:59:59.999999","z":"1970-01-01 00:00:00.000Z","a":[],"m":{},"r":{"u":null,"v":null,"w":null}}
`

func options(t testing.TB, f codec.Format, kv ...string) connector.Options {
	t.Helper()
	m := map[string]string{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	o, err := f.Spec().Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// fromJSON makes a batch of JSON lines.
func fromJSON(t testing.TB, alloc memory.Allocator, schema types.Schema, lines string) stream.Batch {
	t.Helper()
	d, err := json.Format{}.NewDecoder(codec.Config{Schema: schema, Alloc: alloc, BatchRows: 1 << 20})
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

func written(t testing.TB, c codec.Config, batches ...stream.Batch) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := Format{}.NewFile(&b, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range batches {
		if err := w.Write(batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t testing.TB, data []byte, c codec.Config, from int64) (string, error) {
	t.Helper()
	r, err := Format{}.OpenFile(codec.File{ReaderAt: bytes.NewReader(data), SizeBytes: int64(len(data))}, c)
	if err != nil {
		return "", err
	}
	defer r.Close()
	if err := r.SkipTo(from); err != nil {
		return "", err
	}
	var out strings.Builder
	for {
		batch, err := r.Next(c.BatchRows)
		if err == io.EOF {
			return out.String(), nil
		}
		if err != nil {
			return out.String(), err
		}
		out.WriteString(toJSON(t, c.Wanted(), batch))
		batch.Release()
	}
}

func TestEveryTypeRoundTripsThroughFiles(t *testing.T) {
	for _, name := range []string{codecNull, codecDeflate, codecSnappy, codecZstd} {
		t.Run(name, func(t *testing.T) {
			alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
			defer alloc.AssertSize(t, 0)
			c := codec.Config{Schema: everyType(), Alloc: alloc, BatchRows: 2, Options: options(t, Format{}, optionCodec, name, optionLegacy, "false")}
			batch := fromJSON(t, alloc, everyType(), everyValue)
			defer batch.Release()
			data := written(t, c, batch, batch)
			lines := strings.SplitAfter(everyValue+everyValue, "\n")
			for from := range lines {
				if got, err := read(t, data, c, int64(from)); err != nil || got != strings.Join(lines[from:], "") {
					t.Fatalf("from row %d: %v, got\n%s", from, err, got)
				}
			}
			c.Columns = types.Schema{field("s", types.StringType()), field("r", types.RowOf(field("w", types.RowOf(field("x", types.Of(types.BigInt))))))}
			want := `{"s":"ü\"\\\n","r":{"w":{"x":7}}}` + "\n" + `{"s":null,"r":null}` + "\n" + `{"s":"","r":{"w":null}}` + "\n"
			if got, err := read(t, data, c, 3); err != nil || got != want {
				t.Fatalf("pruned: %v, got\n%s", err, got)
			}
		})
	}
}

func TestFilesSkipBlocks(t *testing.T) {
	schema := types.Schema{field("n", types.Of(types.BigInt)), field("s", types.StringType())}
	var lines strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&lines, `{"n":%d,"s":"row number %d"}`+"\n", i, i)
	}
	c := codec.Config{Schema: schema, Alloc: memory.DefaultAllocator, BatchRows: 100, Options: options(t, Format{})}
	data := written(t, c, fromJSON(t, c.Alloc, schema, lines.String()))
	for _, from := range []int{0, 1, 9_999, 19_999, 20_000, 30_000} {
		got, err := read(t, data, c, int64(from))
		if want := strings.Join(strings.SplitAfter(lines.String(), "\n")[min(from, 20_000):], ""); err != nil || got != want {
			t.Errorf("from %d: %v, %d bytes, want %d", from, err, len(got), len(want))
		}
	}
}

// An independent library reads what is written, and writes what is read.
func TestFilesOfAnotherLibrary(t *testing.T) {
	schema := types.Schema{field("id", types.Of(types.BigInt).NotNull()), field("name", types.StringType()), field("tags", types.MapOf(types.StringType(), types.Of(types.Double)))}
	c := codec.Config{Schema: schema, Alloc: memory.DefaultAllocator, BatchRows: 10, Options: options(t, Format{})}
	data := written(t, c, fromJSON(t, c.Alloc, schema, `{"id":7,"name":"x","tags":{"a":1.5}}`+"\n"+`{"id":8}`))
	dec, err := ocf.NewDecoder(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for dec.HasNext() {
		var row map[string]any
		if err := dec.Decode(&row); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(row))
	}
	if want := "[map[id:7 name:x tags:map[map:map[a:1.5]]] map[id:8 name:<nil> tags:<nil>]]"; dec.Error() != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, %v", got, dec.Error())
	}

	var b bytes.Buffer
	enc, err := ocf.NewEncoder(`{"type":"record","name":"r","fields":[
		{"name":"kind","type":{"type":"enum","name":"k","symbols":["hat","map"]}},
		{"name":"next","type":["null","r"]}, {"name":"id","type":"int"},
		{"name":"name","type":["string","null"]}, {"name":"extra","type":{"type":"array","items":"r"}},
		{"name":"tags","type":{"type":"map","values":"float"}}]}`, &b, ocf.WithCodec(ocf.Deflate))
	if err != nil {
		t.Fatal(err)
	}
	inner := map[string]any{"kind": "hat", "next": nil, "id": 1, "name": nil, "extra": []any{}, "tags": map[string]any{}}
	outer := map[string]any{"kind": "map", "next": map[string]any{"r": inner}, "id": 2, "name": "n", "extra": []any{inner, inner}, "tags": map[string]any{"a": float32(2)}}
	for _, row := range []any{inner, outer} {
		if err := enc.Encode(row); err != nil {
			t.Fatal(err)
		}
	}
	enc.Close()
	c.Schema = append(types.Schema{field("kind", types.StringType())}, append(schema, field("none", types.Of(types.Int)))...)
	text, err := read(t, b.Bytes(), c, 0)
	want := `{"kind":"hat","id":1,"name":null,"tags":{},"none":null}` + "\n" + `{"kind":"map","id":2,"name":"n","tags":{"a":2},"none":null}` + "\n"
	if err != nil || text != want {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestSchemasThatDoNotFit(t *testing.T) {
	schema := types.Schema{field("n", types.Of(types.BigInt))}
	c := codec.Config{Schema: schema, Alloc: memory.DefaultAllocator, BatchRows: 10, Options: options(t, Format{})}
	data := written(t, c, fromJSON(t, c.Alloc, schema, `{"n":1}`))
	for want, wanted := range map[string]types.Type{
		"column 'n' (INT): the Avro schema has long there": types.Of(types.Int), "the Avro schema has long there": types.StringType(),
	} {
		c.Schema = types.Schema{field("n", wanted)}
		if _, err := read(t, data, c, 0); err == nil || errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	c.Schema = types.Schema{field("m", types.Of(types.Int).NotNull())}
	if _, err := read(t, data, c, 0); err == nil || !strings.Contains(err.Error(), "column 'm': is NOT NULL, and the Avro schema has no such field") {
		t.Errorf("%v", err)
	}
	for _, bad := range []types.Field{field("a-b", types.Of(types.Int)), field("t", types.TimestampOf(9)), field("m", types.MapOf(types.Of(types.Int), types.Of(types.Int)))} {
		if err := (Format{}).Check(types.Schema{bad}, c.Options); err == nil {
			t.Errorf("%s was accepted", bad.Type)
		}
	}
}

func TestBrokenFilesAreCorruption(t *testing.T) {
	c := codec.Config{Schema: everyType(), Alloc: memory.DefaultAllocator, BatchRows: 10, Options: options(t, Format{}, optionLegacy, "false")}
	batch := fromJSON(t, c.Alloc, everyType(), everyValue)
	data := written(t, c, batch)
	for _, size := range []int{0, 3, 100, len(data) / 2, len(data) - 9, len(data) - 1} {
		if _, err := read(t, data[:size], c, 0); err == nil || errs.ClassOf(err) != errs.Corruption {
			t.Errorf("cut to %d bytes: %v", size, err)
		}
	}
}

func TestMessages(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	c := codec.Config{Schema: everyType(), Alloc: alloc, BatchRows: 10, Options: options(t, Format{}, optionLegacy, "false")}
	batch := fromJSON(t, alloc, everyType(), everyValue)
	defer batch.Release()
	e, err := Format{}.NewEncoder(c)
	if err != nil {
		t.Fatal(err)
	}
	data, ends, err := e.Encode(nil, nil, batch)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Format{}.NewDecoder(c)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	start := 0
	for _, end := range ends {
		if err := d.Record(data[start:end]); err != nil {
			t.Fatal(err)
		}
		for cut := start; cut < end; cut++ {
			if err := d.Record(data[start:cut]); err == nil || errs.ClassOf(err) != errs.User {
				t.Fatalf("cut to %d bytes: %v", cut-start, err)
			}
		}
		start = end
	}
	if err := d.Record(append([]byte{}, data...)); err == nil {
		t.Error("several data in a message were accepted")
	}
	back := d.Flush()
	defer back.Release()
	if got := toJSON(t, everyType(), back); got != everyValue {
		t.Errorf("got\n%s", got)
	}
}

// Whatever the bytes, decoding gives rows or an error, and leaves whole columns.
func FuzzDecode(f *testing.F) {
	c := codec.Config{Schema: everyType(), Alloc: memory.DefaultAllocator, BatchRows: 10, Options: options(f, Format{}, optionLegacy, "false")}
	batch := fromJSON(f, c.Alloc, everyType(), everyValue)
	e, _ := Format{}.NewEncoder(c)
	data, ends, _ := e.Encode(nil, nil, batch)
	start := 0
	for _, end := range ends {
		f.Add(data[start:end])
		start = end
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
		defer alloc.AssertSize(t, 0)
		c.Alloc = alloc
		d, err := Format{}.NewDecoder(c)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		want := 0
		if d.Record(data) == nil {
			want = 1
		}
		batch := d.Flush()
		defer batch.Release()
		for _, col := range batch.Record.Columns() {
			if col.Len() != want {
				t.Fatalf("%d values for %d rows", col.Len(), want)
			}
		}
	})
}

func FuzzFile(f *testing.F) {
	schema := types.Schema{field("n", types.Of(types.BigInt)), field("s", types.StringType())}
	c := codec.Config{Schema: schema, Alloc: memory.DefaultAllocator, BatchRows: 10, Options: options(f, Format{}, optionCodec, codecNull)}
	f.Add(written(f, c, fromJSON(f, c.Alloc, schema, `{"n":1,"s":"x"}`+"\n"+`{"n":null}`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		if _, err := read(t, data, c, 1); err != nil && errs.ClassOf(err) == errs.Bug {
			t.Error(err)
		}
	})
}

func bids(b testing.TB) (types.Schema, stream.Batch) {
	schema := types.Schema{field("auction", types.Of(types.BigInt)), field("bidder", types.Of(types.BigInt)), field("price", types.Of(types.BigInt)),
		field("channel", types.StringType()), field("url", types.StringType()), field("at", types.TimestampOf(3)), field("extra", types.StringType())}
	var lines strings.Builder
	for i := range 4096 {
		fmt.Fprintf(&lines, `{"auction":%d,"bidder":%d,"price":%d,"channel":"channel-%d","url":"https://www.nexmark.com/abc/def/ghi/item.htm?query=1&channel_id=%d","at":"2015-07-15 00:00:%02d.%03d","extra":"%s"}`+"\n",
			1000+i%977, 1000+i%331, i*7, i%1000, i*31, i%60, i%1000, strings.Repeat("abcdefg", 5+i%9))
	}
	return schema, fromJSON(b, memory.DefaultAllocator, schema, lines.String())
}

func BenchmarkDecode(b *testing.B) {
	schema, batch := bids(b)
	c := codec.Config{Schema: schema, Alloc: memory.DefaultAllocator, BatchRows: 4096, Options: options(b, Format{})}
	e, err := Format{}.NewEncoder(c)
	if err != nil {
		b.Fatal(err)
	}
	data, ends, err := e.Encode(nil, nil, batch)
	if err != nil {
		b.Fatal(err)
	}
	d, err := Format{}.NewDecoder(c)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		start := 0
		for _, end := range ends {
			if err := d.Record(data[start:end]); err != nil {
				b.Fatal(err)
			}
			start = end
		}
		d.Flush().Release()
	}
	b.ReportMetric(float64(b.N)*float64(len(ends))/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkEncode(b *testing.B) {
	schema, batch := bids(b)
	e, err := Format{}.NewEncoder(codec.Config{Schema: schema, Options: options(b, Format{})})
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

// confluentMessage frames a datum of any schema, by the library.
func confluentMessage(t testing.TB, id uint32, schema string, v any) []byte {
	t.Helper()
	s, err := hamba.Parse(schema)
	if err != nil {
		t.Fatal(err)
	}
	data, err := hamba.Marshal(s, v)
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint32([]byte{0}, id), data...)
}
