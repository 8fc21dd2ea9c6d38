package format

import (
	"compress/bzip2"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/thalweg/thalweg/internal/errs"
)

// None is the compression of a file that is not compressed.
const None = "none"

// compression is one way to compress a file of records.
type compression struct {
	name string
	// endings are those of file names, the first one that of written files.
	endings []string
	read    func(io.Reader) (io.ReadCloser, error)
	// write is nil for what is only read.
	write func(io.Writer) (io.WriteCloser, error)
}

// compressions lists them, in the order of the documentation.
func compressions() []compression {
	return []compression{
		{"gzip", []string{".gz", ".gzip"},
			func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) },
			func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }},
		{"zstd", []string{".zst", ".zstd"},
			func(r io.Reader) (io.ReadCloser, error) {
				z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
				if err != nil {
					return nil, err
				}
				return z.IOReadCloser(), nil
			},
			func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)) }},
		{"lz4", []string{".lz4"},
			func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(lz4.NewReader(r)), nil },
			func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil }},
		{"snappy", []string{".sz", ".snappy"},
			func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(s2.NewReader(r)), nil },
			func(w io.Writer) (io.WriteCloser, error) {
				return s2.NewWriter(w, s2.WriterSnappyCompat(), s2.WriterConcurrency(1)), nil
			}},
		{"deflate", []string{".deflate", ".zz"},
			func(r io.Reader) (io.ReadCloser, error) { return zlib.NewReader(r) },
			func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil }},
		{"bzip2", []string{".bz2"},
			func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(bzip2.NewReader(r)), nil }, nil},
	}
}

// Compressions lists the names of all compressions.
func Compressions() []string {
	var names []string
	for _, c := range compressions() {
		names = append(names, c.name)
	}
	return names
}

func compressionNamed(name string) (compression, bool) {
	for _, c := range compressions() {
		if c.name == name {
			return c, true
		}
	}
	return compression{}, false
}

// CompressionOf tells a file's compression from its name's ending; None if it tells
// of none.
func CompressionOf(name string) string {
	for _, c := range compressions() {
		for _, ending := range c.endings {
			if strings.HasSuffix(name, ending) {
				return c.name
			}
		}
	}
	return None
}

// CanCompress reports whether files can be written with a compression.
func CanCompress(name string) bool {
	c, ok := compressionNamed(name)
	return !ok || c.write != nil
}

// CompressionExtension is the ending of a compressed file's name, with its dot.
func CompressionExtension(name string) string {
	if c, ok := compressionNamed(name); ok {
		return c.endings[0]
	}
	return ""
}

// Decompress reads what r holds compressed. Closing it does not close r.
func Decompress(r io.Reader, name string) (io.ReadCloser, error) {
	c, ok := compressionNamed(name)
	if !ok {
		return io.NopCloser(r), nil
	}
	z, err := c.read(r)
	if err != nil {
		return nil, errs.Wrap(errs.Corruption, err, "reading %s", name)
	}
	return z, nil
}

// Compress writes to w compressed. Closing it ends the compressed data but does
// not close w.
func Compress(w io.Writer, name string) (io.WriteCloser, error) {
	c, ok := compressionNamed(name)
	if !ok {
		return nopWriteCloser{w}, nil
	}
	if c.write == nil {
		return nil, errs.Unsupportedf("files can't be written with the compression '%s'", name)
	}
	z, err := c.write(w)
	return z, errs.Wrap(errs.Bug, err, "writing %s", name)
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }
