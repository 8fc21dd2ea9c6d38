package expr

import "strings"

// compiled gives what the texts of an argument compile to, such as patterns: of a
// constant it is made once, of other texts whenever they change.
type compiled[T any] struct {
	compile func(text string) (*T, error)
	// literal is of the constant; nil without one.
	literal *T
	err     error
	last    string
	cached  *T
}

// newCompiled compiles argument arg of c if it is a constant.
func newCompiled[T any](c *Call, arg int, compile func(text string) (*T, error)) (p *compiled[T], err error) {
	p = &compiled[T]{compile: compile}
	if c.Args[arg].IsLiteral() && !c.Args[arg].IsNull() {
		p.literal, err = compile(c.Args[arg].Value.Str)
	}
	return p, err
}

// of is what a row's text compiles to, or the error that it gives.
func (p *compiled[T]) of(text string) (*T, error) {
	if p.literal != nil {
		return p.literal, nil
	}
	if p.cached == nil && p.err == nil || text != p.last {
		p.last = strings.Clone(text)
		p.cached, p.err = p.compile(p.last)
	}
	return p.cached, p.err
}
