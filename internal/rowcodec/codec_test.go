package rowcodec_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
)

// forSeeds runs a property on random columns; the seed is in the test's name.
func forSeeds(t *testing.T, maps bool, run func(t *testing.T, rng *rand.Rand, types []arrow.DataType, cols []arrow.Array, rows int)) {
	n := 300
	if testing.Short() {
		n = 60
	}
	for seed := range n {
		rng := rand.New(rand.NewPCG(uint64(seed), 3))
		types, rows := randomTypes(rng, maps), rng.IntN(30)
		if !t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { run(t, rng, types, randomArrays(rng, types, rows), rows) }) {
			t.Logf("types %v", types)
			return
		}
	}
}

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func buildersFor(types []arrow.DataType) []array.Builder {
	out := make([]array.Builder, len(types))
	for i, dt := range types {
		out[i] = array.NewBuilder(memory.DefaultAllocator, dt)
	}
	return out
}

func finish(builders []array.Builder) []arrow.Array {
	out := make([]arrow.Array, len(builders))
	for i, b := range builders {
		out[i] = b.NewArray()
	}
	return out
}

func rowCodec(t *testing.T, types []arrow.DataType) (*rowcodec.RowEncoder, *rowcodec.RowDecoder) {
	t.Helper()
	enc, err := rowcodec.NewRowEncoder(types)
	ok(t, err)
	dec, err := rowcodec.NewRowDecoder(types)
	ok(t, err)
	return enc, dec
}

func TestRowsComeBackAsTheyWere(t *testing.T) {
	forSeeds(t, true, func(t *testing.T, rng *rand.Rand, types []arrow.DataType, cols []arrow.Array, rows int) {
		enc, dec := rowCodec(t, types)
		var out rowcodec.Rows
		ok(t, enc.Encode(cols, rows, &out))
		all, one := buildersFor(types), buildersFor(types)
		var encoded [][]byte
		for i := range rows {
			if single := enc.AppendRow([]byte("x"), cols, i); string(single[1:]) != string(out.At(i)) {
				t.Fatalf("row %d alone is %x, in a batch %x", i, single[1:], out.At(i))
			}
			encoded = append(encoded, slices.Clone(out.At(i)))
			ok(t, dec.Decode(out.At(i), one))
		}
		ok(t, dec.DecodeAll(encoded, all))
		columns, err := dec.Columns(memory.DefaultAllocator, encoded)
		ok(t, err)
		for _, got := range [][]arrow.Array{finish(all), finish(one), columns} {
			for i := range rows {
				if a, b := text(twinRow(got, i), false), text(twinRow(cols, i), false); a != b {
					t.Fatalf("row %d came back as %s, was %s", i, a, b)
				}
			}
		}
	})
}

func TestKeysAreEqualWhenValuesAre(t *testing.T) {
	forSeeds(t, true, func(t *testing.T, rng *rand.Rand, types []arrow.DataType, cols []arrow.Array, rows int) {
		enc, err := rowcodec.NewKeyEncoder(types)
		ok(t, err)
		var keys rowcodec.Keys
		keys.Append([]byte("an old batch"))
		ok(t, enc.Encode(cols, rows, &keys))
		if keys.Len() != rows {
			t.Fatalf("%d keys of %d rows", keys.Len(), rows)
		}
		for i := range rows {
			if keys.Hashes[i] != rowcodec.Hash(keys.At(i)) || keys.Width > 0 && len(keys.At(i)) != keys.Width {
				t.Fatalf("key %d %x: hash %x, width %d", i, keys.At(i), keys.Hashes[i], keys.Width)
			}
			for j := range i {
				a, b := text(twinRow(cols, i), true), text(twinRow(cols, j), true)
				if same := bytes.Equal(keys.At(i), keys.At(j)); same != (a == b) {
					t.Fatalf("keys %x and %x of %s and %s", keys.At(i), keys.At(j), a, b)
				}
			}
		}
		checkKeyDecoder(t, types, cols, &keys)
	})
}

