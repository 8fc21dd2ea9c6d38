package json

import (
	"bytes"
	"math"
	"strconv"
	"unsafe"

	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/types"
)

// value decodes the value at i as one row of n's column.
func (d *decoder) value(n *node, i int) int {
	if d.data[i] == 'n' {
		return d.null(n, i)
	}
	next := -1
	switch n.typ.Kind {
	case types.TinyInt, types.SmallInt, types.Int, types.BigInt, types.IntervalYearMonth, types.IntervalDayTime:
		next = d.integer(n, i)
	case types.Char, types.Varchar:
		next = d.stringValue(n, i)
	case types.Float, types.Double:
		next = d.float(n, i)
	case types.Timestamp, types.TimestampLTZ:
		next = d.timestamp(n, i)
	case types.Row:
		next = d.rowValue(n, i)
	case types.Array:
		next = d.array(n, i)
	case types.Map, types.Multiset:
		next = d.mapValue(n, i)
	default:
		next = d.other(n, i)
	}
	if next < 0 && d.lenient {
		return d.forgive(n, i)
	}
	return next
}

// null decodes the literal null.
func (d *decoder) null(n *node, i int) int {
	end := literalEnd(d.data, i)
	if end != i+4 {
		return d.unexpected(i, "a value")
	}
	if !n.typ.Nullable {
		return d.fail("column '%s': is NOT NULL, and the record has null", n.path)
	}
	n.col.Null()
	return end
}

// forgive replaces a value that does not read by NULL, if it is JSON at all.
func (d *decoder) forgive(n *node, i int) int {
	reason := d.reason
	d.depth = min(d.depth, nestingMax/2)
	next := d.skip(i)
	if next < 0 || !n.typ.Nullable {
		d.reason = reason
		return -1
	}
	n.col.Null()
	return next
}

// wrong fails because the value at i is not what the column needs.
func (d *decoder) wrong(n *node, i int, why string) int {
	end := d.skip(i)
	if end < 0 {
		return -1
	}
	return d.fail("column '%s' (%s): %s: %s", n.path, n.typ, why, d.excerpt(i, end))
}

// token gives the text of the string, number or boolean at i, valid until the next
// call; nil and a negative next for anything else.
func (d *decoder) token(n *node, i int, why string) (tok []byte, next int) {
	switch c := d.data[i]; {
	case c == '"':
		raw, plain, next := d.str(i)
		if next < 0 {
			return nil, -1
		}
		tok, ok := d.text(raw, plain, i)
		if !ok {
			return nil, -1
		}
		return tok, next
	case c == '-' || c-'0' <= 9:
		if end, _ := numberEnd(d.data, i); end > i {
			return d.data[i:end], end
		}
	case c == 't' || c == 'f':
		if end := literalEnd(d.data, i); end > i {
			return d.data[i:end], end
		}
	}
	return nil, d.wrong(n, i, why)
}

// integer decodes a whole number, also out of a string.
func (d *decoder) integer(n *node, i int) int {
	data, at := d.data, i
	negative := data[at] == '-'
	if negative {
		at++
	}
	v, first := int64(0), at
	for data[at]-'0' <= 9 {
		v = v*10 + int64(data[at]-'0')
		at++
	}
	digits := at - first
	c := data[at]
	if digits == 0 || digits > 18 || data[first] == '0' && digits > 1 || c == '.' || c|0x20 == 'e' {
		return d.slowInteger(n, i)
	}
	if negative {
		v = -v
	}
	if !fits(n.col.Layout, v) {
		return d.wrong(n, i, "number out of range")
	}
	n.col.Int(v)
	return at
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

// slowInteger decodes what is not a plain short number: a long one, one with a
// fraction of zeros or an exponent, or one in a string.
func (d *decoder) slowInteger(n *node, i int) int {
	const why = "not a whole number"
	tok, next := d.token(n, i, why)
	if next < 0 {
		return -1
	}
	tok = bytes.TrimSpace(tok)
	v, err := strconv.ParseInt(asString(tok), 10, 64)
	if err != nil && d.data[i] != '"' {
		f, ferr := strconv.ParseFloat(asString(tok), 64)
		if ferr == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			v, err = int64(f), nil
		}
	}
	if err != nil {
		if e, ok := err.(*strconv.NumError); ok && e.Err == strconv.ErrRange {
			return d.wrong(n, i, "number out of range")
		}
		return d.wrong(n, i, why)
	}
	if !fits(n.col.Layout, v) {
		return d.wrong(n, i, "number out of range")
	}
	n.col.Int(v)
	return next
}

