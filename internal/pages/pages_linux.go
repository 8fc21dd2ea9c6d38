// Package pages gives memory outside Go's heap.
package pages

import "syscall"

// hugePage is the size from which memory is worth asking for in large pages: a
// probe of a large table then misses the cache, but not the TLB as well.
const hugePage = 2 << 20

// Map takes zeroed memory from the system rather than from Go's heap, or nil if it can't. State
// is most of a process's memory and holds no pointers; were it on the heap, the
// collector would let garbage grow to the same size before each cycle.
func Map(size int) []byte {
	m, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	if size >= hugePage {
		_ = syscall.Madvise(m, syscall.MADV_HUGEPAGE) // only faster
	}
	return m
}

// Unmap gives memory from Map back.
func Unmap(m []byte) { _ = syscall.Munmap(m) }
