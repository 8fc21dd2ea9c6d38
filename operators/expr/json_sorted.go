package expr

import (
	"slices"
	"strings"
)

// jsonMember is one member of an object: its key, and its value as JSON.
type jsonMember struct {
	key   string
	value []byte
}

// appendJSONMembers writes an object with its members in the order of their keys;
// of equal keys the last counts. It sorts members in place.
func appendJSONMembers(dst []byte, members []jsonMember) []byte {
	slices.SortStableFunc(members, func(a, b jsonMember) int { return strings.Compare(a.key, b.key) })
	dst = append(dst, '{')
	first := true
	for i, m := range members {
		if i+1 < len(members) && members[i+1].key == m.key {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendQuoted(dst, m.key, false), ':')
		dst = append(dst, m.value...)
	}
	return append(dst, '}')
}

// appendSortedJSON writes a valid JSON value without spaces, objects with their
// members in the order of their keys.
func appendSortedJSON(dst, value []byte) []byte {
	switch value[0] {
	case '{':
		var members []jsonMember
		eachJSON(value, func(key, element []byte) {
			members = append(members, jsonMember{key: jsonText(key), value: appendSortedJSON(nil, element)})
		})
		return appendJSONMembers(dst, members)
	case '[':
		begin := len(dst)
		eachJSON(value, func(_, element []byte) { dst = appendSortedJSON(append(dst, ','), element) })
		if len(dst) == begin {
			dst = append(dst, '[')
		}
		dst[begin] = '['
		return append(dst, ']')
	case '"':
		return appendQuoted(dst, jsonText(value), false)
	}
	return append(dst, value...)
}

// appendJSONList writes an array of values.
func appendJSONList(dst []byte, elements [][]byte) []byte {
	dst = append(dst, '[')
	for i, element := range elements {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendSortedJSON(dst, element)
	}
	return append(dst, ']')
}
