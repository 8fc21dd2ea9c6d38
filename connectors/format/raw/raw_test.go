package raw_test

import (
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/raw"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// config is the configuration of a table of one column.
func config(tb testing.TB, alloc memory.Allocator, column string, options map[string]string) codec.Config {
	tb.Helper()
	schema, err := stream.ParseSchema(column)
	if err != nil {
		tb.Fatal(err)
	}
	o, err := raw.Format{}.Spec().Parse(options)
	if err != nil {
		tb.Fatal(err)
	}
	return codec.Config{Schema: schema, Options: o, Alloc: alloc, BatchRows: 16}
}

func TestEveryTypeComesBack(t *testing.T) {
	little := map[string]string{"raw.endianness": "little-endian"}
	for _, c := range []struct {
		column  string
		options map[string]string
		record  string
		value   string
	}{
		{"v STRING", nil, "h\u00e4", "h\u00e4"},
		{"v STRING", map[string]string{"raw.charset": "ISO-8859-1"}, "h\xe4", "h\u00e4"},
		{"v STRING", map[string]string{"raw.charset": "utf-16le"}, "h\x00\xe4\x00", "h\u00e4"},
		{"v STRING", map[string]string{"raw.charset": "UTF-16"}, "\xfe\xff\x00h", "h"},
		{"v BYTES", nil, "\x00\xff", "AP8="},
		{"v BOOLEAN", nil, "\x01", "true"},
		{"v TINYINT", nil, "\xfe", "-2"},
		{"v SMALLINT", nil, "\x01\x02", "258"},
		{"v SMALLINT", little, "\x01\x02", "513"},
		{"v INT", nil, "\xff\xff\xff\xfe", "-2"},
		{"v INT", little, "\xfe\xff\xff\xff", "-2"},
		{"v BIGINT", nil, "\x00\x00\x00\x00\x00\x00\x01\x00", "256"},
		{"v FLOAT", nil, "\x3f\xc0\x00\x00", "1.5"},
		{"v DOUBLE", little, "\x00\x00\x00\x00\x00\x00\xf8\xbf", "-1.5"},
		{"v INT", nil, "", "(null)"},
	} {
		alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
		cfg := config(t, alloc, c.column, c.options)
		d, err := raw.Format{}.NewDecoder(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Record([]byte(c.record)); err != nil {
			t.Fatalf("%s: %v", c.column, err)
		}
		batch := d.Flush()
		if got := batch.Column(0).ValueStr(0); got != c.value {
			t.Errorf("%s %q: %s, want %s", c.column, c.record, got, c.value)
		}
		e, err := raw.Format{}.NewEncoder(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if out, _, err := e.Encode(nil, nil, batch); err != nil || string(out) != c.record {
			t.Errorf("%s %v: written as %q, %v", c.column, c.options, out, err)
		}
		batch.Release()
		d.Close()
		alloc.AssertSize(t, 0)
	}
}

func TestWhatIsRefused(t *testing.T) {
	for _, c := range []struct{ column, charset, says string }{
		{"v DATE", "UTF-8", "has no form for DATE"},
		{"v STRING, w STRING", "UTF-8", "wants a single column"},
		{"v STRING", "klingon", "there is no charset 'klingon'"},
	} {
		cfg := config(t, memory.DefaultAllocator, c.column, map[string]string{"raw.charset": c.charset})
		if err := (raw.Format{}).Check(cfg.Schema, cfg.Options); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.column, err)
		}
	}
	d, err := raw.Format{}.NewDecoder(config(t, memory.DefaultAllocator, "v INT", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Record([]byte("abc")); err == nil || errs.ClassOf(err) != errs.User || d.Rows() != 0 {
		t.Errorf("three bytes of an INT: %v", err)
	}
	if _, _, err := d.Lines([]byte("1\n"), true, nil); err == nil || errs.ClassOf(err) != errs.Unsupported {
		t.Errorf("lines of INT: %v", err)
	}
	cfg := config(t, memory.DefaultAllocator, "v STRING", map[string]string{"raw.charset": "UTF-16LE"})
	cfg.Lines = true
	if _, err := (raw.Format{}).NewEncoder(cfg); err == nil {
		t.Error("lines in UTF-16")
	}
}

// BenchmarkInt decodes messages of an INT.
func BenchmarkInt(b *testing.B) {
	cfg := config(b, memory.DefaultAllocator, "v INT", nil)
	cfg.BatchRows = 4096
	d, err := raw.Format{}.NewDecoder(cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	record := []byte{1, 2, 3, 4}
	b.ReportAllocs()
	for b.Loop() {
		for range 4096 {
			if err := d.Record(record); err != nil {
				b.Fatal(err)
			}
		}
		batch := d.Flush()
		batch.Release()
	}
	b.ReportMetric(4096*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
