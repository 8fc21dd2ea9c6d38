package agg_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/optest"
)

// BenchmarkAccumulate adds batches of 4,096 rows to 64 groups.
func BenchmarkAccumulate(b *testing.B) {
	const rows, groups = 4096, 64
	ints := array.NewInt64Builder(memory.DefaultAllocator)
	rng := rand.New(rand.NewPCG(1, 1))
	for range rows {
		ints.Append(int64(rng.IntN(1 << 20)))
	}
	values := ints.NewArray()
	bigint := types.Of(types.BigInt)
	for _, call := range []rex.AggCall{
		{Name: "SUM", Type: bigint}, {Name: "MAX", Type: bigint}, {Name: "VAR_POP", Type: bigint},
		{Name: "APPROX_COUNT_DISTINCT", Type: bigint}, {Name: "ARRAY_AGG", Type: types.ArrayOf(bigint)},
	} {
		b.Run(call.Name, func(b *testing.B) {
			call.Args, call.ArgTypes, call.Filter = []int{0}, []types.Type{bigint}, -1
			made, err := agg.NewRegistry().Bind(call, false)
			if err != nil {
				b.Fatal(err)
			}
			target := &bound{agg: made}
			accs := target.accs(groups)
			all := accs
			all.Rows = nil
			for i := range rows {
				all.Rows = append(all.Rows, accs.Rows[i%groups])
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%64 == 0 { // values that are kept must not grow for ever
					clear(target.memory)
					target.heap.strings = target.heap.strings[:0]
				}
				made.Accumulate(all, []arrow.Array{values}, nil)
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}

// BenchmarkOfGo adds batches of 4,096 rows to 64 and to 2,048 groups of registered
// aggregates: one whose state lies in the row, ones whose state is encoded in msgpack and
// by functions of their own.
func BenchmarkOfGo(b *testing.B) {
	plain := agg.Go1[meanState, float64, float64]{Add: (*meanState).add, Result: (*meanState).result, Merge: (*meanState).merge}
	packed := agg.Go1[longState, float64, float64]{Add: (*longState).add, Result: (*longState).result}
	coded := packed
	coded.Encode = func(dst []byte, s *longState) ([]byte, error) {
		return binary.AppendVarint(binary.LittleEndian.AppendUint64(dst, math.Float64bits(s.Sum)), s.Count), nil
	}
	coded.Decode = func(data []byte, s *longState) error {
		s.Sum = math.Float64frombits(binary.LittleEndian.Uint64(data))
		s.Count, _ = binary.Varint(data[8:])
		return nil
	}
	for _, c := range []struct {
		name string
		f    agg.Function
	}{{"plain", agg.GoFunc1("mean", plain)}, {"msgpack", agg.GoFunc1("mean", packed)}, {"coded", agg.GoFunc1("mean", coded)}} {
		for _, groups := range []int{64, 2048} {
			b.Run(fmt.Sprintf("%s/%d", c.name, groups), func(b *testing.B) { optest.BenchAggregate(b, c.f, groups) })
		}
	}
}

type meanState struct {
	Sum   float64
	Count int64
}

func (s *meanState) add(v float64)           { s.Sum, s.Count = s.Sum+v, s.Count+1 }
func (s *meanState) merge(o *meanState)      { s.Sum, s.Count = s.Sum+o.Sum, s.Count+o.Count }
func (s *meanState) result() (float64, bool) { return s.Sum / float64(s.Count), s.Count > 0 }

// longState has a pointer, and so lies encoded on the heap.
type longState struct {
	Sum   float64
	Count int64
	Note  []byte
}

func (s *longState) add(v float64)           { s.Sum, s.Count = s.Sum+v, s.Count+1 }
func (s *longState) result() (float64, bool) { return s.Sum / float64(s.Count), s.Count > 0 }
