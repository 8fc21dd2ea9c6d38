package sql

import "github.com/thalweg/thalweg/internal/errs"

// Node is any piece of the syntax tree.
type Node interface {
	// Pos is the node's byte range in the script given to Parse; the zero Span in
	// trees that were not parsed.
	Pos() errs.Span
}

// Place is embedded in every node and carries its span.
type Place struct {
	Span errs.Span
}

// Pos returns the node's span.
func (p Place) Pos() errs.Span { return p.Span }

// Ident is one identifier as it means, without quotes. Identifiers are
// case-sensitive.
type Ident struct {
	Place
	Text string
}

// Name is a dotted path such as catalog.database.table; it has at least one part.
type Name struct {
	Place
	Parts []Ident
}

// Strings lists the parts' texts.
func (n Name) Strings() []string {
	out := make([]string, len(n.Parts))
	for i, part := range n.Parts {
		out[i] = part.Text
	}
	return out
}

// Last is the text of the last part.
func (n Name) Last() string { return n.Parts[len(n.Parts)-1].Text }

// String prints the path as SQL, quoted only where it must be.
func (n Name) String() string {
	f := &formatter{}
	f.name(n)
	return f.b.String()
}

// Option is one 'key' = 'value' pair of WITH, SET, or a hint.
type Option struct {
	Place
	Key   string
	Value string
	// ValuePlace is the value's own span, for errors about it.
	ValuePlace Place
}

// Hint is one entry of a /*+ … */ comment, such as OPTIONS('k'='v'),
// STATE_TTL('t'='1d'), LOOKUP('table'='d') or BROADCAST(t).
type Hint struct {
	Place
	// Name is in upper case.
	Name string
	// Options are the hint's pairs, when it has any.
	Options []Option
	// Args are the hint's plain arguments (names or strings), when it has no pairs.
	Args []Ident
}
