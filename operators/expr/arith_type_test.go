package expr

import (
	"testing"

	"github.com/thalweg/thalweg/internal/types"
)

// TestDecimalResultTypes keeps Flink's types of sums, products, quotients and remainders of DECIMALs, those cut to 38
// digits included (LogicalTypeMerging's rules; the third is a case of Flink's own tests).
func TestDecimalResultTypes(t *testing.T) {
	for _, c := range []struct {
		op             string
		p1, s1, p2, s2 int
		precision      int
		scale          int
	}{
		{"+", 5, 2, 7, 1, 9, 2},
		{"*", 3, 3, 19, 0, 23, 3},
		{"*", 30, 20, 30, 20, 38, 17},
		{"*", 38, 0, 38, 0, 38, 0},
		{"*", 19, 10, 18, 10, 38, 20},
		{"*", 19, 10, 19, 10, 38, 19},
		{"/", 10, 2, 5, 1, 17, 8},
		{"/", 38, 10, 38, 10, 38, 6},
		{"%", 10, 2, 5, 1, 6, 2},
		{"-", 38, 10, 38, 20, 38, 9},
	} {
		got := decimalResult(c.op, types.DecimalOf(c.p1, c.s1), types.DecimalOf(c.p2, c.s2))
		if got.Precision != c.precision || got.Scale != c.scale {
			t.Errorf("DECIMAL(%d, %d) %s DECIMAL(%d, %d) is DECIMAL(%d, %d), want DECIMAL(%d, %d)",
				c.p1, c.s1, c.op, c.p2, c.s2, got.Precision, got.Scale, c.precision, c.scale)
		}
	}
}
