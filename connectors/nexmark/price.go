package nexmark

import "math"

// Prices are 100 · 10^(6d), rounded, for a drawn fraction d. The definition goes
// through math.Pow, which is slow; nearly always a short series gives a number so
// far from the next rounding step that its result is certain. The rest, about one
// price in seven thousand, takes the slow way.
const (
	priceCells = 512
	cellBits   = 53 - 9 // bits of the fraction below the cell
	// priceDoubt is the relative distance to a rounding step within which the
	// series is not trusted: a thousand times its error and math.Pow's together.
	priceDoubt = 1e-11
)

// priceTable holds the price at the middle of each cell of d.
type priceTable [priceCells]float64

func newPriceTable() *priceTable {
	t := new(priceTable)
	for i := range t {
		t[i] = 100 * math.Pow(10, 6*(float64(i)+0.5)/priceCells)
	}
	return t
}

// price is the price of a fraction in units of 2^-53.
func (t *priceTable) price(fraction uint64) int64 {
	const toExponent = 6 * math.Ln10 / (1 << 53)
	rest := int64(fraction&(1<<cellBits-1)) - 1<<(cellBits-1)
	x := float64(rest) * toExponent
	x2 := x * x
	p := t[fraction>>cellBits&(priceCells-1)] *
		((1 + x) + x2*((1./2+x*(1./6))+x2*(1./24+x*(1./120))))
	rounded := p + 0.5
	whole := int64(rounded)
	part := rounded - float64(whole)
	if doubt := p * priceDoubt; part < doubt || part > 1-doubt {
		return exactPrice(fraction)
	}
	return whole
}

// exactPrice is the definition. The conversions keep processors from fusing a
// multiplication with an addition, which would round differently.
func exactPrice(fraction uint64) int64 {
	d := float64(fraction) * (1.0 / (1 << 53))
	p := math.Pow(10, float64(d*6))
	return int64(math.Floor(float64(p*100) + 0.5))
}
