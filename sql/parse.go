package sql

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql/internal/lower"
	"github.com/thalweg/thalweg/sql/internal/token"
	"github.com/thalweg/thalweg/sql/internal/typename"
)

// MaxDepth is the deepest nesting of parentheses, CASE and prefix operators that
// parses; beyond it is a user error.
const MaxDepth = 500

// Parse parses a script: statements separated by semicolons, with comments. It
// returns the first error, of class User or Unsupported, with its span.
func Parse(text string) ([]Statement, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	var out []Statement
	for {
		for p.Accept(";") {
		}
		if p.Peek().Kind == token.EOF {
			return out, nil
		}
		s, err := p.statement()
		if err != nil {
			return nil, err
		}
		if err := p.statementEnd(); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
}

// ParseExpr parses one expression.
func ParseExpr(text string) (Expr, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	e, err := p.expr()
	if err != nil {
		return nil, err
	}
	return e, p.textEnd()
}

// ParseType parses a type; it reads back types.Type.String.
func ParseType(text string) (types.Type, error) {
	p, err := newParser(text)
	if err != nil {
		return types.Type{}, err
	}
	t, err := typename.Parse(p.Cursor)
	if err != nil {
		return types.Type{}, err
	}
	return t, p.textEnd()
}

// parser is a recursive-descent parser of statements, which hands queries and
// expressions to the lowering.
type parser struct {
	*token.Cursor
	text string
}

var _ lower.Parts = (*parser)(nil)

func newParser(text string) (*parser, error) {
	c, err := token.NewCursor(text, MaxDepth)
	if err != nil {
		return nil, err
	}
	return &parser{Cursor: c, text: text}, nil
}

// textEnd fails unless the text is used up.
func (p *parser) textEnd() error {
	if t := p.Peek(); t.Kind != token.EOF {
		return errs.Userf("unexpected %s, expected the end of the text", t.Describe()).At(t.Span())
	}
	return nil
}

// statementEnd fails unless a semicolon or the end is next.
func (p *parser) statementEnd() error {
	t := p.Peek()
	if t.Kind == token.EOF || t.Is(";") {
		return nil
	}
	err := errs.Userf("unexpected %s, expected ; or the end of the statement", t.Describe()).At(t.Span())
	if t.Is("UPDATE", "DELETE", "INSERT", "SELECT", "CREATE", "DROP", "SET") {
		return err.WithHint("separate statements by a semicolon")
	}
	if p.At(max(p.Index()-1, 0)).Is("TOP") && p.At(max(p.Index()-2, 0)).Is("SELECT") {
		return err.WithHint("there is no TOP: write LIMIT %s at the end of the query", t.Text)
	}
	// A misspelt keyword mostly passed for a name, and only what follows it is refused.
	for _, word := range []token.Token{t, p.At(max(p.Index()-1, 0))} {
		if word.Kind != token.Word || token.Reserved(word.Upper) {
			continue
		}
		if near := errs.Nearest(word.Text, token.Keywords()); near != "" && near != word.Upper && len(word.Text) > 2 {
			return err.WithHint("did you mean %s instead of %s?", near, word.Text)
		}
	}
	return err
}

// query parses a query, up to the first token that cannot belong to it.
func (p *parser) query() (*Query, error) {
	q, table, err := lower.ReadQuery(p.Cursor, p, MaxDepth)
	if err != nil {
		return nil, err
	}
	r := &raiser{table: table, cursor: p.Cursor}
	return r.query(q)
}

// expr parses an expression, up to the first token that cannot belong to it.
func (p *parser) expr() (Expr, error) {
	f, table, err := lower.ReadExpr(p.Cursor, p, MaxDepth)
	if err != nil {
		return nil, err
	}
	r := &raiser{table: table, cursor: p.Cursor}
	return r.fragment(f)
}

// place is the span from the token at index first to the one before the cursor.
func (p *parser) place(first int) Place { return Place{Span: p.From(first)} }

func identOf(t token.Token) Ident { return Ident{Place: Place{Span: t.Span()}, Text: t.Text} }

func identsOf(toks []token.Token) []Ident {
	if toks == nil {
		return nil
	}
	out := make([]Ident, len(toks))
	for i, t := range toks {
		out[i] = identOf(t)
	}
	return out
}

// ident reads an identifier.
func (p *parser) ident() (Ident, error) {
	t, err := p.Name()
	return identOf(t), err
}

// name reads a dotted path.
func (p *parser) name() (Name, error) {
	first := p.Index()
	part, err := p.ident()
	if err != nil {
		return Name{}, err
	}
	n := Name{Parts: []Ident{part}}
	for p.Accept(".") {
		t, err := p.AnyName()
		if err != nil {
			return Name{}, err
		}
		n.Parts = append(n.Parts, identOf(t))
	}
	n.Place = p.place(first)
	return n, nil
}

// idents reads (a, b, …).
func (p *parser) idents() ([]Ident, error) {
	var out []Ident
	err := p.list(func() error {
		id, err := p.ident()
		out = append(out, id)
		return err
	})
	return out, err
}

// list reads ( item, … ) with at least one item.
func (p *parser) list(item func() error) error {
	if err := p.Expect("("); err != nil {
		return err
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if !p.Accept(",") {
			break
		}
	}
	if !p.Is(")") {
		return p.Unexpected(") or ,")
	}
	p.Next()
	return nil
}

// stringLiteral reads '…'.
func (p *parser) stringLiteral() (string, error) {
	t, err := p.Value(token.String)
	return t.Text, err
}
