package json

import (
	"bytes"

	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/internal/types"
)

// exactPow10 are the powers of ten that a DOUBLE holds exactly.
var exactPow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
	1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// float decodes a number, also out of a string. Numbers of at most 15 digits
// without an exponent are exact quotients of two exact values; others take the
// library's way.
func (d *decoder) float(n *node, i int) int {
	data, at := d.data, i
	negative := data[at] == '-'
	if negative {
		at++
	}
	first := at
	m, fraction := int64(0), 0
	for data[at]-'0' <= 9 {
		m = m*10 + int64(data[at]-'0')
		at++
	}
	whole := at - first
	if whole == 0 || whole > 15 || data[first] == '0' && whole > 1 {
		return d.slowFloat(n, i)
	}
	if data[at] == '.' {
		at++
		from := at
		for data[at]-'0' <= 9 && at-from < 15 {
			m = m*10 + int64(data[at]-'0')
			at++
		}
		if fraction = at - from; fraction == 0 || whole+fraction > 15 {
			return d.slowFloat(n, i)
		}
	}
	if c := data[at]; c|0x20 == 'e' || c-'0' <= 9 || n.typ.Kind == types.Float {
		return d.slowFloat(n, i)
	}
	v := float64(m) / exactPow10[fraction]
	if negative {
		v = -v
	}
	n.col.Float(v)
	return at
}

// slowFloat decodes any other number, and a number in a string.
func (d *decoder) slowFloat(n *node, i int) int {
	tok, next := d.token(n, i, "not a number")
	if next < 0 {
		return -1
	}
	bitSize := 64
	if n.typ.Kind == types.Float {
		bitSize = 32
	}
	v, err := column.ParseFloat(bytes.TrimSpace(tok), bitSize)
	if err != nil {
		return d.wrong(n, i, "not a number")
	}
	n.col.Float(v)
	return next
}
