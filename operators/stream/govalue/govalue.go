// Package govalue is how values of columns look to Go functions that users write.
package govalue

import (
	"reflect"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// Type are the types that arguments and results of Go functions may have. They stand
// for BOOLEAN, INT, BIGINT, FLOAT, DOUBLE, STRING and BYTES. Strings and bytes handed
// to a function share the batch's memory: it must not keep or change them.
type Type interface {
	bool | int32 | int64 | float32 | float64 | string | []byte
}

// SQL is the SQL type of T.
func SQL[T Type]() types.Type {
	t, _ := SQLOf(reflect.TypeFor[T]())
	return t
}

// SQLOf is the SQL type of a Go type; ok is false for one that is no [Type].
func SQLOf(t reflect.Type) (sql types.Type, ok bool) {
	switch t {
	case reflect.TypeFor[bool]():
		return types.Of(types.Boolean), true
	case reflect.TypeFor[int32]():
		return types.Of(types.Int), true
	case reflect.TypeFor[int64]():
		return types.Of(types.BigInt), true
	case reflect.TypeFor[float32]():
		return types.Of(types.Float), true
	case reflect.TypeFor[float64]():
		return types.Of(types.Double), true
	case reflect.TypeFor[string]():
		return types.StringType(), true
	case reflect.TypeFor[[]byte]():
		return types.BytesType(), true
	}
	return types.Type{}, false
}

// Column reads a column of SQL[T]() as Go values. What stands under NULL is
// arbitrary.
func Column[T Type](arr arrow.Array) func(i int) T {
	var column any
	switch any(*new(T)).(type) {
	case bool:
		column = arr.(*array.Boolean).Value
	case int32:
		column = fixed[int32](arr)
	case int64:
		column = fixed[int64](arr)
	case float32:
		column = fixed[float32](arr)
	case float64:
		column = fixed[float64](arr)
	case string:
		bytes := varlen(arr)
		column = func(i int) string {
			b := bytes(i)
			return unsafe.String(unsafe.SliceData(b), len(b))
		}
	case []byte:
		column = varlen(arr)
	}
	return column.(func(i int) T)
}

func fixed[T any](arr arrow.Array) func(i int) T {
	values := columns.Values[T](arr)
	return func(i int) T { return values[i] }
}

func varlen(arr arrow.Array) func(i int) []byte {
	offsets, data := columns.Offsets(arr), columns.Bytes(arr)
	return func(i int) []byte { return data[offsets[i]:offsets[i+1]] }
}

// Builder builds a column of SQL[T]().
type Builder[T Type] struct {
	builder array.Builder
	put     func(T)
}

// NewBuilder makes a builder, which Finish or Release ends.
func NewBuilder[T Type](alloc memory.Allocator) *Builder[T] {
	b := &Builder[T]{builder: array.NewBuilder(alloc, SQL[T]().Arrow())}
	var put any
	switch to := b.builder.(type) {
	case *array.BooleanBuilder:
		put = to.Append
	case *array.Int32Builder:
		put = to.Append
	case *array.Int64Builder:
		put = to.Append
	case *array.Float32Builder:
		put = to.Append
	case *array.Float64Builder:
		put = to.Append
	case *array.StringBuilder:
		put = to.Append
	case *array.BinaryBuilder:
		put = to.Append
	}
	b.put = put.(func(T))
	return b
}

// Append adds a value, a copy of its bytes.
func (b *Builder[T]) Append(v T) { b.put(v) }

// AppendNull adds NULL.
func (b *Builder[T]) AppendNull() { b.builder.AppendNull() }

// Finish gives the column, owned by the caller, and ends the builder.
func (b *Builder[T]) Finish() arrow.Array {
	defer b.builder.Release()
	return b.builder.NewArray()
}

// Release ends a builder whose column nobody wants.
func (b *Builder[T]) Release() { b.builder.Release() }
