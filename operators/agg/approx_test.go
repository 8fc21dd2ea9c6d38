package agg

import (
	"math"
	"math/rand/v2"
	"testing"
)

// sketchOf counts n different hashes in batches.
func sketchOf(rng *rand.Rand, n int) []byte {
	var sketch []byte
	for i := range n {
		if sketch = hllAdd(sketch, rng.Uint64()); i%4096 == 0 {
			sketch = hllSettle(sketch)
		}
	}
	return hllSettle(sketch)
}

func TestSketchesCountWithinTheirError(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 1024, 1025, 3000, 20_000, 100_000, 1_000_000} {
		got := hllCount(sketchOf(rng, n))
		if off := math.Abs(float64(got) - float64(n)); off > 0.03*float64(n) || n <= hllListMax && off > 0 {
			t.Errorf("%d distinct values counted as %d", n, got)
		}
	}
}

func TestUnitedSketchesAreThatOfTheWhole(t *testing.T) {
	for _, sizes := range [][2]int{{0, 10}, {10, 700}, {700, 700}, {10, 5000}, {5000, 10}, {5000, 9000}} {
		whole := sketchOf(rand.New(rand.NewPCG(3, 4)), sizes[0]+sizes[1])
		rng := rand.New(rand.NewPCG(3, 4))
		a, b := sketchOf(rng, sizes[0]), sketchOf(rng, sizes[1])
		for _, united := range [][]byte{hllSettle(hllUnite(append([]byte(nil), a...), b)), hllSettle(hllUnite(append([]byte(nil), b...), a))} {
			if string(united) != string(whole) {
				t.Errorf("sketches of %v united count %d, the whole %d", sizes, hllCount(united), hllCount(whole))
			}
		}
	}
}
