package avro

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/internal/decimal"
)

// nestingMax is the deepest nesting of a datum that is read.
const nestingMax = 512

// decoding runs nodes over a datum. Its methods take an index and give the next one,
// or -1 after setting reason.
type decoding struct {
	data   []byte
	reason string
	depth  int
}

func (d *decoding) fail(format string, args ...any) int {
	d.reason = fmt.Sprintf(format, args...)
	return -1
}

// short fails because the datum ends too early.
func (d *decoding) short(n *node) int {
	if n.path == "" {
		return d.fail("the Avro data end early")
	}
	return d.fail("column '%s': the Avro data end early", n.path)
}

// long reads a zigzag varint.
func (d *decoding) long(i int) (v int64, next int) {
	if i < len(d.data) && d.data[i] < 0x80 {
		c := d.data[i]
		return int64(c>>1) ^ -int64(c&1), i + 1
	}
	u, n := binary.Uvarint(d.data[i:])
	if n <= 0 {
		return 0, -1
	}
	return int64(u>>1) ^ -int64(u&1), i + n
}

// span reads a length and gives where so many bytes begin and end.
func (d *decoding) span(i int) (from, to int) {
	length, from := d.long(i)
	if from < 0 || length < 0 || length > int64(len(d.data)-from) {
		return 0, -1
	}
	return from, from + int(length)
}

// value decodes the value at i, as one row of n's column if it has one.
func (d *decoding) value(n *node, i int) int {
	switch n.op {
	case opLong:
		v, next := d.long(i)
		if next < 0 {
			return d.short(n)
		}
		if n.col != nil {
			if !fits(n.col.Layout, v) {
				return d.fail("column '%s' (%s): number out of range: %d", n.path, n.col.Type, v)
			}
			n.col.Int(v)
		}
		return next
	case opText:
		return d.text(n, i)
	case opUnion:
		v, next := d.long(i)
		if next < 0 {
			return d.short(n)
		}
		if uint64(v) >= uint64(len(n.kids)) {
			return d.fail("column '%s': the union has no branch %d", n.path, v)
		}
		return d.value(n.kids[v], next)
	case opNull:
		if n.col != nil {
			n.col.Null()
		}
		return i
	case opRecord, opArray, opMap:
		return d.composite(n, i)
	}
	return d.other(n, i)
}

func (d *decoding) text(n *node, i int) int {
	from, to := d.span(i)
	if to < 0 {
		return d.short(n)
	}
	if n.col != nil {
		n.col.Bytes(validText(d.data[from:to]))
	}
	return to
}

func validText(b []byte) []byte {
	if !utf8.Valid(b) {
		return bytes.ToValidUTF8(b, []byte("\uFFFD"))
	}
	return b
}

func fits(l column.Layout, v int64) bool {
	switch l {
	case column.Fixed8:
		return v == int64(int8(v))
	case column.Fixed16:
		return v == int64(int16(v))
	case column.Fixed32:
		return v == int64(int32(v))
	}
	return true
}

// other decodes the rarer values.
func (d *decoding) other(n *node, i int) int {
	switch n.op {
	case opBool:
		if i >= len(d.data) {
			return d.short(n)
		}
		if n.col != nil {
			n.col.Bool(d.data[i] != 0)
		}
		return i + 1
	case opFloat, opDouble, opLongFloat:
		return d.float(n, i)
	case opBytes:
		from, to := d.span(i)
		if to < 0 {
			return d.short(n)
		}
		if n.col != nil {
			n.col.Bytes(d.data[from:to])
		}
		return to
	case opFixed:
		if n.size > len(d.data)-i {
			return d.short(n)
		}
		if n.col != nil {
			n.col.Bytes(d.data[i : i+n.size])
		}
		return i + n.size
	case opEnum:
		return d.enum(n, i)
	case opTime:
		return d.time(n, i)
	case opDecimal, opDecimalFixed:
		return d.decimal(n, i)
	}
	return d.fail("%s", n.why)
}

func (d *decoding) float(n *node, i int) int {
	var v float64
	switch n.op {
	case opFloat:
		if len(d.data)-i < 4 {
			return d.short(n)
		}
		v = float64(math.Float32frombits(binary.LittleEndian.Uint32(d.data[i:])))
		i += 4
	case opDouble:
		if len(d.data)-i < 8 {
			return d.short(n)
		}
		v = math.Float64frombits(binary.LittleEndian.Uint64(d.data[i:]))
		i += 8
	default:
		whole, next := d.long(i)
		if next < 0 {
			return d.short(n)
		}
		v, i = float64(whole), next
	}
	if n.col != nil {
		n.col.Float(v)
	}
	return i
}

