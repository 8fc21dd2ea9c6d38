package json

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// Byte patterns for looking at eight bytes at a time.
const (
	ones       = 0x0101010101010101
	highs      = 0x8080808080808080
	lows       = 0x7f7f7f7f7f7f7f7f
	quotes     = ones * '"'
	backslash  = ones * '\\'
	spaces     = ones * ' '
	eightBytes = 8
)

// special has the high bit set in the first byte of w that is a quote, a backslash,
// a control character or not ASCII; 0 means that there is none. Bits after the
// first one may be wrong, since a byte that is not ASCII carries into the next.
func special(w uint64) uint64 {
	plain := ((w ^ quotes) + lows) & ((w ^ backslash) + lows) & (w + (highs - spaces))
	return (^plain | w) & highs
}

// stringEnd finds the end of a string whose first byte after the quote is at i:
// the index of the closing quote, or of the control byte that breaks the string
// (the sentinel, at the latest). plain is false when the string holds escapes or
// bytes that are not ASCII.
func stringEnd(data []byte, i int) (end int, plain bool) {
	plain = true
	for {
		// Two words a turn: long texts spend most of their time here.
		for i+2*eightBytes <= len(data) {
			v := binary.LittleEndian.Uint64(data[i:])
			w := binary.LittleEndian.Uint64(data[i+eightBytes:])
			first, second := special(v), special(w)
			if first|second == 0 {
				i += 2 * eightBytes
				continue
			}
			if first != 0 {
				i += bits.TrailingZeros64(first) >> 3
			} else {
				i += eightBytes + bits.TrailingZeros64(second)>>3
			}
			break
		}
		c := data[i]
		switch {
		case c == '"' || c < ' ':
			return i, plain
		case c == '\\':
			plain = false
			if data[i+1] < ' ' {
				return i + 1, plain
			}
			i += 2
		default:
			if c >= utf8.RuneSelf {
				plain = false
			}
			i++
		}
	}
}

// copyPlain copies the string whose first byte after the quote is at i, up to its
// end, its first escape or its first byte that is not ASCII, and gives that index.
// dst has room for the rest of the record and for two words more than that.
func copyPlain(dst, data []byte, i int) int {
	at := 0
	for i+2*eightBytes <= len(data) {
		v := binary.LittleEndian.Uint64(data[i:])
		w := binary.LittleEndian.Uint64(data[i+eightBytes:])
		to := dst[at : at+2*eightBytes]
		binary.LittleEndian.PutUint64(to, v)
		binary.LittleEndian.PutUint64(to[eightBytes:], w)
		first, second := special(v), special(w)
		if first|second == 0 {
			i += 2 * eightBytes
			at += 2 * eightBytes
			continue
		}
		if first != 0 {
			return i + bits.TrailingZeros64(first)>>3
		}
		return i + eightBytes + bits.TrailingZeros64(second)>>3
	}
	for c := data[i]; c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf; c = data[i] {
		dst[at] = c
		at++
		i++
	}
	return i
}

// unescape appends the text of a string's inside to dst, with escapes resolved and
// invalid UTF-8 replaced by U+FFFD. ok is false for a wrong escape.
func unescape(dst, s []byte) (out []byte, ok bool) {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '\\':
			var n int
			dst, n = unescapeOne(dst, s[i:])
			if n == 0 {
				return dst, false
			}
			i += n
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, n := utf8.DecodeRune(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		}
	}
	return dst, true
}

// unescapeOne resolves the escape at the front of s and gives its length, 0 when
// it is wrong.
func unescapeOne(dst, s []byte) ([]byte, int) {
	if len(s) < 2 {
		return dst, 0
	}
	switch s[1] {
	case '"', '\\', '/':
		return append(dst, s[1]), 2
	case 'b':
		return append(dst, '\b'), 2
	case 'f':
		return append(dst, '\f'), 2
	case 'n':
		return append(dst, '\n'), 2
	case 'r':
		return append(dst, '\r'), 2
	case 't':
		return append(dst, '\t'), 2
	case 'u':
		r, ok := hex4(s)
		if !ok {
			return dst, 0
		}
		if utf16.IsSurrogate(r) {
			if low, ok := hex4(s[6:]); ok {
				if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
					return utf8.AppendRune(dst, both), 12
				}
			}
			r = utf8.RuneError
		}
		return utf8.AppendRune(dst, r), 6
	}
	return dst, 0
}

// hex4 reads \uXXXX at the front of s.
func hex4(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range s[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// numberEnd finds the end of the JSON number at i, or i when there is none. whole
// tells that it has neither point nor exponent.
func numberEnd(data []byte, i int) (end int, whole bool) {
	start := i
	if data[i] == '-' {
		i++
	}
	first := i
	for data[i]-'0' <= 9 {
		i++
	}
	if i == first || data[first] == '0' && i > first+1 {
		return start, false
	}
	whole = true
	if data[i] == '.' {
		whole = false
		i++
		first = i
		for data[i]-'0' <= 9 {
			i++
		}
		if i == first {
			return start, false
		}
	}
	if data[i]|0x20 != 'e' {
		return i, whole
	}
	i++
	if data[i] == '+' || data[i] == '-' {
		i++
	}
	first = i
	for data[i]-'0' <= 9 {
		i++
	}
	if i == first {
		return start, false
	}
	return i, false
}

// literalEnd finds the end of true, false or null at i, or i when there is none.
func literalEnd(data []byte, i int) int {
	rest := data[i:]
	switch {
	case len(rest) >= 4 && (string(rest[:4]) == "null" || string(rest[:4]) == "true"):
		return i + 4
	case len(rest) >= 5 && string(rest[:5]) == "false":
		return i + 5
	}
	return i
}
