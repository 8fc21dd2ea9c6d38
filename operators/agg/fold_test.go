package agg_test

import (
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/optest"
)

// keys is a multiset of keys, each once.
type keys [][]byte

var _ agg.Set = keys(nil)

func (k keys) First() ([]byte, bool) { return k[0], true }
func (k keys) Last() ([]byte, bool)  { return k[len(k)-1], true }
func (k keys) Each(visit func(key []byte, count int64) bool) {
	for _, key := range k {
		visit(key, 1)
	}
}

// TestSetsAreFoldedTogether refreshes groups from their sets: the few of small values in
// one step at the end, those of large ones before too much is kept, and one without any
// is empty.
func TestSetsAreFoldedTogether(t *testing.T) {
	f := agg.GoFunc1("letters", agg.Go1[struct{ Texts []int64 }, string, int64]{
		Add: func(s *struct{ Texts []int64 }, v string) { s.Texts = append(s.Texts, int64(len(v))) },
		Result: func(s *struct{ Texts []int64 }) (total int64, ok bool) {
			for _, n := range s.Texts {
				total += n
			}
			return total, len(s.Texts) > 0
		},
	})
	for _, size := range []int{1, 3 << 20} {
		bound, err := f.Bind(rex.AggCall{Name: f.Name, ArgTypes: []types.Type{types.StringType()}}, true)
		if err != nil {
			t.Fatal(err)
		}
		a := bound.(agg.SetAgg)
		texts := array.NewStringBuilder(memory.DefaultAllocator)
		texts.Append(strings.Repeat("x", size))
		column := []arrow.Array{texts.NewArray()}
		key := a.AppendKey(nil, column, 0)
		accs := optest.NewAccumulators(a, 4)
		all := accs.All()
		for i, set := range []keys{{key}, {key, key}, {}, {key}} {
			a.Refresh(all, i, set)
		}
		a.(agg.Settler).Settle(all.Heap)
		got := a.Emit(all, memory.DefaultAllocator).(*array.Int64)
		want := []int64{int64(size), 2 * int64(size), 0, int64(size)}
		for i, w := range want {
			if got.Value(i) != w || got.IsNull(i) != (w == 0) {
				t.Errorf("size %d: group %d has %d letters (NULL: %t), not %d", size, i, got.Value(i), got.IsNull(i), w)
			}
		}
		if err := agg.ErrOf(a); err != nil {
			t.Error(err)
		}
	}
}
