package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/thalweg/thalweg/internal/types"
)

func searchFunctions() []Function {
	s, n := stringParam(), intParam()
	return []Function{
		def("string", "CHAR_LENGTH", "CHAR_LENGTH(string)", "The number of characters.", intRule(s), bindLength,
			Example{"CHAR_LENGTH('héllo')", "5"}).alias("CHARACTER_LENGTH", "LENGTH"),
		def("string", "OCTET_LENGTH", "OCTET_LENGTH(string)", "The number of bytes.", intRule(textOrBytes()),
			toInt(func(args []byteColumn) func(i int) (int32, error) {
				return func(i int) (int32, error) { return int32(len(args[0].at(i))), nil }
			}), Example{"OCTET_LENGTH('é')", "2"}),
		def("string", "POSITION", "POSITION(string IN string)", "Where the first string first occurs in the second, from 1; 0 if nowhere.",
			intRule(s, s, n).opt(1), bindLocate, Example{"POSITION('b' IN 'abc')", "2"}),
		def("string", "LOCATE", "LOCATE(string, string [, INT])",
			"Where the first string first occurs in the second, from a position on; 0 if nowhere.",
			intRule(s, s, n).opt(1), bindLocate, Example{"LOCATE('a', 'banana', 3)", "4"}),
		def("string", "INSTR", "INSTR(string, string)", "Where the second string first occurs in the first, from 1; 0 if nowhere.",
			intRule(s, s), toInt(instr), Example{"INSTR('abc', 'c')", "3"}),
		def("string", "STARTSWITH", "STARTSWITH(string, string)", "TRUE if the first string starts with the second.",
			boolRule(textOrBytes(), textOrBytes()), toBool(affix(true)), Example{"STARTSWITH('abc', 'ab')", "TRUE"}),
		def("string", "ENDSWITH", "ENDSWITH(string, string)", "TRUE if the first string ends with the second.",
			boolRule(textOrBytes(), textOrBytes()), toBool(affix(false)), Example{"ENDSWITH('abc', 'bc')", "TRUE"}),
		def("string", "ASCII", "ASCII(string)", "The code of the first byte; 0 for an empty string.", intRule(s),
			toInt(ascii), Example{"ASCII('abc')", "97"}),
		def("string", "CHR", "CHR(BIGINT)", "The character with the code modulo 256; empty for a negative code.", textRule(bigintParam()),
			bindChr, Example{"CHR(97)", "a"}, Example{"CHR(353)", "a"}),
		def("string", "IS_ALPHA", "IS_ALPHA(string)", "TRUE if all characters are letters; FALSE for an empty string.", boolRule(s),
			toBool(every(isLetter)), Example{"IS_ALPHA('abc')", "TRUE"}),
		def("string", "IS_DIGIT", "IS_DIGIT(string)", "TRUE if all characters are digits; FALSE for an empty string.", boolRule(s),
			toBool(every(isDigit)), Example{"IS_DIGIT('12a')", "FALSE"}),
		def("string", "IS_DECIMAL", "IS_DECIMAL(string)", "TRUE if the string is a number.", boolRule(s),
			toBool(func(args []byteColumn) func(i int) (bool, error) {
				return func(i int) (bool, error) { _, ok := parseFloat(args[0].text(i), 64); return ok, nil }
			}), Example{"IS_DECIMAL('1.5')", "TRUE"}, Example{"IS_DECIMAL('1.5x')", "FALSE"}),
	}
}

func textOrBytes() param {
	return param{"STRING", func(t types.Type) (types.Type, bool) {
		if t.IsBinary() {
			return t, true
		}
		return stringParam().cast(t)
	}}
}

func bindLength(c *Call) (Kernel, error) {
	return toInt(func(args []byteColumn) func(i int) (int32, error) {
		return func(i int) (int32, error) { return int32(utf8.RuneCount(args[0].at(i))), nil }
	})(c)
}

// bindLocate finds a string from an optional position on.
func bindLocate(c *Call) (Kernel, error) {
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int32, error) {
		needle, text := bytesOf(args[0]), bytesOf(args[1])
		if len(args) < 3 {
			return func(i int) (int32, error) { return position(text.text(i), needle.text(i)), nil }
		}
		from := fixedOf[int32](args[2])
		return func(i int) (int32, error) {
			start := int(from.at(i))
			value := text.at(i)
			if start < 1 || start > utf8.RuneCount(value)+1 {
				return 0, nil
			}
			skip := runeOffset(value, start-1)
			found := position(text.text(i)[skip:], needle.text(i))
			if found > 0 {
				found += int32(start - 1)
			}
			return found, nil
		}
	}), nil
}

// position is where needle first occurs in text, in characters from 1, or 0.
func position(text, needle string) int32 {
	at := strings.Index(text, needle)
	if at < 0 {
		return 0
	}
	return int32(utf8.RuneCountInString(text[:at])) + 1
}

func instr(args []byteColumn) func(i int) (int32, error) {
	return func(i int) (int32, error) { return position(args[0].text(i), args[1].text(i)), nil }
}

func affix(start bool) func(args []byteColumn) func(i int) (bool, error) {
	return func(args []byteColumn) func(i int) (bool, error) {
		return func(i int) (bool, error) {
			if start {
				return strings.HasPrefix(args[0].text(i), args[1].text(i)), nil
			}
			return strings.HasSuffix(args[0].text(i), args[1].text(i)), nil
		}
	}
}

func ascii(args []byteColumn) func(i int) (int32, error) {
	return func(i int) (int32, error) {
		if value := args[0].at(i); len(value) > 0 {
			return int32(int8(value[0])), nil
		}
		return 0, nil
	}
}

func bindChr(c *Call) (Kernel, error) {
	return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		code := fixedOf[int64](args[0])
		return func(dst []byte, i int) ([]byte, error) {
			v := code.at(i)
			if v < 0 {
				return dst, nil
			}
			return utf8.AppendRune(dst, rune(v&0xff)), nil
		}
	}), nil
}

// every tests each character of a string that has any.
func every(test func(r rune) bool) func(args []byteColumn) func(i int) (bool, error) {
	return func(args []byteColumn) func(i int) (bool, error) {
		return func(i int) (bool, error) {
			text := args[0].text(i)
			for _, r := range text {
				if !test(r) {
					return false, nil
				}
			}
			return text != "", nil
		}
	}
}

func isLetter(r rune) bool { return unicode.IsLetter(r) }

func isDigit(r rune) bool { return unicode.IsDigit(r) }