func (d *decoding) enum(n *node, i int) int {
	v, next := d.long(i)
	if next < 0 {
		return d.short(n)
	}
	if uint64(v) >= uint64(len(n.symbols)) {
		return d.fail("column '%s': the enum has no symbol %d", n.path, v)
	}
	n.col.String(n.symbols[v])
	return next
}

// time decodes a number of one unit into a column of another.
func (d *decoding) time(n *node, i int) int {
	v, next := d.long(i)
	if next < 0 {
		return d.short(n)
	}
	switch {
	case n.toUnit > n.fromUnit:
		factor := n.toUnit / n.fromUnit
		if v > math.MaxInt64/factor || v < math.MinInt64/factor {
			return d.fail("column '%s' (%s): does not fit into its type: %d", n.path, n.col.Type, v)
		}
		v *= factor
	case n.toUnit < n.fromUnit:
		factor := n.fromUnit / n.toUnit
		if v < 0 {
			v -= factor - 1 // towards the past, as everywhere
		}
		v /= factor
	}
	if !fits(n.col.Layout, v) {
		return d.fail("column '%s' (%s): does not fit into its type: %d", n.path, n.col.Type, v)
	}
	n.col.Int(v)
	return next
}

func (d *decoding) decimal(n *node, i int) int {
	from, to := i, i+n.size
	if n.op == opDecimal {
		from, to = d.span(i)
	}
	if to < 0 || to > len(d.data) {
		return d.short(n)
	}
	t := n.col.Type
	num, ok := bigEndian(d.data[from:to])
	if ok && n.scale != t.Scale {
		var err error
		num, err = num.Rescale(int32(n.scale), int32(t.Scale))
		ok = err == nil
	}
	if !ok || !num.FitsInPrecision(int32(t.Precision)) {
		return d.fail("column '%s' (%s): number out of range", n.path, t)
	}
	n.col.Decimal(num)
	return to
}

// bigEndian reads a two's complement number, most significant byte first.
func bigEndian(b []byte) (decimal.Num, bool) {
	if len(b) == 0 {
		return decimal.Num{}, true
	}
	sign := byte(int8(b[0]) >> 7)
	for len(b) > 16 {
		if b[0] != sign {
			return decimal.Num{}, false
		}
		b = b[1:]
	}
	var full [16]byte
	for i := range full {
		full[i] = sign
	}
	copy(full[16-len(b):], b)
	if full[0]>>7 != sign>>7 {
		return decimal.Num{}, false
	}
	return decimal128.New(int64(binary.BigEndian.Uint64(full[:8])), binary.BigEndian.Uint64(full[8:])), true
}

// composite decodes a record, an array or a map.
func (d *decoding) composite(n *node, i int) int {
	if d.depth++; d.depth > nestingMax {
		return d.fail("nested deeper than %d levels", nestingMax)
	}
	if n.op == opRecord {
		i = d.record(n, i)
	} else {
		i = d.blocks(n, i)
	}
	d.depth--
	if i >= 0 && n.col != nil {
		n.col.End()
	}
	return i
}

func (d *decoding) record(n *node, i int) int {
	for _, k := range n.kids {
		if i = d.value(k, i); i < 0 {
			return -1
		}
	}
	for _, c := range n.missing {
		c.Null()
	}
	return i
}

// blocks decodes the blocks of an array or a map: a count, elements, and so on to a
// count of 0. A negative count is followed by the block's size in bytes.
func (d *decoding) blocks(n *node, i int) int {
	for total := int64(0); ; {
		count, next := d.long(i)
		if i = next; i < 0 {
			return d.short(n)
		}
		if count < 0 {
			count = -count
			if _, i = d.long(i); i < 0 {
				return d.short(n)
			}
		}
		if count == 0 {
			return i
		}
		if total += count; count < 0 || total > elementsMax {
			return d.fail("column '%s': more than %d elements", n.path, elementsMax)
		}
		for range count {
			if i = d.element(n, i); i < 0 {
				return -1
			}
		}
	}
}

// elementsMax bounds an array or a map: elements may take no bytes at all.
const elementsMax = 1 << 24

func (d *decoding) element(n *node, i int) int {
	if n.op == opArray {
		return d.value(n.kids[0], i)
	}
	from, to := d.span(i)
	if to < 0 {
		return d.short(n)
	}
	if n.col == nil {
		return d.value(n.kids[0], to)
	}
	n.keys.Bytes(validText(d.data[from:to]))
	if i = d.value(n.kids[0], to); i >= 0 {
		n.col.Kids[0].End()
	}
	return i
}
