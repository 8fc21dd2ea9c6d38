package avro

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"github.com/thalweg/thalweg/internal/errs"
)

// blockBytesMax is the largest block that is read, compressed or not.
const blockBytesMax = 1 << 30

// The codecs of container files by their names in files.
const (
	codecNull    = "null"
	codecDeflate = "deflate"
	codecSnappy  = "snappy"
	codecZstd    = "zstandard"
	codecBzip2   = "bzip2"
)

// decompressor opens the blocks of one file.
type decompressor struct {
	codec string
	zstd  *zstd.Decoder
	out   []byte
}

func newDecompressor(codec string) (*decompressor, error) {
	d := &decompressor{codec: codec}
	switch codec {
	case "", codecNull, codecDeflate, codecSnappy, codecBzip2:
	case codecZstd:
		var err error
		d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(blockBytesMax))
		if err != nil {
			return nil, errs.Wrap(errs.Bug, err, "zstd")
		}
	default:
		return nil, errs.Unsupportedf("the Avro file's codec '%s' can't be read", codec)
	}
	return d, nil
}

// open gives a block's data, valid until the next call.
func (d *decompressor) open(block []byte) (_ []byte, err error) {
	switch d.codec {
	case codecDeflate:
		return d.readAll(flate.NewReader(bytes.NewReader(block)))
	case codecBzip2:
		return d.readAll(bzip2.NewReader(bytes.NewReader(block)))
	case codecZstd:
		if d.out, err = d.zstd.DecodeAll(block, d.out[:0]); err != nil {
			return nil, errs.Wrap(errs.Corruption, err, "zstandard block")
		}
		return d.out, nil
	case codecSnappy:
		return d.openSnappy(block)
	}
	return block, nil
}

func (d *decompressor) readAll(r io.Reader) ([]byte, error) {
	buf := bytes.NewBuffer(d.out[:0])
	n, err := io.Copy(buf, io.LimitReader(r, blockBytesMax+1))
	d.out = buf.Bytes()
	if err == nil && n > blockBytesMax {
		err = errs.Corruptionf("larger than %d bytes", blockBytesMax)
	}
	return d.out, errs.Wrap(errs.Corruption, err, "%s block", d.codec)
}

// openSnappy opens a block, which ends in the checksum of its data.
func (d *decompressor) openSnappy(block []byte) ([]byte, error) {
	if len(block) < 4 {
		return nil, errs.Corruptionf("snappy block: too short")
	}
	body, sum := block[:len(block)-4], binary.BigEndian.Uint32(block[len(block)-4:])
	if n, err := snappy.DecodedLen(body); err != nil || n > blockBytesMax {
		return nil, errs.Corruptionf("snappy block: of a wrong length")
	}
	out, err := snappy.Decode(d.out[:cap(d.out)], body)
	if err != nil {
		return nil, errs.Wrap(errs.Corruption, err, "snappy block")
	}
	d.out = out
	if crc32.ChecksumIEEE(out) != sum {
		return nil, errs.Corruptionf("snappy block: its checksum is wrong")
	}
	return out, nil
}

func (d *decompressor) close() {
	if d.zstd != nil {
		d.zstd.Close()
	}
}

// compressor makes the blocks of one file.
type compressor struct {
	codec string
	zstd  *zstd.Encoder
	flate *flate.Writer
	buf   bytes.Buffer
	out   []byte
}

func newCompressor(codec string) (*compressor, error) {
	c := &compressor{codec: codec}
	var err error
	switch codec {
	case codecZstd:
		c.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	case codecDeflate:
		c.flate, err = flate.NewWriter(&c.buf, flate.DefaultCompression)
	}
	return c, errs.Wrap(errs.Bug, err, "%s", codec)
}

// block gives data as the file has it, valid until the next call.
func (c *compressor) block(data []byte) ([]byte, error) {
	switch c.codec {
	case codecZstd:
		c.out = c.zstd.EncodeAll(data, c.out[:0])
		return c.out, nil
	case codecSnappy:
		c.out = snappy.Encode(c.out[:cap(c.out)], data)
		return binary.BigEndian.AppendUint32(c.out, crc32.ChecksumIEEE(data)), nil
	case codecDeflate:
		c.buf.Reset()
		c.flate.Reset(&c.buf)
		_, err := c.flate.Write(data)
		if err == nil {
			err = c.flate.Close()
		}
		return c.buf.Bytes(), errs.Wrap(errs.Bug, err, "deflate")
	}
	return data, nil
}
