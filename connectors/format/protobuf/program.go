package protobuf

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// shape is how a field's value becomes a column's.
type shape uint8

const (
	scalar shape = iota
	row
	list
	mapping
	timestamp // google.protobuf.Timestamp as a point in time
	wrapper   // google.protobuf.Int64Value and its kin as the value
)

// field is a field of a message, or an element of one, that is a column's.
type field struct {
	path   string
	number protowire.Number
	kind   protoreflect.Kind
	wire   protowire.Type // of one value
	typ    types.Type
	col    *column.Column // nil when only checked or written
	shape  shape
	// sub are the fields of a row, and of the value of a wrapper; key and elem those of
	// a map, elem that of a list.
	sub       *program
	key, elem *field
	// names and numbers are those of an enum's values.
	enum    protoreflect.EnumDescriptor
	names   map[int64]string
	numbers map[string]int64
	// strict texts must be UTF-8.
	strict bool
	// fallback is what stands for a value that is not there; NULL if absent is set.
	fallback protoreflect.Value
	absent   bool
	// implicit values are not written when they are zero, packed ones are written in one
	// piece.
	implicit, packed bool
	// oneof is the number of the oneof that it is part of, -1 without one.
	oneof int
}

// nameValues notes the values of an enum. Of aliases the first gives the number's name.
func (f *field) nameValues() {
	values := f.enum.Values()
	f.names, f.numbers = map[int64]string{}, map[string]int64{}
	for i := range values.Len() {
		v := values.Get(i)
		name, number := string(v.Name()), int64(v.Number())
		if _, ok := f.names[number]; !ok {
			f.names[number] = name
		}
		f.numbers[name] = number
	}
}

// program decodes messages of one type.
type program struct {
	fields []*field
	// byNumber finds a field's entry by its number, 0 for none, else one more than its
	// place in entries; rare has the numbers that are too large for it.
	byNumber []int16
	rare     map[protowire.Number]int16
	entries  []entry
	// cols are the columns of the row that is written, scratch.
	cols   []arrow.Array
	oneofs [][]int // the fields in each
	// order are the fields by number.
	order []int
	// slots has where each field was found in the message at hand.
	slots []slot
}

// entry is a number of a field: field is its place in fields, -1 for one that is no
// column but whose presence empties others of its oneof.
type entry struct {
	field int
	oneof int
}

// slot is where a field lies in a message: the value of its last occurrence from value on,
// and, from its first tag to the end of its last value, all of them.
type slot struct {
	count      int
	first, end int
	value      int
}

const (
	numbersMax = 1 << 10
	// depthMax bounds how deep messages of a schema lie in one another.
	depthMax = 64
)

// compiler makes programs.
type compiler struct {
	defaults bool
	depth    int
}

// message makes the program of a message for columns; cols may be nil.
func (c *compiler) message(m protoreflect.MessageDescriptor, path string, columns types.Schema, cols []*column.Column) (*program, error) {
	if c.depth++; c.depth > depthMax {
		return nil, errs.Userf("column '%s': messages lie more than %d deep in one another", path, depthMax)
	}
	defer func() { c.depth-- }()
	p := &program{rare: map[protowire.Number]int16{}, oneofs: make([][]int, m.Oneofs().Len()), slots: make([]slot, len(columns))}
	at := map[protowire.Number]int{}
	for i, column := range columns {
		fd := m.Fields().ByName(protoreflect.Name(column.Name))
		if fd == nil {
			return nil, unknownField(m, path+column.Name)
		}
		var col = nth(cols, i)
		f, err := c.field(fd, path+column.Name, column.Type, col)
		if err != nil {
			return nil, err
		}
		if f.oneof >= 0 {
			p.oneofs[f.oneof] = append(p.oneofs[f.oneof], i)
		}
		p.fields, at[fd.Number()] = append(p.fields, f), i
		p.order = append(p.order, i)
	}
	slices.SortFunc(p.order, func(a, b int) int { return int(p.fields[a].number) - int(p.fields[b].number) })
	for i := range m.Fields().Len() {
		fd := m.Fields().Get(i)
		place, read := at[fd.Number()]
		if !read {
			place = -1
		}
		if oneof := oneofOf(fd); read || oneof >= 0 && len(p.oneofs[oneof]) > 0 {
			p.enter(fd.Number(), entry{place, oneof})
		}
	}
	return p, nil
}

func nth(cols []*column.Column, i int) *column.Column {
	if cols == nil {
		return nil
	}
	return cols[i]
}

// enter makes an entry findable by its number.
func (p *program) enter(number protowire.Number, e entry) {
	p.entries = append(p.entries, e)
	if number >= numbersMax {
		p.rare[number] = int16(len(p.entries))
		return
	}
	for len(p.byNumber) <= int(number) {
		p.byNumber = append(p.byNumber, 0)
	}
	p.byNumber[number] = int16(len(p.entries))
}

// entry finds a number's entry, or nil.
func (p *program) entry(number protowire.Number) *entry {
	at := int16(0)
	if int(number) < len(p.byNumber) {
		at = p.byNumber[number]
	} else if number >= numbersMax {
		at = p.rare[number]
	}
	if at == 0 {
		return nil
	}
	return &p.entries[at-1]
}

func unknownField(m protoreflect.MessageDescriptor, path string) error {
	var names []string
	for i := range m.Fields().Len() {
		names = append(names, string(m.Fields().Get(i).Name()))
	}
	err := errs.Userf("column '%s': the message %s has no such field", path, m.FullName())
	if near := errs.Nearest(path, names); near != "" {
		return err.WithHint("did you mean '%s'?", near)
	}
	return err
}

