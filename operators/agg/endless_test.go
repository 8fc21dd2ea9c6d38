package agg_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/operators/agg"
)

// TestValuesThatAreNotFiniteCanBeTakenAway compares with the aggregate of what is left,
// also where partial results are merged.
func TestValuesThatAreNotFiniteCanBeTakenAway(t *testing.T) {
	texts := []string{"1", "2.5", "-4", "NaN", "+Inf", "-Inf", "1e200", "NULL"}
	r := rand.New(rand.NewPCG(11, 12))
	for _, call := range []string{"SUM(v DOUBLE)", "AVG(v FLOAT)", "VAR_POP(v DOUBLE)", "STDDEV_SAMP(v DOUBLE)"} {
		for range 60 {
			alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
			b := bind(t, call)
			var err error
			if b.agg, err = agg.NewRegistry().Bind(b.call, true); err != nil {
				t.Fatal(err)
			}
			var input, left []string
			for range 12 {
				text := texts[r.IntN(len(texts))]
				if text == "1e200" && !strings.Contains(call, "_") {
					text = "3" // its square is what is not finite
				}
				input = append(input, text)
			}
			weights := make([]int8, 2*len(input))
			for i := range input {
				weights[i] = 1
				if r.IntN(3) > 0 {
					weights[len(input)+i] = -1
				} else {
					left = append(left, input[i])
				}
			}
			rest := b.batch(t, alloc, append(left, "NULL"))
			want := b.accs(1)
			b.agg.Accumulate(only(want, 0, rest.Rows()), rest.Record.Columns(), nil)
			wantText := b.text(alloc, want)
			rest.Release()

			batch := b.batch(t, alloc, append(input, input...))
			parts := b.accs(2)
			half := batch.Slice(0, len(input)+3)
			b.agg.Accumulate(only(parts, 0, half.Rows()), half.Record.Columns(), weights[:half.Rows()])
			half.Release()
			half = batch.Slice(len(input)+3, batch.Rows())
			b.agg.Accumulate(only(parts, 1, half.Rows()), half.Record.Columns(), weights[len(input)+3:])
			half.Release()
			second := parts
			second.Rows = parts.Rows[1:]
			partial := b.agg.Partial(second, alloc)
			b.agg.Merge(only(parts, 0, 1), partial, 1)
			release(partial)
			if got := b.text(alloc, parts); got != wantText && !near(got, wantText) {
				t.Errorf("%s of %v with weights %v = %s, want %s", call, input, weights, got, wantText)
			}
			batch.Release()
			alloc.AssertSize(t, 0)
		}
	}
}
