package protobuf_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/protobuf"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

const schemaFile = "testdata/shop.proto"

// all are columns for every field of shop.All.
const all = "i32 INT, i64 BIGINT, u32 BIGINT, u64 BIGINT, s32 INT, s64 BIGINT, f32 INT, f64 BIGINT, sf32 INT, sf64 BIGINT, fl FLOAT, db DOUBLE, ok BOOLEAN, " +
	"txt STRING, raw BYTES, color STRING, point ROW<x INT, y INT, deeper ROW<name STRING>>, nums ARRAY<INT>, loose ARRAY<BIGINT>, words ARRAY<STRING>, points ARRAY<ROW<x INT, y INT>>, " +
	"colors ARRAY<INT>, props MAP<STRING, INT>, places MAP<BIGINT, ROW<x INT>>, at TIMESTAMP_LTZ(9), either STRING, other BIGINT, third ROW<x INT>, maybe INT, boxed BIGINT, far STRING"

func schema(tb testing.TB, text string) types.Schema {
	tb.Helper()
	s, err := stream.ParseSchema(text)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// config is a configuration for columns of a message.
func config(tb testing.TB, columns string, options ...string) codec.Config {
	tb.Helper()
	given := map[string]string{"protobuf.schema-file": schemaFile, "protobuf.message-class-name": "shop.All"}
	for i := 0; i < len(options); i += 2 {
		if given[options[i]] = options[i+1]; options[i+1] == "" {
			delete(given, options[i])
		}
	}
	o, err := protobuf.Format{}.Spec().Parse(given)
	if err != nil {
		tb.Fatal(err)
	}
	return codec.Config{Schema: schema(tb, columns), Options: o, Alloc: memory.DefaultAllocator, BatchRows: 1 << 12}
}

// decode decodes messages and gives the rows as text.
func decode(c codec.Config, messages ...[]byte) (string, error) {
	d, err := protobuf.Format{}.NewDecoder(c)
	if err != nil {
		return "", err
	}
	defer d.Close()
	for _, m := range messages {
		if err := d.Record(m); err != nil {
			return "", err
		}
	}
	batch := d.Flush()
	defer batch.Release()
	var b strings.Builder
	for row := range batch.Rows() {
		for i, col := range batch.Record.Columns() {
			if i > 0 {
				b.WriteString(" ")
			}
			fmt.Fprintf(&b, "%s=%s", c.Wanted()[i].Name, col.ValueStr(row))
		}
		b.WriteString("\n")
	}
	return b.String(), nil
}

// descriptor is the message of the schema.
func descriptor(tb testing.TB, name string) protoreflect.MessageDescriptor {
	tb.Helper()
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{})}
	files, err := c.Compile(tb.Context(), schemaFile)
	if err != nil {
		tb.Fatal(err)
	}
	return files[0].Messages().ByName(protoreflect.Name(name))
}

// random fills a message with random values, of which some are absent or zero.
func random(r *rand.Rand, m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if r.IntN(3) == 0 {
			continue
		}
		switch {
		case fd.IsMap():
			for range r.IntN(3) {
				k := randomScalar(r, fd.MapKey()).MapKey()
				m.Mutable(fd).Map().Set(k, randomValue(r, fd.MapValue(), m.Mutable(fd).Map().NewValue, depth))
			}
		case fd.IsList():
			for range r.IntN(4) {
				l := m.Mutable(fd).List()
				l.Append(randomValue(r, fd, l.NewElement, depth))
			}
		default:
			m.Set(fd, randomValue(r, fd, func() protoreflect.Value { return m.NewField(fd) }, depth))
		}
	}
}

func randomValue(r *rand.Rand, fd protoreflect.FieldDescriptor, empty func() protoreflect.Value, depth int) protoreflect.Value {
	if fd.Message() == nil {
		return randomScalar(r, fd)
	}
	v := empty()
	if fd.Message().FullName() == "google.protobuf.Timestamp" {
		v.Message().Set(fd.Message().Fields().ByNumber(1), protoreflect.ValueOfInt64(r.Int64N(4e9)-2e9))
		v.Message().Set(fd.Message().Fields().ByNumber(2), protoreflect.ValueOfInt32(r.Int32N(1e9)))
	} else if depth > 0 {
		random(r, v.Message(), depth-1)
	}
	return v
}

