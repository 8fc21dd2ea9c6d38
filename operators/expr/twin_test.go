package expr

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/types"
)

// TestDecimalArithmeticMatchesRationals compares + - * / % on random DECIMALs of
// random scales with exact rational arithmetic, rounded once to the result's
// scale.
func TestDecimalArithmeticMatchesRationals(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	registry := NewRegistry()
	for range 1500 {
		a, b := randomDecimal(r), randomDecimal(r)
		op := string("+-*/%"[r.IntN(5)])
		sql := fmt.Sprintf("CAST('%s' AS %s) %s CAST('%s' AS %s)", a.text, a.typ, op, b.text, b.typ)
		got := evalText(t, registry, sql)
		want := rationalText(op, a, b)
		if got != want && !(strings.HasPrefix(want, "error") && strings.HasPrefix(got, "error")) {
			t.Fatalf("%s = %s, want %s", sql, got, want)
		}
	}
}

type decimalCase struct {
	text string
	typ  types.Type
}

func randomDecimal(r *rand.Rand) decimalCase {
	precision := 1 + r.IntN(38)
	scale := r.IntN(precision + 1)
	digits := make([]byte, 1+r.IntN(precision))
	for i := range digits {
		digits[i] = byte('0' + r.IntN(10))
	}
	n, _ := new(big.Int).SetString(string(digits), 10)
	if r.IntN(2) == 0 {
		n.Neg(n)
	}
	value := new(big.Rat).SetFrac(n, pow10(scale))
	return decimalCase{value.FloatString(scale), types.DecimalOf(precision, scale)}
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// rationalText is the slow and obvious version.
func rationalText(op string, a, b decimalCase) string {
	x, _ := new(big.Rat).SetString(a.text)
	y, _ := new(big.Rat).SetString(b.text)
	t := decimalResult(op, a.typ, b.typ)
	z := new(big.Rat)
	switch op {
	case "+":
		z.Add(x, y)
	case "-":
		z.Sub(x, y)
	case "*":
		z.Mul(x, y)
	default:
		if y.Sign() == 0 {
			return "error: division by zero"
		}
		z.Quo(x, y)
		if op == "%" {
			whole := new(big.Int).Quo(z.Num(), z.Denom())
			z.Sub(x, new(big.Rat).Mul(y, new(big.Rat).SetInt(whole)))
		}
	}
	text := z.FloatString(t.Scale)
	unscaled := strings.TrimLeft(strings.NewReplacer(".", "", "-", "").Replace(text), "0")
	if len(unscaled) > t.Precision {
		return "NULL"
	}
	if unscaled == "" {
		text = strings.TrimPrefix(text, "-")
	}
	return text
}
