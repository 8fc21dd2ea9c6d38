package cdc_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/datadriven"

	"github.com/thalweg/thalweg/connectors/format/cdc"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

func orders() types.Schema {
	return types.Schema{
		{Name: "id", Type: types.Of(types.BigInt)}, {Name: "item", Type: types.StringType()}, {Name: "price", Type: types.DecimalOf(10, 2)},
		{Name: "tags", Type: types.ArrayOf(types.StringType())},
	}
}

func formatOf(t testing.TB, name string) codec.Records {
	t.Helper()
	for _, f := range cdc.Formats() {
		if f.Spec().Name == name {
			return f.(codec.Records)
		}
	}
	t.Fatalf("no format %s", name)
	return nil
}

func config(t testing.TB, f codec.Format, options map[string]string) codec.Config {
	t.Helper()
	o, err := f.Spec().Parse(options)
	if err != nil {
		t.Fatal(err)
	}
	return codec.Config{Schema: orders(), Options: o, BatchRows: 100, Lines: true}
}

// TestGolden decodes lines of changes, prints the rows, and encodes them again.
// Arguments: the format, options without their prefix, columns=(a,b) to prune, and
// metadata, which decodes all metadata of the format beside the column id.
func TestGolden(t *testing.T) {
	datadriven.RunTest(t, "testdata/changes", func(t *testing.T, d *datadriven.TestData) string {
		alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
		defer alloc.AssertSize(t, 0)
		f := formatOf(t, d.CmdArgs[0].Key)
		options := map[string]string{}
		var pruned types.Schema
		for _, arg := range d.CmdArgs[1:] {
			if arg.Key == "metadata" {
				continue
			}
			if arg.Key != "columns" {
				options[d.CmdArgs[0].Key+"."+arg.Key] = arg.Vals[0]
				continue
			}
			for _, name := range arg.Vals {
				pruned = append(pruned, orders()[orders().Index(name)])
			}
		}
		c := config(t, f, options)
		c.Alloc, c.Columns = alloc, pruned
		if d.HasArg("metadata") {
			withMetadata(&c, f)
		}
		if err := f.Check(c.Schema, c.Options); err != nil {
			return err.Error()
		}
		var b strings.Builder
		batch := decodeLines(t, f, c, d.Input, &b)
		defer batch.Release()
		for _, row := range stream.FormatRows(batch) {
			fmt.Fprintln(&b, row)
		}
		if pruned == nil && c.Metadata == nil {
			b.WriteString(encoded(t, f, c, batch))
		}
		return b.String()
	})
}

// withMetadata makes a table of a key and all that stands around rows.
func withMetadata(c *codec.Config, f codec.Format) {
	c.Schema, c.Metadata = orders()[:1], map[string]string{}
	for _, m := range f.Spec().Metadata {
		c.Schema = append(c.Schema, types.Field{Name: m.Key, Type: m.Type})
		c.Metadata[m.Key] = m.Key
	}
}

