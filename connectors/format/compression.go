package format

import (
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/thalweg/thalweg/internal/errs"
)

// CompressionOf tells a file's compression from its name: "gzip", "zstd" or
// "none".
func CompressionOf(name string) string {
	switch {
	case strings.HasSuffix(name, ".gz"), strings.HasSuffix(name, ".gzip"):
		return "gzip"
	case strings.HasSuffix(name, ".zst"), strings.HasSuffix(name, ".zstd"):
		return "zstd"
	}
	return "none"
}

// CompressionExtension is the ending of a compressed file's name, with its dot.
func CompressionExtension(compression string) string {
	switch compression {
	case "gzip":
		return ".gz"
	case "zstd":
		return ".zst"
	}
	return ""
}

// Decompress reads what r holds compressed. Closing it does not close r.
func Decompress(r io.Reader, compression string) (io.ReadCloser, error) {
	switch compression {
	case "gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, errs.Wrap(errs.Corruption, err, "reading gzip")
		}
		return z, nil
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, errs.Wrap(errs.Corruption, err, "reading zstd")
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(r), nil
}

// Compress writes to w compressed. Closing it ends the compressed data but does
// not close w.
func Compress(w io.Writer, compression string) (io.WriteCloser, error) {
	switch compression {
	case "gzip":
		return gzip.NewWriter(w), nil
	case "zstd":
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		return z, errs.Wrap(errs.Bug, err, "writing zstd")
	}
	return nopWriteCloser{w}, nil
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }
