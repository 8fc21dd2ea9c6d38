//go:build invariants

package task

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// check tests what every batch must be: of the node's schema, with a kind for each
// row or none, and inserts only where the plan says so.
func (o *output) check(batch stream.Batch) error {
	if o.node == nil || o.node.Schema == nil {
		return nil
	}
	fields := o.node.Schema.Fields()
	if int(batch.Record.NumCols()) != len(fields) {
		return errs.Bugf("%s gave %d columns, not %d", o.node.Label, batch.Record.NumCols(), len(fields))
	}
	for i, f := range fields {
		c := batch.Column(i)
		if c.Len() != batch.Rows() || !arrow.TypeEqual(c.DataType(), f.Type) {
			return errs.Bugf("%s gave column %s as %d values of %s, not %d of %s", o.node.Label, f.Name, c.Len(), c.DataType(), batch.Rows(), f.Type)
		}
	}
	if batch.Kinds != nil && len(batch.Kinds) != batch.Rows() {
		return errs.Bugf("%s gave %d kinds for %d rows", o.node.Label, len(batch.Kinds), batch.Rows())
	}
	if o.node.InsertOnly && !batch.AllInserts() {
		return errs.Bugf("%s gave a row that is no insert", o.node.Label)
	}
	return nil
}
