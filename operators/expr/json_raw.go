package expr

import (
	"bytes"
	"encoding/json"
)

// JSON texts are worked on as they are: a value is the part of a valid text that
// says it.

// eachJSON visits the elements of an array or the members of an object (with the
// raw key). The text is valid.
func eachJSON(value []byte, visit func(key, element []byte)) {
	isObject := value[0] == '{'
	rest := trimJSON(value[1 : len(value)-1])
	for len(rest) > 0 {
		var key []byte
		if isObject {
			end := endOfJSON(rest)
			key = rest[:end]
			rest = trimJSON(trimJSON(rest[end:])[1:])
		}
		end := endOfJSON(rest)
		visit(key, rest[:end])
		rest = trimJSON(rest[end:])
		if len(rest) > 0 {
			rest = trimJSON(rest[1:])
		}
	}
}

// endOfJSON is the length of the value at the start of text.
func endOfJSON(text []byte) int {
	switch text[0] {
	case '"':
		return endOfJSONString(text, 0)
	case '{', '[':
		return endOfNested(text)
	}
	for i, c := range text {
		if jsonMarks[c]&(marksClose|marksEnd) != 0 {
			return i
		}
	}
	return len(text)
}

// What a byte outside of strings may mean for where a value ends.
const (
	marksQuote = 1 << iota
	marksOpen
	marksClose
	marksEnd
)

var jsonMarks = [256]uint8{
	'"': marksQuote, '{': marksOpen, '[': marksOpen, '}': marksClose, ']': marksClose,
	',': marksEnd, ':': marksEnd, ' ': marksEnd, '\t': marksEnd, '\n': marksEnd, '\r': marksEnd,
}

func endOfNested(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch jsonMarks[text[i]] {
		case marksQuote:
			i = endOfJSONString(text, i) - 1
		case marksOpen:
			depth++
		case marksClose:
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// endOfJSONString is where the string that begins at from ends.
func endOfJSONString(text []byte, from int) int {
	for i := from + 1; ; i++ {
		i += bytes.IndexByte(text[i:], '"')
		escapes := 0
		for text[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i + 1
		}
	}
}

func trimJSON(text []byte) []byte {
	for len(text) > 0 && isJSONSpace(text[0]) {
		text = text[1:]
	}
	for len(text) > 0 && isJSONSpace(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	return text
}

func isJSONSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// jsonText is the value of a raw JSON string.
func jsonText(raw []byte) string {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return ""
	}
	return s
}
