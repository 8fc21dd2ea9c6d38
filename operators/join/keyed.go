package join

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// keyed is a batch with its rows' keys. Rows are numbered twice: by their place in the
// batch, and, among the rows without NULL in the key, by their place in keys.
type keyed struct {
	batch stream.Batch
	keys  rowcodec.Keys
	// valid lists the rows without NULL in the key; nil when all are. mask marks the
	// others then.
	valid   []int32
	hasNull bool
	mask    []bool
}

// read takes a batch of a side's input, and encodes its keys.
func (k *keyed) read(alloc memory.Allocator, own *side, batch stream.Batch) error {
	k.batch = batch
	k.findNulls(own.strict)
	cols := make([]arrow.Array, len(own.keys))
	n := batch.Rows()
	if !k.hasNull {
		for i, key := range own.keys {
			cols[i] = batch.Column(key)
		}
	} else {
		n = len(k.valid)
		for i, key := range own.keys {
			cols[i] = columns.Take(alloc, batch.Column(key), k.valid)
			defer cols[i].Release()
		}
	}
	return own.encoder.Encode(cols, n, &k.keys)
}

// findNulls lists the rows that have no NULL in the keys.
func (k *keyed) findNulls(keys []int) {
	k.hasNull = false
	for _, key := range keys {
		k.hasNull = k.hasNull || k.batch.Column(key).NullN() > 0
	}
	if !k.hasNull {
		return
	}
	k.mask = append(k.mask[:0], make([]bool, k.batch.Rows())...)
	for _, key := range keys {
		columns.MarkNulls(k.mask, k.batch.Column(key))
	}
	k.valid = k.valid[:0]
	for i, null := range k.mask {
		if !null {
			k.valid = append(k.valid, int32(i))
		}
	}
}

// finish lets the batch go.
func (k *keyed) finish() { k.batch = stream.Batch{} }

// rowOf is the row of the batch with the i-th key.
func (k *keyed) rowOf(i int) int {
	if k.hasNull {
		return int(k.valid[i])
	}
	return i
}
