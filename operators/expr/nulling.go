package expr

import (
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// nulling lets a kernel add NULLs of its own to the ones it inherits: the mask is
// copied when the first is added.
type nulling struct {
	alloc memory.Allocator
	n     int
	valid validity
	bits  []byte
}

// null makes row i NULL.
func (m *nulling) null(i int) {
	if m.bits == nil {
		m.own()
	}
	if bitset(m.bits, i) {
		m.bits[i>>3] &^= 1 << (i & 7)
		m.valid.nulls++
	}
}

// own makes the mask a private copy.
func (m *nulling) own() {
	buf, bits := newBits(m.alloc, m.n)
	if m.valid.buf == nil {
		for i := range bits {
			bits[i] = 0xff
		}
	} else {
		copy(bits, m.valid.bits())
		m.valid.release()
	}
	m.valid.buf, m.bits = buf, bits
}

// skips reports whether row i is NULL already.
func (m *nulling) skips(i int) bool {
	return m.valid.buf != nil && !bitset(m.valid.buf.Bytes(), i)
}
