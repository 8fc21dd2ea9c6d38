package expr

import (
	"bytes"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow/bitutil"

	"github.com/thalweg/thalweg/internal/decimal"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// bit is 1 for true; the compiler makes it a flag move.
func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// compareConst compares a column with a constant, eight rows a byte.
func compareConst[T number](op cmpOp, dst []byte, a []T, c T) {
	switch op {
	case cmpEq, cmpNe:
		eqConst(dst, a, c)
		if op == cmpNe {
			invert(dst)
		}
	case cmpLt:
		ltConst(dst, a, c)
	case cmpLe:
		leConst(dst, a, c)
	case cmpGt:
		gtConst(dst, a, c)
	case cmpGe:
		geConst(dst, a, c)
	}
}

// compareColumns compares two columns of the same length.
func compareColumns[T number](op cmpOp, dst []byte, a, b []T) {
	switch op {
	case cmpEq, cmpNe:
		eqColumns(dst, a, b)
		if op == cmpNe {
			invert(dst)
		}
	case cmpLt:
		ltColumns(dst, a, b)
	case cmpLe:
		leColumns(dst, a, b)
	case cmpGt:
		ltColumns(dst, b, a)
	case cmpGe:
		leColumns(dst, b, a)
	}
}

func invert(bits []byte) {
	for i := range bits {
		bits[i] = ^bits[i]
	}
}

func eqConst[T number](dst []byte, a []T, c T) {
	for len(a) >= 8 {
		x := a[:8:8]
		dst[0] = bit(x[0] == c) | bit(x[1] == c)<<1 | bit(x[2] == c)<<2 | bit(x[3] == c)<<3 |
			bit(x[4] == c)<<4 | bit(x[5] == c)<<5 | bit(x[6] == c)<<6 | bit(x[7] == c)<<7
		a, dst = a[8:], dst[1:]
	}
	if len(a) > 0 {
		dst[0] = 0
		for i, v := range a {
			dst[0] |= bit(v == c) << i
		}
	}
}

func ltConst[T number](dst []byte, a []T, c T) {
	for len(a) >= 8 {
		x := a[:8:8]
		dst[0] = bit(x[0] < c) | bit(x[1] < c)<<1 | bit(x[2] < c)<<2 | bit(x[3] < c)<<3 |
			bit(x[4] < c)<<4 | bit(x[5] < c)<<5 | bit(x[6] < c)<<6 | bit(x[7] < c)<<7
		a, dst = a[8:], dst[1:]
	}
	if len(a) > 0 {
		dst[0] = 0
		for i, v := range a {
			dst[0] |= bit(v < c) << i
		}
	}
}

func leConst[T number](dst []byte, a []T, c T) {
	for len(a) >= 8 {
		x := a[:8:8]
		dst[0] = bit(x[0] <= c) | bit(x[1] <= c)<<1 | bit(x[2] <= c)<<2 | bit(x[3] <= c)<<3 |
			bit(x[4] <= c)<<4 | bit(x[5] <= c)<<5 | bit(x[6] <= c)<<6 | bit(x[7] <= c)<<7
		a, dst = a[8:], dst[1:]
	}
	if len(a) > 0 {
		dst[0] = 0
		for i, v := range a {
			dst[0] |= bit(v <= c) << i
		}
	}
}

func gtConst[T number](dst []byte, a []T, c T) {
	for len(a) >= 8 {
		x := a[:8:8]
		dst[0] = bit(x[0] > c) | bit(x[1] > c)<<1 | bit(x[2] > c)<<2 | bit(x[3] > c)<<3 |
			bit(x[4] > c)<<4 | bit(x[5] > c)<<5 | bit(x[6] > c)<<6 | bit(x[7] > c)<<7
		a, dst = a[8:], dst[1:]
	}
	if len(a) > 0 {
		dst[0] = 0
		for i, v := range a {
			dst[0] |= bit(v > c) << i
		}
	}
}

func geConst[T number](dst []byte, a []T, c T) {
	for len(a) >= 8 {
		x := a[:8:8]
		dst[0] = bit(x[0] >= c) | bit(x[1] >= c)<<1 | bit(x[2] >= c)<<2 | bit(x[3] >= c)<<3 |
			bit(x[4] >= c)<<4 | bit(x[5] >= c)<<5 | bit(x[6] >= c)<<6 | bit(x[7] >= c)<<7
		a, dst = a[8:], dst[1:]
	}
	if len(a) > 0 {
		dst[0] = 0
		for i, v := range a {
			dst[0] |= bit(v >= c) << i
		}
	}
}

func eqColumns[T number](dst []byte, a, b []T) {
	b = b[:len(a)]
	for len(a) >= 8 && len(b) >= 8 {
		x, y := a[:8:8], b[:8:8]
		dst[0] = bit(x[0] == y[0]) | bit(x[1] == y[1])<<1 | bit(x[2] == y[2])<<2 | bit(x[3] == y[3])<<3 |
			bit(x[4] == y[4])<<4 | bit(x[5] == y[5])<<5 | bit(x[6] == y[6])<<6 | bit(x[7] == y[7])<<7
		a, b, dst = a[8:], b[8:], dst[1:]
	}
	if len(a) > 0 {
		dst[0] = 0
		for i, v := range a {
			dst[0] |= bit(v == b[i]) << i
		}
	}
}

func ltColumns[T number](dst []byte, a, b []T) {
	b = b[:len(a)]
	for len(a) >= 8 && len(b) >= 8 {
		x, y := a[:8:8], b[:8:8]
		dst[0] = bit(x[0] < y[0]) | bit(x[1] < y[1])<<1 | bit(x[2] < y[2])<<2 | bit(x[3] < y[3])<<3 |
			bit(x[4] < y[4])<<4 | bit(x[5] < y[5])<<5 | bit(x[6] < y[6])<<6 | bit(x[7] < y[7])<<7
		a, b, dst = a[8:], b[8:], dst[1:]
	}
	if len(a) > 0 {
		dst[0] = 0
		for i, v := range a {
			dst[0] |= bit(v < b[i]) << i
		}
	}
}

func leColumns[T number](dst []byte, a, b []T) {
	b = b[:len(a)]
	for len(a) >= 8 && len(b) >= 8 {
		x, y := a[:8:8], b[:8:8]
		dst[0] = bit(x[0] <= y[0]) | bit(x[1] <= y[1])<<1 | bit(x[2] <= y[2])<<2 | bit(x[3] <= y[3])<<3 |
			bit(x[4] <= y[4])<<4 | bit(x[5] <= y[5])<<5 | bit(x[6] <= y[6])<<6 | bit(x[7] <= y[7])<<7
		a, b, dst = a[8:], b[8:], dst[1:]
	}
	if len(a) > 0 {
		dst[0] = 0
		for i, v := range a {
			dst[0] |= bit(v <= b[i]) << i
		}
	}
}

// compareDecimals compares unscaled values of equal scale.
func compareDecimals(op cmpOp) comparer {
	return func(dst []byte, a, b Vector, n int) {
		x, y := values[decimal.Num](a), values[decimal.Num](b)
		if op == cmpGt || op == cmpLe {
			x, y, a, b = y, x, b, a
		}
		i, j := a.stride(), b.stride()
		clear(dst)
		if op == cmpEq || op == cmpNe {
			for k := range n {
				dst[k>>3] |= bit(x[k&i] == y[k&j]) << (k & 7)
			}
		} else {
			for k := range n {
				dst[k>>3] |= bit(decimal.Less(x[k&i], y[k&j])) << (k & 7)
			}
		}
		if op == cmpNe || op == cmpLe || op == cmpGe {
			invert(dst)
		}
	}
}

// compareBytes compares strings and binaries byte by byte, which is the order of
// code points.
func compareBytes(op cmpOp) comparer {
	return func(dst []byte, a, b Vector, n int) {
		if op == cmpGt || op == cmpLe {
			a, b = b, a
		}
		x, y := bytesOf(a), bytesOf(b)
		clear(dst)
		if op == cmpEq || op == cmpNe {
			for k := range n {
				dst[k>>3] |= bit(string(x.at(k)) == string(y.at(k))) << (k & 7)
			}
		} else {
			for k := range n {
				dst[k>>3] |= bit(bytes.Compare(x.at(k), y.at(k)) < 0) << (k & 7)
			}
		}
		if op == cmpNe || op == cmpLe || op == cmpGe {
			invert(dst)
		}
	}
}

// compareNested compares arrays, maps and rows for equality.
func compareNested(op cmpOp) comparer {
	return func(dst []byte, a, b Vector, n int) {
		i, j := a.stride(), b.stride()
		for k := range n {
			bitutil.SetBitTo(dst, k, columns.Equal(a.Array, k&i, b.Array, k&j) == (op == cmpEq))
		}
	}
}

// byteColumn reads a string or binary vector.
type byteColumn struct {
	offsets []int32
	data    []byte
	stride  int
}

func bytesOf(v Vector) byteColumn {
	return byteColumn{columns.Offsets(v.Array), columns.Bytes(v.Array), v.stride()}
}

// at is the value of row i, borrowed.
func (c byteColumn) at(i int) []byte {
	i &= c.stride
	return c.data[c.offsets[i]:c.offsets[i+1]]
}

// text is the value of row i as a string that shares the column's memory: it must
// not be kept.
func (c byteColumn) text(i int) string {
	b := c.at(i)
	return unsafe.String(unsafe.SliceData(b), len(b))
}
