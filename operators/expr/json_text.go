package expr

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// appendJSON writes row i of a column as JSON. Binaries are base 64, timestamps as
// ISO 8601 has them, other times in the form of CAST to STRING; maps and rows are
// objects with members in the order of their keys.
func appendJSON(dst []byte, c columns.Cell, i int) []byte {
	v := Vector{Array: c.Array}
	if v.Null(i) {
		return append(dst, "null"...)
	}
	switch c.Type.Kind {
	case types.Boolean:
		return strconv.AppendBool(dst, c.Array.(*array.Boolean).Value(i))
	case types.TinyInt, types.SmallInt, types.Int, types.BigInt, types.Decimal:
		return columns.AppendCell(dst, c, i)
	case types.Float, types.Double:
		at, _ := floats(v)
		if f := at(i); math.IsNaN(f) || math.IsInf(f, 0) {
			return appendQuoted(dst, floatText(f, 64), false)
		}
		return columns.AppendCell(dst, c, i)
	case types.Binary, types.Varbinary:
		text, _ := json.Marshal(bytesOf(v).at(i))
		return append(dst, text...)
	case types.Array, types.Map, types.Multiset, types.Row:
		return appendNestedJSON(dst, c, i)
	case types.Timestamp, types.TimestampLTZ:
		return appendJSONTime(dst, c, i)
	}
	return appendQuoted(dst, string(columns.AppendCell(nil, c, i)), false)
}

func appendNestedJSON(dst []byte, c columns.Cell, i int) []byte {
	switch x := c.Array.(type) {
	case *array.Struct:
		members := make([]jsonMember, x.NumField())
		for f := range members {
			members[f] = jsonMember{key: c.Type.Fields[f].Name, value: appendJSON(nil, columns.Cell{Array: x.Field(f), Type: c.Type.Fields[f].Type, Zone: c.Zone}, i)}
		}
		return appendJSONMembers(dst, members)
	case *array.Map:
		from, to := x.ValueOffsets(i)
		keyType, itemType := c.Type.Key, c.Type.Elem
		if c.Type.Kind == types.Multiset {
			count := types.Of(types.Int)
			keyType, itemType = c.Type.Elem, &count
		}
		var members []jsonMember
		for at := int(from); at < int(to); at++ {
			key := columns.AppendCell(nil, columns.Cell{Array: x.Keys(), Type: *keyType, Zone: c.Zone}, at)
			members = append(members, jsonMember{key: string(key), value: appendJSON(nil, columns.Cell{Array: x.Items(), Type: *itemType, Zone: c.Zone}, at)})
		}
		return appendJSONMembers(dst, members)
	case *array.List:
		from, to := x.ValueOffsets(i)
		dst = append(dst, '[')
		for at := int(from); at < int(to); at++ {
			if at > int(from) {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, columns.Cell{Array: x.ListValues(), Type: *c.Type.Elem, Zone: c.Zone}, at)
		}
		return append(dst, ']')
	}
	return dst
}

// appendJSONTime writes a timestamp with as many digits of a second as it has, and a
// moment, in UTC, with three, six or nine.
func appendJSONTime(dst []byte, c columns.Cell, i int) []byte {
	c.Zone = time.UTC
	text := bytes.Replace(columns.AppendCell(nil, c, i), []byte{' '}, []byte{'T'}, 1)
	whole, fraction, _ := bytes.Cut(text, []byte{'.'})
	fraction = bytes.TrimRight(fraction, "0")
	moment := c.Type.Kind == types.TimestampLTZ
	for moment && len(fraction)%3 != 0 {
		fraction = append(fraction, '0')
	}
	dst = append(append(dst, '"'), whole...)
	if len(fraction) > 0 {
		dst = append(append(dst, '.'), fraction...)
	}
	if moment {
		dst = append(dst, 'Z')
	}
	return append(dst, '"')
}

// appendQuoted writes text as a JSON string; with asciiOnly other characters, and
// slashes, are escaped too.
func appendQuoted(dst []byte, text string, asciiOnly bool) []byte {
	const digits = "0123456789abcdef"
	unit := func(u uint16) {
		dst = append(dst, '\\', 'u', digits[u>>12], digits[u>>8&15], digits[u>>4&15], digits[u&15])
	}
	dst = append(dst, '"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\' || r == '/' && asciiOnly:
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\b':
			dst = append(dst, `\b`...)
		case r == '\f':
			dst = append(dst, `\f`...)
		case r < 0x20 || asciiOnly && r >= 0x7f && r <= 0xffff:
			unit(uint16(r))
		case asciiOnly && r > 0xffff:
			unit(uint16(0xd800 + (r-0x10000)>>10))
			unit(uint16(0xdc00 + (r-0x10000)&0x3ff))
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// cellOf is a vector as a cell of type t.
func cellOf(v Vector, t types.Type, zone *time.Location) columns.Cell {
	return columns.Cell{Array: v.Array, Type: t, Zone: zone}
}
