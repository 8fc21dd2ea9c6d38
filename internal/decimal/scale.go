package decimal

// Pow10 is 10^n for n from 0 to 38.
func Pow10(n int) Num { return powers[n] }

// powers are the powers of ten; read only.
var powers = func() (table [MaxPrecision + 1]Num) {
	table[0] = FromInt64(1)
	for i := 1; i <= MaxPrecision; i++ {
		table[i], _ = Mul(table[i-1], FromInt64(10))
	}
	return table
}()

// Fits reports whether a has at most precision digits.
func Fits(a Num, precision int) bool {
	if a.HighBits() < 0 {
		a = Neg(a)
	}
	return Less(a, powers[precision])
}

// Rescale changes the digits after the point from one scale to another, rounding
// when digits are dropped; ok is false when the value leaves 128 bits.
func Rescale(a Num, from, to int) (scaled Num, ok bool) {
	switch {
	case from == to:
		return a, true
	case to > from:
		if to-from > MaxPrecision {
			return Num{}, Sign(a) == 0
		}
		return Mul(a, powers[to-from])
	case from-to > MaxPrecision:
		return Num{}, true
	}
	hi, lo, negative := magnitude(a)
	q := divRound(wide{lo, hi}, wideOf(powers[from-to]))
	return signed(q[1], q[0], negative)
}

// Floor is the greatest whole number (scale 0) not above a of the given scale;
// Ceil the least not below it; Trunc cuts the digits off.
func Floor(a Num, scale int) Num {
	q := Trunc(a, scale)
	if a.HighBits() < 0 && Sign(remainder(a, scale)) != 0 {
		q, _ = Sub(q, FromInt64(1))
	}
	return q
}

// Ceil is the least whole number (scale 0) not below a.
func Ceil(a Num, scale int) Num {
	q := Trunc(a, scale)
	if Sign(remainder(a, scale)) > 0 {
		q, _ = Add(q, FromInt64(1))
	}
	return q
}

// Trunc is a of the given scale without the digits after the point.
func Trunc(a Num, scale int) Num {
	if scale == 0 {
		return a
	}
	return Quo(a, powers[scale])
}

func remainder(a Num, scale int) Num {
	if scale == 0 {
		return Num{}
	}
	return Rem(a, powers[scale])
}

// ToFloat64 is the nearest float64 to a of the given scale.
func ToFloat64(a Num, scale int) float64 {
	if IsInt64(a) {
		v := int64(a.LowBits())
		if scale <= 22 && v > -1<<53 && v < 1<<53 {
			// Both operands are exact, so that the quotient is correctly rounded.
			return float64(v) / exactPowers[scale]
		}
	}
	return parseFloat(Append(make([]byte, 0, 64), a, scale))
}

// exactPowers are the powers of ten that float64 holds exactly; read only.
var exactPowers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
	1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}
