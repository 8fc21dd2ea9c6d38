package token

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/thalweg/thalweg/internal/errs"
)

// unicodeToken reads U&'…' [UESCAPE 'c']: \XXXX and \+XXXXXX are code points, \\ a
// backslash.
func (l *lexer) unicodeToken(start int) error {
	body, ok := l.delimited('\'')
	if !ok {
		return errs.Userf("a string is not closed by '").At(errs.Span{Start: start, End: start + 3})
	}
	end := l.pos
	escape, err := l.unicodeEscape()
	if err != nil {
		return err
	}
	decoded, ok := decodeUnicode(body, escape)
	if !ok {
		return errs.Userf("a U&'…' string holds a broken escape").At(errs.Span{Start: start, End: end}).
			WithHint("write %sXXXX or %s+XXXXXX with hexadecimal digits, and %s%s for itself", escape, escape, escape, escape)
	}
	l.emit(String, start, decoded)
	return nil
}

// unicodeEscape reads an optional UESCAPE 'c' and returns the escape character.
func (l *lexer) unicodeEscape() (string, error) {
	mark := l.pos
	if err := l.skipBlank(); err != nil {
		return "", err
	}
	const word = "UESCAPE"
	if len(l.text)-l.pos < len(word) || !strings.EqualFold(l.text[l.pos:l.pos+len(word)], word) {
		l.pos = mark
		return `\`, nil
	}
	l.pos += len(word)
	if err := l.skipBlank(); err != nil {
		return "", err
	}
	start := l.pos
	if l.peek(0) == '\'' {
		if body, ok := l.delimited('\''); ok && utf8.RuneCountInString(body) == 1 {
			return body, nil
		}
	}
	return "", errs.Userf("UESCAPE takes a string of one character").At(errs.Span{Start: start, End: max(l.pos, start+1)})
}

func decodeUnicode(body, escape string) (string, bool) {
	var b strings.Builder
	for {
		i := strings.Index(body, escape)
		if i < 0 {
			b.WriteString(body)
			return b.String(), true
		}
		b.WriteString(body[:i])
		body = body[i+len(escape):]
		if strings.HasPrefix(body, escape) {
			b.WriteString(escape)
			body = body[len(escape):]
			continue
		}
		digits := 4
		if strings.HasPrefix(body, "+") {
			digits, body = 6, body[1:]
		}
		if len(body) < digits {
			return "", false
		}
		code, err := strconv.ParseUint(body[:digits], 16, 32)
		if err != nil || !utf8.ValidRune(rune(code)) {
			return "", false
		}
		b.WriteRune(rune(code))
		body = body[digits:]
	}
}
