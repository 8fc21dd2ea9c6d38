package statetest

import "unsafe"

// word is the word of a row at an offset.
func word(row unsafe.Pointer, offset int) *uint64 { return (*uint64)(unsafe.Add(row, offset)) }