// checkKeyDecoder decodes keys to equal values, whose keys are the same again.
func checkKeyDecoder(t *testing.T, types []arrow.DataType, cols []arrow.Array, keys *rowcodec.Keys) {
	t.Helper()
	dec, err := rowcodec.NewKeyDecoder(types)
	ok(t, err)
	var list [][]byte
	one := buildersFor(types)
	for i := range keys.Len() {
		list = append(list, keys.At(i))
		ok(t, dec.Decode(keys.At(i), one))
	}
	all := buildersFor(types)
	ok(t, dec.DecodeAll(list, all))
	enc, err := rowcodec.NewKeyEncoder(types)
	ok(t, err)
	for _, got := range [][]arrow.Array{finish(all), finish(one)} {
		var again rowcodec.Keys
		ok(t, enc.Encode(got, keys.Len(), &again))
		for i := range keys.Len() {
			if a, b := text(twinRow(got, i), true), text(twinRow(cols, i), true); a != b {
				t.Fatalf("key %d came back as %s, was %s", i, a, b)
			}
			if !bytes.Equal(again.At(i), keys.At(i)) {
				t.Fatalf("key %d is %x, encoded again %x", i, keys.At(i), again.At(i))
			}
		}
	}
}

func TestAKeyDoesNotDependOnItsBatch(t *testing.T) {
	forSeeds(t, true, func(t *testing.T, rng *rand.Rand, types []arrow.DataType, cols []arrow.Array, rows int) {
		enc, err := rowcodec.NewKeyEncoder(types)
		ok(t, err)
		var keys, one rowcodec.Keys
		ok(t, enc.Encode(cols, rows, &keys))
		for i := range rows {
			var part []arrow.Array
			for _, c := range cols {
				part = append(part, array.NewSlice(c, int64(i), int64(i+1)))
			}
			ok(t, enc.Encode(part, 1, &one))
			if !bytes.Equal(one.At(0), keys.At(i)) || one.Hashes[0] != keys.Hashes[i] {
				t.Fatalf("key %d alone is %x, in a batch %x", i, one.At(0), keys.At(i))
			}
		}
	})
}

func TestSortKeysCompareAsRows(t *testing.T) {
	forSeeds(t, false, func(t *testing.T, rng *rand.Rand, types []arrow.DataType, cols []arrow.Array, rows int) {
		var keys []rex.SortKey
		for _, c := range rng.Perm(len(types)) {
			keys = append(keys, rex.SortKey{Column: c, Descending: rng.IntN(2) == 0, NullsFirst: rng.IntN(2) == 0})
		}
		enc, err := rowcodec.NewSortEncoder(types, keys)
		ok(t, err)
		var out rowcodec.Rows
		ok(t, enc.Encode(cols, rows, &out))
		for i := range rows {
			if single := enc.AppendRow([]byte("x"), cols, i); string(single[1:]) != string(out.At(i)) {
				t.Fatalf("row %d alone is %x, in a batch %x", i, single[1:], out.At(i))
			}
			for j := range rows {
				want := compareBy(keys, twinRow(cols, i), twinRow(cols, j))
				if got := bytes.Compare(out.At(i), out.At(j)); got != want {
					t.Fatalf("%v: %v against %v is %d, want %d", keys, twinRow(cols, i), twinRow(cols, j), got, want)
				}
				if i != j && want != 0 && bytes.HasPrefix(out.At(i), out.At(j)) {
					t.Fatalf("%x is a prefix of %x", out.At(j), out.At(i))
				}
			}
		}
		checkSortDecoder(t, types, keys, cols, &out)
	})
}

func compareBy(keys []rex.SortKey, a, b []any) int {
	for _, k := range keys {
		x, y := a[k.Column], b[k.Column]
		c := compare(x, y)
		switch {
		case (x == nil) != (y == nil):
			if !k.NullsFirst {
				c = -c
			}
		case k.Descending:
			c = -c
		}
		if c != 0 {
			return max(-1, min(1, c))
		}
	}
	return 0
}

