package stream

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// newRecord exists so that every record of the engine is made in one place.
func newRecord(schema *arrow.Schema, cols []arrow.Array, rows int64) arrow.Record {
	return array.NewRecord(schema, cols, rows)
}
