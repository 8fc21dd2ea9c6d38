package agg

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
)

// skipNulls gives the weights with 0 for rows where an argument is NULL. It
// returns weights itself when no argument has NULLs, and otherwise a slice that
// uses scratch's memory.
func skipNulls(weights []int8, args []arrow.Array, scratch *[]int8) []int8 {
	for _, arg := range args {
		if arg.NullN() == 0 {
			continue
		}
		own := grow(scratch, arg.Len())
		if weights == nil {
			for i := range own {
				own[i] = 1
			}
		} else if &weights[0] != &own[0] {
			copy(own, weights)
		}
		clearNulls(own, arg)
		weights = own
	}
	return weights
}

func clearNulls(weights []int8, arg arrow.Array) {
	bits, offset := arg.NullBitmapBytes(), arg.Data().Offset()
	if len(bits) == 0 { // a column of type NULL
		clear(weights)
		return
	}
	for i := range weights {
		if !bitutil.BitIsSet(bits, offset+i) {
			weights[i] = 0
		}
	}
}

// grow gives *scratch a length of n, keeping its memory when it suffices.
func grow[T any](scratch *[]T, n int) []T {
	if cap(*scratch) < n {
		*scratch = make([]T, n+n/4)
	}
	*scratch = (*scratch)[:n]
	return *scratch
}
