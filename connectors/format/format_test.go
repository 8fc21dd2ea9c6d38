package format_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/json"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

func field(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }

// everyType has a column of each type that all of json, parquet and arrow hold.
func everyType() types.Schema {
	row := types.RowOf(field("u", types.StringType()), field("v", types.ArrayOf(types.Of(types.Int))), field("w", types.RowOf(field("x", types.Of(types.BigInt)))))
	return types.Schema{
		field("b", types.Of(types.Boolean)), field("i1", types.Of(types.TinyInt)), field("i2", types.Of(types.SmallInt)),
		field("i4", types.Of(types.Int)), field("i8", types.Of(types.BigInt)), field("f4", types.Of(types.Float)),
		field("f8", types.Of(types.Double)), field("d", types.DecimalOf(20, 3)), field("s", types.StringType()),
		field("x", types.BytesType()), field("day", types.Of(types.Date)), field("t", types.TimeOf(3)),
		field("ts", types.TimestampOf(3)), field("us", types.TimestampOf(6)), field("ns", types.TimestampOf(9)), field("z", types.TimestampLTZOf(3)),
		field("a", types.ArrayOf(types.StringType())), field("m", types.MapOf(types.StringType(), types.Of(types.BigInt))), field("r", row),
	}
}

const everyValue = `{"b":true,"i1":-128,"i2":32767,"i4":-5,"i8":9223372036854775807,"f4":1.5,"f8":-0.1,"d":12345678901234567.891,"s":"ü\"\\\n","x":"AAEC","day":"2024-02-29","t":"23:59:59.001","ts":"2024-02-29 12:00:00.123","us":"1969-12-31 23:59:59.999999","ns":"2024-02-29 12:00:00.123456789","z":"2024-02-29 12:00:00.000Z","a":["p",null,""],"m":{"k":1,"l":null},"r":{"u":"q","v":[1,2],"w":{"x":7}}}
{"b":null,"i1":null,"i2":null,"i4":null,"i8":null,"f4":null,"f8":null,"d":null,"s":null,"x":null,"day":null,"t":null,"ts":null,"us":null,"ns":null,"z":null,"a":null,"m":null,"r":null}
{"b":false,"i1":0,"i2":0,"i4":0,"i8":0,"f4":"NaN","f8":"-Infinity","d":-0.001,"s":"","x":"","day":"0001-01-01","t":"00:00:00.000","ts":"0001-01-01 00:00:00.000","us":"9999-12-31 23:59:59.999999","ns":"1970-01-01 00:00:00.000000000","z":"1970-01-01 00:00:00.000Z","a":[],"m":{},"r":{"u":null,"v":null,"w":null}}
`