func decodeLines(t testing.TB, f codec.Records, c codec.Config, lines string, bad *strings.Builder) stream.Batch {
	t.Helper()
	dec, err := f.NewDecoder(c)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	_, _, err = dec.Lines([]byte(lines), true, func(b codec.Bad) error {
		fmt.Fprintf(bad, "bad line %d, byte %d: %s\n", b.Line+1, b.Offset, b.Reason)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return dec.Flush()
}

func encoded(t testing.TB, f codec.Records, c codec.Config, batch stream.Batch) string {
	t.Helper()
	e, err := f.NewEncoder(c)
	if err != nil {
		return err.Error() + "\n"
	}
	out, ends, err := e.Encode(nil, nil, batch)
	if err != nil || len(ends) != batch.Rows() {
		t.Fatalf("%v, %d ends", err, len(ends))
	}
	return string(out)
}

// What is written reads back as the same rows, an update as a deletion and an
// insertion.
func TestRoundTrip(t *testing.T) {
	for _, format := range cdc.Formats() {
		f := format.(codec.Records)
		t.Run(f.Spec().Name, func(t *testing.T) {
			alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
			defer alloc.AssertSize(t, 0)
			c := config(t, f, nil)
			c.Alloc = alloc
			debezium := formatOf(t, "debezium-json")
			dc := config(t, debezium, nil)
			dc.Alloc = alloc
			var bad strings.Builder
			batch := decodeLines(t, debezium, dc, `{"before":null,"after":{"id":1,"item":"ä\n","tags":["x",null]},"op":"c"}
{"before":{"id":1,"item":"ä\n","tags":["x",null]},"after":{"id":1,"price":-2.5,"tags":[]},"op":"u"}
{"before":{"id":1,"price":-2.5,"tags":[]},"after":null,"op":"d"}`, &bad)
			defer batch.Release()
			back := decodeLines(t, f, c, encoded(t, f, c, batch), &bad)
			defer back.Release()
			want := strings.NewReplacer("-U", "-D", "+U", "+I").Replace(strings.Join(stream.FormatRows(batch), "\n"))
			if got := strings.Join(stream.FormatRows(back), "\n"); got != want || bad.Len() > 0 {
				t.Errorf("%sgot\n%s\nwant\n%s", bad.String(), got, want)
			}
		})
	}
}

// Bad input gives an error and no row, never a panic, and leaves the decoder in
// order.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"before":{"id":1},"after":{"id":2},"op":"u"}`, `{"data":[{"id":"1"}],"old":[{"id":null}],"type":"UPDATE"}`,
		`{"data":{"id":1},"old":{"item":"x"},"type":"update"}`, `{"before":null,"after":{},"op_type":"I"}`, `[{"op":"c","after":{}}]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range cdc.Formats() {
			alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
			c := config(t, format, nil)
			c.Alloc = alloc
			dec, err := format.(codec.Records).NewDecoder(c)
			if err != nil {
				t.Fatal(err)
			}
			before := dec.Rows()
			if err := dec.Record(data); err != nil && dec.Rows() != before {
				t.Errorf("%s: a bad record left %d rows", format.Spec().Name, dec.Rows())
			}
			batch := dec.Flush()
			for _, col := range batch.Record.Columns() {
				if col.Len() != batch.Rows() {
					t.Errorf("%d values for %d rows", col.Len(), batch.Rows())
				}
			}
			if batch.Kinds != nil && len(batch.Kinds) != batch.Rows() {
				t.Errorf("%d kinds for %d rows", len(batch.Kinds), batch.Rows())
			}
			batch.Release()
			dec.Close()
			alloc.AssertSize(t, 0)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	lines := map[string]string{
		"debezium-json": `{"before":{"id":%d,"item":"a thing of some kind","price":12.50,"tags":["a","b"]},"after":{"id":%[1]d,"item":"another thing","price":13.00,"tags":["a","b"]},"source":{"version":"2.7","ts_ms":1700000000000},"op":"u","ts_ms":1700000000001}` + "\n",
		"canal-json":    `{"data":[{"id":"%d","item":"a thing of some kind","price":"12.50"}],"old":[{"price":"13.00"}],"database":"shop","table":"orders","type":"UPDATE","ts":1700000000001}` + "\n",
	}
	for _, name := range []string{"debezium-json", "canal-json"} {
		b.Run(name, func(b *testing.B) {
			var data bytes.Buffer
			for i := range 10_000 {
				fmt.Fprintf(&data, lines[name], i)
			}
			f := formatOf(b, name)
			c := config(b, f, nil)
			c.Alloc, c.BatchRows = memory.DefaultAllocator, 4096
			dec, err := f.NewDecoder(c)
			if err != nil {
				b.Fatal(err)
			}
			defer dec.Close()
			b.SetBytes(int64(data.Len()))
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				for rest := data.Bytes(); len(rest) > 0; {
					n, _, err := dec.Lines(rest, true, func(bad codec.Bad) error { return fmt.Errorf("%s", bad.Reason) })
					if err != nil {
						b.Fatal(err)
					}
					rest = rest[n:]
					rows += dec.Rows()
					dec.Flush().Release()
				}
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
