package token

import (
	"github.com/thalweg/thalweg/internal/errs"
)

// Cursor walks a token list. It never moves past the final EOF token.
type Cursor struct {
	toks []Token
	pos  int
	// match holds, for each opening bracket, the index of its closing one, and the
	// other way round; -1 for other tokens.
	match []int
	// height holds, for each opening bracket, how deep the brackets inside it nest.
	height []int
}

// NewCursor lexes text, checks that brackets pair up, and stands at the first
// token. Brackets nested deeper than maxDepth are an error.
func NewCursor(text string, maxDepth int) (*Cursor, error) {
	toks, err := Lex(text)
	if err != nil {
		return nil, err
	}
	c := &Cursor{toks: toks, match: make([]int, len(toks)), height: make([]int, len(toks))}
	return c, c.pairBrackets(maxDepth)
}

// pairBrackets finds the partner of each ( ) [ ].
func (c *Cursor) pairBrackets(maxDepth int) error {
	toks := c.toks
	var open []int
	for i, t := range toks {
		c.match[i] = -1
		if t.Kind != Op {
			continue
		}
		switch t.Text {
		case "(", "[":
			open = append(open, i)
			if len(open) > maxDepth {
				return TooDeep(t, maxDepth)
			}
		case ")", "]":
			if len(open) == 0 {
				return errs.Userf("%s has no opening bracket", t.Text).At(t.Span())
			}
			o := open[len(open)-1]
			if (toks[o].Text == "(") != (t.Text == ")") {
				return errs.Userf("%s does not close the bracket opened by %s", t.Text, toks[o].Text).At(t.Span())
			}
			c.match[i], c.match[o] = o, i
			open = open[:len(open)-1]
			if len(open) > 0 {
				above := open[len(open)-1]
				c.height[above] = max(c.height[above], c.height[o]+1)
			}
		case ";":
			// A statement's end also ends its brackets.
			if len(open) > 0 {
				return errs.Userf("%s is not closed before the end of its statement", toks[open[len(open)-1]].Text).
					At(toks[open[len(open)-1]].Span())
			}
		}
	}
	if len(open) > 0 {
		t := toks[open[len(open)-1]]
		return errs.Userf("%s is not closed", t.Text).At(t.Span())
	}
	return nil
}

// TooDeep is the error for nesting beyond the limit, at t.
func TooDeep(t Token, maxDepth int) error {
	return errs.Userf("the statement is nested too deeply").At(t.Span()).
		WithHint("at most %d levels of brackets, CASE and prefix operators are read", maxDepth)
}

// Peek is the current token.
func (c *Cursor) Peek() Token { return c.toks[c.pos] }

// PeekAt is the token n places ahead, or the EOF token.
func (c *Cursor) PeekAt(n int) Token { return c.At(c.pos + n) }

// Index is the index of the current token.
func (c *Cursor) Index() int { return c.pos }

// Seek moves to the token of the given index.
func (c *Cursor) Seek(index int) { c.pos = index }

// At is the token of the given index, or the EOF token beyond the end.
func (c *Cursor) At(index int) Token { return c.toks[min(index, len(c.toks)-1)] }

// Len is the number of tokens, EOF included.
func (c *Cursor) Len() int { return len(c.toks) }

// Match is the index of the bracket that pairs with the one at index, or -1.
func (c *Cursor) Match(index int) int { return c.match[index] }

// Next returns the current token and moves on.
func (c *Cursor) Next() Token {
	t := c.toks[c.pos]
	if c.pos < len(c.toks)-1 {
		c.pos++
	}
	return t
}

// Is reports whether the tokens from the current one are the given keywords or
// operators.
func (c *Cursor) Is(words ...string) bool {
	for i, w := range words {
		if c.PeekAt(i).Upper != w {
			return false
		}
	}
	return true
}

// Accept moves past the given run of keywords if it is next.
func (c *Cursor) Accept(words ...string) bool {
	if !c.Is(words...) {
		return false
	}
	for range words {
		c.Next()
	}
	return true
}

// Expect moves past the given run of keywords or fails at the first that differs.
func (c *Cursor) Expect(words ...string) error {
	for _, w := range words {
		if !c.Accept(w) {
			return c.Unexpected(w)
		}
	}
	return nil
}

// ATable is what Unexpected says is expected in FROM.
const ATable = "a table"

// likelyName reports keywords that people call tables.
func likelyName(upper string) bool {
	switch upper {
	case "ORDER", "GROUP", "CASE", "END", "ALL", "TABLE", "VALUES", "SET", "ROW":
		return true
	}
	return false
}

// Unexpected says that expected should stand where the current token is. A word
// that looks like a misspelt keyword gets a hint.
func (c *Cursor) Unexpected(expected string) error { return Unexpected(c.Peek(), expected) }

// Unexpected says that expected should stand where t is.
func Unexpected(t Token, expected string) error {
	err := errs.Userf("unexpected %s, expected %s", t.Describe(), expected).At(SpanOf(t))
	if t.Kind != Word || Contextual(t.Upper) {
		return err
	}
	if near := errs.Nearest(t.Text, append([]string{expected}, Keywords()...)); near != "" && near != t.Upper && len(t.Text) > 2 {
		return err.WithHint("did you mean %s?", near)
	}
	if Reserved(t.Upper) && (expected == AName || expected == ATable && likelyName(t.Upper)) {
		return err.WithHint("%s is a keyword; write `%s` to use it as a name", t.Upper, t.Text)
	}
	return err
}

// AName is how messages call an identifier.
const AName = "a name"

// SpanOf is t's span, widened to be visible at the end of a text.
func SpanOf(t Token) errs.Span {
	s := t.Span()
	if s.End == 0 {
		s.End = 1
	}
	return s
}

// Name reads an identifier: a quoted one or a word that is not reserved.
func (c *Cursor) Name() (Token, error) {
	if t := c.Peek(); t.IsName() {
		return c.Next(), nil
	}
	return Token{}, c.Unexpected(AName)
}

// AnyName reads an identifier where every word will do, as after a dot.
func (c *Cursor) AnyName() (Token, error) {
	if t := c.Peek(); t.Kind == Quoted || t.Kind == Word {
		return c.Next(), nil
	}
	return Token{}, c.Unexpected(AName)
}

// Value reads a token of the given kind.
func (c *Cursor) Value(kind Kind) (Token, error) {
	if t := c.Peek(); t.Kind == kind {
		return c.Next(), nil
	}
	return Token{}, c.Unexpected("a " + kind.String())
}

// Height is how deep the brackets inside the one that opens at index nest.
func (c *Cursor) Height(index int) int { return c.height[index] }

// From is the span from the token at index first up to the one before the current.
func (c *Cursor) From(first int) errs.Span {
	start, last := c.At(first), c.At(max(first, c.pos-1))
	return errs.Span{Start: start.Start, End: last.End}
}
