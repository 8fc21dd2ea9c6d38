package avro

import (
	"github.com/hamba/avro/v2"

	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// op is what to do with a value as it stands in a datum.
type op uint8

const (
	opNull         op = iota // nothing stands there; the column gets NULL
	opBool                   // a byte
	opLong                   // a varint, for a column of whole numbers
	opLongFloat              // a varint, for a column of floating point numbers
	opFloat                  // 4 bytes
	opDouble                 // 8 bytes
	opBytes                  // a length and bytes
	opText                   // likewise, of UTF-8
	opFixed                  // size bytes
	opEnum                   // a varint, one of symbols
	opTime                   // a varint of fromUnit, for a temporal column of toUnit
	opDecimal                // a length and a number, most significant byte first
	opDecimalFixed           // a number of size bytes
	opRecord                 // the kids, one after another
	opArray                  // blocks of kids[0]
	opMap                    // blocks of a text and kids[0]
	opUnion                  // a varint, and that one of kids
	opUnfit                  // a branch of a union that does not fit the column
)

// node is one value of a datum: of the writer's schema, with the column that takes
// it. A node without a column passes over its value.
type node struct {
	op   op
	path string
	col  *column.Column
	kids []*node
	// missing are columns of a record that the writer's schema lacks.
	missing []*column.Column
	// keys takes a map's keys.
	keys     *column.Column
	size     int
	symbols  []string
	fromUnit int64
	toUnit   int64
	scale    int
	// why is opUnfit's reason.
	why string
}

// compiler turns a writer's schema and wanted columns into nodes.
type compiler struct {
	// skips are the nodes that pass over named types, which may hold themselves.
	skips map[avro.Schema]*node
}

func newCompiler() *compiler { return &compiler{skips: map[avro.Schema]*node{}} }

// row compiles a record whose fields go into cols, as found by name.
func (c *compiler) row(s avro.Schema, path string, fields []types.Field, cols []*column.Column) (*node, error) {
	record, ok := deref(s).(*avro.RecordSchema)
	if !ok {
		return nil, errs.Userf("the Avro schema is of %s, and a record is wanted", describe(s))
	}
	n := &node{op: opRecord, path: path}
	found := make([]bool, len(fields))
	for _, f := range record.Fields() {
		i := fieldIndex(fields, f.Name())
		if i < 0 {
			n.kids = append(n.kids, c.skip(f.Type()))
			continue
		}
		found[i] = true
		kid, err := c.value(f.Type(), join(path, f.Name()), fields[i].Type, cols[i])
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, kid)
	}
	for i, f := range fields {
		if found[i] {
			continue
		}
		if !f.Type.Nullable {
			return nil, errs.Userf("column '%s': is NOT NULL, and the Avro schema has no such field", join(path, f.Name))
		}
		n.missing = append(n.missing, cols[i])
	}
	return n, nil
}

