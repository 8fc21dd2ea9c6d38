//go:build !linux

// Package pages gives memory outside Go's heap.
package pages

// Map has no memory but Go's heap.
func Map(int) []byte { return nil }

// Unmap does nothing, since Map gave nothing.
func Unmap([]byte) {}
