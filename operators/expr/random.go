package expr

import "math/rand/v2"

// randomNumber is a source of numbers.
type randomNumber interface {
	Float64() float64
	Int32N(n int32) int32
}

var (
	_ randomNumber = (*rand.Rand)(nil)
	_ randomNumber = (*javaRandom)(nil)
)

// randomNumbers gives each row of a call its source.
type randomNumbers struct {
	seeded bool
	// sequence goes on from batch to batch; it is nil unless the seed is constant.
	sequence *javaRandom
}

// newRandomNumbers takes the seed from the first argument, if there is one.
func newRandomNumbers(c *Call, seeded bool) randomNumbers {
	r := randomNumbers{seeded: seeded}
	if seeded && c.Args[0].IsLiteral() {
		r.sequence = newJavaRandom(c.Args[0].Value.Int)
	}
	return r
}

func (r randomNumbers) open(ctx *EvalContext, args []Vector) func(i int) randomNumber {
	switch {
	case r.sequence != nil:
		return func(int) randomNumber { return r.sequence }
	case r.seeded:
		seed, source := fixedOf[int32](args[0]), &javaRandom{}
		return func(i int) randomNumber {
			source.seed(int64(seed.at(i)))
			return source
		}
	}
	source := randomSource(ctx)
	return func(int) randomNumber { return source }
}

// javaRandom is java.util.Random, whose numbers for a seed are specified: a linear
// congruential generator of 48 bits.
type javaRandom struct{ state uint64 }

const (
	javaMultiplier = 0x5DEECE66D
	javaMask       = 1<<48 - 1
)

func newJavaRandom(seed int64) *javaRandom {
	r := &javaRandom{}
	r.seed(seed)
	return r
}

func (r *javaRandom) seed(seed int64) { r.state = (uint64(seed) ^ javaMultiplier) & javaMask }

// next is the given number of new bits.
func (r *javaRandom) next(bits int) int64 {
	r.state = (r.state*javaMultiplier + 0xB) & javaMask
	return int64(r.state >> (48 - bits))
}

// Float64 is a number from 0 to 1, 1 excluded.
func (r *javaRandom) Float64() float64 { return float64(r.next(26)<<27+r.next(27)) / (1 << 53) }

// Int32N is a whole number from 0 to n, n excluded.
func (r *javaRandom) Int32N(n int32) int32 {
	if n&-n == n {
		return int32(int64(n) * r.next(31) >> 31)
	}
	for {
		bits := int32(r.next(31))
		value := bits % n
		if bits-value+(n-1) >= 0 {
			return value
		}
	}
}
