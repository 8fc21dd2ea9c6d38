package agg

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
)

// Agg is one bound aggregate call. It holds scratch memory, so it belongs to one
// operator and its calls never overlap. It keeps no pointer into rows or columns
// between calls; it needs no Close.
type Agg interface {
	// Spec describes the accumulator.
	Spec() Spec
	// Accumulate counts input row i, weights[i] times (nil: once each), into the
	// accumulator acc.Rows[i]. args are the call's Columns, borrowed; rows may repeat.
	Accumulate(acc Accs, args []arrow.Array, weights []int8)
	// Merge adds partial result i to the accumulator acc.Rows[i]; with sign -1 it
	// takes it away again, which only Invertible aggregates can.
	Merge(acc Accs, partial []arrow.Array, sign int)
	// Partial gives the accumulators as columns of Spec().Partial types, one row
	// per entry of acc.Rows; the caller owns them.
	Partial(acc Accs, alloc memory.Allocator) []arrow.Array
	// Emit gives the results as one column of the call's type, one row per entry of
	// acc.Rows; the caller owns it.
	Emit(acc Accs, alloc memory.Allocator) arrow.Array
}

// Accs are accumulators inside packed rows: that of entry i lies Offset bytes
// into the row at Rows[i]. The pointers are borrowed for the call.
type Accs struct {
	Rows   []unsafe.Pointer
	Offset uintptr
	// Heap holds var-length parts; it may be nil when Spec().Refs is empty.
	Heap Heap
}

// Heap stores byte strings behind references; 0 refers to the empty string.
// state.Heap is one.
type Heap interface {
	// Get returns the bytes of ref, valid until the next Put or Free.
	Get(ref uint64) []byte
	// Put stores a copy of b, gives up the reference old, and returns the new one.
	Put(old uint64, b []byte) uint64
	// Free gives up ref.
	Free(ref uint64)
}

// Spec describes an accumulator.
type Spec struct {
	// Width is its size in bytes, a multiple of 8.
	Width int
	// Refs are the byte offsets in it of references into the Heap.
	Refs []int
	// Partial are the types of the columns Partial gives; empty when the aggregate
	// can't merge.
	Partial []types.Type
	// Invertible aggregates can take a merged partial result away exactly.
	Invertible bool
	// Set is the multiset the aggregate needs beside its accumulator; such an
	// aggregate implements [SetAgg] and its Accumulate must not be called.
	Set SetKind
	// OwnSet keeps others from sharing the multiset: its keys are of the
	// aggregate's own making.
	OwnSet bool
	// KeepsNulls says that rows with NULL arguments count, so that DISTINCT and
	// multisets must not leave them out.
	KeepsNulls bool
	// Distinct says that the aggregate has to be fed distinct values although its
	// call does not say DISTINCT.
	Distinct bool
}

// Mergeable reports whether partial results can be merged.
func (s Spec) Mergeable() bool { return len(s.Partial) > 0 }

// SetKind is the multiset of argument values that an aggregate reads.
type SetKind uint8

// The kinds of multiset.
const (
	// NoSet: the accumulator suffices.
	NoSet SetKind = iota
	// ByValue orders values, and equal ones are counted.
	ByValue
	// ByArrival orders values as the call says, and those it says nothing of by when
	// they came; taking one away removes the earliest equal one.
	ByArrival
)

// String gives the kind's lower-case name.
func (k SetKind) String() string {
	names := [...]string{"none", "by-value", "by-arrival"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("set(%d)", uint8(k))
}

// Checked is an Agg whose calls may fail.
type Checked interface {
	// Err gives the first error that a call came upon since Err was called last, if
	// any; the rows and accumulators in question hold arbitrary values.
	Err() error
}

// ErrOf is a.Err() of one that is Checked.
func ErrOf(a Agg) error {
	if checked, ok := a.(Checked); ok {
		return checked.Err()
	}
	return nil
}

// SetAgg is an Agg that reads its result from a multiset.
type SetAgg interface {
	Agg
	// AppendKey appends the bytes that stand for value i of the argument columns:
	// equal bytes mean equal values, and ByValue their order is that of the values.
	AppendKey(dst []byte, args []arrow.Array, i int) []byte
	// Refresh sets the accumulator acc.Rows[i] to what the set says.
	Refresh(acc Accs, i int, set Set)
}

// Settler is a SetAgg whose Refresh may leave its work to be done for many groups at
// once, by Settle; until then the accumulators refreshed must stay where they are.
type Settler interface {
	SetAgg
	Settle(heap Heap)
}

// Waiter is an Agg whose calls may wait for something outside, at most until a context
// ends.
type Waiter interface {
	// Within gives the context of all calls to come.
	Within(ctx context.Context)
}

// WaitWithin bounds the waits of an Agg that has some; a nil ctx doesn't.
func WaitWithin(ctx context.Context, a Agg) {
	if waiter, ok := a.(Waiter); ok && ctx != nil {
		waiter.Within(ctx)
	}
}

// Set is a group's multiset of keys made by AppendKey, read-only. Slices it gives
// are valid during the call they were given to.
type Set interface {
	// First and Last give the ends; ok is false for an empty set.
	First() (key []byte, ok bool)
	Last() (key []byte, ok bool)
	// Each visits all keys in order with their counts, until visit returns false.
	Each(visit func(key []byte, count int64) bool)
}

// at is the accumulator of entry i as a T.
func at[T any](acc *Accs, i int) *T { return (*T)(unsafe.Add(acc.Rows[i], acc.Offset)) }

// on is the accumulator in the row at p as a T.
func on[T any](p unsafe.Pointer, offset uintptr) *T { return (*T)(unsafe.Add(p, offset)) }
