package msgpack

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// node is one wanted column, or a part of a nested one.
type node struct {
	path   string
	typ    types.Type
	col    *column.Column
	object *object // a ROW's fields
	key    *node
	elem   *node
}

// object is what is wanted of a record or a ROW.
type object struct {
	// order has one entry per stored column or field: the wanted node, or nil.
	order  []*node
	names  []string
	byName map[string]int
	wanted []*node
}

// newObject makes nodes for the wanted ones of all fields.
func newObject(path string, all, wanted []types.Field, cols []*column.Column) *object {
	o := &object{order: make([]*node, len(all)), byName: map[string]int{}}
	for i, f := range all {
		o.names = append(o.names, f.Name)
		o.byName[f.Name] = i
	}
	for i, f := range wanted {
		at := o.byName[f.Name]
		n := newNode(path+f.Name, all[at].Type, f.Type, cols[i])
		o.order[at] = n
		o.wanted = append(o.wanted, n)
	}
	return o
}

// newNode makes a node of a column that is stored as all and wanted as t.
func newNode(path string, all, t types.Type, col *column.Column) *node {
	n := &node{path: path, typ: t, col: col}
	switch t.Kind {
	case types.Row:
		n.object = newObject(path+".", all.Fields, t.Fields, col.Kids)
	case types.Array:
		n.elem = newNode(path+"[]", *all.Elem, *t.Elem, col.Kids[0])
	case types.Map:
		entries := col.Kids[0]
		n.key = newNode(path+" key", *all.Key, *t.Key, entries.Kids[0])
		n.elem = newNode(path+"{}", *all.Elem, *t.Elem, entries.Kids[1])
	}
	return n
}

// decoder is the format's codec.Decoder.
type decoder struct {
	column.Pending
	root   *object
	data   []byte
	depth  int
	reason string
	// short tells that the data ended early.
	short   bool
	scratch []byte
}

var _ codec.Decoder = (*decoder)(nil)

// NewDecoder makes a decoder of the wanted columns.
func (Format) NewDecoder(c codec.Config) (codec.Decoder, error) {
	if err := (Format{}).Check(c.Schema, c.Options); err != nil {
		return nil, err
	}
	set := column.NewSet(c.Wanted(), c.Alloc, c.BatchRows)
	return &decoder{Pending: column.NewPending(set, c.BatchRows, false), root: newObject("", c.Schema, c.Wanted(), set.Cols)}, nil
}

// Lines decodes records one after another. What is no MessagePack at all is an
// error, since nothing tells where the next record begins.
func (d *decoder) Lines(data []byte, final bool, bad func(codec.Bad) error) (consumed, lines int, err error) {
	for consumed < len(data) && !d.Full() {
		next := d.record(data, consumed)
		if next < 0 {
			d.TakeBack(d.N)
			reason, short := d.reason, d.short
			end := len(data)
			if !short {
				if end = d.skip(consumed); end < 0 && !d.short {
					return consumed, 0, errs.Corruptionf("byte %d of what follows the last record: %s", d.place(consumed), d.reason)
				}
				short = end < 0
			}
			if short && !final {
				return consumed, 0, nil
			}
			if short {
				end = len(data)
			}
			if err := bad(codec.Bad{Offset: consumed, Reason: reason, Raw: data[consumed:end]}); err != nil {
				return consumed, 0, err
			}
			next = end
		}
		consumed = next
	}
	return consumed, 0, nil
}

// place counts from 1.
func (d *decoder) place(i int) int { return i + 1 }

// Record decodes a message of any number of records.
func (d *decoder) Record(message []byte) error {
	before := d.N
	for i := 0; i < len(message); {
		if i = d.record(message, i); i < 0 {
			d.TakeBack(before)
			return errs.Userf("%s", d.reason)
		}
	}
	return nil
}

