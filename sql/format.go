package sql

import (
	"strings"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// Format prints a statement as canonical text, without a closing semicolon. Parsing
// the text gives the same tree but for spans.
func Format(s Statement) string {
	f := &formatter{}
	f.statement(s)
	return f.b.String()
}

// FormatQuery prints a query as canonical text.
func FormatQuery(q *Query) string {
	f := &formatter{}
	f.query(q)
	return f.b.String()
}

// FormatExpr prints an expression as canonical text.
func FormatExpr(e Expr) string {
	f := &formatter{}
	f.expr(e, 0)
	return f.b.String()
}

// formatter collects canonical text.
type formatter struct {
	b strings.Builder
}

// words writes its arguments one after another.
func (f *formatter) words(parts ...string) {
	for _, p := range parts {
		f.b.WriteString(p)
	}
}

// wordIf writes word if cond holds.
func (f *formatter) wordIf(cond bool, word string) {
	if cond {
		f.b.WriteString(word)
	}
}

func (f *formatter) quote(s string) { f.b.WriteString(types.QuoteString(s)) }

func (f *formatter) ident(id Ident) { f.b.WriteString(identText(id.Text)) }

// name writes a dotted path.
func (f *formatter) name(n Name) {
	for i, part := range n.Parts {
		if i > 0 {
			f.b.WriteByte('.')
		}
		f.ident(part)
	}
}

// each calls item for 0 to n-1 with a separator in between.
func (f *formatter) each(n int, separator string, item func(i int)) {
	for i := range n {
		if i > 0 {
			f.b.WriteString(separator)
		}
		item(i)
	}
}

// idents writes (a, b).
func (f *formatter) idents(ids []Ident) {
	f.b.WriteByte('(')
	f.each(len(ids), ", ", func(i int) { f.ident(ids[i]) })
	f.b.WriteByte(')')
}

// comment writes COMMENT '…' unless c is nil.
func (f *formatter) comment(c *string) {
	if c != nil {
		f.words(" COMMENT ")
		f.quote(*c)
	}
}

// options writes ('k' = 'v', …).
func (f *formatter) options(list []Option) {
	f.b.WriteByte('(')
	f.each(len(list), ", ", func(i int) {
		f.quote(list[i].Key)
		f.words(" = ")
		f.quote(list[i].Value)
	})
	f.b.WriteByte(')')
}

// with writes WITH (…) unless list is nil.
func (f *formatter) with(list []Option) {
	if list != nil {
		f.words(" WITH ")
		f.options(list)
	}
}

// hints writes /*+ … */ unless list is empty.
func (f *formatter) hints(list []Hint) {
	if len(list) == 0 {
		return
	}
	f.words(" /*+ ")
	f.each(len(list), ", ", func(i int) {
		h := list[i]
		f.words(h.Name)
		if len(h.Options)+len(h.Args) == 0 {
			return
		}
		f.b.WriteByte('(')
		f.each(len(h.Args), ", ", func(i int) { f.quote(h.Args[i].Text) })
		f.wordIf(len(h.Args) > 0 && len(h.Options) > 0, ", ")
		f.each(len(h.Options), ", ", func(i int) {
			f.quote(h.Options[i].Key)
			f.words(" = ")
			f.quote(h.Options[i].Value)
		})
		f.b.WriteByte(')')
	})
	f.words(" */")
}

// identText writes an identifier, quoted unless it is plain in every place.
func identText(s string) string {
	upper := strings.ToUpper(s)
	if !isPlain(s) || token.Reserved(upper) || token.Contextual(upper) {
		return types.QuoteIdent(s)
	}
	return s
}

// isPlain reports ASCII letters, digits and underscores that start with no digit.
func isPlain(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
