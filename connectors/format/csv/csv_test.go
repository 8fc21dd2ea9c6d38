package csv

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/datadriven"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/operators/stream"
)

// configOf reads the lines of a case that begin with '@': schema, wanted, and
// options of the format. It gives the other lines as text.
func configOf(t *testing.T, d *datadriven.TestData, alloc memory.Allocator) (codec.Config, string) {
	t.Helper()
	options := map[string]string{}
	c := codec.Config{Alloc: alloc, BatchRows: 100, Lines: true}
	rest := d.Input
	for strings.HasPrefix(rest, "@") {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		name, value, _ := strings.Cut(line[1:], " ")
		if name != "schema" && name != "wanted" {
			options["csv."+name] = value
			continue
		}
		s, err := stream.ParseSchema(value)
		if err != nil {
			t.Fatal(err)
		}
		if name == "schema" {
			c.Schema = s
		} else {
			c.Columns = s
		}
	}
	parsed, err := Format{}.Spec().Parse(options)
	if err != nil {
		t.Fatal(err)
	}
	c.Options = parsed
	return c, strings.ReplaceAll(rest, "<CR>", "\r")
}

// TestGolden decodes text to rows, whole and cut at every byte, and encodes the
// rows again.
func TestGolden(t *testing.T) {
	datadriven.RunTest(t, "testdata/csv", func(t *testing.T, d *datadriven.TestData) string {
		alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
		defer alloc.AssertSize(t, 0)
		c, text := configOf(t, d, alloc)
		want, batch := decodeAll(t, c, text, -1)
		defer batch.Release()
		for cut := range len(text) {
			got, again := decodeAll(t, c, text, cut)
			again.Release()
			if got != want {
				return fmt.Sprintf("cut at byte %d:\n%s\nwhole:\n%s", cut, got, want)
			}
		}
		if d.Cmd == "decode" || batch.Rows() == 0 {
			return want
		}
		e, err := Format{}.NewEncoder(c)
		if err != nil {
			return err.Error()
		}
		out, _, err := e.Encode(e.Begin(nil), nil, batch)
		if err != nil {
			return err.Error()
		}
		return want + "--\n" + string(out)
	})
}

// decodeAll decodes text, the first cut bytes before the rest is known.
func decodeAll(t *testing.T, c codec.Config, text string, cut int) (string, stream.Batch) {
	t.Helper()
	var b strings.Builder
	decoder, err := Format{}.NewDecoder(c)
	if err != nil {
		return err.Error() + "\n", stream.Batch{}
	}
	defer decoder.Close()
	data := []byte(text)
	at, line, _, err := decoder.(codec.Headed).Header(data, true)
	if err != nil {
		return err.Error() + "\n", stream.Batch{}
	}
	for _, end := range []int{cut, len(data)} {
		for at < end {
			n, lines, _ := decoder.Lines(data[at:end], end == len(data), func(bad codec.Bad) error {
				fmt.Fprintf(&b, "bad line %d: %s\n", line+bad.Line+1, bad.Reason)
				return nil
			})
			at, line = at+n, line+lines
			if n == 0 {
				break
			}
		}
	}
	batch := decoder.Flush()
	for _, row := range stream.FormatRows(batch) {
		fmt.Fprintln(&b, row)
	}
	return b.String(), batch
}

func BenchmarkDecode(b *testing.B) {
	schema, err := stream.ParseSchema("iata STRING, name STRING, city STRING, state STRING, latitude DOUBLE, longitude DOUBLE")
	if err != nil {
		b.Fatal(err)
	}
	options, _ := Format{}.Spec().Parse(nil)
	d, err := Format{}.NewDecoder(codec.Config{Schema: schema, Options: options, Alloc: memory.DefaultAllocator, BatchRows: 4096})
	if err != nil {
		b.Fatal(err)
	}
	data := []byte(strings.Repeat("ABE,Lehigh Valley International,Allentown,PA,40.65236278,-75.44040167\n", 4000))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if n, _, err := d.Lines(data, true, func(codec.Bad) error { return nil }); err != nil || n != len(data) {
			b.Fatal(n, err)
		}
		d.Flush().Release()
	}
}
