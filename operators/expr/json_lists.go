package expr

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/types"
)

// lists makes the kernel of RETURNING ARRAY. What is no array, or has an element of
// another type, is an error.
func (q *jsonQuery) lists() Kernel {
	dt := q.call.Type.Arrow()
	put := jsonElement(*q.call.Type.Elem)
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		b := array.NewBuilder(ctx.Alloc, dt).(*array.ListBuilder)
		defer b.Release()
		cols := byteColumns(args)
		var elements [][]byte
		for i := range n {
			if args[0].Null(i) || args[1].Null(i) {
				b.AppendNull()
				continue
			}
			found, list, err := q.at(cols[0].at(i), cols[1].text(i))
			if err == nil && !list && found[0][0] != '[' {
				found, list, err = q.behave(q.onError, "the value is no array")
			}
			if err == nil {
				if elements = elementsOf(elements[:0], found, list); !all(elements, put, nil) {
					found, list, err = q.behave(q.onError, "an element is no "+q.call.Type.Elem.WithNullable(true).String())
					elements = elementsOf(elements[:0], found, list)
				}
			}
			switch {
			case err == errNull:
				b.AppendNull()
			case err != nil:
				return nil, err
			default:
				b.Append(true)
				all(elements, put, b.ValueBuilder())
			}
		}
		return b.NewArray(), nil
	}
}

// elementsOf appends the values of a list, or of the array that was found.
func elementsOf(dst, found [][]byte, list bool) [][]byte {
	if list {
		return append(dst, found...)
	}
	for _, value := range found {
		eachJSON(value, func(_, element []byte) { dst = append(dst, element) })
	}
	return dst
}

// all puts all elements into a builder, or with nil tells whether they can be put.
func all(elements [][]byte, put jsonPut, b array.Builder) bool {
	for _, e := range elements {
		if e[0] != 'n' && !put(b, e) {
			return false
		}
		if e[0] == 'n' && b != nil {
			b.AppendNull()
		}
	}
	return true
}

// jsonPut appends a raw value that isn't null to a builder, unless that is nil; false
// is a value of another type.
type jsonPut func(b array.Builder, raw []byte) bool

// jsonElement puts elements of a type: of STRING, objects and arrays as JSON.
func jsonElement(t types.Type) jsonPut {
	switch t.Kind {
	case types.Boolean:
		return putting(jsonBool, (*array.BooleanBuilder).Append)
	case types.TinyInt:
		return putting(jsonWhole[int8], (*array.Int8Builder).Append)
	case types.SmallInt:
		return putting(jsonWhole[int16], (*array.Int16Builder).Append)
	case types.Int:
		return putting(jsonWhole[int32], (*array.Int32Builder).Append)
	case types.BigInt:
		return putting(jsonWhole[int64], (*array.Int64Builder).Append)
	case types.Float:
		return putting(jsonFloat, (*array.Float32Builder).Append)
	case types.Double:
		return putting(jsonDouble, (*array.Float64Builder).Append)
	case types.Decimal:
		return putting(jsonDecimalOf(t), (*array.Decimal128Builder).Append)
	}
	return putting(func(raw []byte) (string, bool) {
		if raw[0] == '"' {
			return jsonText(raw), true
		}
		return string(appendSortedJSON(nil, raw)), true
	}, (*array.StringBuilder).Append)
}

func putting[T any, B array.Builder](convert func(raw []byte) (T, bool), add func(b B, value T)) jsonPut {
	return func(b array.Builder, raw []byte) bool {
		value, ok := convert(raw)
		if ok && b != nil {
			add(b.(B), value)
		}
		return ok
	}
}
