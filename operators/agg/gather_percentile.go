package agg

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// percentileGathering is PERCENTILE. An encoded value is the number in an order-
// preserving form, its frequency, and the percentages of its row, 8 bytes each, so
// that values are ordered as their bytes are.
type percentileGathering struct {
	// several says that percentages are an array, and so is the result.
	several bool
	// bound is the column that values were read from. Holding on to it keeps its
	// address from being another column's.
	bound       arrow.Array
	values      []float64
	scratch     []float64
	percentages arrow.Array
	frequency   []int64
	builder     array.Builder
}

var _ gathering = (*percentileGathering)(nil)

// percentileHead is the length of a value before the percentages.
const percentileHead = 16

func (g *percentileGathering) bind(args []arrow.Array) {
	if g.bound != args[0] {
		g.bound, g.values = args[0], floats(args[0], &g.scratch)
	}
	g.percentages, g.frequency = args[1], nil
	if len(args) > 2 {
		g.frequency = columns.Values[int64](args[2])
	}
}

func (g *percentileGathering) value(dst []byte, i int) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(orderOfFloat(g.values[i]))^signBit)
	count := int64(1)
	if g.frequency != nil {
		count = g.frequency[i]
	}
	dst = binary.BigEndian.AppendUint64(dst, uint64(count))
	list, ok := g.percentages.(*array.List)
	if !ok {
		return binary.BigEndian.AppendUint64(dst, math.Float64bits(columns.Values[float64](g.percentages)[i]))
	}
	from, to := list.ValueOffsets(i)
	elements := list.ListValues().(*array.Float64)
	for at := int(from); at < int(to); at++ {
		dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(elements.Value(at)))
	}
	return dst
}

func (g *percentileGathering) open(alloc memory.Allocator) {
	if g.several {
		g.builder = array.NewListBuilderWithField(alloc, arrow.Field{Name: "item", Type: arrow.PrimitiveTypes.Float64, Nullable: true})
	} else {
		g.builder = array.NewFloat64Builder(alloc)
	}
}

func (g *percentileGathering) finish() arrow.Array {
	defer g.builder.Release()
	return g.builder.NewArray()
}

func (g *percentileGathering) add(values [][]byte) error {
	var wanted []byte
	if len(values) > 0 {
		wanted = values[0][percentileHead:] // any row's percentages will do
	}
	values = slices.DeleteFunc(values, func(v []byte) bool { return frequencyOf(v) <= 0 })
	slices.SortFunc(values, bytes.Compare)
	total := int64(0)
	for _, v := range values {
		total += frequencyOf(v)
	}
	if total == 0 || len(wanted) == 0 {
		g.builder.AppendNull()
		return nil
	}
	out, ok := g.builder.(*array.Float64Builder)
	if !ok {
		list := g.builder.(*array.ListBuilder)
		list.Append(true)
		out = list.ValueBuilder().(*array.Float64Builder)
	}
	var err error
	for ; len(wanted) > 0; wanted = wanted[8:] {
		p := math.Float64frombits(binary.BigEndian.Uint64(wanted))
		if !(p >= 0 && p <= 1) {
			err = errs.Userf("the percentage %g of PERCENTILE is not between 0 and 1", p)
			out.AppendNull()
			continue
		}
		out.Append(percentile(values, p*float64(total-1)))
	}
	return err
}

func frequencyOf(value []byte) int64 { return int64(binary.BigEndian.Uint64(value[8:])) }

func numberOf(value []byte) float64 {
	return floatOfOrder(int64(binary.BigEndian.Uint64(value) ^ signBit))
}

// percentile is the number at a position from 0 in the sorted values, between two
// of them the linear interpolation.
func percentile(values [][]byte, position float64) float64 {
	lower, upper := int64(math.Floor(position)), int64(math.Ceil(position))
	i, seen := 0, frequencyOf(values[0])
	for seen <= lower {
		i++
		seen += frequencyOf(values[i])
	}
	if seen > upper {
		return numberOf(values[i])
	}
	return (float64(upper)-position)*numberOf(values[i]) + (position-float64(lower))*numberOf(values[i+1])
}