func fieldIndex(fields []types.Field, name string) int {
	for i, f := range fields {
		if f.Name == name {
			return i
		}
	}
	return -1
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func deref(s avro.Schema) avro.Schema {
	if r, ok := s.(*avro.RefSchema); ok {
		return r.Schema()
	}
	return s
}

// value compiles a value for a column of type t.
func (c *compiler) value(s avro.Schema, path string, t types.Type, col *column.Column) (*node, error) {
	s = deref(s)
	if u, ok := s.(*avro.UnionSchema); ok {
		return c.union(u, path, t, col)
	}
	n := &node{path: path, col: col}
	if c.scalar(n, s, t) {
		return n, nil
	}
	var err error
	switch s := s.(type) {
	case *avro.RecordSchema:
		if t.Kind == types.Row {
			if n, err = c.row(s, path, t.Fields, col.Kids); err == nil {
				n.col = col
			}
			return n, err
		}
	case *avro.ArraySchema:
		if t.Kind == types.Array {
			return c.items(n, opArray, s.Items(), *t.Elem, col.Kids[0])
		}
	case *avro.MapSchema:
		if t.Kind == types.Map && t.Key.IsString() {
			n.keys = col.Kids[0].Kids[0]
			return c.items(n, opMap, s.Values(), *t.Elem, col.Kids[0].Kids[1])
		}
		if t.Kind == types.Multiset && t.Elem.IsString() {
			n.keys = col.Kids[0].Kids[0]
			return c.items(n, opMap, s.Values(), types.Of(types.Int), col.Kids[0].Kids[1])
		}
	}
	return nil, errs.Userf("column '%s' (%s): the Avro schema has %s there", path, t, describe(s))
}

func (c *compiler) items(n *node, o op, s avro.Schema, t types.Type, col *column.Column) (*node, error) {
	n.op = o
	kid, err := c.value(s, n.path+"[]", t, col)
	n.kids = []*node{kid}
	return n, err
}

// union compiles each branch. One that does not fit is an error of the records that
// have it, unless no branch but null fits.
func (c *compiler) union(u *avro.UnionSchema, path string, t types.Type, col *column.Column) (*node, error) {
	n := &node{op: opUnion, path: path, col: col}
	var unfit error
	fits := len(u.Types()) == 1 && u.Types()[0].Type() == avro.Null
	for _, branch := range u.Types() {
		if branch.Type() == avro.Null {
			n.kids = append(n.kids, c.nullBranch(path, t, col))
			continue
		}
		kid, err := c.value(branch, path, t, col)
		if err != nil {
			unfit = err
			kid = &node{op: opUnfit, why: err.Error()}
		} else {
			fits = true
		}
		n.kids = append(n.kids, kid)
	}
	if !fits {
		return nil, unfit
	}
	return n, nil
}

func (c *compiler) nullBranch(path string, t types.Type, col *column.Column) *node {
	if !t.Nullable {
		return &node{op: opUnfit, why: "column '" + path + "': is NOT NULL, and the record has null"}
	}
	return &node{op: opNull, col: col}
}

// scalar fills n in for a value that is no composite, and reports whether it fits.
func (c *compiler) scalar(n *node, s avro.Schema, t types.Type) bool {
	logical := logicalOf(s)
	switch s := s.(type) {
	case *avro.NullSchema:
		n.op = opNull
		return t.Nullable
	case *avro.EnumSchema:
		n.op, n.symbols = opEnum, s.Symbols()
		return t.IsString()
	case *avro.FixedSchema:
		if d, ok := s.Logical().(*avro.DecimalLogicalSchema); ok && t.Kind == types.Decimal {
			n.op, n.size, n.scale = opDecimalFixed, s.Size(), d.Scale()
			return true
		}
		n.op, n.size = opFixed, s.Size()
		return t.IsBinary()
	case *avro.PrimitiveSchema:
		if d, ok := s.Logical().(*avro.DecimalLogicalSchema); ok && t.Kind == types.Decimal {
			n.op, n.scale = opDecimal, d.Scale()
			return s.Type() == avro.Bytes
		}
		return c.primitive(n, s.Type(), logical, t)
	}
	return false
}

func logicalOf(s avro.Schema) avro.LogicalType {
	if l, ok := s.(avro.LogicalTypeSchema); ok && l.Logical() != nil {
		return l.Logical().Type()
	}
	return ""
}

func (c *compiler) primitive(n *node, s avro.Type, logical avro.LogicalType, t types.Type) bool {
	switch s {
	case avro.Boolean:
		n.op = opBool
		return t.Kind == types.Boolean
	case avro.Float:
		n.op = opFloat
		return t.IsApproximate()
	case avro.Double:
		n.op = opDouble
		return t.Kind == types.Double
	case avro.String:
		n.op = opText
		return t.IsString()
	case avro.Bytes:
		n.op = opBytes
		return t.IsBinary()
	case avro.Int, avro.Long:
		return c.whole(n, s, logical, t)
	}
	return false
}

// whole is for Avro's int and long, and what they stand for.
func (c *compiler) whole(n *node, s avro.Type, logical avro.LogicalType, t types.Type) bool {
	if t.IsTemporal() {
		n.op = opTime
		n.fromUnit, n.toUnit = unitOf(logical, t.Kind), 1
		if t.Kind != types.Date {
			n.toUnit = text.Unit(t.Precision)
		}
		return n.fromUnit > 0
	}
	if t.IsApproximate() {
		n.op = opLongFloat
		return true
	}
	n.op = opLong
	return t.IsInteger() && (s == avro.Int || t.Kind == types.BigInt)
}

// unitOf is the number of a logical type's units in a second (1 for days), or 0 when
// it is not for columns of the kind k.
func unitOf(l avro.LogicalType, k types.Kind) int64 {
	switch l {
	case avro.Date:
		if k == types.Date {
			return 1
		}
	case avro.TimeMillis:
		if k == types.Time {
			return 1e3
		}
	case avro.TimeMicros:
		if k == types.Time {
			return 1e6
		}
	case avro.TimestampMillis, avro.LocalTimestampMillis:
		if k == types.Timestamp || k == types.TimestampLTZ {
			return 1e3
		}
	case avro.TimestampMicros, avro.LocalTimestampMicros:
		if k == types.Timestamp || k == types.TimestampLTZ {
			return 1e6
		}
	}
	return 0
}

// skip makes a node that passes over a value.
func (c *compiler) skip(s avro.Schema) *node {
	s = deref(s)
	if n, ok := c.skips[s]; ok {
		return n
	}
	n := &node{}
	c.skips[s] = n
	switch s := s.(type) {
	case *avro.RecordSchema:
		n.op = opRecord
		for _, f := range s.Fields() {
			n.kids = append(n.kids, c.skip(f.Type()))
		}
	case *avro.ArraySchema:
		n.op, n.kids = opArray, []*node{c.skip(s.Items())}
	case *avro.MapSchema:
		n.op, n.kids = opMap, []*node{c.skip(s.Values())}
	case *avro.UnionSchema:
		n.op = opUnion
		for _, b := range s.Types() {
			n.kids = append(n.kids, c.skip(b))
		}
	case *avro.FixedSchema:
		n.op, n.size = opFixed, s.Size()
	case *avro.EnumSchema:
		n.op = opLong
	default:
		n.op = skipOf(s.Type())
	}
	return n
}

// skipOf is the op that passes over a primitive value.
func skipOf(t avro.Type) op {
	switch t {
	case avro.Boolean:
		return opBool
	case avro.Int, avro.Long:
		return opLong
	case avro.Float:
		return opFloat
	case avro.Double:
		return opDouble
	case avro.Null:
		return opNull
	}
	return opBytes
}