func randomScalar(r *rand.Rand, fd protoreflect.FieldDescriptor) protoreflect.Value {
	n := int64(r.Uint64()) >> r.IntN(64)
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(n&1 == 1)
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(strings.Repeat("ä", r.IntN(90)))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(strings.Repeat("\xff", r.IntN(3))))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(r.IntN(3)))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(float32(n) / 8)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(float64(n) / 8)
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(n))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(n))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(uint64(n))
	}
	return protoreflect.ValueOfInt64(n)
}

// TestTwin decodes random messages, encodes the rows, and wants what dynamicpb makes of
// both to be the same message; and the same rows out of it.
func TestTwin(t *testing.T) {
	md, c := descriptor(t, "All"), config(t, all)
	d, err := protobuf.Format{}.NewDecoder(c)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	e, err := protobuf.Format{}.NewEncoder(c)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(2000) {
		m := dynamicpb.NewMessage(md)
		random(rand.New(rand.NewPCG(seed, 7)), m, 3)
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Record(data); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		batch := d.Flush()
		out, _, err := e.Encode(nil, nil, batch)
		batch.Release()
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		back := dynamicpb.NewMessage(md)
		if err := proto.Unmarshal(out, back); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		forget(m)
		if !proto.Equal(m, back) {
			t.Fatalf("seed %d:\nwas %v\nis  %v", seed, m, back)
		}
	}
}

// forget takes from a message what its rows don't tell: fields of ROWs that the columns
// lack.
func forget(m *dynamicpb.Message) {
	prune := func(v protoreflect.Message, keep ...string) {
		fields := v.Descriptor().Fields()
		for i := range fields.Len() {
			if fd := fields.Get(i); !strings.Contains(strings.Join(keep, " "), string(fd.Name())) {
				v.Clear(fd)
			}
		}
	}
	get := func(name string) protoreflect.Value {
		return m.Get(m.Descriptor().Fields().ByName(protoreflect.Name(name)))
	}
	for i := range get("points").List().Len() {
		prune(get("points").List().Get(i).Message(), "x", "y")
	}
	get("places").Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
		prune(v.Message(), "x")
		return true
	})
	if third := m.Descriptor().Fields().ByName("third"); m.Has(third) {
		prune(m.Get(third).Message(), "x")
	}
}

// wire makes bytes of a text form of the message.
func hexed(s string) []byte {
	var out []byte
	for _, part := range strings.Fields(s) {
		var b byte
		fmt.Sscanf(part, "%02x", &b)
		out = append(out, b)
	}
	return out
}

