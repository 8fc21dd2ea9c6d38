package expr

import (
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"net/url"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

func encodingFunctions() []Function {
	s, n := stringParam(), intParam()
	bytesOfText := rule{params: []param{s, s}, result: always(types.BytesType()), mayNull: true}
	return []Function{
		def("string", "TO_BASE64", "TO_BASE64(string)", "The string in base 64.", textRule(textOrBytes()),
			toText(func(args []byteColumn) textFn {
				return func(dst []byte, i int) ([]byte, error) {
					return base64.StdEncoding.AppendEncode(dst, args[0].at(i)), nil
				}
			}), Example{"TO_BASE64('hello world')", "aGVsbG8gd29ybGQ="}),
		def("string", "FROM_BASE64", "FROM_BASE64(string)", "The string that the base 64 text stands for; NULL if it is none.", textRule(textOrBytes()).null(),
			toText(func(args []byteColumn) textFn {
				return func(dst []byte, i int) ([]byte, error) {
					out, err := base64.StdEncoding.AppendDecode(dst, args[0].at(i))
					return orNull(dst, out, err)
				}
			}), Example{"FROM_BASE64('aGVsbG8gd29ybGQ=')", "hello world"}, Example{"FROM_BASE64('?')", "NULL"}),
		def("string", "UNHEX", "UNHEX(string)", "The bytes that the hexadecimal digits stand for; NULL if they are none.",
			rule{params: []param{s}, result: always(types.BytesType()), mayNull: true}, toText(unhex), Example{"CAST(UNHEX('466C696E6B') AS STRING)", "Flink"}),
		{Name: "HEX", Family: "string", Usage: "HEX(BIGINT or string)", Doc: "The number or the bytes of the string as upper-case hexadecimal digits.",
			Examples: []Example{{"HEX(20)", "14"}, {"HEX('hello,world')", "68656C6C6F2C776F726C64"}}, Resolve: resolveHex, Bind: bindHex},
		def("string", "ENCODE", "ENCODE(string, string)", "The string's bytes in a character set: US-ASCII, ISO-8859-1, UTF-8, UTF-16, UTF-16BE or UTF-16LE.",
			bytesOfText, bindCharset(encodeText), Example{"HEX(ENCODE('é', 'ISO-8859-1'))", "E9"}).fallible(),
		def("string", "DECODE", "DECODE(BYTES, string)", "The string that the bytes in a character set stand for.",
			textRule(binaryParam(), s).null(), bindCharset(decodeText), Example{"DECODE(x'e9', 'ISO-8859-1')", "é"}).fallible(),
		def("string", "URL_ENCODE", "URL_ENCODE(string)", "The string in the form of a URL's query.", textRule(s),
			toText(func(args []byteColumn) textFn {
				return func(dst []byte, i int) ([]byte, error) { return append(dst, url.QueryEscape(args[0].text(i))...), nil }
			}), Example{"URL_ENCODE('a b&c')", "a+b%26c"}),
		def("string", "URL_DECODE", "URL_DECODE(string)", "The string that a URL's query text stands for; NULL if it is malformed.", textRule(s).null(),
			toText(func(args []byteColumn) textFn {
				return func(dst []byte, i int) ([]byte, error) {
					text, err := url.QueryUnescape(args[0].text(i))
					return orNull(dst, append(dst, text...), err)
				}
			}), Example{"URL_DECODE('a+b%26c')", "a b&c"}),
		def("string", "PARSE_URL", "PARSE_URL(string, string [, string])",
			"A part of a URL: HOST, PATH, QUERY, REF, PROTOCOL, AUTHORITY, FILE, USERINFO, or with QUERY the value of a key.",
			textRule(s, s, s).opt(1).null(), toText(parseURL), Example{"PARSE_URL('http://facebook.com/path/p1.php?query=1', 'HOST')", "facebook.com"},
			Example{"PARSE_URL('http://facebook.com/path/p1.php?query=1', 'QUERY', 'query')", "1"}).costly(),
		def("arithmetic", "CONV", "CONV(string, INT, INT)", "The number in one base (2 to 36) written in another; negative target bases give signed results.",
			textRule(s, n, n).null(), bindConv, Example{"CONV('100', 2, 10)", "4"}, Example{"CONV(-10, 10, -16)", "-A"}),
	}
}

func orNull(dst, out []byte, err error) ([]byte, error) {
	if err != nil {
		return dst, errNull
	}
	return out, nil
}

func unhex(args []byteColumn) textFn {
	return func(dst []byte, i int) ([]byte, error) {
		digits := args[0].at(i)
		if len(digits)%2 != 0 {
			digits = append([]byte{'0'}, digits...)
		}
		out, err := hex.AppendDecode(dst, digits)
		return orNull(dst, out, err)
	}
}

func resolveHex(args []rex.Expr) (rex.Resolved, error) {
	if len(args) == 1 && args[0].Type.IsInteger() {
		return textRule(bigintParam()).to("HEX")(args)
	}
	return textRule(textOrBytes()).to("HEX")(args)
}

func bindHex(c *Call) (Kernel, error) {
	if c.Args[0].Type.IsInteger() {
		return radixText(16, true)(c)
	}
	return toText(func(args []byteColumn) textFn {
		return func(dst []byte, i int) ([]byte, error) {
			from := len(dst)
			dst = hex.AppendEncode(dst, args[0].at(i))
			upperASCII(dst[from:])
			return dst, nil
		}
	})(c)
}

func bindCharset(convert func(dst, text []byte, charset string) ([]byte, bool)) binder {
	return func(c *Call) (Kernel, error) {
		return toText(func(args []byteColumn) textFn {
			return func(dst []byte, i int) ([]byte, error) {
				charset := strings.ToUpper(args[1].text(i))
				out, ok := convert(dst, args[0].at(i), charset)
				if !ok {
					return dst, errs.Userf("%s: no character set %s", c.Label, charset)
				}
				return out, nil
			}
		})(c)
	}
}

// encodeText writes UTF-8 text in a character set; characters it lacks become a
// question mark.
func encodeText(dst, text []byte, charset string) ([]byte, bool) {
	limit := rune(0)
	switch charset {
	case "UTF-8":
		return append(dst, text...), true
	case "US-ASCII":
		limit = 0x80
	case "ISO-8859-1":
		limit = 0x100
	case "UTF-16", "UTF-16BE", "UTF-16LE":
		return encodeUTF16(dst, text, charset), true
	default:
		return dst, false
	}
	for _, r := range string(text) {
		if r >= limit {
			r = '?'
		}
		dst = append(dst, byte(r))
	}
	return dst, true
}

func encodeUTF16(dst, text []byte, charset string) []byte {
	units := utf16.Encode([]rune(string(text)))
	if charset == "UTF-16" {
		dst = append(dst, 0xfe, 0xff)
	}
	for _, u := range units {
		if charset == "UTF-16LE" {
			dst = append(dst, byte(u), byte(u>>8))
		} else {
			dst = append(dst, byte(u>>8), byte(u))
		}
	}
	return dst
}

func decodeText(dst, text []byte, charset string) ([]byte, bool) {
	switch charset {
	case "UTF-8":
		return append(dst, strings.ToValidUTF8(string(text), "\uFFFD")...), true
	case "US-ASCII", "ISO-8859-1":
		for _, b := range text {
			r := rune(b)
			if charset == "US-ASCII" && b >= 0x80 {
				r = utf8.RuneError
			}
			dst = utf8.AppendRune(dst, r)
		}
		return dst, true
	case "UTF-16", "UTF-16BE", "UTF-16LE":
		little := charset == "UTF-16LE"
		if charset == "UTF-16" && len(text) >= 2 && (text[0] == 0xff && text[1] == 0xfe || text[0] == 0xfe && text[1] == 0xff) {
			little = text[0] == 0xff
			text = text[2:]
		}
		units := make([]uint16, len(text)/2)
		for i := range units {
			high, low := text[2*i], text[2*i+1]
			if little {
				high, low = low, high
			}
			units[i] = uint16(high)<<8 | uint16(low)
		}
		return append(dst, string(utf16.Decode(units))...), true
	}
	return dst, false
}

func parseURL(args []byteColumn) textFn {
	return func(dst []byte, i int) ([]byte, error) {
		text := args[0].text(i)
		u, err := url.Parse(text)
		if err != nil || !knownScheme(u.Scheme) {
			return dst, errNull
		}
		if len(args) > 2 {
			if args[1].text(i) != "QUERY" {
				return dst, errNull
			}
			return queryValue(dst, u.RawQuery, args[2].text(i))
		}
		part, ok := urlPart(u, args[1].text(i))
		if args[1].text(i) == "REF" {
			ok = strings.Contains(text, "#")
		}
		if !ok {
			return dst, errNull
		}
		return append(dst, part...), nil
	}
}

// knownScheme reports the protocols that Java's URL knows.
func knownScheme(scheme string) bool {
	switch scheme {
	case "http", "https", "ftp", "file", "jar", "mailto":
		return true
	}
	return false
}

// urlPart is one part of a URL as written; ok is false when it has none.
func urlPart(u *url.URL, name string) (part string, ok bool) {
	switch name {
	case "HOST":
		return u.Hostname(), true
	case "PATH":
		return u.EscapedPath(), true
	case "QUERY":
		return u.RawQuery, u.RawQuery != "" || u.ForceQuery
	case "REF":
		return u.EscapedFragment(), true
	case "PROTOCOL":
		return u.Scheme, true
	case "AUTHORITY":
		if u.User != nil {
			return u.User.String() + "@" + u.Host, true
		}
		return u.Host, true
	case "USERINFO":
		return u.User.String(), u.User != nil
	case "FILE":
		if u.RawQuery == "" && !u.ForceQuery {
			return u.EscapedPath(), true
		}
		return u.EscapedPath() + "?" + u.RawQuery, true
	}
	return "", false
}

func queryValue(dst []byte, query, key string) ([]byte, error) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if k, v, found := strings.Cut(pair, "="); found && k == key {
			return append(dst, v...), nil
		}
	}
	return dst, errNull
}