// record decodes the record at i as a row.
func (d *decoder) record(data []byte, i int) int {
	d.data, d.depth, d.short = data, 0, false
	t := read(data, i)
	if t.kind != kindMap && t.kind != kindArray {
		return d.unexpected(t, "the record", "a map or an array")
	}
	if i = d.fields(d.root, d.N, t); i >= 0 {
		d.Add(stream.Insert)
	}
	return i
}

func (d *decoder) fail(format string, args ...any) int {
	d.reason = fmt.Sprintf(format, args...)
	return -1
}

func (d *decoder) unexpected(t token, what, wanted string) int {
	d.short = t.kind == kindShort
	return d.fail("%s: %s wanted, found %s", what, wanted, t.kind)
}

// nestingMax is the deepest nesting of a record that is read.
const nestingMax = 512

// fields decodes a map or an array into o's columns, each of which has base rows.
func (d *decoder) fields(o *object, base int, t token) int {
	if d.depth++; d.depth > nestingMax {
		return d.fail("nested deeper than %d levels", nestingMax)
	}
	i := t.next
	for k := range t.n {
		at := k
		if t.kind == kindMap {
			if at, i = d.name(o, k, i); i < 0 {
				return -1
			}
		}
		if at < 0 || at >= len(o.order) || o.order[at] == nil {
			i = d.skip(i)
		} else {
			n := o.order[at]
			if n.col.Rows() > base {
				n.col.Truncate(base) // the last one of equal keys counts
			}
			i = d.value(n, i)
		}
		if i < 0 {
			return -1
		}
	}
	d.depth--
	for _, n := range o.wanted {
		if n.col.Rows() > base {
			continue
		}
		if !n.typ.Nullable {
			return d.fail("column '%s': is NOT NULL, and the record has no such field", n.path)
		}
		n.col.Null()
	}
	return i
}

// name reads a key, guessing that it is the guess-th field. at is -1 for a key that
// is no field's name.
func (d *decoder) name(o *object, guess, i int) (at, next int) {
	t := read(d.data, i)
	if t.kind != kindText {
		if t.kind == kindShort || t.kind == kindBad {
			return 0, d.unexpected(t, "a map", "a key")
		}
		return -1, d.skip(i)
	}
	if guess < len(o.names) && string(t.b) == o.names[guess] {
		return guess, t.next
	}
	if at, ok := o.byName[string(t.b)]; ok {
		return at, t.next
	}
	return -1, t.next
}

// value decodes the value at i as one row of n's column.
func (d *decoder) value(n *node, i int) int {
	t := read(d.data, i)
	switch {
	case t.kind == kindNil:
		if !n.typ.Nullable {
			return d.fail("column '%s': is NOT NULL, and the record has nil", n.path)
		}
		n.col.Null()
		return t.next
	case n.typ.IsNested():
		return d.nested(n, t)
	}
	if t.kind >= kindArray && t.kind != kindTime || !d.scalar(n, t) {
		if t.kind == kindText || t.kind == kindInt || t.kind == kindUint || t.kind == kindFloat {
			return d.fail("column '%s' (%s): %s", n.path, n.typ, d.reason)
		}
		return d.unexpected(t, fmt.Sprintf("column '%s' (%s)", n.path, n.typ), "a value of its type")
	}
	return t.next
}

// scalar appends a token's value, or gives false after setting reason.
func (d *decoder) scalar(n *node, t token) bool {
	d.reason = "wrong kind of value"
	switch t.kind {
	case kindText:
		if n.typ.IsBinary() {
			n.col.Bytes(t.b)
			return true
		}
		return d.parse(n, t.b)
	case kindBytes:
		switch {
		case n.typ.IsBinary():
			n.col.Bytes(t.b)
		case n.typ.IsString():
			n.col.Bytes(validText(t.b))
		default:
			return false
		}
		return true
	case kindBool:
		if n.typ.Kind == types.Boolean {
			n.col.Bool(t.i != 0)
			return true
		}
		d.scratch = strconv.AppendBool(d.scratch[:0], t.i != 0)
		return n.typ.IsString() && d.parse(n, d.scratch)
	case kindTime:
		return d.time(n, t)
	}
	return d.number(n, t)
}