// asString is b as a string without a copy, for the length of a call.
func asString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// copyAheadMax is the longest rest of a record that a column makes room for without
// knowing how much of it is the text.
const copyAheadMax = 4096

// stringValue decodes a text: a string's, or any other value as it is written.
func (d *decoder) stringValue(n *node, i int) int {
	if d.data[i] == '"' {
		// The usual text is copied while its end is looked for.
		if rest := d.end - i; rest <= copyAheadMax {
			end := copyPlain(n.col.Ahead(rest+2*eightBytes), d.data, i+1)
			if d.data[end] == '"' {
				n.col.Took(end - i - 1)
				return end + 1
			}
		}
		raw, plain, next := d.str(i)
		if next < 0 {
			return -1
		}
		tok, ok := d.text(raw, plain, i)
		if !ok {
			return -1
		}
		n.col.Bytes(tok)
		return next
	}
	next := d.skip(i)
	if next < 0 {
		return -1
	}
	d.scratch = appendCompact(d.scratch[:0], d.data[i:next])
	n.col.Bytes(bytes.ToValidUTF8(d.scratch, []byte("\uFFFD")))
	return next
}

// appendCompact appends JSON text without the white space between its tokens.
func appendCompact(dst, src []byte) []byte {
	inString := false
	for i := 0; i < len(src); i++ {
		c := src[i]
		switch {
		case inString && c == '\\':
			dst = append(dst, c)
			i++
			c = src[i]
		case c == '"':
			inString = !inString
		case !inString && c <= ' ':
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// rowValue decodes an object as a ROW.
func (d *decoder) rowValue(n *node, i int) int {
	if d.data[i] != '{' {
		return d.wrong(n, i, "not an object")
	}
	base, depth := n.col.Rows(), d.depth
	if i = d.fields(n.object, base, i); i < 0 {
		n.col.Truncate(base)
		d.depth = depth
		return -1
	}
	n.col.End()
	return i
}

// array decodes an array.
func (d *decoder) array(n *node, i int) int {
	if d.data[i] != '[' {
		return d.wrong(n, i, "not an array")
	}
	base, depth := n.col.Rows(), d.depth
	if i = d.elements(n, i); i < 0 {
		n.col.Truncate(base)
		d.depth = depth
		return -1
	}
	n.col.End()
	return i
}

func (d *decoder) elements(n *node, i int) int {
	if !d.enter(i) {
		return -1
	}
	i = d.space(i + 1)
	for first := true; !first || d.data[i] != ']'; first = false {
		if i = d.value(n.elem, i); i < 0 {
			return -1
		}
		if i = d.space(i); d.data[i] == ']' {
			break
		}
		if d.data[i] != ',' {
			return d.unexpected(i, "',' or ']'")
		}
		i = d.space(i + 1)
	}
	d.depth--
	return i + 1
}

// timestamp decodes a timestamp. What is of the usual length and form takes a short
// way.
func (d *decoder) timestamp(n *node, i int) int {
	if d.data[i] == '"' {
		v, length := text.ScanTimestamp(d.data[i+1:d.end], n.typ, d.standard)
		if end := i + 1 + length; length > 0 && d.data[end] == '"' {
			n.col.Int(v)
			return end + 1
		}
	}
	return d.other(n, i)
}

// other decodes BOOLEAN, DECIMAL, bytes and times.
func (d *decoder) other(n *node, i int) int {
	tok, next := d.token(n, i, "wrong kind of value")
	if next < 0 {
		return -1
	}
	if why := d.scalar(n, tok); why != "" {
		return d.wrong(n, i, why)
	}
	return next
}

// scalar appends the value that tok is the text of, or says why it can't.
func (d *decoder) scalar(n *node, tok []byte) (why string) {
	if err := n.col.Parse(tok, d.standard); err != nil {
		return err.Error()
	}
	return ""
}
