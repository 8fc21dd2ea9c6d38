//go:build invariants

package alloc

// Poisons tells whether freed memory is overwritten.
const Poisons = true

// poisonByte is an unlikely value in every type: a huge negative number, a string
// that isn't UTF-8.
const poisonByte = 0xdb

func poison(b []byte) {
	for i := range b {
		b[i] = poisonByte
	}
}
