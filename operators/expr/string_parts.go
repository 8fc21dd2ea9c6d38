package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/thalweg/thalweg/internal/types"
)

func partFunctions() []Function {
	s, n := stringParam(), intParam()
	return []Function{
		def("string", "SUBSTRING", "SUBSTRING(string, INT [, INT])",
			"The part of the string from a position (from 1; negative counts from the end), of at most a length.",
			textRule(s, n, n).opt(1), bindSubstring, Example{"SUBSTRING('Flink SQL', 7)", "SQL"},
			Example{"SUBSTRING('Flink SQL' FROM 1 FOR 5)", "Flink"}, Example{"SUBSTRING('abc', -2, 1)", "b"}).alias("SUBSTR"),
		def("string", "LEFT", "LEFT(string, INT)", "The first characters.", textRule(s, n), bindEdge(true),
			Example{"LEFT('abc', 2)", "ab"}),
		def("string", "RIGHT", "RIGHT(string, INT)", "The last characters.", textRule(s, n), bindEdge(false),
			Example{"RIGHT('abc', 2)", "bc"}),
		def("string", "SPLIT_INDEX", "SPLIT_INDEX(string, string, INT)",
			"The part with the given number (from 0) of the string cut at a separator; NULL when there is none.",
			textRule(s, separatorParam(), n).null(), bindSplitIndex, Example{"SPLIT_INDEX('a/b//c', '/', 1)", "b"},
			Example{"SPLIT_INDEX('a/b//c', '/', 2)", ""}, Example{"SPLIT_INDEX('a', '/', 1)", "NULL"}),
		def("string", "OVERLAY", "OVERLAY(string, string, INT [, INT])",
			"The string with the characters from a position (from 1) replaced by another string, as many as it has or as given.",
			textRule(s, s, n, n).opt(1), bindOverlay, Example{"OVERLAY('This is an old string' PLACING ' new' FROM 10 FOR 5)", "This is a new string"}),
		def("string", "ELT", "ELT(INT, string, …)", "The string with the given number (from 1), or NULL.",
			textRule(n, s).null().repeat(), bindElt, Example{"ELT(2, 'a', 'b')", "b"}, Example{"ELT(3, 'a', 'b')", "NULL"}),
	}
}

// separatorParam takes a string, or the code of a character.
func separatorParam() param {
	return param{"STRING", func(t types.Type) (types.Type, bool) {
		if t.IsInteger() {
			return types.Of(types.Int), true
		}
		return types.StringType(), t.IsString() || t.Kind == types.Null
	}}
}

// runeOffset is the byte position of character n of text, or the length when it
// has fewer.
func runeOffset(text []byte, n int) int {
	if n <= 0 {
		return 0
	}
	at := 0
	for ; n > 0 && at < len(text); n-- {
		if text[at] < utf8.RuneSelf {
			at++
			continue
		}
		_, size := utf8.DecodeRune(text[at:])
		at += size
	}
	return at
}

func bindSubstring(c *Call) (Kernel, error) {
	return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		text, from := bytesOf(args[0]), fixedOf[int32](args[1])
		length := func(int) int { return types.MaxLength }
		if len(args) > 2 {
			col := fixedOf[int32](args[2])
			length = func(i int) int { return int(col.at(i)) }
		}
		return func(dst []byte, i int) ([]byte, error) {
			n := length(i)
			if n < 0 {
				return dst, errNull
			}
			part, ok := afterPosition(text.at(i), int(from.at(i)))
			if !ok {
				return dst, nil
			}
			return append(dst, part[:runeOffset(part, n)]...), nil
		}
	}), nil
}

// afterPosition is the rest of text from a position: from 1, or negative from the
// end; 0 is the start.
func afterPosition(text []byte, position int) (rest []byte, ok bool) {
	if position < 0 {
		start := utf8.RuneCount(text) + position
		if start < 0 {
			return nil, false
		}
		position = start + 1
	}
	return text[runeOffset(text, position-1):], true
}

func bindEdge(left bool) binder {
	return func(c *Call) (Kernel, error) {
		return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
			text, count := bytesOf(args[0]), fixedOf[int32](args[1])
			return func(dst []byte, i int) ([]byte, error) {
				value, n := text.at(i), max(int(count.at(i)), 0)
				if left {
					return append(dst, value[:runeOffset(value, n)]...), nil
				}
				return append(dst, value[runeOffset(value, utf8.RuneCount(value)-n):]...), nil
			}
		}), nil
	}
}

func bindSplitIndex(c *Call) (Kernel, error) {
	byCode := c.Args[1].Type.Kind == types.Int
	return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		text, index := bytesOf(args[0]), fixedOf[int32](args[2])
		separator := func(i int) (string, bool) { return bytesOf(args[1]).text(i), true }
		if byCode {
			code := fixedOf[int32](args[1])
			separator = func(i int) (string, bool) {
				r := code.at(i)
				return string(rune(r)), r > 0 && r < 256
			}
		} else if args[1].Const {
			fixed := bytesOf(args[1]).text(0)
			separator = func(int) (string, bool) { return fixed, true }
		}
		return func(dst []byte, i int) ([]byte, error) {
			by, known := separator(i)
			if !known {
				return dst, errNull
			}
			part, ok := splitPart(text.text(i), by, int(index.at(i)))
			if !ok {
				return dst, errNull
			}
			return append(dst, part...), nil
		}
	}), nil
}

// splitPart is part number index of text. An empty separator cuts at white space;
// an empty text has no part.
func splitPart(text, separator string, index int) (string, bool) {
	if index < 0 || text == "" {
		return "", false
	}
	for ; ; index-- {
		at, size := 0, max(len(separator), 1)
		switch len(separator) {
		case 0:
			at = strings.IndexFunc(text, unicode.IsSpace)
		case 1:
			at = strings.IndexByte(text, separator[0])
		default:
			at = strings.Index(text, separator)
		}
		if at < 0 {
			return text, index == 0
		}
		if index == 0 {
			return text[:at], true
		}
		text = text[at+size:]
	}
}

func bindOverlay(c *Call) (Kernel, error) {
	return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		text, insert, from := bytesOf(args[0]), bytesOf(args[1]), fixedOf[int32](args[2])
		return func(dst []byte, i int) ([]byte, error) {
			value, by := text.at(i), insert.at(i)
			length := utf8.RuneCount(by)
			if len(args) > 3 {
				length = int(fixedOf[int32](args[3]).at(i))
			}
			start := int(from.at(i))
			if start <= 0 || start > utf8.RuneCount(value) {
				return append(dst, value...), nil
			}
			dst = append(dst, value[:runeOffset(value, start-1)]...)
			dst = append(dst, by...)
			if length < 0 {
				return dst, nil
			}
			return append(dst, value[runeOffset(value, start-1+length):]...), nil
		}
	}), nil
}
