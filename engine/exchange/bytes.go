package exchange

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/operators/stream"
)

// BatchBytes estimates the memory a batch holds: all buffers behind its columns,
// so that a small slice of a large batch counts as what it keeps alive.
func BatchBytes(b stream.Batch) int64 {
	if b.Record == nil {
		return 0
	}
	total := int64(len(b.Kinds))
	for _, c := range b.Record.Columns() {
		total += dataBytes(c.Data())
	}
	return total
}

func dataBytes(d arrow.ArrayData) int64 {
	var total int64
	for _, buf := range d.Buffers() {
		if buf != nil {
			total += int64(buf.Len())
		}
	}
	for _, child := range d.Children() {
		total += dataBytes(child)
	}
	return total
}