func bindConv(c *Call) (Kernel, error) {
	return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		text, from, to := bytesOf(args[0]), fixedOf[int32](args[1]), fixedOf[int32](args[2])
		return func(dst []byte, i int) ([]byte, error) {
			out, ok := convertBase(strings.TrimSpace(text.text(i)), int(from.at(i)), int(to.at(i)))
			if !ok {
				return dst, errNull
			}
			return append(dst, out...), nil
		}
	}), nil
}

// convertBase writes the number at the start of text in another base: as unsigned
// 64 bits, or signed for a negative base.
func convertBase(text string, from, to int) (string, bool) {
	base := max(to, -to)
	if from < 2 || from > 36 || base < 2 || base > 36 || text == "" {
		return "", false
	}
	negative := text[0] == '-'
	digits := strings.TrimPrefix(text, "-")
	end := 0
	for end < len(digits) && digitValue(digits[end]) < from {
		end++
	}
	n, ok := new(big.Int).SetString(digits[:end], from)
	if !ok {
		return "0", true
	}
	limit := new(big.Int).Lsh(big.NewInt(1), 64)
	if n.Cmp(limit) >= 0 {
		n.Sub(limit, big.NewInt(1))
	}
	if negative {
		n.Neg(n)
	}
	if to > 0 && n.Sign() < 0 {
		n.Add(n, limit)
	}
	if half := new(big.Int).Rsh(limit, 1); to < 0 && n.Cmp(half) >= 0 {
		n.Sub(n, limit)
	}
	return strings.ToUpper(n.Text(base)), true
}

func digitValue(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'z':
		return int(b-'a') + 10
	case b >= 'A' && b <= 'Z':
		return int(b-'A') + 10
	}
	return 99
}
