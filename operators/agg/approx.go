package agg

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// approxDistinct is APPROX_COUNT_DISTINCT: HyperLogLog. A group's bytes are a
// sorted list of the values' hashes while they are few, which counts exactly, and
// then hllRegisters registers of a byte each behind a mark, whose standard error is
// 1.04/√hllRegisters, 0.8 %.
type approxDistinct struct {
	encoder  *rowcodec.KeyEncoder
	keys     rowcodec.Keys
	gatherer gatherer
	weights  []int8
}

var _ Agg = (*approxDistinct)(nil)

const (
	hllBits      = 14
	hllRegisters = 1 << hllBits
	// hllListMax is how many hashes a list may have.
	hllListMax = 1024
	// hllDense is the length of dense bytes; it is no multiple of 8, as lists are.
	hllDense = 1 + hllRegisters
)

func (a *approxDistinct) Spec() Spec {
	return Spec{Width: gatheredWidth, Refs: gatheredRefs, Partial: []types.Type{types.BytesType()}}
}

func (a *approxDistinct) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	weights = skipNulls(weights, args, &a.weights)
	if err := a.encoder.Encode(args[:1], len(acc.Rows), &a.keys); err != nil {
		panic("agg: " + err.Error()) // the columns are of the types it was bound for
	}
	a.gatherer.gather(acc, weights, func(dst []byte, _ bool, i int) []byte {
		return hllAdd(dst, a.keys.Hashes[i])
	}, hllSettle)
}

// hllAdd adds a hash to dense bytes, or to a list that is yet to be settled.
func hllAdd(sketch []byte, hash uint64) []byte {
	if len(sketch) != hllDense {
		return binary.LittleEndian.AppendUint64(sketch, hash)
	}
	register, rank := hash>>(64-hllBits), hllRank(hash)
	sketch[1+register] = max(sketch[1+register], rank)
	return sketch
}

// hllRank is the place of the first 1 after the bits that choose the register.
func hllRank(hash uint64) byte {
	return byte(min(bits.LeadingZeros64(hash<<hllBits), 64-hllBits) + 1)
}

// hllSettle sorts a list, or makes it dense when it has become long.
func hllSettle(sketch []byte) []byte {
	if len(sketch) == hllDense {
		return sketch
	}
	hashes := make([]uint64, len(sketch)/8)
	for i := range hashes {
		hashes[i] = binary.LittleEndian.Uint64(sketch[8*i:])
	}
	slices.Sort(hashes)
	hashes = slices.Compact(hashes)
	sketch = sketch[:0]
	if len(hashes) > hllListMax {
		sketch = append(sketch, make([]byte, hllDense)...)
	}
	for _, h := range hashes {
		sketch = hllAdd(sketch, h)
	}
	return sketch
}

// Merge unites sketches.
func (a *approxDistinct) Merge(acc Accs, partial []arrow.Array, _ int) {
	weights := skipNulls(nil, partial, &a.weights)
	a.gatherer.gather(acc, weights, func(dst []byte, _ bool, i int) []byte {
		return hllUnite(dst, bytesAt(partial[0], i))
	}, hllSettle)
}

func hllUnite(sketch, other []byte) []byte {
	if len(other) != hllDense {
		for ; len(other) > 0; other = other[8:] {
			sketch = hllAdd(sketch, binary.LittleEndian.Uint64(other))
		}
		return sketch
	}
	list := sketch
	if len(sketch) != hllDense {
		list, sketch = slices.Clone(sketch), append(sketch[:0], make([]byte, hllDense)...)
		sketch = hllUnite(sketch, list)
	}
	for i, rank := range other {
		sketch[i] = max(sketch[i], rank)
	}
	return sketch
}

func (a *approxDistinct) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	return []arrow.Array{emitBytes(acc, alloc, arrow.BinaryTypes.Binary, gatheredBytes(acc))}
}

func (a *approxDistinct) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	n := len(acc.Rows)
	buf := columns.NewBuffer(alloc, n*8)
	out := columns.ViewBuffer[int64](buf)
	for i := range n {
		out[i] = hllCount(acc.Heap.Get(at[gathered](&acc, i).ref))
	}
	return columns.Make(arrow.PrimitiveTypes.Int64, n, []*memory.Buffer{nil, buf}, nil, 0)
}

// hllCount estimates the number of distinct hashes. The estimator is Ertl's, which
// is unbiased over the whole range without tables ("New cardinality estimation
// algorithms for HyperLogLog sketches", 2017, algorithm 6).
func hllCount(sketch []byte) int64 {
	if len(sketch) != hllDense {
		return int64(len(sketch) / 8)
	}
	const q = 64 - hllBits
	var histogram [q + 2]float64
	for _, rank := range sketch[1:] {
		histogram[rank]++
	}
	m := float64(hllRegisters)
	z := m * hllTau(1-histogram[q+1]/m)
	for k := q; k >= 1; k-- {
		z = (z + histogram[k]) / 2
	}
	z += m * hllSigma(histogram[0]/m)
	return int64(math.Round(m * m / (2 * math.Ln2 * z)))
}

// hllSigma corrects for registers that no value has reached.
func hllSigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for before := math.Inf(-1); z != before; {
		x *= x
		before = z
		z += x * y
		y += y
	}
	return z
}

// hllTau corrects for registers that can grow no more.
func hllTau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for before := math.Inf(-1); z != before; {
		x = math.Sqrt(x)
		before = z
		y /= 2
		z -= (1 - x) * (1 - x) * y
	}
	return z / 3
}
