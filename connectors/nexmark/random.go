package nexmark

import "math/bits"

// gamma is what the counter grows by at each draw.
const gamma = 0x9E3779B97F4A7C15

// mix64 turns a counter into 64 random bits.
func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// mix32 turns a counter into 32 random bits; it is not a half of mix64.
func mix32(z uint64) uint32 {
	z = (z ^ z>>33) * 0x62A9D9ED799705F5
	z = (z ^ z>>28) * 0xCB24D0A5C88C35B3
	return uint32(z >> 32)
}

// random is a counter with its draws. Every draw adds gamma once, except that
// bounded draws may be rejected and repeated.
type random struct{ seed uint64 }

// int64 draws any 64-bit number.
func (r *random) int64() int64 {
	r.seed += gamma
	return int64(mix64(r.seed))
}

// int32 draws any 32-bit number.
func (r *random) int32() int32 {
	r.seed += gamma
	return int32(mix32(r.seed))
}

// fraction draws 53 random bits: a number in [0,1) in units of 2^-53.
func (r *random) fraction() uint64 {
	r.seed += gamma
	return mix64(r.seed) >> 11
}

// below draws a number in [0,n), n ≥ 1. For a fixed n a bound is faster.
func (r *random) below(n int32) int32 {
	r.seed += gamma
	z, m := mix32(r.seed), uint32(n)
	if m&(m-1) == 0 {
		return int32(z & (m - 1))
	}
	u := z >> 1
	rest := u % m
	for u-rest > 1<<31-m { // u is in the incomplete last run
		r.seed += gamma
		u = mix32(r.seed) >> 1
		rest = u % m
	}
	return int32(rest)
}

// belowLong draws a number in [0,n), n ≥ 1; from 2^31-1 on in the skewed way of
// the benchmark.
func (r *random) belowLong(n int64) int64 {
	if n < 1<<31-1 {
		return int64(r.below(int32(n)))
	}
	x := r.int64() % n
	if x < 0 {
		x = -x
	}
	return x
}

// bound draws from [0,n) for a fixed n: the division is done once.
//
// Powers of two use the low bits of all 32; other bounds use the remainder of the
// upper 31 and reject the incomplete last run of n numbers.
type bound struct {
	n       uint64
	inverse uint64 // ⌈2^64 / n⌉, for the remainder by two multiplications
	limit   uint64 // numbers from here on are rejected
	shift   uint32 // 1, or 0 for powers of two
}

// newBound prepares n, 1 ≤ n < 2^31.
func newBound(n uint32) bound {
	b := bound{n: uint64(n), inverse: ^uint64(0)/uint64(n) + 1, limit: 1 << 32}
	if n&(n-1) != 0 {
		b.shift = 1
		b.limit = 1<<31 - 1<<31%uint64(n)
	}
	return b
}

// draw draws a number in [0,n) from the counter seed and gives the new counter.
// Counters are passed by value so that they stay in a register.
func (b *bound) draw(seed uint64) (uint32, uint64) {
	seed += gamma
	u := uint64(mix32(seed) >> (b.shift & 1))
	if u >= b.limit {
		u, seed = b.redraw(seed)
	}
	return b.remainder(u), seed
}

// skip moves the counter as draw does.
func (b *bound) skip(seed uint64) uint64 {
	seed += gamma
	if uint64(mix32(seed)>>(b.shift&1)) >= b.limit {
		_, seed = b.redraw(seed)
	}
	return seed
}

// redraw draws until a number is accepted.
func (b *bound) redraw(seed uint64) (uint64, uint64) {
	for {
		seed += gamma
		if u := uint64(mix32(seed) >> b.shift); u < b.limit {
			return u, seed
		}
	}
}

// quick draws once; the result counts only if the top bit of rejected is clear.
// It is small enough to be inlined.
func (b *bound) quick(seed uint64) (u uint32, rejected uint64) {
	v := uint64(mix32(seed) >> (b.shift & 1))
	return b.remainder(v), b.limit - 1 - v
}

// remainder is u mod n for a 32-bit u.
func (b *bound) remainder(u uint64) uint32 {
	hi, _ := bits.Mul64(b.inverse*u, b.n)
	return uint32(hi)
}