func validText(b []byte) []byte {
	if !utf8.Valid(b) {
		return bytes.ToValidUTF8(b, []byte("\uFFFD"))
	}
	return b
}

func (d *decoder) parse(n *node, b []byte) bool {
	if err := n.col.Parse(b, text.SQL); err != nil {
		d.reason = fmt.Sprintf("%s: %q", err, b)
		return false
	}
	return true
}

// number appends a number: as it is where the column is of numbers, else by its
// text.
func (d *decoder) number(n *node, t token) bool {
	switch {
	case n.typ.IsTemporal() || n.typ.IsBinary() || n.typ.Kind == types.Boolean:
		return false
	case n.typ.IsApproximate() && t.kind == kindFloat:
		n.col.Float(t.f)
		return true
	case n.typ.Kind == types.BigInt && t.kind == kindInt:
		n.col.Int(t.i)
		return true
	case t.kind == kindInt:
		d.scratch = strconv.AppendInt(d.scratch[:0], t.i, 10)
	case t.kind == kindUint:
		d.scratch = strconv.AppendUint(d.scratch[:0], uint64(t.i), 10)
	case n.typ.IsInteger() && t.f == math.Trunc(t.f) && math.Abs(t.f) < 1<<53:
		d.scratch = strconv.AppendInt(d.scratch[:0], int64(t.f), 10)
	default:
		d.scratch = strconv.AppendFloat(d.scratch[:0], t.f, 'f', -1, 64)
	}
	return d.parse(n, d.scratch)
}

// time appends a timestamp.
func (d *decoder) time(n *node, t token) bool {
	if !n.typ.IsTimestamp() {
		return false
	}
	unit := text.Unit(n.typ.Precision)
	if t.i > math.MaxInt64/unit-1 || t.i < math.MinInt64/unit+1 {
		d.reason = "does not fit into its type"
		return false
	}
	n.col.Int(t.i*unit + t.nanos/(1e9/unit))
	return true
}

// nested decodes a ROW, an array or a map.
func (d *decoder) nested(n *node, t token) int {
	wanted, fits := "an array", t.kind == kindArray
	switch n.typ.Kind {
	case types.Row:
		wanted, fits = "a map or an array", t.kind == kindMap || t.kind == kindArray
	case types.Map:
		wanted, fits = "a map", t.kind == kindMap
	}
	if !fits {
		return d.unexpected(t, fmt.Sprintf("column '%s' (%s)", n.path, n.typ), wanted)
	}
	i := t.next
	if n.object != nil {
		i = d.fields(n.object, n.col.Rows(), t)
	} else {
		if d.depth++; d.depth > nestingMax {
			return d.fail("nested deeper than %d levels", nestingMax)
		}
		for range t.n {
			if i = d.element(n, i); i < 0 {
				return -1
			}
		}
		d.depth--
	}
	if i >= 0 {
		n.col.End()
	}
	return i
}

func (d *decoder) element(n *node, i int) int {
	if n.key == nil {
		return d.value(n.elem, i)
	}
	if read(d.data, i).kind == kindNil {
		return d.fail("column '%s': a key is nil", n.path)
	}
	if i = d.value(n.key, i); i >= 0 {
		if i = d.value(n.elem, i); i >= 0 {
			n.col.Kids[0].End()
		}
	}
	return i
}

// skip passes over the value at i.
func (d *decoder) skip(i int) int {
	for left := 1; left > 0; left-- {
		t := read(d.data, i)
		switch t.kind {
		case kindShort, kindBad:
			return d.unexpected(t, "the record", "a value")
		case kindArray:
			left += t.n
		case kindMap:
			left += 2 * t.n
		}
		i = t.next
	}
	return i
}
