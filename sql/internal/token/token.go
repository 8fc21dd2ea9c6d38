// Package token cuts Flink SQL text into tokens with byte positions and offers a
// cursor over them to the parsers.
package token

import (
	"fmt"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
)

// Kind is the kind of a token.
type Kind uint8

// The kinds.
const (
	// EOF ends every token list.
	EOF Kind = iota
	// Word is an unquoted identifier or keyword.
	Word
	// Quoted is a `back-quoted` identifier.
	Quoted
	// String is '…' or U&'…'.
	String
	// Bytes is x'…'; Text holds the raw bytes.
	Bytes
	// Number is an unsigned number.
	Number
	// Op is an operator or a punctuation mark. The opening and closing of a hint
	// are the operators "/*+" and "*/".
	Op
)

// String gives the kind's name for messages.
func (k Kind) String() string {
	switch k {
	case EOF:
		return "end of text"
	case Word:
		return "word"
	case Quoted:
		return "identifier"
	case String:
		return "string"
	case Bytes:
		return "binary string"
	case Number:
		return "number"
	case Op:
		return "operator"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Token is one token. The zero Token is an EOF at the start of the text.
type Token struct {
	Kind Kind
	// Start and End are byte offsets.
	Start, End int
	// Text is the token's meaning: an identifier or string without quotes, a word
	// as written, a number or operator as written.
	Text string
	// Upper is a Word's or Op's text in upper case; empty for other kinds, so that
	// a quoted identifier is never a keyword.
	Upper string
}

// Span is the token's place.
func (t Token) Span() errs.Span { return errs.Span{Start: t.Start, End: t.End} }

// Is reports whether t is one of the given keywords or operators, in upper case.
func (t Token) Is(words ...string) bool {
	if t.Upper == "" {
		return false
	}
	for _, w := range words {
		if t.Upper == w {
			return true
		}
	}
	return false
}

// IsName reports whether t may stand as an identifier where the grammar leaves
// no doubt: any quoted identifier, and any word that is not reserved.
func (t Token) IsName() bool {
	return t.Kind == Quoted || t.Kind == Word && !Reserved(t.Upper)
}

// Describe names t in a message.
func (t Token) Describe() string {
	switch t.Kind {
	case EOF:
		return "end of the text"
	case String:
		return "string " + clip("'"+t.Text+"'")
	case Bytes:
		return "binary string"
	case Quoted:
		return clip("`" + t.Text + "`")
	}
	return clip(t.Text)
}

// clip shortens what a message quotes.
func clip(s string) string {
	const limit = 40
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		s = s[:i] + "…"
	}
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
