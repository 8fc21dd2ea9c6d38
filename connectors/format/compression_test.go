package format_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/internal/errs"
)

func TestCompressionsRoundTrip(t *testing.T) {
	text := strings.Repeat("a line of some text, over and over\n", 20_000)
	for _, name := range append(format.Compressions(), format.None) {
		if !format.CanCompress(name) {
			if _, err := format.Compress(io.Discard, name); errs.ClassOf(err) != errs.Unsupported {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var b bytes.Buffer
		w, err := format.Compress(&b, name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if name != format.None && b.Len() > len(text)/2 {
			t.Errorf("%s: %d bytes", name, b.Len())
		}
		if got := format.CompressionOf("part-0.json" + format.CompressionExtension(name)); got != name {
			t.Errorf("a file of %s is taken for %s", name, got)
		}
		if got, err := readAll(b.Bytes(), name); err != nil || got != text {
			t.Errorf("%s: %v, %d bytes", name, err, len(got))
		}
		if name == format.None {
			continue
		}
		if _, err := readAll(b.Bytes()[:b.Len()/2], name); err == nil {
			t.Errorf("%s: half a file was read without an error", name)
		}
		if _, err := readAll([]byte(text), name); err == nil {
			t.Errorf("%s: a file that is not compressed was read", name)
		}
	}
}

func readAll(data []byte, compression string) (string, error) {
	r, err := format.Decompress(bytes.NewReader(data), compression)
	if err != nil {
		return "", err
	}
	defer r.Close()
	out, err := io.ReadAll(r)
	return string(out), err
}