func TestWhatAMessageMayLookLike(t *testing.T) {
	for _, c := range []struct {
		name, columns, message, want string
		options                      []string
	}{
		{"nothing at all", "i32 INT, txt STRING, color STRING, point ROW<x INT>, nums ARRAY<INT>, props MAP<STRING, INT>, maybe INT, boxed BIGINT, at TIMESTAMP(3)", "",
			"i32=0 txt= color=RED point=(null) nums=(null) props=(null) maybe=(null) boxed=(null) at=(null)", nil},
		{"nothing, with defaults", "maybe INT, either STRING, point ROW<x INT>, nums ARRAY<INT>, props MAP<STRING, INT>, boxed BIGINT", "",
			`maybe=0 either= point={"x":0} nums=[] props=[] boxed=(null)`, []string{"protobuf.read-default-values", "true"}},
		{"the last one counts", "i32 INT", "08 01 08 02", "i32=2", nil},
		{"messages in pieces are merged", "point ROW<x INT, y INT>", "8a 01 02 08 01 8a 01 02 10 02", `point={"x":1,"y":2}`, nil},
		{"packed and not, apart", "i32 INT, nums ARRAY<INT>", "92 01 02 01 02 08 07 90 01 03", "i32=7 nums=[1,2,3]", nil},
		{"of a oneof the last one counts", "either STRING, other BIGINT", "d2 01 01 61 d8 01 05", "either=(null) other=5", nil},
		{"of a oneof one that is no column", "either STRING", "d2 01 01 61 d8 01 05", "either=(null)", nil},
		{"unknown fields and wrong kinds are skipped", "i32 INT", "0d 01 00 00 00 08 03 f8 7f 01", "i32=3", nil},
		{"enums without a name", "color STRING", "80 01 63", "color=UNKNOWN_ENUM_VALUE_Color_99", nil},
		{"an entry without key or value", "props MAP<STRING, INT>", "ba 01 00", `props=[{"key":"","value":0}]`, nil},
		{"numbers above 1024", "far STRING", "82 7d 01 61", "far=a", nil},
		{"proto2 without a value", "id INT, name STRING, kind STRING", "", "id=(null) name=(null) kind=(null)", []string{"protobuf.message-class-name", "Old"}},
		{"proto2's defaults", "id INT, name STRING, kind STRING", "", "id=7 name=anon kind=BLUE", []string{"protobuf.message-class-name", "Old", "protobuf.read-default-values", "true"}},
	} {
		options := c.options
		if strings.HasPrefix(c.name, "proto2") {
			options = append(options, "protobuf.schema-file", "testdata/old.proto")
		}
		got, err := decode(config(t, c.columns, options...), hexed(c.message))
		if err != nil || strings.TrimSpace(got) != c.want {
			t.Errorf("%s: %s, %v\nwant %s", c.name, got, err, c.want)
		}
	}
}

