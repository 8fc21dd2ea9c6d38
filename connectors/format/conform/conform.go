// Package conform gives columns of a file the types that a table declares: it
// widens numbers, changes units of time, picks and orders ROW fields, and fills in
// fields that the file does not have.
package conform

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/compute"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// Record gives the columns of schema out of a borrowed record, by name, as a batch
// owned by the caller. Columns that the record lacks are NULL.
func Record(rec arrow.Record, schema types.Schema, alloc memory.Allocator) (stream.Batch, error) {
	want := schema.Arrow()
	cols := make([]arrow.Array, 0, len(schema))
	fail := func(err error) (stream.Batch, error) {
		for _, c := range cols {
			c.Release()
		}
		return stream.Batch{}, err
	}
	for i, f := range schema {
		at := rec.Schema().FieldIndices(f.Name)
		if len(at) == 0 {
			if !f.Type.Nullable {
				return fail(errs.Userf("column '%s': is NOT NULL, and the file has no such column", f.Name))
			}
			cols = append(cols, array.MakeArrayOfNull(alloc, want.Field(i).Type, int(rec.NumRows())))
			continue
		}
		col := rec.Column(at[0])
		if !f.Type.Nullable && col.NullN() > 0 {
			return fail(errs.Userf("column '%s': is NOT NULL, and the file has a NULL", f.Name))
		}
		out, err := Array(col, want.Field(i).Type, alloc)
		if err != nil {
			return fail(errs.Userf("column '%s' (%s): %s", f.Name, f.Type, err))
		}
		cols = append(cols, out)
	}
	return stream.NewBatch(want, cols, int(rec.NumRows()), nil), nil
}

// Array gives a borrowed array as one of type want, owned by the caller.
func Array(arr arrow.Array, want arrow.DataType, alloc memory.Allocator) (arrow.Array, error) {
	if arrow.TypeEqual(arr.DataType(), want) {
		arr.Retain()
		return arr, nil
	}
	switch a := arr.(type) {
	case *array.Struct:
		if w, ok := want.(*arrow.StructType); ok {
			return structArray(a, w, alloc)
		}
	case *array.Map:
		if w, ok := want.(*arrow.MapType); ok {
			return mapArray(a, w, alloc)
		}
	case *array.List:
		if w, ok := want.(*arrow.ListType); ok {
			return listArray(a, w, alloc)
		}
	}
	if arr.DataType().ID() == arrow.DICTIONARY {
		return dictionary(arr.(*array.Dictionary), want, alloc)
	}
	if !compute.CanCast(arr.DataType(), want) || nested(want) {
		return nil, errs.Userf("the file has %s", arr.DataType())
	}
	ctx := compute.WithAllocator(context.Background(), alloc)
	out, err := compute.CastArray(ctx, arr, compute.SafeCastOptions(want))
	if err != nil {
		return nil, errs.Userf("the file has %s: %s", arr.DataType(), err)
	}
	return out, nil
}

func nested(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.STRUCT, arrow.MAP, arrow.LIST:
		return true
	}
	return false
}

// dictionary unpacks a dictionary array.
func dictionary(a *array.Dictionary, want arrow.DataType, alloc memory.Allocator) (arrow.Array, error) {
	ctx := compute.WithAllocator(context.Background(), alloc)
	plain, err := compute.TakeArray(ctx, a.Dictionary(), a.Indices())
	if err != nil {
		return nil, errs.Userf("the file has %s: %s", a.DataType(), err)
	}
	defer plain.Release()
	return Array(plain, want, alloc)
}

// structArray conforms the fields of a struct, by name.
func structArray(a *array.Struct, want *arrow.StructType, alloc memory.Allocator) (arrow.Array, error) {
	have := a.DataType().(*arrow.StructType)
	kids := make([]arrow.ArrayData, 0, want.NumFields())
	defer func() {
		for _, k := range kids {
			k.Release()
		}
	}()
	for _, f := range want.Fields() {
		i, ok := have.FieldIdx(f.Name)
		var kid arrow.Array
		var err error
		if ok {
			kid, err = Array(a.Field(i), f.Type, alloc)
		} else {
			kid = array.MakeArrayOfNull(alloc, f.Type, a.Len())
		}
		if err != nil {
			return nil, errs.Userf("field '%s': %s", f.Name, err)
		}
		kids = append(kids, kid.Data())
		kid.Data().Retain()
		kid.Release()
	}
	valid, release := validity(a, alloc)
	defer release()
	data := array.NewData(want, a.Len(), []*memory.Buffer{valid}, kids, a.NullN(), 0)
	defer data.Release()
	return array.NewStructData(data), nil
}

// validity is the bitmap of an array from offset 0, nil without NULLs.
func validity(a arrow.Array, alloc memory.Allocator) (*memory.Buffer, func()) {
	if a.NullN() == 0 {
		return nil, func() {}
	}
	if a.Data().Offset() == 0 {
		return a.Data().Buffers()[0], func() {}
	}
	buf := memory.NewResizableBuffer(alloc)
	buf.Resize((a.Len() + 7) / 8)
	b := buf.Bytes()
	clear(b)
	for i := range a.Len() {
		if a.IsValid(i) {
			b[i>>3] |= 1 << (i & 7)
		}
	}
	return buf, buf.Release
}

// listArray conforms the elements of a list.
func listArray(a *array.List, want *arrow.ListType, alloc memory.Allocator) (arrow.Array, error) {
	values, err := Array(a.ListValues(), want.Elem(), alloc)
	if err != nil {
		return nil, err
	}
	defer values.Release()
	d := a.Data()
	data := array.NewData(want, a.Len(), d.Buffers(), []arrow.ArrayData{values.Data()}, a.NullN(), d.Offset())
	defer data.Release()
	return array.NewListData(data), nil
}

// mapArray conforms the keys and values of a map.
func mapArray(a *array.Map, want *arrow.MapType, alloc memory.Allocator) (arrow.Array, error) {
	keys, err := Array(a.Keys(), want.KeyType(), alloc)
	if err != nil {
		return nil, err
	}
	defer keys.Release()
	items, err := Array(a.Items(), want.ItemType(), alloc)
	if err != nil {
		return nil, err
	}
	defer items.Release()
	d := a.Data()
	entries := array.NewData(want.Elem(), keys.Len(), []*memory.Buffer{nil}, []arrow.ArrayData{keys.Data(), items.Data()}, 0, 0)
	defer entries.Release()
	data := array.NewData(want, a.Len(), d.Buffers(), []arrow.ArrayData{entries}, a.NullN(), d.Offset())
	defer data.Release()
	return array.NewMapData(data), nil
}
