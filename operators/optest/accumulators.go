package optest

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
)

// Accumulators are those of groups of one aggregate, in memory of their own.
type Accumulators struct {
	rows   []unsafe.Pointer
	memory []uint64
	heap   agg.Blobs
}

// NewAccumulators makes empty ones.
func NewAccumulators(a agg.Agg, groups int) *Accumulators {
	words := max(1, a.Spec().Width/8)
	s := &Accumulators{memory: make([]uint64, groups*words)}
	for g := range groups {
		s.rows = append(s.rows, unsafe.Pointer(&s.memory[g*words]))
	}
	return s
}

// All gives each group's once.
func (s *Accumulators) All() agg.Accs { return agg.Accs{Rows: s.rows, Heap: &s.heap} }

// Of gives those of the groups of rows.
func (s *Accumulators) Of(groups []int) agg.Accs {
	out := agg.Accs{Heap: &s.heap}
	for _, g := range groups {
		out.Rows = append(out.Rows, s.rows[g])
	}
	return out
}

// Clear empties all.
func (s *Accumulators) Clear() {
	clear(s.memory)
	s.heap = s.heap[:0]
}

// BenchAggregate measures an aggregate of one DOUBLE that is added to, and asked for its
// results, a batch of 4,096 rows at a time over so many groups.
func BenchAggregate(b *testing.B, f agg.Function, groups int) {
	const rows = 4096
	a, err := f.Bind(rex.AggCall{Name: f.Name, Args: []int{0}, ArgTypes: []types.Type{types.Of(types.Double)}, Filter: -1}, false)
	if err != nil {
		b.Fatal(err)
	}
	values, list := array.NewFloat64Builder(memory.DefaultAllocator), make([]int, rows)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range rows {
		values.Append(float64(1 + rng.IntN(1<<20)))
		list[i] = rng.IntN(groups)
	}
	args := []arrow.Array{values.NewArray()}
	accs := NewAccumulators(a, groups)
	all, each := accs.Of(list), accs.All()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%64 == 0 { // states that grow must not do so for ever
			accs.Clear()
		}
		a.Accumulate(all, args, nil)
		a.Emit(each, memory.DefaultAllocator).Release()
		if err := agg.ErrOf(a); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
