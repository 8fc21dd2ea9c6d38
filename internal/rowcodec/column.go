package rowcodec

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"

	"github.com/thalweg/thalweg/internal/errs"
)

// form is how a column's values lie in memory.
type form uint8

const (
	formFixed  form = iota // width bytes a value
	formBool               // a bitmap; one byte when encoded
	formVar                // int32 offsets and bytes
	formList               // any of the three nested forms
	formStruct             //
	formMap                //
	formNull               // no values at all
)

// shape is what encoders need to know of a type.
type shape struct {
	form form
	// width is the encoded width of formFixed and formBool.
	width int
	// float is the type's width when it holds floating point numbers, else 0.
	float int
	// children are the shapes of list element, struct fields, or map key and value.
	children []shape
	dt       arrow.DataType
}

// fixed reports whether values are encoded with the same width.
func (s *shape) fixed() bool { return s.form <= formBool || s.form == formNull }

func shapeOf(dt arrow.DataType) (shape, error) {
	switch t := dt.(type) {
	case *arrow.NullType:
		return shape{form: formNull, dt: dt}, nil
	case *arrow.BooleanType:
		return shape{form: formBool, width: 1, dt: dt}, nil
	case *arrow.StringType, *arrow.BinaryType:
		return shape{form: formVar, dt: dt}, nil
	case *arrow.MapType:
		children, err := shapesOf([]arrow.DataType{t.KeyType(), t.ItemType()})
		return shape{form: formMap, children: children, dt: dt}, err
	case *arrow.ListType:
		children, err := shapesOf([]arrow.DataType{t.Elem()})
		return shape{form: formList, children: children, dt: dt}, err
	case *arrow.StructType:
		types := make([]arrow.DataType, t.NumFields())
		for i, f := range t.Fields() {
			types[i] = f.Type
		}
		children, err := shapesOf(types)
		return shape{form: formStruct, children: children, dt: dt}, err
	}
	return fixedShape(dt)
}

func fixedShape(dt arrow.DataType) (shape, error) {
	s := shape{form: formFixed, dt: dt}
	switch dt.ID() {
	case arrow.INT8, arrow.UINT8:
		s.width = 1
	case arrow.INT16, arrow.UINT16:
		s.width = 2
	case arrow.INT32, arrow.UINT32, arrow.DATE32, arrow.TIME32, arrow.INTERVAL_MONTHS:
		s.width = 4
	case arrow.INT64, arrow.UINT64, arrow.DATE64, arrow.TIME64, arrow.TIMESTAMP, arrow.DURATION:
		s.width = 8
	case arrow.FLOAT32:
		s.width, s.float = 4, 4
	case arrow.FLOAT64:
		s.width, s.float = 8, 8
	case arrow.DECIMAL128:
		s.width = 16
	default:
		return shape{}, errs.Unsupportedf("a column of Arrow type %s can't be kept in state", dt)
	}
	return s, nil
}

func shapesOf(types []arrow.DataType) ([]shape, error) {
	shapes := make([]shape, len(types))
	for i, dt := range types {
		s, err := shapeOf(dt)
		if err != nil {
			return nil, err
		}
		shapes[i] = s
	}
	return shapes, nil
}

// view is direct access to the values of one array, slicing resolved.
type view struct {
	shape *shape
	// nulls is the validity bitmap, or nil when there are no NULLs; bit index
	// offset+i belongs to value i.
	nulls  []byte
	offset int
	// raw is the first value of formFixed, the bitmap of formBool, the bytes of
	// formVar.
	raw  unsafe.Pointer
	bits []byte
	// offsets are the offsets of formVar, entry i and i+1 for value i.
	offsets []int32
	// lists gives element ranges of formList and formMap.
	lists array.ListLike
	// children are the views of nested values.
	children []view
}

// set points v at arr, whose type must match s. It reuses v's memory.
func (v *view) set(s *shape, arr arrow.Array) error {
	if s.dt.ID() != arr.DataType().ID() {
		return errs.Bugf("column of Arrow type %s where %s was declared", arr.DataType(), s.dt)
	}
	data := arr.Data()
	v.shape, v.offset, v.nulls, v.raw, v.bits = s, data.Offset(), nil, nil, nil
	if arr.NullN() > 0 {
		v.nulls = arr.NullBitmapBytes()
	}
	switch s.form {
	case formFixed:
		if b := data.Buffers()[1]; b != nil && b.Len() > 0 {
			v.raw = unsafe.Pointer(unsafe.SliceData(b.Bytes()[v.offset*s.width:]))
		}
	case formBool:
		if b := data.Buffers()[1]; b != nil {
			v.bits = b.Bytes()
		}
	case formVar:
		v.setVar(data)
	case formList, formMap, formStruct:
		return v.setNested(s, arr)
	}
	return nil
}

func (v *view) setVar(data arrow.ArrayData) {
	v.offsets = nil
	buffers := data.Buffers()
	if buffers[1] != nil && buffers[1].Len() > 0 {
		all := arrow.Int32Traits.CastFromBytes(buffers[1].Bytes())
		v.offsets = all[v.offset : v.offset+data.Len()+1]
	}
	if buffers[2] != nil {
		v.raw = unsafe.Pointer(unsafe.SliceData(buffers[2].Bytes()))
	}
}

func (v *view) setNested(s *shape, arr arrow.Array) error {
	v.children = grow(v.children, len(s.children))
	var parts []arrow.Array
	switch a := arr.(type) {
	case *array.Map:
		v.lists, parts = a, []arrow.Array{a.Keys(), a.Items()}
	case *array.List:
		v.lists, parts = a, []arrow.Array{a.ListValues()}
	case *array.Struct:
		for i := range s.children {
			parts = append(parts, a.Field(i))
		}
	default:
		return errs.Bugf("array of type %T where %s was declared", arr, s.dt)
	}
	for i := range parts {
		if err := v.children[i].set(&s.children[i], parts[i]); err != nil {
			return err
		}
	}
	return nil
}

// isNull reports whether value i is NULL.
func (v *view) isNull(i int) bool {
	if v.shape.form == formNull {
		return true
	}
	return v.nulls != nil && !bitutil.BitIsSet(v.nulls, v.offset+i)
}

// hasNulls reports whether any value may be NULL.
func (v *view) hasNulls() bool { return v.nulls != nil || v.shape.form == formNull }

// fixedAt is the place of value i of formFixed.
func (v *view) fixedAt(i int) unsafe.Pointer { return unsafe.Add(v.raw, i*v.shape.width) }

// bytesAt is value i of formVar.
func (v *view) bytesAt(i int) []byte {
	start, end := v.offsets[i], v.offsets[i+1]
	if start == end {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Add(v.raw, int(start))), int(end-start))
}

// asWords views the first n*8 bytes of data as words.
func asWords(data []byte, n int) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(data))), n)
}