func checkSortDecoder(t *testing.T, types []arrow.DataType, keys []rex.SortKey, cols []arrow.Array, rows *rowcodec.Rows) {
	t.Helper()
	dec, err := rowcodec.NewSortDecoder(types, keys)
	ok(t, err)
	var picked []arrow.DataType
	var want []arrow.Array
	for _, k := range keys {
		picked, want = append(picked, types[k.Column]), append(want, cols[k.Column])
	}
	builders := buildersFor(picked)
	for i := range rows.Len() {
		rest, err := dec.Decode(append(slices.Clone(rows.At(i)), "rest"...), builders)
		ok(t, err)
		if string(rest) != "rest" {
			t.Fatalf("row %d: %q is left of the key", i, rest)
		}
	}
	got := finish(builders)
	for i := range rows.Len() {
		if a, b := text(twinRow(got, i), true), text(twinRow(want, i), true); a != b {
			t.Fatalf("row %d came back as %s, was %s", i, a, b)
		}
	}
}

func TestMapsHaveNoOrder(t *testing.T) {
	dt := arrow.ListOf(arrow.MapOf(arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int32))
	_, err := rowcodec.NewSortEncoder([]arrow.DataType{dt}, []rex.SortKey{{}})
	if err == nil || errs.ClassOf(err) != errs.Unsupported {
		t.Fatalf("ordering by a map gave %v", err)
	}
}

func TestGroupsAndTasksAgree(t *testing.T) {
	for _, groups := range []int{1, 2, 7, 128, 1000} {
		for tasks := 1; tasks <= 130; tasks++ {
			next := 0
			for task := range tasks {
				first, end := rowcodec.GroupRange(task, groups, tasks)
				if first != next || end < first {
					t.Fatalf("task %d of %d owns [%d,%d) of %d groups, after %d", task, tasks, first, end, groups, next)
				}
				for g := first; g < end; g++ {
					if got := rowcodec.TaskOfKeyGroup(g, groups, tasks); got != task {
						t.Fatalf("group %d of %d goes to task %d of %d, not %d", g, groups, got, tasks, task)
					}
				}
				next = end
			}
			if next != groups {
				t.Fatalf("%d tasks own %d of %d groups", tasks, next, groups)
			}
		}
	}
}

// TestHashesSpread counts keys of several patterns by key group and by the bits
// that tables use: no bucket may be far from its share.
func TestHashesSpread(t *testing.T) {
	patterns := map[string]func(i int) []byte{
		"ascending":   func(i int) []byte { return word(uint64(i)) },
		"multiples":   func(i int) []byte { return word(uint64(i) << 32) },
		"pairs":       func(i int) []byte { return append(word(uint64(i%100)), word(uint64(i/100))...) },
		"swapped":     func(i int) []byte { return append(word(uint64(i)<<40), word(7)...) },
		"text":        func(i int) []byte { return fmt.Appendf(nil, "user-%d", i) },
		"three words": func(i int) []byte { return append(word(1), append(word(2), word(uint64(i))...)...) },
	}
	for name, pattern := range patterns {
		const n, buckets = 100_000, 128
		var groups, low, middle [buckets]int
		seen := map[uint64]bool{}
		for i := range n {
			h := rowcodec.Hash(pattern(i))
			seen[h] = true
			groups[rowcodec.KeyGroup(h, buckets)]++
			low[h%buckets]++
			middle[uint32(h)>>25]++
		}
		if len(seen) != n {
			t.Errorf("%s: %d hashes of %d keys", name, len(seen), n)
		}
		for b := range buckets {
			for _, count := range []int{groups[b], low[b], middle[b]} {
				if count < n/buckets*7/10 || count > n/buckets*13/10 {
					t.Errorf("%s: bucket %d holds %d of %d keys", name, b, count, n)
				}
			}
		}
	}
}

