package json

import (
	"fmt"
	"strings"
)

// nestingMax is the deepest nesting of a record that is read.
const nestingMax = 512

// parser is a place in a record. data ends in a sentinel byte below ' ' at index
// end; it stands in no token, so scanning never runs past it. The methods take an
// index and give the next one, or -1 after setting reason.
type parser struct {
	data    []byte
	end     int
	reason  string
	scratch []byte
	depth   int
}

// space skips white space. A line end counts as such inside a message only: in a
// line it is the sentinel.
func (p *parser) space(i int) int {
	for {
		switch c := p.data[i]; {
		case c > ' ':
			return i
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' && i < p.end:
			i++
		default:
			return i
		}
	}
}

// fail notes why the record is bad.
func (p *parser) fail(format string, args ...any) int {
	p.reason = fmt.Sprintf(format, args...)
	return -1
}

// excerptMax is the longest piece of a record in a message, in bytes.
const excerptMax = 60

// excerpt quotes the record's text from i to at most end.
func (p *parser) excerpt(i, end int) string {
	end = min(end, p.end)
	if i >= end {
		return "the end of the record"
	}
	cut := ""
	if end-i > excerptMax {
		end, cut = i+excerptMax, "…"
	}
	return strings.ToValidUTF8(string(p.data[i:end]), "\uFFFD") + cut
}

// unexpected fails at i, where what was wanted.
func (p *parser) unexpected(i int, wanted string) int {
	return p.fail("not JSON: byte %d: %s wanted, found %s", i+1, wanted, p.excerpt(i, p.end))
}

// str scans the string whose opening quote is at i. raw is its inside; plain tells
// that raw is the text itself.
func (p *parser) str(i int) (raw []byte, plain bool, next int) {
	end, plain := stringEnd(p.data, i+1)
	if p.data[end] != '"' {
		if end >= p.end {
			return nil, false, p.fail("not JSON: byte %d: the string has no end", i+1)
		}
		return nil, false, p.fail("not JSON: byte %d: control character in a string", end+1)
	}
	return p.data[i+1 : end], plain, end + 1
}

// text gives the text of a string's inside; it is valid until the next call.
func (p *parser) text(raw []byte, plain bool, at int) ([]byte, bool) {
	if plain {
		return raw, true
	}
	out, ok := unescape(p.scratch[:0], raw)
	p.scratch = out
	if !ok {
		p.fail("not JSON: byte %d: wrong escape in a string", at+1)
	}
	return out, ok
}

// skip passes over the value at i, checking its form.
func (p *parser) skip(i int) int {
	switch c := p.data[i]; {
	case c == '"':
		raw, plain, next := p.str(i)
		if next > 0 && !plain {
			if _, ok := p.text(raw, plain, i); !ok {
				return -1
			}
		}
		return next
	case c == '{':
		return p.skipObject(i)
	case c == '[':
		return p.skipArray(i)
	case c == '-' || c-'0' <= 9:
		if end, _ := numberEnd(p.data, i); end > i {
			return end
		}
		return p.unexpected(i, "a number")
	}
	if end := literalEnd(p.data, i); end > i {
		return end
	}
	return p.unexpected(i, "a value")
}

// enter counts one more level of nesting.
func (p *parser) enter(i int) bool {
	if p.depth++; p.depth > nestingMax {
		p.fail("byte %d: nested deeper than %d levels", i+1, nestingMax)
		return false
	}
	return true
}

func (p *parser) skipObject(i int) int {
	if !p.enter(i) {
		return -1
	}
	i = p.space(i + 1)
	for first := true; ; first = false {
		if first && p.data[i] == '}' {
			break
		}
		if p.data[i] != '"' {
			return p.unexpected(i, "a key")
		}
		raw, plain, next := p.str(i)
		if next < 0 {
			return -1
		}
		if _, ok := p.text(raw, plain, i); !ok {
			return -1
		}
		if i = p.colon(next); i < 0 {
			return -1
		}
		if i = p.skip(i); i < 0 {
			return -1
		}
		i = p.space(i)
		if p.data[i] == '}' {
			break
		}
		if p.data[i] != ',' {
			return p.unexpected(i, "',' or '}'")
		}
		i = p.space(i + 1)
	}
	p.depth--
	return i + 1
}

// colon passes over the colon after a key.
func (p *parser) colon(i int) int {
	if i = p.space(i); p.data[i] != ':' {
		return p.unexpected(i, "':'")
	}
	return p.space(i + 1)
}

func (p *parser) skipArray(i int) int {
	if !p.enter(i) {
		return -1
	}
	i = p.space(i + 1)
	for first := true; ; first = false {
		if first && p.data[i] == ']' {
			break
		}
		if i = p.skip(i); i < 0 {
			return -1
		}
		i = p.space(i)
		if p.data[i] == ']' {
			break
		}
		if p.data[i] != ',' {
			return p.unexpected(i, "',' or ']'")
		}
		i = p.space(i + 1)
	}
	p.depth--
	return i + 1
}
