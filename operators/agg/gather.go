package agg

import (
	"encoding/binary"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
)

// gathered is the accumulator of aggregates that keep all their values, in bytes
// on the heap.
type gathered struct {
	has int64
	ref uint64
	// pending is one more than the group's place in gatherer.groups while a batch
	// is gathered, and zero between calls (invariant PendingIsZero), so that it is
	// stored as zero.
	pending int64
}

// gatheredWidth and gatheredRefs describe gathered in a Spec.
const gatheredWidth = 24

var gatheredRefs = []int{8}

// gatherer appends a batch's values to their groups. It first chains the rows of
// each group, so that a group's bytes are copied once a batch and not once a row.
type gatherer struct {
	groups []chain
	next   []int32
	joined []byte
}

// chain is the rows of one group: first, gatherer.next[first], … to last.
type chain struct {
	acc         *gathered
	first, last int32
}

// gather appends what put writes for each row to the row's group; has tells put
// whether the group had a value before. done, which may be nil, settles the bytes
// of a group before they are stored.
func (g *gatherer) gather(acc Accs, weights []int8, put func(dst []byte, has bool, i int) []byte, done func([]byte) []byte) {
	g.chain(acc, weights)
	for i := range g.groups {
		c := &g.groups[i]
		g.joined = append(g.joined[:0], acc.Heap.Get(c.acc.ref)...)
		has := c.acc.has != 0
		for row := c.first; row >= 0; row = g.next[row] {
			g.joined = put(g.joined, has, int(row))
			has = true
		}
		if done != nil {
			g.joined = done(g.joined)
		}
		*c.acc = gathered{has: 1, ref: acc.Heap.Put(c.acc.ref, g.joined)}
	}
	clear(g.groups) // keep no pointer into rows
	g.groups = g.groups[:0]
}

func (g *gatherer) chain(acc Accs, weights []int8) {
	next := grow(&g.next, len(acc.Rows))
	for i := range acc.Rows {
		if weights != nil && weights[i] == 0 {
			continue
		}
		a, row := at[gathered](&acc, i), int32(i)
		next[i] = -1
		if a.pending == 0 {
			g.groups = append(g.groups, chain{acc: a, first: row, last: row})
			a.pending = int64(len(g.groups))
			continue
		}
		c := &g.groups[a.pending-1]
		next[c.last], c.last = row, row
	}
}

// gatheredBytes reads the bytes gathered, for emitBytes.
func gatheredBytes(acc Accs) func(p unsafe.Pointer) ([]byte, bool) {
	return func(p unsafe.Pointer) ([]byte, bool) {
		a := (*gathered)(p)
		return acc.Heap.Get(a.ref), a.has != 0
	}
}

// gathering is what tells one aggregate that keeps all its values from another:
// how values are encoded, and what becomes of them.
type gathering interface {
	// bind looks at the arguments of a batch; value appends the encoding of row i.
	bind(args []arrow.Array)
	value(dst []byte, i int) []byte
	// open starts a column of results, add appends the result of one group (no
	// values: of an empty one), and finish gives the column to the caller.
	open(alloc memory.Allocator)
	add(values [][]byte) error
	finish() arrow.Array
}

// gatherAgg is an aggregate of all its values, each as its length and encoding.
// When values are taken away it reads them from a multiset.
type gatherAgg struct {
	kind gathering
	// set is the multiset that keeps the values under retraction, or NoSet.
	set SetKind
	// nulls says that rows with NULL arguments count.
	nulls    bool
	gatherer gatherer
	weights  []int8
	values   [][]byte
	one      []byte
	err      error
}

var (
	_ Agg     = (*gatherAgg)(nil)
	_ SetAgg  = (*gatherAgg)(nil)
	_ Checked = (*gatherAgg)(nil)
)

func (g *gatherAgg) Spec() Spec {
	spec := Spec{Width: gatheredWidth, Refs: gatheredRefs, KeepsNulls: g.nulls, Set: g.set, OwnSet: true}
	if g.set == NoSet {
		spec.Partial = []types.Type{types.BytesType()}
	}
	return spec
}

func (g *gatherAgg) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	if !g.nulls {
		weights = skipNulls(weights, args, &g.weights)
	}
	g.kind.bind(args)
	g.gatherer.gather(acc, weights, func(dst []byte, _ bool, i int) []byte {
		g.one = g.kind.value(g.one[:0], i)
		return appendSized(dst, g.one)
	}, nil)
}

func appendSized(dst, value []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(value))), value...)
}

// cutSized takes what appendSized appended from the start of b.
func cutSized(b []byte) (value, rest []byte) {
	size, n := binary.Uvarint(b)
	return b[n : n+int(size)], b[n+int(size):]
}

// Merge appends the values of the partial results.
func (g *gatherAgg) Merge(acc Accs, partial []arrow.Array, _ int) {
	mergeBytes(&g.gatherer, acc, partial[0], &g.weights, nil)
}

func mergeBytes(g *gatherer, acc Accs, partial arrow.Array, scratch *[]int8, done func([]byte) []byte) {
	weights := skipNulls(nil, []arrow.Array{partial}, scratch)
	g.gather(acc, weights, func(dst []byte, _ bool, i int) []byte { return append(dst, bytesAt(partial, i)...) }, done)
}

func (g *gatherAgg) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	return []arrow.Array{emitBytes(acc, alloc, arrow.BinaryTypes.Binary, gatheredBytes(acc))}
}

func (g *gatherAgg) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	g.kind.open(alloc)
	for i := range acc.Rows {
		g.values = g.values[:0]
		for rest := acc.Heap.Get(at[gathered](&acc, i).ref); len(rest) > 0; {
			var value []byte
			value, rest = cutSized(rest)
			g.values = append(g.values, value)
		}
		if err := g.kind.add(g.values); err != nil && g.err == nil {
			g.err = err
		}
	}
	return g.kind.finish()
}

// Err implements Checked.
func (g *gatherAgg) Err() error {
	err := g.err
	g.err = nil
	return err
}

func (g *gatherAgg) AppendKey(dst []byte, args []arrow.Array, i int) []byte {
	g.kind.bind(args)
	return g.kind.value(dst, i)
}

// Refresh copies the values of the set.
func (g *gatherAgg) Refresh(acc Accs, i int, set Set) {
	joined := g.gatherer.joined[:0]
	set.Each(func(key []byte, count int64) bool {
		for range count {
			joined = appendSized(joined, key)
		}
		return true
	})
	g.gatherer.joined = joined
	a := at[gathered](&acc, i)
	*a = gathered{has: 1, ref: acc.Heap.Put(a.ref, joined)}
}
