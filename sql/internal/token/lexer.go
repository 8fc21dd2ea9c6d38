package token

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/thalweg/thalweg/internal/errs"
)

// lexer walks the text once.
type lexer struct {
	text string
	pos  int
	// hint is true between "/*+" and "*/".
	hint bool
	toks []Token
}

// Lex cuts text into tokens, comments left out, ended by an EOF token. Its errors
// are of class User with a span.
func Lex(text string) ([]Token, error) {
	l := &lexer{text: text, toks: make([]Token, 0, len(text)/5+8)}
	for {
		if err := l.skipBlank(); err != nil {
			return nil, err
		}
		if l.pos >= len(text) {
			break
		}
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	if l.hint {
		return nil, errs.Userf("a hint is not closed by */").At(l.last().Span())
	}
	l.toks = append(l.toks, Token{Kind: EOF, Start: len(text), End: len(text)})
	return l.toks, nil
}

func (l *lexer) last() Token { return l.toks[len(l.toks)-1] }

// peek is the byte n places ahead, or 0.
func (l *lexer) peek(n int) byte {
	if l.pos+n < len(l.text) {
		return l.text[l.pos+n]
	}
	return 0
}

// skipBlank skips white space and comments, but not hints.
func (l *lexer) skipBlank() error {
	for l.pos < len(l.text) {
		rest := l.text[l.pos:]
		switch c := rest[0]; {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f':
			l.pos++
		case strings.HasPrefix(rest, "--") || strings.HasPrefix(rest, "//"):
			l.skipLine()
		case strings.HasPrefix(rest, "/*") && !strings.HasPrefix(rest, "/*+"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return errs.Userf("a comment is not closed by */").At(errs.Span{Start: l.pos, End: l.pos + 2})
			}
			l.pos += 2 + end + 2
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(rest)
			if !unicode.IsSpace(r) && r != '\uFEFF' {
				return nil
			}
			l.pos += size
		default:
			return nil
		}
	}
	return nil
}

func (l *lexer) skipLine() {
	if i := strings.IndexByte(l.text[l.pos:], '\n'); i >= 0 {
		l.pos += i + 1
		return
	}
	l.pos = len(l.text)
}

func (l *lexer) emit(kind Kind, start int, text string) {
	t := Token{Kind: kind, Start: start, End: l.pos, Text: text}
	switch kind {
	case Word:
		t.Upper = strings.ToUpper(text)
	case Op:
		t.Upper = text
	}
	l.toks = append(l.toks, t)
}

// next lexes one token; the text has at least one byte left.
func (l *lexer) next() error {
	start, c := l.pos, l.text[l.pos]
	switch {
	case c == '\'':
		return l.stringToken(start)
	case c == '`':
		return l.quoted()
	case c == '"':
		return l.doubleQuoted()
	case (c == 'x' || c == 'X') && l.peek(1) == '\'':
		l.pos++
		return l.bytesToken(start)
	case (c == 'u' || c == 'U') && l.peek(1) == '&' && l.peek(2) == '\'':
		l.pos += 2
		return l.unicodeToken(start)
	case c >= '0' && c <= '9' || c == '.' && isDigit(l.peek(1)):
		return l.number()
	}
	if r, _ := utf8.DecodeRuneInString(l.text[l.pos:]); isWordStart(r) {
		l.word()
		return nil
	}
	return l.operator()
}

func (l *lexer) word() {
	start := l.pos
	for l.pos < len(l.text) {
		r, size := utf8.DecodeRuneInString(l.text[l.pos:])
		if !isWordPart(r) {
			break
		}
		l.pos += size
	}
	l.emit(Word, start, l.text[start:l.pos])
}

// delimited reads up to the closing quote, where a doubled one stands for itself.
// It returns false at the end of the text.
func (l *lexer) delimited(quote byte) (string, bool) {
	l.pos++
	start, doubled := l.pos, false
	for {
		i := strings.IndexByte(l.text[l.pos:], quote)
		if i < 0 {
			return "", false
		}
		l.pos += i + 1
		if l.peek(0) != quote {
			break
		}
		doubled = true
		l.pos++
	}
	body := l.text[start : l.pos-1]
	if doubled {
		q := string(quote)
		body = strings.ReplaceAll(body, q+q, q)
	}
	return body, true
}

func (l *lexer) stringToken(start int) error {
	body, ok := l.delimited('\'')
	if !ok {
		return errs.Userf("a string is not closed by '").At(errs.Span{Start: start, End: start + 1})
	}
	l.emit(String, start, body)
	return nil
}

func (l *lexer) quoted() error {
	start := l.pos
	body, ok := l.delimited('`')
	if !ok {
		return errs.Userf("a quoted identifier is not closed by `").At(errs.Span{Start: start, End: start + 1})
	}
	if body == "" {
		return errs.Userf("a quoted identifier is empty").At(errs.Span{Start: start, End: l.pos})
	}
	l.emit(Quoted, start, body)
	return nil
}

func (l *lexer) doubleQuoted() error {
	start := l.pos
	body, ok := l.delimited('"')
	end := l.pos
	if !ok {
		body, end = "", start+1
	}
	err := errs.Userf("double quotes are not used in this dialect").At(errs.Span{Start: start, End: end})
	if body == "" {
		return err.WithHint("write '…' for a string and `…` for an identifier")
	}
	shown := clip(body)
	return err.WithHint("write '%s' for a string and `%s` for an identifier", shown, shown)
}

func (l *lexer) bytesToken(start int) error {
	body, ok := l.delimited('\'')
	if !ok {
		return errs.Userf("a binary string is not closed by '").At(errs.Span{Start: start, End: start + 1})
	}
	raw, err := hex.DecodeString(body)
	if err != nil {
		return errs.Userf("a binary string holds pairs of hexadecimal digits").At(errs.Span{Start: start, End: l.pos})
	}
	l.emit(Bytes, start, string(raw))
	return nil
}

func (l *lexer) number() error {
	start := l.pos
	l.digits()
	if l.peek(0) == '.' && l.peek(1) != '.' {
		l.pos++
		l.digits()
	}
	if c := l.peek(0); c == 'e' || c == 'E' {
		skip := 1
		if s := l.peek(1); s == '+' || s == '-' {
			skip = 2
		}
		if isDigit(l.peek(skip)) {
			l.pos += skip
			l.digits()
		}
	}
	if r, _ := utf8.DecodeRuneInString(l.text[l.pos:]); isWordStart(r) {
		end := l.pos
		for isWordPart(r) {
			_, size := utf8.DecodeRuneInString(l.text[end:])
			end += size
			r, _ = utf8.DecodeRuneInString(l.text[end:])
		}
		return errs.Userf("%s is neither a number nor an identifier", clip(l.text[start:end])).
			At(errs.Span{Start: start, End: end}).WithHint("quote an identifier that starts with a digit: `%s`", clip(l.text[start:end]))
	}
	l.emit(Number, start, l.text[start:l.pos])
	return nil
}

func (l *lexer) digits() {
	for isDigit(l.peek(0)) {
		l.pos++
	}
}

// longOperators are the operators of more than one byte, longest first.
var longOperators = []string{"/*+", "<=>", "==", "<>", "!=", "<=", ">=", "||", "=>", "->", "{-", "-}", "::", "&&", "<<"}

func (l *lexer) operator() error {
	start, rest := l.pos, l.text[l.pos:]
	if l.hint && strings.HasPrefix(rest, "*/") {
		l.hint = false
		l.pos += 2
		l.emit(Op, start, "*/")
		return nil
	}
	for _, op := range longOperators {
		if op[0] == rest[0] && strings.HasPrefix(rest, op) {
			l.hint = l.hint || op == "/*+"
			l.pos += len(op)
			l.emit(Op, start, op)
			return nil
		}
	}
	if strings.IndexByte("()[]{},.;+-*/%=<>?^$|&~!:", rest[0]) >= 0 {
		l.pos++
		l.emit(Op, start, rest[:1])
		return nil
	}
	r, size := utf8.DecodeRuneInString(rest)
	if r == utf8.RuneError && size <= 1 {
		return errs.Userf("the text is not valid UTF-8 here").At(errs.Span{Start: start, End: start + 1})
	}
	return errs.Userf("the character %q is not part of SQL", r).At(errs.Span{Start: start, End: start + size})
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWordStart(r rune) bool {
	return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > utf8.RuneSelf && r != utf8.RuneError && unicode.IsLetter(r)
}

func isWordPart(r rune) bool {
	return isWordStart(r) || r >= '0' && r <= '9' || r == '$' || r > utf8.RuneSelf && (unicode.IsDigit(r) || unicode.Is(unicode.Mn, r))
}
