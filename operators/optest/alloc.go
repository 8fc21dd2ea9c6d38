package optest

import (
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// poison is what fresh and freed memory is filled with.
const poison = 0xDB

// poisoning is an allocator whose fresh memory holds rubbish and whose freed memory
// is overwritten, so that whoever relies on either fails loudly.
type poisoning struct{ under memory.Allocator }

var _ memory.Allocator = poisoning{}

func fill(b []byte) {
	for i := range b {
		b[i] = poison
	}
}

// Allocate implements memory.Allocator.
func (p poisoning) Allocate(size int) []byte {
	b := p.under.Allocate(size)
	fill(b)
	return b
}

// Reallocate implements memory.Allocator; it always moves.
func (p poisoning) Reallocate(size int, b []byte) []byte {
	moved := p.Allocate(size)
	copy(moved, b)
	p.Free(b)
	return moved
}

// Free implements memory.Allocator.
func (p poisoning) Free(b []byte) {
	fill(b[:cap(b)])
	p.under.Free(b)
}

// leakCheck is the part of testing.T that the checked allocator wants, so that a
// leak becomes an error instead of ending the test from another variant.
type leakCheck struct {
	message func(format string, args ...any)
}

// Errorf implements memory.TestingT.
func (l leakCheck) Errorf(format string, args ...any) { l.message(format, args...) }

// Helper implements memory.TestingT.
func (leakCheck) Helper() {}