func parse(t testing.TB, spec connector.Spec, kv ...string) connector.Options {
	t.Helper()
	m := map[string]string{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	o, err := spec.Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// decode reads JSON lines into one batch.
func decode(t testing.TB, alloc memory.Allocator, schema types.Schema, lines string) stream.Batch {
	t.Helper()
	d, err := json.Format{}.NewDecoder(codec.Config{Schema: schema, Alloc: alloc, BatchRows: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, _, err := d.Lines([]byte(lines), true, func(b codec.Bad) error { return fmt.Errorf("%s", b.Reason) }); err != nil {
		t.Fatal(err)
	}
	return d.Flush()
}

func encode(t testing.TB, schema types.Schema, batch stream.Batch) string {
	t.Helper()
	j, err := format.NewJSONRows(schema)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := j.Append(nil, batch)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestEveryTypeRoundTripsThroughJSON(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	batch := decode(t, alloc, everyType(), everyValue)
	defer batch.Release()
	if got := encode(t, everyType(), batch); got != everyValue {
		t.Errorf("got\n%s\nwant\n%s", got, everyValue)
	}
	slice := batch.Slice(1, 3)
	defer slice.Release()
	if got, want := encode(t, everyType(), slice), strings.SplitAfterN(everyValue, "\n", 2)[1]; got != want {
		t.Errorf("slice: got\n%s\nwant\n%s", got, want)
	}
}

// fileFormats are the formats of whole files with options that matter.
func fileFormats(t testing.TB) map[string]codec.Config {
	configs := map[string]codec.Config{}
	for name, kv := range map[string][]string{
		"parquet": nil, "parquet zstd": {"parquet.compression", "ZSTD"}, "parquet small groups": {"parquet.row-group-size", "1b"},
		"arrow": nil, "arrow lz4": {"arrow.compression", "lz4"},
	} {
		f := filesOf(name)
		configs[name] = codec.Config{Options: parse(t, f.Spec(), kv...), BatchRows: 2}
	}
	return configs
}

func filesOf(name string) codec.Files {
	name, _, _ = strings.Cut(name, " ")
	o, _ := connector.Spec{Name: "t", Options: format.Builtin().OptionSpecs()}.Parse(map[string]string{"format": name})
	f, err := format.Builtin().Of(o, nil)
	if err != nil {
		panic(err)
	}
	return f.(codec.Files)
}

// written writes batches as a file.
func written(t testing.TB, f codec.Files, c codec.Config, batches ...stream.Batch) codec.File {
	t.Helper()
	var b bytes.Buffer
	w, err := f.NewFile(&b, c)
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
	return codec.File{ReaderAt: bytes.NewReader(b.Bytes()), SizeBytes: int64(b.Len())}
}

// readFile reads from a row on as JSON.
func readFile(t testing.TB, f codec.Files, file codec.File, c codec.Config, from int64) (string, error) {
	t.Helper()
	r, err := f.OpenFile(file, c)
	if err != nil {
		return "", err
	}
	defer r.Close()
	if err := r.SkipTo(from); err != nil {
		return "", err
	}
	var out strings.Builder
	for {
		before := r.Position()
		batch, err := r.Next(c.BatchRows)
		if err == io.EOF {
			return out.String(), nil
		}
		if err != nil {
			return out.String(), err
		}
		if batch.Rows() > c.BatchRows || r.Position() < before+int64(batch.Rows()) {
			t.Fatalf("%d rows of %d, position %d after %d", batch.Rows(), c.BatchRows, r.Position(), before)
		}
		out.WriteString(encode(t, c.Wanted(), batch))
		batch.Release()
	}
}

func TestEveryTypeRoundTripsThroughFiles(t *testing.T) {
	for name, c := range fileFormats(t) {
		t.Run(name, func(t *testing.T) {
			alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
			defer alloc.AssertSize(t, 0)
			c.Alloc, c.Schema = alloc, everyType()
			batch := decode(t, alloc, everyType(), everyValue)
			defer batch.Release()
			file := written(t, filesOf(name), c, batch, batch)
			lines := strings.SplitAfter(everyValue+everyValue, "\n")
			for from := range lines {
				got, err := readFile(t, filesOf(name), file, c, int64(from))
				if want := strings.Join(lines[from:], ""); err != nil || got != want {
					t.Fatalf("from row %d: %v, got\n%s\nwant\n%s", from, err, got, want)
				}
			}
			pruned := types.Schema{field("s", types.StringType()), field("r", types.RowOf(field("w", types.RowOf(field("x", types.Of(types.BigInt))))))}
			c.Columns = pruned
			got, err := readFile(t, filesOf(name), file, c, 3)
			want := `{"s":"ü\"\\\n","r":{"w":{"x":7}}}` + "\n" + `{"s":null,"r":null}` + "\n" + `{"s":"","r":{"w":null}}` + "\n"
			if err != nil || got != want {
				t.Fatalf("pruned: %v, got\n%s\nwant\n%s", err, got, want)
			}
			c.Columns = types.Schema{}
			if got, err := readFile(t, filesOf(name), file, c, 1); err != nil || got != strings.Repeat("{}\n", 5) {
				t.Fatalf("no columns: %v, %q", err, got)
			}
		})
	}
}

func TestFilesOfOtherTypesConform(t *testing.T) {
	have := types.Schema{field("n", types.Of(types.Int)), field("at", types.TimestampOf(6)), field("r", types.RowOf(field("q", types.Of(types.Float)), field("p", types.Of(types.SmallInt))))}
	want := types.Schema{field("r", types.RowOf(field("p", types.Of(types.BigInt)), field("gone", types.StringType()))),
		field("at", types.TimestampOf(3)), field("n", types.Of(types.BigInt)), field("new", types.Of(types.Double))}
	for _, name := range []string{"parquet", "arrow"} {
		c := fileFormats(t)[name]
		alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
		c.Alloc, c.Schema = alloc, have
		batch := decode(t, alloc, have, `{"n":5,"at":"2024-01-01 00:00:00.123000","r":{"p":3,"q":1}}`)
		file := written(t, filesOf(name), c, batch)
		batch.Release()
		c.Schema = want
		got, err := readFile(t, filesOf(name), file, c, 0)
		if want := `{"r":{"p":3,"gone":null},"at":"2024-01-01 00:00:00.123","n":5,"new":null}` + "\n"; err != nil || got != want {
			t.Errorf("%s: %v, got %s", name, err, got)
		}
		c.Schema = types.Schema{field("n", types.ArrayOf(types.Of(types.Int)))}
		if _, err := readFile(t, filesOf(name), file, c, 0); err == nil || errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), "column 'n' (ARRAY<INT>): the file has int32") {
			t.Errorf("%s: %v", name, err)
		}
		alloc.AssertSize(t, 0)
	}
}

func TestArrowStreamsReadLikeFiles(t *testing.T) {
	batch := decode(t, memory.DefaultAllocator, everyType(), everyValue)
	var b bytes.Buffer
	w := ipc.NewWriter(&b, ipc.WithSchema(everyType().Arrow()))
	if err := w.Write(batch.Record); err != nil {
		t.Fatal(err)
	}
	w.Close()
	c := codec.Config{Schema: everyType(), Alloc: memory.DefaultAllocator, BatchRows: 2}
	got, err := readFile(t, filesOf("arrow"), codec.File{ReaderAt: bytes.NewReader(b.Bytes()), SizeBytes: int64(b.Len())}, c, 0)
	if err != nil || got != everyValue {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestBrokenFilesAreCorruption(t *testing.T) {
	for name, c := range fileFormats(t) {
		c.Alloc, c.Schema = memory.DefaultAllocator, everyType()
		batch := decode(t, c.Alloc, everyType(), everyValue)
		file := written(t, filesOf(name), c, batch)
		whole := make([]byte, file.SizeBytes)
		if _, err := file.ReadAt(whole, 0); err != nil && err != io.EOF {
			t.Fatal(err)
		}
		for _, size := range []int{0, 3, len(whole) / 2, len(whole) - 9} {
			cut := codec.File{ReaderAt: bytes.NewReader(whole[:size]), SizeBytes: int64(size)}
			if _, err := readFile(t, filesOf(name), cut, c, 0); err == nil || errs.ClassOf(err) != errs.Corruption {
				t.Errorf("%s cut to %d bytes: %v", name, size, err)
			}
		}
	}
}

func TestParquetLeavesOutRowGroups(t *testing.T) {
	schema := types.Schema{field("n", types.Of(types.BigInt))}
	c := fileFormats(t)["parquet small groups"]
	c.Alloc, c.Schema, c.BatchRows = memory.DefaultAllocator, schema, 10
	var batches []stream.Batch
	for i := range 5 { // groups 0–9, 10–19, …
		b := array.NewInt64Builder(c.Alloc)
		for k := range 10 {
			b.Append(int64(10*i + k))
		}
		batches = append(batches, stream.NewBatch(schema.Arrow(), []arrow.Array{b.NewArray()}, 10, nil))
	}
	f := filesOf("parquet")
	file := written(t, f, c, batches...)
	for op, want := range map[string]int{"=": 10, "<": 30, "<=": 30, ">": 30, ">=": 30} {
		c.Filters = []rex.Expr{rex.CallOf(op, types.Of(types.Boolean), rex.Col(0, schema[0].Type), rex.BigInt(25))}
		got, err := readFile(t, f, file, c, 0)
		if err != nil || strings.Count(got, "\n") != want || !strings.Contains(got, `{"n":25}`) {
			t.Errorf("n %s 25: %v, %d rows, want %d", op, err, strings.Count(got, "\n"), want)
		}
	}
}

func TestOptionsOfAnotherFormatAreRefused(t *testing.T) {
	spec := connector.Spec{Name: "t", Options: format.Builtin().OptionSpecs()}
	o := parse(t, spec, "format", "json", "csv.header", "true")
	_, err := format.Builtin().Of(o, nil)
	if err == nil || errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), "belongs to the format 'csv'") {
		t.Errorf("%v", err)
	}
	if _, err := format.Builtin().Records(parse(t, spec, "format", "parquet"), nil); errs.ClassOf(err) != errs.Unsupported {
		t.Errorf("%v", err)
	}
}
