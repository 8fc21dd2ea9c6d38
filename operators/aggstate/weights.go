package aggstate

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// filter is one FILTER column, or -1 for none, with the weights of the current
// batch: the sign of each row's kind, 0 where the filter is not TRUE; nil when
// they are all 1.
type filter struct {
	column  int
	weights []int8
	scratch []int8
}

// filterOf finds or adds the filter over a column.
func (p *Program) filterOf(column int) int {
	for i := range p.filters {
		if p.filters[i].column == column {
			return i
		}
	}
	p.filters = append(p.filters, filter{column: column})
	return len(p.filters) - 1
}

// weigh computes the weights of the batch for every filter.
func (p *Program) weigh(batch stream.Batch) {
	kinds := p.weighKinds(batch)
	for i := range p.filters {
		f := &p.filters[i]
		f.weights = kinds
		if f.column >= 0 {
			f.weights = f.weigh(batch.Column(f.column).(*array.Boolean), kinds)
		}
	}
}

// weighKinds gives the signs of the row kinds, or nil when all add.
func (p *Program) weighKinds(batch stream.Batch) []int8 {
	takes := false
	for _, k := range batch.Kinds {
		takes = takes || !k.Adds()
	}
	if !takes {
		return nil
	}
	p.kinds = grow(p.kinds, len(batch.Kinds))
	for i, k := range batch.Kinds {
		p.kinds[i] = 1
		if !k.Adds() {
			p.kinds[i] = -1
		}
	}
	return p.kinds
}

func (f *filter) weigh(mask *array.Boolean, kinds []int8) []int8 {
	f.scratch = grow(f.scratch, mask.Len())
	nulls := mask.NullN() > 0
	for i := range f.scratch {
		f.scratch[i] = 0
		if mask.Value(i) && !(nulls && mask.IsNull(i)) {
			f.scratch[i] = 1
			if kinds != nil {
				f.scratch[i] = kinds[i]
			}
		}
	}
	return f.scratch
}

// countRows adds the rows' signs to the groups' row counts.
func countRows(rows []unsafe.Pointer, kinds []int8) {
	if kinds == nil {
		for _, r := range rows {
			*rowCount(r)++
		}
		return
	}
	for i, r := range rows {
		*rowCount(r) += int64(kinds[i])
	}
}

func emitCounts(rows []unsafe.Pointer, alloc memory.Allocator) arrow.Array {
	buf := columns.NewBuffer(alloc, len(rows)*8)
	for i, out := 0, columns.ViewBuffer[int64](buf); i < len(rows); i++ {
		out[i] = *rowCount(rows[i])
	}
	return columns.Make(arrow.PrimitiveTypes.Int64, len(rows), []*memory.Buffer{nil, buf}, nil, 0)
}

func mergeCounts(rows []unsafe.Pointer, counts arrow.Array, sign int) {
	values := columns.Values[int64](counts)
	for i, r := range rows {
		*rowCount(r) += int64(sign) * values[i]
	}
}

// grow gives a slice of length n that reuses s's memory when it can; the contents
// are undefined.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}
