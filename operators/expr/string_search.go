package expr

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/bitutil"

	"github.com/thalweg/thalweg/internal/errs"
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
		def("string", "INSTR", "INSTR(string, string [, INT [, INT]])",
			"Where the second string occurs in the first, from 1; 0 if nowhere. It is looked for from a position on (a negative one counts from the end, and looks backwards), and it is the occurrence of the given number.",
			intRule(s, s, n, n).opt(2), bindInstr, Example{"INSTR('abc', 'c')", "3"}, Example{"INSTR('banana', 'an', -1, 2)", "2"}),
		def("string", "STARTSWITH", "STARTSWITH(string, string)", "TRUE if the first string starts with the second.",
			boolRule(textOrBytes(), textOrBytes()), toBool(affix(true)), Example{"STARTSWITH('abc', 'ab')", "TRUE"}),
		def("string", "ENDSWITH", "ENDSWITH(string, string)", "TRUE if the first string ends with the second.",
			boolRule(textOrBytes(), textOrBytes()), toBool(affix(false)), Example{"ENDSWITH('abc', 'bc')", "TRUE"}),
		def("string", "ASCII", "ASCII(string)", "The code of the first byte; 0 for an empty string.", intRule(s),
			toInt(ascii), Example{"ASCII('abc')", "97"}),
		def("string", "CHR", "CHR(BIGINT)", "The character with the code modulo 256; empty for a negative code.", textRule(bigintParam()),
			bindChr, Example{"CHR(97)", "a"}, Example{"CHR(353)", "a"}),
		def("string", "IS_ALPHA", "IS_ALPHA(string)", "TRUE if all characters are letters; FALSE for an empty string and NULL.", neverNull(s),
			testText(every(unicode.IsLetter)), Example{"IS_ALPHA('abc')", "TRUE"}),
		def("string", "IS_DIGIT", "IS_DIGIT(string)", "TRUE if all characters are digits; FALSE for an empty string and NULL.", neverNull(s),
			testText(every(unicode.IsDigit)), Example{"IS_DIGIT('12a')", "FALSE"}),
		def("string", "IS_DECIMAL", "IS_DECIMAL(string)", "TRUE if the string is a number; FALSE for NULL.", neverNull(s),
			testText(func(text string) bool { _, ok := parseFloat(text, 64); return ok }), Example{"IS_DECIMAL('1.5')", "TRUE"}, Example{"IS_DECIMAL('1.5x')", "FALSE"}),
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

func bindInstr(c *Call) (Kernel, error) {
	if len(c.Args) == 2 {
		return toInt(func(args []byteColumn) func(i int) (int32, error) {
			return func(i int) (int32, error) { return position(args[0].text(i), args[1].text(i)), nil }
		})(c)
	}
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (int32, error) {
		text, needle := bytesOf(args[0]), bytesOf(args[1])
		from, nth := integers(args[2]), func(int) int64 { return 1 }
		if len(args) > 3 {
			nth = integers(args[3])
		}
		return func(i int) (int32, error) {
			if nth(i) <= 0 {
				return 0, errs.Userf("the occurrence that %s looks for must be positive, not %d", c.Label, nth(i))
			}
			return occurrence(text.at(i), needle.at(i), from(i), nth(i)), nil
		}
	}), nil
}

// occurrence is where needle occurs in text for the nth time from a position on, or
// backwards from a negative one.
func occurrence(text, needle []byte, from, nth int64) int32 {
	count, first := int64(utf8.RuneCount(text)), from-1
	if from < 0 {
		// Backwards, a match has to end by the position.
		first = count + from + 1 - int64(utf8.RuneCount(needle))
	}
	if from == 0 || first < 0 || first >= count {
		return 0
	}
	for at := runeOffset(text, int(first)); ; {
		if bytes.HasPrefix(text[at:], needle) {
			if nth--; nth == 0 {
				return int32(utf8.RuneCount(text[:at])) + 1
			}
		}
		if from > 0 {
			_, width := utf8.DecodeRune(text[at:])
			at += width
		} else {
			_, width := utf8.DecodeLastRune(text[:at])
			at -= max(width, 1)
		}
		if at < 0 || at == len(text) {
			return 0
		}
	}
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

// neverNull is the rule of a test that is FALSE for NULL.
func neverNull(params ...param) rule {
	return rule{params: params, result: always(types.Of(types.Boolean).NotNull()), keepNull: true}
}

// testText binds a test of a text.
func testText(test func(text string) bool) binder {
	return func(*Call) (Kernel, error) {
		return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
			buf, bits := newBits(ctx.Alloc, n)
			col, mask := bytesOf(args[0]), args[0].stride()
			for i := range n {
				bitutil.SetBitTo(bits, i, args[0].Array.IsValid(i&mask) && test(col.text(i)))
			}
			return fixed(arrow.FixedWidthTypes.Boolean, n, validity{}, buf), nil
		}, nil
	}
}

// every tests each character of a string that has any.
func every(test func(r rune) bool) func(text string) bool {
	return func(text string) bool {
		return text != "" && strings.IndexFunc(text, func(r rune) bool { return !test(r) }) < 0
	}
}
