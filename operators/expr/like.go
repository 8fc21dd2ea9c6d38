package expr

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/thalweg/thalweg/internal/errs"
)

func likeFunctions() []Function {
	s := stringParam()
	return []Function{
		def("string", "LIKE", "string LIKE string [ESCAPE string]",
			"TRUE if the string matches the pattern, in which % stands for any characters and _ for one.",
			boolRule(s, s, s).opt(1), bindLike, Example{"'abc' LIKE 'a%'", "TRUE"}, Example{"'a%c' LIKE 'a!%c' ESCAPE '!'", "TRUE"},
			Example{"'abc' NOT LIKE '_b_'", "FALSE"}).fallible(),
		def("string", "SIMILAR TO", "string SIMILAR TO string [ESCAPE string]",
			"TRUE if the whole string matches the SQL regular expression.",
			boolRule(s, s, s).opt(1), bindSimilar, Example{"'abcc' SIMILAR TO 'ab(c|d)+'", "TRUE"}).fallible(),
	}
}

// likePattern is a compiled LIKE pattern: literal pieces between % signs, in
// which wild marks the _ characters.
type likePattern struct {
	pieces []likePiece
	// open tells whether the pattern starts and ends with %.
	openStart, openEnd bool
}

// likePiece is text without %. A piece with _ holds wildcard for it.
type likePiece struct {
	text []byte
	wild bool
}

// wildcard stands for _ in a piece; it occurs in no UTF-8 text.
const wildcard = 0xff

// compileLike parses a pattern. escape is 0 for none.
func compileLike(pattern, escape string) (*likePattern, error) {
	if utf8.RuneCountInString(escape) > 1 {
		return nil, errs.Userf("the ESCAPE of LIKE must be one character, not '%s'", escape)
	}
	p := &likePattern{}
	piece := likePiece{}
	escaped, started := false, false
	for _, r := range pattern {
		switch {
		case escaped:
			if r != '%' && r != '_' && string(r) != escape {
				return nil, errs.Userf("the escape character in LIKE '%s' may stand only before %%, _ and itself", pattern)
			}
			escaped = false
			piece.text = utf8.AppendRune(piece.text, r)
		case escape != "" && string(r) == escape:
			escaped = true
		case r == '%':
			if !started && len(piece.text) == 0 {
				p.openStart = true
			} else if len(piece.text) > 0 {
				p.pieces = append(p.pieces, piece)
			}
			piece, p.openEnd, started = likePiece{}, true, true
			continue
		case r == '_':
			piece.text, piece.wild = append(piece.text, wildcard), true
		default:
			piece.text = utf8.AppendRune(piece.text, r)
		}
		started, p.openEnd = true, false
	}
	if escaped {
		return nil, errs.Userf("LIKE '%s' ends in its escape character", pattern)
	}
	if len(piece.text) > 0 || !started {
		p.pieces = append(p.pieces, piece)
	}
	return p, nil
}

// prefix matches the piece at the start of text and returns the length matched,
// or -1.
func (p likePiece) prefix(text []byte) int {
	if !p.wild {
		if bytes.HasPrefix(text, p.text) {
			return len(p.text)
		}
		return -1
	}
	at := 0
	for _, b := range p.text {
		switch {
		case at >= len(text):
			return -1
		case b == wildcard:
			_, size := utf8.DecodeRune(text[at:])
			at += size
		case b != text[at]:
			return -1
		default:
			at++
		}
	}
	return at
}

// find returns where the piece first ends in text, or -1.
func (p likePiece) find(text []byte) int {
	if !p.wild {
		at := bytes.Index(text, p.text)
		if at < 0 {
			return -1
		}
		return at + len(p.text)
	}
	for start := 0; start <= len(text); {
		if n := p.prefix(text[start:]); n >= 0 {
			return start + n
		}
		_, size := utf8.DecodeRune(text[start:])
		start += max(size, 1)
	}
	return -1
}

// suffix reports whether text ends in the piece.
func (p likePiece) suffix(text []byte) bool {
	if !p.wild {
		return bytes.HasSuffix(text, p.text)
	}
	runes := 0
	for _, b := range p.text {
		if b == wildcard || utf8.RuneStart(b) {
			runes++
		}
	}
	at := len(text)
	for ; runes > 0; runes-- {
		if at == 0 {
			return false
		}
		_, size := utf8.DecodeLastRune(text[:at])
		at -= size
	}
	return p.prefix(text[at:]) == len(text)-at
}

// match reports whether the whole text matches.
func (p *likePattern) match(text []byte) bool {
	pieces := p.pieces
	if !p.openStart {
		n := pieces[0].prefix(text)
		if n < 0 {
			return false
		}
		text, pieces = text[n:], pieces[1:]
		if len(pieces) == 0 {
			return p.openEnd || len(text) == 0
		}
	}
	if len(pieces) == 0 {
		return true
	}
	last := len(pieces) - 1
	for i, piece := range pieces {
		if i == last && !p.openEnd {
			return piece.suffix(text)
		}
		n := piece.find(text)
		if n < 0 {
			return false
		}
		text = text[n:]
	}
	return true
}

func bindLike(c *Call) (Kernel, error) {
	match, err := patternMatcher(c, compileLike, (*likePattern).match)
	if err != nil {
		return nil, err
	}
	return boolRows(match), nil
}

// patternMatcher makes the row function of LIKE and SIMILAR TO: a literal pattern
// is compiled once, another one each time it changes.
func patternMatcher[P any](c *Call, compile func(pattern, escape string) (P, error), match func(p P, text []byte) bool) (
	func(ctx *EvalContext, args []Vector) func(i int) (bool, error), error) {
	if c.Args[1].IsLiteral() && (len(c.Args) < 3 || c.Args[2].IsLiteral()) {
		escape := ""
		if len(c.Args) > 2 {
			escape = c.Args[2].Value.Str
		}
		pattern, err := compile(c.Args[1].Value.Str, escape)
		c.Safe = true
		return func(_ *EvalContext, args []Vector) func(i int) (bool, error) {
			col := bytesOf(args[0])
			return func(i int) (bool, error) { return match(pattern, col.at(i)), nil }
		}, err
	}
	return func(_ *EvalContext, args []Vector) func(i int) (bool, error) {
		cols := byteColumns(args)
		var compiled P
		var last, lastEscape string
		first := true
		return func(i int) (bool, error) {
			pattern, escape := cols[1].text(i), ""
			if len(cols) > 2 {
				escape = cols[2].text(i)
			}
			if first || pattern != last || escape != lastEscape {
				var err error
				if compiled, err = compile(strings.Clone(pattern), escape); err != nil {
					return false, err
				}
				first, last, lastEscape = false, pattern, escape
			}
			return match(compiled, cols[0].at(i)), nil
		}
	}, nil
}