// TestColumnsOfManyBlocks decodes more rows than one block has, out of memory that is
// used again for each block. NULLs come late, so that bitmaps begin in the middle.
func TestColumnsOfManyBlocks(t *testing.T) {
	for seed := range 20 {
		rng := rand.New(rand.NewPCG(uint64(seed), 4))
		types, rows := randomTypes(rng, true), 500+rng.IntN(400)
		cols := randomArrays(rng, types, rows)
		late := array.NewInt64Builder(memory.DefaultAllocator)
		for i := range rows {
			if i > 400 && i%7 == 0 {
				late.AppendNull()
			} else {
				late.Append(int64(i))
			}
		}
		types, cols = append(types, arrow.PrimitiveTypes.Int64), append(cols, late.NewArray())
		enc, dec := rowCodec(t, types)
		var out rowcodec.Rows
		ok(t, enc.Encode(cols, rows, &out))
		var block []byte
		source := func(from, to int) [][]byte {
			block = append(block[:0], out.Data[out.Offsets[from]:out.Offsets[to]]...)
			var list [][]byte
			for i := from; i < to; i++ {
				list = append(list, block[out.Offsets[i]-out.Offsets[from]:out.Offsets[i+1]-out.Offsets[from]])
			}
			return list
		}
		for range 2 { // the second time with what the first has learned of lengths
			got, err := dec.ColumnsFrom(memory.DefaultAllocator, rows, source)
			ok(t, err)
			for i := range rows {
				if a, b := text(twinRow(got, i), false), text(twinRow(cols, i), false); a != b {
					t.Fatalf("seed %d, types %v: row %d came back as %s, was %s", seed, types, i, a, b)
				}
			}
			for c := range got {
				if got[c].NullN() != cols[c].NullN() {
					t.Fatalf("seed %d: %d NULLs of %d in a column of %s", seed, got[c].NullN(), cols[c].NullN(), types[c])
				}
			}
		}
	}
}

// TestALongRowSaysNothingOfTheNextBatch decodes one long text, and then many short ones.
func TestALongRowSaysNothingOfTheNextBatch(t *testing.T) {
	types := []arrow.DataType{arrow.BinaryTypes.String}
	enc, dec := rowCodec(t, types)
	decode := func(texts ...string) int {
		alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
		b := array.NewStringBuilder(memory.DefaultAllocator)
		b.AppendValues(texts, nil)
		var out rowcodec.Rows
		ok(t, enc.Encode([]arrow.Array{b.NewArray()}, len(texts), &out))
		got, err := dec.ColumnsFrom(alloc, len(texts), func(from, to int) [][]byte {
			var list [][]byte
			for i := from; i < to; i++ {
				list = append(list, out.Data[out.Offsets[i]:out.Offsets[i+1]])
			}
			return list
		})
		ok(t, err)
		size := alloc.CurrentAlloc()
		got[0].Release()
		return size
	}
	decode()
	decode(strings.Repeat("x", 1<<20))
	if size := decode(slices.Repeat([]string{"short"}, 4096)...); size > 4<<20 {
		t.Errorf("4096 short texts take %d bytes", size)
	}
}

// TestABadRowLeavesNothingAllocated ends in the middle of decoding.
func TestABadRowLeavesNothingAllocated(t *testing.T) {
	types, cols := benchInput([]string{"int64", "string", "nullable"})
	types, cols = append(types, arrow.ListOf(arrow.PrimitiveTypes.Int64)), append(cols, array.MakeArrayOfNull(memory.DefaultAllocator, arrow.ListOf(arrow.PrimitiveTypes.Int64), benchRows))
	enc, dec := rowCodec(t, types)
	var out rowcodec.Rows
	ok(t, enc.Encode(cols, benchRows, &out))
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	_, err := dec.ColumnsFrom(alloc, benchRows, func(from, to int) [][]byte {
		var list [][]byte
		for i := from; i < to; i++ {
			list = append(list, out.At(i)[:min(len(out.At(i)), max(0, 3000-i))])
		}
		return list
	})
	if errs.ClassOf(err) != errs.Corruption {
		t.Fatalf("a cut row gave %v", err)
	}
}