// oneofOf is the oneof that a field was declared in, -1 for none.
func oneofOf(fd protoreflect.FieldDescriptor) int {
	if o := fd.ContainingOneof(); o != nil && !o.IsSynthetic() {
		return o.Index()
	}
	return -1
}

// field makes the program of a field for a column of type t.
func (c *compiler) field(fd protoreflect.FieldDescriptor, path string, t types.Type, col *column.Column) (*field, error) {
	f := &field{path: path, number: fd.Number(), typ: t, col: col, oneof: oneofOf(fd), packed: fd.IsPacked(),
		implicit: !fd.HasPresence()}
	switch {
	case fd.IsMap():
		if t.Kind != types.Map {
			return nil, mismatch(fd, path, t, "MAP")
		}
		f.shape, f.wire, f.absent = mapping, protowire.BytesType, !c.defaults
		var keyCol, valueCol *column.Column
		if col != nil {
			keyCol, valueCol = col.Kids[0].Kids[0], col.Kids[0].Kids[1]
		}
		var err error
		if f.key, err = c.value(fd.MapKey(), path+" key", *t.Key, keyCol); err != nil {
			return nil, err
		}
		f.elem, err = c.value(fd.MapValue(), path+"{}", *t.Elem, valueCol)
		return f, err
	case fd.IsList():
		if t.Kind != types.Array {
			return nil, mismatch(fd, path, t, "ARRAY")
		}
		f.shape, f.absent = list, !c.defaults
		var elem *column.Column
		if col != nil {
			elem = col.Kids[0]
		}
		var err error
		f.elem, err = c.value(fd, path+"[]", *t.Elem, elem)
		return f, err
	}
	v, err := c.value(fd, path, t, col)
	if err != nil {
		return nil, err
	}
	v.oneof, v.implicit = f.oneof, f.implicit
	v.absent = !c.defaults && fd.HasPresence() || v.shape == timestamp || v.shape == wrapper
	return v, nil
}

// value makes the program of one value.
func (c *compiler) value(fd protoreflect.FieldDescriptor, path string, t types.Type, col *column.Column) (*field, error) {
	f := &field{path: path, number: fd.Number(), kind: fd.Kind(), wire: wireType(fd.Kind()), typ: t, col: col, oneof: -1,
		strict: fd.Syntax() == protoreflect.Proto3, enum: fd.Enum()}
	if f.enum != nil {
		f.nameValues()
	}
	if fd.Kind() == protoreflect.MessageKind || fd.Kind() == protoreflect.GroupKind {
		return f, c.submessage(f, fd)
	}
	if !fd.IsList() {
		f.fallback = fd.Default()
	}
	if want := wanted(fd.Kind(), t); want != "" {
		return nil, mismatch(fd, path, t, want)
	}
	return f, nil
}

// submessage makes the program of a value that is a message.
func (c *compiler) submessage(f *field, fd protoreflect.FieldDescriptor) error {
	m, t := fd.Message(), f.typ
	switch {
	case fd.Kind() == protoreflect.GroupKind:
		return errs.Unsupportedf("column '%s': groups of proto2 are not supported", f.path)
	case t.Kind == types.Row:
		f.shape = row
		var kids []*column.Column
		if f.col != nil {
			kids = f.col.Kids
		}
		var err error
		f.sub, err = c.message(m, f.path+".", t.Fields, kids)
		return err
	case m.FullName() == "google.protobuf.Timestamp" && t.IsTimestamp():
		f.shape = timestamp
		return nil
	case isWrapper(m):
		f.shape = wrapper
		inner, err := c.value(m.Fields().ByNumber(1), f.path, t, f.col)
		f.elem = inner
		return err
	}
	return mismatch(fd, f.path, t, "ROW")
}

// isWrapper reports google.protobuf.Int64Value and its kin.
func isWrapper(m protoreflect.MessageDescriptor) bool {
	if m.ParentFile().Path() != "google/protobuf/wrappers.proto" {
		return false
	}
	return m.Fields().Len() == 1
}

// wireType is how one value of a kind is encoded.
func wireType(k protoreflect.Kind) protowire.Type {
	switch k {
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind, protoreflect.GroupKind:
		return protowire.BytesType
	}
	return protowire.VarintType
}

// wanted is what a column of a kind must be, empty if t is that.
func wanted(k protoreflect.Kind, t types.Type) string {
	ok, want := false, ""
	switch k {
	case protoreflect.BoolKind:
		ok, want = t.Kind == types.Boolean, "BOOLEAN"
	case protoreflect.StringKind:
		ok, want = t.IsString(), "STRING"
	case protoreflect.BytesKind:
		ok, want = t.IsBinary(), "BYTES"
	case protoreflect.EnumKind:
		ok, want = t.IsString() || t.IsInteger(), "STRING or INT"
	case protoreflect.FloatKind:
		ok, want = t.Kind == types.Float, "FLOAT"
	case protoreflect.DoubleKind:
		ok, want = t.Kind == types.Double, "DOUBLE"
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind, protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		ok, want = t.Kind == types.Int || t.Kind == types.BigInt, "INT or BIGINT"
	default:
		ok, want = t.Kind == types.BigInt, "BIGINT"
	}
	if ok {
		return ""
	}
	return want
}

func mismatch(fd protoreflect.FieldDescriptor, path string, t types.Type, want string) error {
	kind := fd.Kind().String()
	if fd.Message() != nil {
		kind = string(fd.Message().FullName())
	}
	switch {
	case fd.IsMap():
		kind = "map"
	case fd.IsList() && want == "ARRAY":
		kind = "repeated " + kind
	}
	return errs.Userf("column '%s' is %s, and the message's field is %s", path, t, kind).WithHint("declare it as %s", want)
}
