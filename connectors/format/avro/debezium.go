package avro

import (
	"github.com/hamba/avro/v2"

	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// envelopeSchema is Debezium's envelope around a table's row.
func envelopeSchema(schema types.Schema) types.Schema {
	row := types.RowOf(schema...)
	return types.Schema{{Name: "before", Type: row}, {Name: "after", Type: row}, {Name: "op", Type: types.StringType()}}
}

// envelope decodes Debezium's envelopes of one schema. The op comes last, so the
// first pass only finds where the parts stand.
type envelope struct {
	fields []envelopeField
}

// part is a member of an envelope.
type part uint8

const (
	partOther part = iota
	partBefore
	partAfter
	partOp
	parts
)

// envelopeField is a field of the envelope's record: how to pass over it, and how to
// decode it if it is an image.
type envelopeField struct {
	part part
	skip *node
	row  *node
	// nullAt is the branch of a union that is null, -1 when there is none.
	nullAt int64
}

// newEnvelope compiles a writer's schema for the columns of the table.
func newEnvelope(s avro.Schema, fields []types.Field, cols []*column.Column) (*envelope, error) {
	record, ok := deref(s).(*avro.RecordSchema)
	if !ok {
		return nil, errs.Userf("the Avro schema is of %s, and a record is wanted", describe(s))
	}
	e := &envelope{}
	c := newCompiler()
	seen := [parts]bool{}
	for _, f := range record.Fields() {
		field := envelopeField{part: partOf(f.Name()), skip: c.skip(f.Type()), nullAt: -1}
		seen[field.part] = true
		if field.part == partBefore || field.part == partAfter {
			var err error
			if field.row, field.nullAt, err = imageRow(c, f.Type(), fields, cols); err != nil {
				return nil, err
			}
		}
		e.fields = append(e.fields, field)
	}
	if !seen[partBefore] || !seen[partAfter] || !seen[partOp] {
		return nil, errs.Userf("the Avro schema is no envelope of Debezium's: it needs before, after and op")
	}
	return e, nil
}

func partOf(name string) part {
	switch name {
	case "before":
		return partBefore
	case "after":
		return partAfter
	case "op":
		return partOp
	}
	return partOther
}

// imageRow compiles an image: a record, or a union of null and a record.
func imageRow(c *compiler, s avro.Schema, fields []types.Field, cols []*column.Column) (row *node, nullAt int64, err error) {
	nullAt = -1
	u, ok := deref(s).(*avro.UnionSchema)
	if !ok {
		row, err = c.row(s, "", fields, cols)
		return row, nullAt, err
	}
	union := &node{op: opUnion}
	for i, branch := range u.Types() {
		if branch.Type() == avro.Null {
			nullAt = int64(i)
			union.kids = append(union.kids, &node{op: opUnfit, why: "the record has no such image"})
			continue
		}
		kid, err := c.row(branch, "", fields, cols)
		if err != nil {
			return nil, 0, err
		}
		union.kids = append(union.kids, kid)
	}
	return union, nullAt, nil
}

// rows decodes the envelope at i.
func (e *envelope) rows(d *confluentDecoder, i int) bool {
	var at [parts]int
	var row [parts]*node
	for k := range e.fields {
		f := &e.fields[k]
		at[f.part], row[f.part] = i, f.row
		if f.nullAt >= 0 {
			if branch, _ := d.long(i); branch == f.nullAt {
				row[f.part] = nil
			}
		}
		if i = d.value(f.skip, i); i < 0 {
			return false
		}
		if f.part == partOp {
			row[partOp] = f.skip
		}
	}
	op := d.opAt(row[partOp], at[partOp])
	switch op {
	case 'c', 'r':
		return d.image(stream.Insert, row[partAfter], at[partAfter])
	case 'u':
		return d.image(stream.UpdateBefore, row[partBefore], at[partBefore]) && d.image(stream.UpdateAfter, row[partAfter], at[partAfter])
	case 'd':
		return d.image(stream.Delete, row[partBefore], at[partBefore])
	}
	return d.fail("unknown op %q: c, r, u or d wanted", op) > 0
}

// opAt is the text of one byte at i, 0 for anything else.
func (d *confluentDecoder) opAt(n *node, i int) byte {
	if n.op == opUnion {
		branch, next := d.long(i)
		n, i = n.kids[branch], next
	}
	if n.op != opBytes {
		return 0
	}
	if from, to := d.span(i); to == from+1 {
		return d.data[from]
	}
	return 0
}

func (d *confluentDecoder) image(kind stream.RowKind, n *node, i int) bool {
	switch {
	case n == nil && (kind == stream.UpdateBefore || kind == stream.Delete):
		return d.fail("the record has no image before the change; let the database log it, in PostgreSQL with REPLICA IDENTITY FULL") > 0
	case n == nil:
		return d.fail("the record has no image after the change") > 0
	}
	if d.value(n, i) < 0 {
		return false
	}
	d.Add(kind)
	return true
}

// envelopeEncoder writes Debezium's envelopes.
type envelopeEncoder struct{ encoder }

// Encode appends one envelope per row.
func (e *envelopeEncoder) Encode(dst []byte, ends []int, batch stream.Batch) ([]byte, []int, error) {
	if batch.Rows() == 0 {
		return dst, ends, nil
	}
	defer unbindAll(e.writers)
	if err := bindAll(e.writers, batch); err != nil {
		return dst, ends, err
	}
	for row := range batch.Rows() {
		dst = append(dst, e.prefix...)
		adds := batch.Kind(row).Adds()
		if adds {
			dst = append(dst, 0) // no image before
		}
		dst = append(dst, 2) // the other branch: the image
		var err error
		for _, w := range e.writers {
			if dst, err = w.append(dst, row); err != nil {
				return dst, ends, err
			}
		}
		if adds {
			dst = append(dst, 2, 2, 'c')
		} else {
			dst = append(dst, 0, 2, 2, 'd')
		}
		ends = append(ends, len(dst))
	}
	return dst, ends, nil
}