func TestBrokenMessagesAreBadRecords(t *testing.T) {
	for message, says := range map[string]string{"08": "unexpected EOF", "72 05 61": "unexpected EOF", "72 01 ff": "not UTF-8", "ca 01 05 10 80 94 eb dc 03": "", "08 ff ff ff ff ff ff ff ff ff ff 01": "integer overflow"} {
		got, err := decode(config(t, "i32 INT, txt STRING, at TIMESTAMP(3)"), hexed(message))
		if says == "" {
			continue
		}
		if err == nil || !strings.Contains(err.Error(), says) || errs.ClassOf(err) != errs.User {
			t.Errorf("%s: %s, %v, want %s", message, got, err, says)
		}
	}
	if got, err := decode(config(t, "i32 INT", "protobuf.ignore-parse-errors", "true"), hexed("08"), hexed("08 01")); err != nil || got != "i32=1\n" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestWrongTablesAreRefused(t *testing.T) {
	for _, c := range []struct {
		columns, says string
		options       []string
	}{
		{"i23 INT", "column 'i23': the message shop.All has no such field", nil},
		{"txt INT", "column 'txt' is INT, and the message's field is string", nil},
		{"nums INT", "the message's field is repeated int32", nil},
		{"point ROW<z INT>", "column 'point.z': the message shop.Point has no such field", nil},
		{"props ARRAY<INT>", "the message's field is map", nil},
		{"i32 INT", "the schema has no message 'shop.Al'", []string{"protobuf.message-class-name", "shop.Al"}},
		{"i32 INT", "needs the message's schema", []string{"protobuf.schema-file", ""}},
		{"i32 INT", "only one can be given", []string{"protobuf.schema", "x"}},
		{"i32 INT", "no such file", []string{"protobuf.schema-file", "testdata/none.proto"}},
		{"i32 INT", "schema.proto:1:1", []string{"protobuf.schema-file", "", "protobuf.schema", "mesage X {}"}},
		{"i32 INT", "is no FileDescriptorSet", []string{"protobuf.schema-file", "", "protobuf.descriptor-file", schemaFile}},
	} {
		cfg := config(t, c.columns, c.options...)
		if err := (protobuf.Format{}).Check(cfg.Schema, cfg.Options); err == nil || !strings.Contains(err.Error(), c.says) || errs.ClassOf(err) != errs.User {
			t.Errorf("%s %v: %v, want %s", c.columns, c.options, err, c.says)
		}
	}
}

func TestSchemasFromEverywhere(t *testing.T) {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	set := &descriptorpb.FileDescriptorSet{}
	file := descriptor(t, "All").ParentFile()
	for i := range file.Imports().Len() {
		set.File = append(set.File, protodesc.ToFileDescriptorProto(file.Imports().Get(i).FileDescriptor))
	}
	set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
	data, err := proto.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "shop.pb")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, from := range [][]string{{"protobuf.schema", string(text)}, {"protobuf.descriptor-file", path}, {"protobuf.schema-file", schemaFile}} {
		for _, name := range []string{"shop.All", "All", "com.example.Shop$All", "com.example.Shop.All"} {
			if from[0] == "protobuf.schema" {
				name = strings.Replace(name, "Shop", "Schema", 1) // the outer class has the file's name
			}
			options := append([]string{"protobuf.schema-file", "", "protobuf.message-class-name", name}, from...)
			if got, err := decode(config(t, "i32 INT", options...), hexed("08 05")); err != nil || got != "i32=5\n" {
				t.Errorf("%s by %s: %s, %v", name, from[0], got, err)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	md := descriptor(f, "All")
	for seed := range uint64(20) {
		m := dynamicpb.NewMessage(md)
		random(rand.New(rand.NewPCG(seed, 1)), m, 3)
		data, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	c := config(f, all)
	c.Alloc = alloc
	d, err := protobuf.Format{}.NewDecoder(c)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		d.Close()
		alloc.AssertSize(f, 0)
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		ours := d.Record(data)
		theirs := proto.Unmarshal(data, dynamicpb.NewMessage(md))
		if ours != nil && theirs == nil && !strings.Contains(ours.Error(), "out of the range") {
			t.Errorf("refused: %v", ours) // parts that are no columns are skipped, so more is taken than there
		}
		batch := d.Flush()
		defer batch.Release()
		if batch.Rows() > 0 != (ours == nil) {
			t.Errorf("%d rows, %v", batch.Rows(), ours)
		}
	})
}

// order is a message as records usually are.
const order = "id BIGINT, product STRING, price DOUBLE, quantity INT, paid BOOLEAN, place ROW<x INT, y INT>, tags ARRAY<STRING>"

func orders(tb testing.TB) (protoreflect.MessageDescriptor, [][]byte, int64) {
	md := descriptor(tb, "Order")
	var messages [][]byte
	size := int64(0)
	for i := range 4096 {
		m := dynamicpb.NewMessage(md)
		random(rand.New(rand.NewPCG(uint64(i), 3)), m, 3)
		data, err := proto.Marshal(m)
		if err != nil {
			tb.Fatal(err)
		}
		messages, size = append(messages, data), size+int64(len(data))
	}
	return md, messages, size
}

func BenchmarkDecode(b *testing.B) {
	_, messages, size := orders(b)
	d, err := protobuf.Format{}.NewDecoder(config(b, order, "protobuf.message-class-name", "Order"))
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, m := range messages {
			if err := d.Record(m); err != nil {
				b.Fatal(err)
			}
		}
		batch := d.Flush()
		batch.Release()
	}
	b.ReportMetric(float64(b.N*len(messages))/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkDynamicpb only parses the same messages, without columns.
func BenchmarkDynamicpb(b *testing.B) {
	md, messages, size := orders(b)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, m := range messages {
			if err := proto.Unmarshal(m, dynamicpb.NewMessage(md)); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N*len(messages))/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkEncode(b *testing.B) {
	_, messages, size := orders(b)
	c := config(b, order, "protobuf.message-class-name", "Order")
	d, err := protobuf.Format{}.NewDecoder(c)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	for _, m := range messages {
		if err := d.Record(m); err != nil {
			b.Fatal(err)
		}
	}
	batch := d.Flush()
	defer batch.Release()
	e, err := protobuf.Format{}.NewEncoder(c)
	if err != nil {
		b.Fatal(err)
	}
	var dst []byte
	var ends []int
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		if dst, ends, err = e.Encode(dst[:0], ends[:0], batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(messages))/b.Elapsed().Seconds(), "rows/s")
}
