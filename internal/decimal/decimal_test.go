package decimal

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/decimal128"
)

// random makes numbers of all magnitudes up to 38 digits.
func random(r *rand.Rand) Num {
	digits := r.IntN(39)
	n := new(big.Int)
	for range digits {
		n.Mul(n, big.NewInt(10)).Add(n, big.NewInt(int64(r.IntN(10))))
	}
	switch r.IntN(6) {
	case 0:
		n.Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	case 1:
		n.Lsh(big.NewInt(1), uint(r.IntN(127)))
	case 2:
		n.Lsh(big.NewInt(1), uint(r.IntN(127))).Sub(n, big.NewInt(1))
	}
	if r.IntN(2) == 0 {
		n.Neg(n)
	}
	return decimal128.FromBigInt(n)
}

// half is the twin of rounding: a/b half away from zero.
func half(a, b *big.Int) *big.Int {
	twice := new(big.Int).Mul(a, big.NewInt(2))
	if a.Sign()*b.Sign() < 0 {
		twice.Sub(twice, b)
	} else {
		twice.Add(twice, b)
	}
	return twice.Quo(twice, new(big.Int).Mul(b, big.NewInt(2)))
}

func pow(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func TestArithmeticMatchesBigInt(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		a, b := random(r), random(r)
		x, y := a.BigInt(), b.BigInt()
		sum, ok := Add(a, b)
		check(t, "add", a, b, sum, ok, new(big.Int).Add(x, y))
		sum, ok = Sub(a, b)
		check(t, "sub", a, b, sum, ok, new(big.Int).Sub(x, y))
		product := new(big.Int).Mul(x, y)
		got, ok := Mul(a, b)
		check(t, "mul", a, b, got, ok, product)
		drop := r.IntN(39)
		got, ok = MulRound(a, b, drop)
		check(t, "mulround", a, b, got, ok, half(product, pow(drop)))
		if Cmp(a, b) != x.Cmp(y) || Less(a, b) != (x.Cmp(y) < 0) || Sign(a) != x.Sign() {
			t.Fatalf("compare %s %s", x, y)
		}
		if y.Sign() == 0 {
			continue
		}
		check(t, "rem", a, b, Rem(a, b), true, new(big.Int).Rem(x, y))
		check(t, "quo", a, b, Quo(a, b), true, new(big.Int).Quo(x, y))
		shift := r.IntN(39)
		check(t, "remshifted", a, b, RemShifted(a, b, shift), true, new(big.Int).Rem(new(big.Int).Mul(x, pow(shift)), y))
		shifts := Shifts{r.IntN(39), r.IntN(39), r.IntN(39)}
		wideSum := new(big.Int).Add(new(big.Int).Mul(x, pow(shifts.A)), new(big.Int).Mul(y, pow(shifts.B)))
		got, ok = AddShifted(a, b, shifts)
		check(t, "addshifted", a, b, got, ok, half(wideSum, pow(shifts.Drop)))
		shift = r.IntN(60)
		got, ok = Div(a, b, shift)
		check(t, "div", a, b, got, ok, half(new(big.Int).Mul(x, pow(shift)), y))
	}
}

// check compares with want when that is in range, and else wants !ok. Values at
// the very edge of 128 bits may be refused early.
func check(t *testing.T, op string, a, b, got Num, ok bool, want *big.Int) {
	t.Helper()
	if want.BitLen() >= 127 {
		if ok && got.BigInt().Cmp(want) != 0 {
			t.Fatalf("%s(%s, %s) = %s, want overflow of %s", op, a.BigInt(), b.BigInt(), got.BigInt(), want)
		}
		return
	}
	if !ok || got.BigInt().Cmp(want) != 0 {
		t.Fatalf("%s(%s, %s) = %s %v, want %s", op, a.BigInt(), b.BigInt(), got.BigInt(), ok, want)
	}
}

func TestScaleMatchesBigInt(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		a := random(r)
		from, to := r.IntN(39), r.IntN(39)
		want := a.BigInt()
		if to > from {
			want.Mul(want, pow(to-from))
		} else {
			want = half(want, pow(from-to))
		}
		got, ok := Rescale(a, from, to)
		check(t, "rescale", a, FromInt64(int64(from-to)), got, ok, want)
		text := String(a, from)
		back, valid, fits := Parse(text, 38, from)
		if !valid || fits != Fits(a, 38) || fits && back != a {
			t.Fatalf("parse(%s) = %s", text, back.BigInt())
		}
		f, _ := new(big.Rat).SetFrac(a.BigInt(), pow(from)).Float64()
		if g := ToFloat64(a, from); g != f {
			t.Fatalf("float of %s is %v, want %v", text, g, f)
		}
	}
}

func TestParseForms(t *testing.T) {
	for _, c := range []struct {
		text        string
		want        string
		valid, fits bool
	}{
		{"1", "1.00", true, true}, {"-.5", "-0.50", true, true}, {"+3.", "3.00", true, true},
		{"1e2", "100.00", true, true}, {"1.239E0", "1.24", true, true}, {"125e-5", "0.00", true, true},
		{"0.005", "0.01", true, true}, {"-0.005", "-0.01", true, true}, {"", "", false, false},
		{"-", "", false, false}, {"1x", "", false, false}, {".", "", false, false}, {"1e", "", false, false},
		{"123456", "", true, false}, {"1e400", "", true, false}, {"0e400", "0.00", true, true},
		{"1e-400", "0.00", true, true}, {"1.2.3", "", false, false},
		{"0.00000000000000000000000000000000000000000000000000001", "0.00", true, true},
		{"1.99999999999999999999999999999999999999999999999999999", "2.00", true, true},
	} {
		n, valid, fits := Parse(c.text, 5, 2)
		if valid != c.valid || fits != c.fits || fits && String(n, 2) != c.want {
			t.Errorf("Parse(%q) = %s %v %v, want %s", c.text, String(n, 2), valid, fits, c.want)
		}
	}
}

func TestFloorCeilTrunc(t *testing.T) {
	for _, c := range []struct {
		n           int64
		floor, ceil int64
	}{{150, 1, 2}, {-150, -2, -1}, {100, 1, 1}, {-100, -1, -1}, {0, 0, 0}, {-1, -1, 0}} {
		if f := Floor(FromInt64(c.n), 2); f != FromInt64(c.floor) {
			t.Errorf("floor %d: %s", c.n, f.BigInt())
		}
		if f := Ceil(FromInt64(c.n), 2); f != FromInt64(c.ceil) {
			t.Errorf("ceil %d: %s", c.n, f.BigInt())
		}
	}
}

func BenchmarkDiv(b *testing.B) {
	x, y := FromInt64(123456789012), FromInt64(4567)
	for range b.N {
		Div(x, y, 13)
	}
}
