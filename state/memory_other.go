//go:build !linux

package state

// mapMemory has no memory but Go's heap.
func mapMemory(int) []byte { return nil }

func unmapMemory([]byte) {}
