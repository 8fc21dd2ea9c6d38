package column

import "github.com/apache/arrow/go/v17/arrow/memory"

// buffer is a growing piece of Arrow memory. b is all of it that is allocated.
type buffer struct {
	alloc memory.Allocator
	mem   *memory.Buffer
	b     []byte
}

// reserve makes room for at least n bytes, doubling, and keeps what is there.
func (f *buffer) reserve(n int) {
	if n <= len(f.b) {
		return
	}
	if f.mem == nil {
		f.mem = memory.NewResizableBuffer(f.alloc)
	}
	f.mem.Reserve(max(n, 2*len(f.b)))
	f.b = f.mem.Buf()
}

// take hands the first n bytes over as a buffer of length n, owned by the caller,
// and leaves f empty.
func (f *buffer) take(n int) *memory.Buffer {
	if f.mem == nil {
		f.mem = memory.NewResizableBuffer(f.alloc)
	}
	f.mem.ResizeNoShrink(n)
	mem := f.mem
	f.mem, f.b = nil, nil
	return mem
}

// free gives the memory back.
func (f *buffer) free() {
	if f.mem != nil {
		f.mem.Release()
	}
	f.mem, f.b = nil, nil
}
