package expr

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/operators/stream/columns"
)

func letterFunctions() []Function {
	s := stringParam()
	return []Function{
		def("string", "UPPER", "UPPER(string)", "The string in upper case.", textRule(s), bindCase(unicode.ToUpper, 'a', 'z'),
			Example{"UPPER('aß1é')", "Aß1É"}),
		def("string", "LOWER", "LOWER(string)", "The string in lower case.", textRule(s), bindCase(unicode.ToLower, 'A', 'Z'),
			Example{"LOWER('ABC d')", "abc d"}),
		def("string", "INITCAP", "INITCAP(string)", "The string with each word's first letter in upper case and the rest in lower case.",
			textRule(s), toText(initcap), Example{"INITCAP('hello wORLD')", "Hello World"}),
		def("string", "REVERSE", "REVERSE(string)", "The string's characters in reverse order.", textRule(s), toText(reverse),
			Example{"REVERSE('abç')", "çba"}),
	}
}

// bindCase maps letters one to one; ASCII columns are done in one pass over their
// bytes.
func bindCase(mapRune func(rune) rune, from, to byte) binder {
	return func(c *Call) (Kernel, error) {
		dt := c.Type.Arrow()
		general := textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
			col := bytesOf(args[0])
			return func(dst []byte, i int) ([]byte, error) {
				for _, r := range col.text(i) {
					dst = utf8.AppendRune(dst, mapRune(r))
				}
				return dst, nil
			}
		})
		return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
			valid, all := combine(ctx.Alloc, n, args[0])
			if all {
				return nulls(ctx.Alloc, dt, n), nil
			}
			src := columns.Offsets(args[0].Array)
			if n == 0 || !isASCII(columns.Bytes(args[0].Array)[src[0]:src[n]]) {
				valid.release()
				return general(ctx, args, n)
			}
			offsetBuf, offsets := newValues[int32](ctx.Alloc, n+1)
			for i, at := range src {
				offsets[i] = at - src[0]
			}
			data := columns.NewBuffer(ctx.Alloc, int(src[n]-src[0]))
			dst := data.Bytes()
			flipCase(dst, columns.Bytes(args[0].Array)[src[0]:src[n]], from, to)
			return textColumn(dt, n, valid, offsetBuf, data), nil
		}, nil
	}
}

// flipCase copies ASCII text and flips the case of the letters from first to last,
// eight bytes at a time: adding a constant to each byte sets its top bit exactly
// when it is at least first, or more than last.
func flipCase(dst, text []byte, first, last byte) {
	const ones = 0x0101010101010101
	fromFirst, afterLast := ones*uint64(0x80-first), ones*uint64(0x7f-last)
	for len(text) >= 8 && len(dst) >= 8 {
		word := binary.LittleEndian.Uint64(text)
		letters := ((word + fromFirst) ^ (word + afterLast)) & (ones * 0x80)
		binary.LittleEndian.PutUint64(dst, word^letters>>2)
		text, dst = text[8:], dst[8:]
	}
	for i, b := range text {
		if b >= first && b <= last {
			b ^= 0x20
		}
		dst[i] = b
	}
}

func isASCII(text []byte) bool {
	for len(text) >= 8 {
		if binary.LittleEndian.Uint64(text)&0x8080808080808080 != 0 {
			return false
		}
		text = text[8:]
	}
	for _, b := range text {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func initcap(args []byteColumn) textFn {
	return func(dst []byte, i int) ([]byte, error) {
		inWord := false
		for _, r := range args[0].text(i) {
			isWord := unicode.IsLetter(r) || unicode.IsDigit(r)
			if isWord && !inWord {
				r = unicode.ToUpper(r)
			} else {
				r = unicode.ToLower(r)
			}
			inWord = isWord
			dst = utf8.AppendRune(dst, r)
		}
		return dst, nil
	}
}

func reverse(args []byteColumn) textFn {
	return func(dst []byte, i int) ([]byte, error) {
		rest := args[0].at(i)
		for len(rest) > 0 {
			_, size := utf8.DecodeLastRune(rest)
			dst = append(dst, rest[len(rest)-size:]...)
			rest = rest[:len(rest)-size]
		}
		return dst, nil
	}
}
