package expr

import (
	"strings"
	"unicode/utf8"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
)

func trimFunctions() []Function {
	s, n := stringParam(), intParam()
	return []Function{
		{Name: "TRIM", Family: "string", Usage: "TRIM([BOTH | LEADING | TRAILING] [string FROM] string)",
			Doc:      "The string without the given characters (spaces) at its ends.",
			Examples: []Example{{"TRIM(BOTH 'x' FROM 'xxaxx')", "a"}, {"TRIM('  a ')", "a"}, {"TRIM(LEADING 'ab' FROM 'abac')", "c"}},
			Resolve:  resolveTrim, Bind: bindTrim},
		def("string", "LTRIM", "LTRIM(string [, string])", "The string without the given characters (spaces) at its start.",
			textRule(s, s).opt(1), toText(trimmer(true, false)), Example{"LTRIM('  a ')", "a "}),
		def("string", "RTRIM", "RTRIM(string [, string])", "The string without the given characters (spaces) at its end.",
			textRule(s, s).opt(1), toText(trimmer(false, true)), Example{"RTRIM('aXX', 'X')", "a"}),
		def("string", "BTRIM", "BTRIM(string [, string])", "The string without the given characters (spaces) at its ends.",
			textRule(s, s).opt(1), toText(trimmer(true, true)), Example{"BTRIM('/a/', '/')", "a"}),
		def("string", "LPAD", "LPAD(string, INT, string)", "The string made as long as given by padding at its start, or cut.",
			textRule(s, n, s).null(), bindPad(true), Example{"LPAD('hi', 4, '??')", "??hi"}, Example{"LPAD('hi', 1, '??')", "h"}).fallible(),
		def("string", "RPAD", "RPAD(string, INT, string)", "The string made as long as given by padding at its end, or cut.",
			textRule(s, n, s).null(), bindPad(false), Example{"RPAD('hi', 5, '?')", "hi???"}).fallible(),
		def("string", "REPEAT", "REPEAT(string, INT)", "The string repeated.", textRule(s, n), bindRepeat,
			Example{"REPEAT('ab', 3)", "ababab"}).fallible(),
		def("string", "REPLACE", "REPLACE(string, string, string)", "The string with every occurrence of the second replaced by the third.",
			textRule(s, s, s), toText(replace), Example{"REPLACE('hello world', 'world', 'flink')", "hello flink"}),
		def("string", "TRANSLATE", "TRANSLATE(string, string, string)",
			"The string with the characters of the second replaced by those at the same place in the third; those without a partner are removed.",
			textRule(s, s, s), toText(translate), Example{"TRANSLATE('www.apache.org', 'wapche', ' APCHE')", "   .APACHE.org"}),
	}
}

// resolveTrim takes TRIM(x) and TRIM(mode, characters, x).
func resolveTrim(args []rex.Expr) (rex.Resolved, error) {
	switch len(args) {
	case 1:
		return textRule(stringParam()).to("TRIM")(args)
	case 3:
		if args[0].IsLiteral() && args[0].Type.IsString() {
			return textRule(repeatParam(stringParam(), 3)...).to("TRIM")(args)
		}
	}
	return rex.Resolved{}, errs.Userf("TRIM takes ([BOTH | LEADING | TRAILING] [STRING FROM] STRING), not %s", typeList(args))
}

func bindTrim(c *Call) (Kernel, error) {
	if len(c.Args) == 1 {
		return toText(trimmer(true, true))(c)
	}
	mode := strings.ToUpper(c.Args[0].Value.Str)
	trim := trimmer(mode != "TRAILING", mode != "LEADING")
	return toText(func(args []byteColumn) textFn { return trim([]byteColumn{args[2], args[1]}) })(c)
}

// trimmer removes characters from the chosen ends.
func trimmer(start, end bool) func(args []byteColumn) textFn {
	return func(args []byteColumn) textFn {
		return func(dst []byte, i int) ([]byte, error) {
			set := " "
			if len(args) > 1 {
				set = args[1].text(i)
			}
			return append(dst, trimSet(args[0].text(i), set, start, end)...), nil
		}
	}
}

func trimSet(text, set string, start, end bool) string {
	if start {
		text = strings.TrimLeft(text, set)
	}
	if end {
		text = strings.TrimRight(text, set)
	}
	return text
}

func bindPad(left bool) binder {
	return func(c *Call) (Kernel, error) {
		return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
			text, count, pad := bytesOf(args[0]), fixedOf[int32](args[1]), bytesOf(args[2])
			return func(dst []byte, i int) ([]byte, error) {
				value, fill, n := text.at(i), pad.at(i), int(count.at(i))
				missing, size := n-utf8.RuneCount(value), utf8.RuneCount(fill)
				switch {
				case n < 0 || missing > 0 && len(fill) == 0:
					return dst, errNull
				case missing <= 0:
					return append(dst, value[:runeOffset(value, n)]...), nil
				case len(value)+missing/size*len(fill) > repeatMaxBytes:
					return dst, tooLong(c)
				}
				if !left {
					dst = append(dst, value...)
				}
				for ; missing > 0; missing -= size {
					dst = append(dst, fill[:runeOffset(fill, missing)]...)
				}
				if left {
					dst = append(dst, value...)
				}
				return dst, nil
			}
		}), nil
	}
}

// repeatMaxBytes bounds the result of REPEAT, LPAD and RPAD.
const repeatMaxBytes = 64 << 20

func tooLong(c *Call) error {
	return errs.Userf("the result of %s is longer than %d bytes", c.Label, repeatMaxBytes)
}

func bindRepeat(c *Call) (Kernel, error) {
	return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		text, count := bytesOf(args[0]), fixedOf[int32](args[1])
		return func(dst []byte, i int) ([]byte, error) {
			value, n := text.at(i), int(count.at(i))
			if len(value)*max(n, 0) > repeatMaxBytes {
				return dst, tooLong(c)
			}
			for ; n > 0; n-- {
				dst = append(dst, value...)
			}
			return dst, nil
		}
	}), nil
}

func replace(args []byteColumn) textFn {
	return func(dst []byte, i int) ([]byte, error) {
		text, from, to := args[0].text(i), args[1].text(i), args[2].at(i)
		if from == "" {
			return append(dst, text...), nil
		}
		for {
			at := strings.Index(text, from)
			if at < 0 {
				return append(dst, text...), nil
			}
			dst = append(dst, text[:at]...)
			dst = append(dst, to...)
			text = text[at+len(from):]
		}
	}
}

func translate(args []byteColumn) textFn {
	return func(dst []byte, i int) ([]byte, error) {
		from, to := []rune(args[1].text(i)), []rune(args[2].text(i))
		for _, r := range args[0].text(i) {
			at := indexRune(from, r)
			switch {
			case at < 0:
				dst = utf8.AppendRune(dst, r)
			case at < len(to):
				dst = utf8.AppendRune(dst, to[at])
			}
		}
		return dst, nil
	}
}

func indexRune(set []rune, r rune) int {
	for i, s := range set {
		if s == r {
			return i
		}
	}
	return -1
}
