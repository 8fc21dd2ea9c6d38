package decimal

import "math/bits"

// divRound divides magnitudes, rounding half up.
func divRound(a, b wide) wide {
	q, r := divWide(a, b)
	// r ≥ b - r means that the remainder is at least half of b.
	half := subWide(b, r)
	if !lessWide(r, half) {
		q = incWide(q)
	}
	return q
}

// divWide divides a by a non-zero b of at most 128 bits.
func divWide(a, b wide) (quotient, remainder wide) {
	if b[1] == 0 {
		return divWord(a, b[0])
	}
	if a[3]|a[2] == 0 && a[1] < b[1] {
		return wide{}, a
	}
	return divTwoWords(a, b[1], b[0])
}

// divWord divides by one word.
func divWord(a wide, b uint64) (quotient, remainder wide) {
	var r uint64
	for i := 3; i >= 0; i-- {
		if r|a[i] == 0 {
			continue
		}
		quotient[i], r = bits.Div64(r, a[i], b)
	}
	return quotient, wide{r}
}

// divTwoWords is Knuth's algorithm D for a divisor of two words, hi ≠ 0.
func divTwoWords(a wide, hi, lo uint64) (quotient, remainder wide) {
	shift := uint(bits.LeadingZeros64(hi))
	vh, vl := hi<<shift|shiftDown(lo, shift), lo<<shift
	var u [5]uint64
	for i := 3; i >= 0; i-- {
		u[i+1] |= shiftDown(a[i], shift)
		u[i] = a[i] << shift
	}
	for j := 2; j >= 0; j-- {
		quotient[j] = digit(u[j:j+3], vh, vl)
	}
	remainder[0] = u[0]>>shift | shiftUp(u[1], shift)
	remainder[1] = u[1] >> shift
	return quotient, remainder
}

// digit divides the three words u by (vh, vl), leaves the remainder in u and
// returns one word of quotient.
func digit(u []uint64, vh, vl uint64) uint64 {
	q, overflow := ^uint64(0), false
	var r uint64
	if u[2] < vh {
		q, r = bits.Div64(u[2], u[1], vh)
	} else {
		var carry uint64
		r, carry = bits.Add64(u[1], vh, 0)
		overflow = carry != 0
	}
	for !overflow {
		ph, pl := bits.Mul64(q, vl)
		if ph < r || ph == r && pl <= u[0] {
			break
		}
		q--
		var carry uint64
		r, carry = bits.Add64(r, vh, 0)
		overflow = carry != 0
	}
	p1, p0 := bits.Mul64(q, vl)
	h, l := bits.Mul64(q, vh)
	var borrow, carry uint64
	p1, carry = bits.Add64(p1, l, 0)
	p2 := h + carry
	u[0], borrow = bits.Sub64(u[0], p0, 0)
	u[1], borrow = bits.Sub64(u[1], p1, borrow)
	u[2], borrow = bits.Sub64(u[2], p2, borrow)
	if borrow != 0 {
		q--
		u[0], carry = bits.Add64(u[0], vl, 0)
		u[1], carry = bits.Add64(u[1], vh, carry)
		u[2] += carry
	}
	return q
}

// shiftDown and shiftUp move the bits that cross a word; Go defines shifts by 64
// as zero.
func shiftDown(word uint64, shift uint) uint64 { return word >> (64 - shift) }

func shiftUp(word uint64, shift uint) uint64 { return word << (64 - shift) }

func lessWide(a, b wide) bool {
	for i := 3; i > 0; i-- {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return a[0] < b[0]
}

func subWide(a, b wide) wide {
	var out wide
	var borrow uint64
	for i := range out {
		out[i], borrow = bits.Sub64(a[i], b[i], borrow)
	}
	return out
}

func addWide(a, b wide) wide {
	var out wide
	var carry uint64
	for i := range out {
		out[i], carry = bits.Add64(a[i], b[i], carry)
	}
	return out
}

func incWide(a wide) wide {
	carry := uint64(1)
	for i := range a {
		a[i], carry = bits.Add64(a[i], 0, carry)
	}
	return a
}
