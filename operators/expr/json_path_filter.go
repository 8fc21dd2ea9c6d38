package expr

import (
	"encoding/json"
	"regexp"
	"strings"
)

// jsonCondition is the condition of a filter: conditions joined by && or ||, one
// negated, or two operands compared.
type jsonCondition struct {
	op          string
	all         []*jsonCondition
	left, right jsonOperand
}

// jsonOperand is a path in a filter, or else a constant; a pattern is of =~ only.
type jsonOperand struct {
	path    *jsonPath
	node    jsonNode
	pattern *regexp.Regexp
}

// jsonRelations are the operators that are words; those with false want a list on
// their right.
var jsonRelations = map[string]bool{
	"in": false, "nin": false, "subsetof": false, "anyof": false, "noneof": false, "all": false, "contains": true, "size": true, "empty": true,
}

// filter reads `(condition)`.
func (p *pathParser) filter() *jsonCondition {
	p.space()
	if p.peek() != '(' {
		p.fail("( is missing behind ?")
		return nil
	}
	p.at++
	c := p.either()
	if p.space(); p.wrong == "" && !p.is(")") {
		p.fail("&&, || or ) is missing")
	}
	return c
}

func (p *pathParser) either() *jsonCondition { return p.joined("||", p.both) }
func (p *pathParser) both() *jsonCondition   { return p.joined("&&", p.condition) }

// joined reads conditions with an operator between them.
func (p *pathParser) joined(op string, read func() *jsonCondition) *jsonCondition {
	all := []*jsonCondition{read()}
	for p.space(); p.is(op); p.space() {
		all = append(all, read())
	}
	if len(all) == 1 {
		return all[0]
	}
	return &jsonCondition{op: op, all: all}
}

// condition reads a condition in parentheses, negated, or a comparison.
func (p *pathParser) condition() *jsonCondition {
	if !p.deeper() {
		return nil
	}
	defer func() { p.depth-- }()
	p.space()
	switch {
	case strings.HasPrefix(p.text[p.at:], "("):
		return p.filter()
	case p.is("!"):
		p.space()
		grouped := p.peek() == '('
		negated := p.condition()
		if p.wrong == "" && !grouped && negated.op != "" && negated.all == nil && negated.op != "exists" {
			p.fail("what ! negates must stand in parentheses")
		}
		return &jsonCondition{op: "!", all: []*jsonCondition{negated}}
	}
	return p.comparison()
}

// comparison reads two operands with an operator, or a path that must lead to
// something.
func (p *pathParser) comparison() *jsonCondition {
	c := &jsonCondition{left: p.operand()}
	p.space()
	if rest := p.text[p.at:]; p.wrong != "" || rest == "" || rest[0] == ')' || strings.HasPrefix(rest, "&&") || strings.HasPrefix(rest, "||") {
		if p.wrong == "" && c.left.path == nil {
			p.fail("an operator is missing")
		}
		c.op = "exists"
		return c
	}
	begin := p.at
	if c.op = p.operator(); p.wrong != "" {
		return c
	}
	p.space()
	if c.right = p.operand(); p.wrong == "" {
		p.check(c, begin)
	}
	return c
}

// check refuses operands that an operator can't work on.
func (p *pathParser) check(c *jsonCondition, begin int) {
	constant := c.right.path == nil
	wrong := ""
	switch scalar, word := jsonRelations[c.op]; {
	case c.op == "=~" && (c.right.pattern == nil) == (c.left.pattern == nil):
		wrong = "=~ takes a pattern /…/ on one side"
	case c.op != "=~" && (c.right.pattern != nil || c.left.pattern != nil):
		wrong = "a pattern /…/ is for =~ only"
	case word && !scalar && constant && c.right.node.kind != '[':
		wrong = c.op + " takes an array [ … ] on its right"
	case c.op == "size" && constant && c.right.node.kind != '0':
		wrong = "size takes a number on its right"
	case c.op == "empty" && constant && c.right.node.kind != 't':
		wrong = "empty takes true or false on its right"
	}
	if wrong != "" {
		p.at = begin
		p.fail("%s", wrong)
	}
}

// operator reads a comparison's operator.
func (p *pathParser) operator() string {
	for _, op := range []string{"===", "!==", "==", "!=", "<=", ">=", "=~", "<", ">"} {
		if p.is(op) {
			return op
		}
	}
	end := p.at
	for end < len(p.text) && (p.text[end]|0x20 >= 'a' && p.text[end]|0x20 <= 'z') {
		end++
	}
	word := strings.ToLower(p.text[p.at:end])
	if _, known := jsonRelations[word]; !known {
		p.fail("an operator such as ==, <, =~ or in is missing")
		return ""
	}
	p.at = end
	return word
}

// operand reads a path or a constant.
func (p *pathParser) operand() jsonOperand {
	switch next := p.peek(); {
	case next == '@' || next == '$':
		p.at++
		path := &jsonPath{root: next == '$'}
		if p.deeper() {
			p.steps(path, true)
		}
		p.depth--
		return jsonOperand{path: path}
	case next == '\'' || next == '"':
		return jsonOperand{node: jsonNode{kind: '"', text: []byte(p.quoted())}}
	case next == '/':
		return jsonOperand{pattern: p.pattern()}
	case next == '[' || next == '{':
		return jsonOperand{node: p.nested()}
	}
	end := p.at
	for end < len(p.text) && strings.IndexByte(" \t\n\r<>=~!)&|,]", p.text[end]) < 0 {
		end++
	}
	word := p.text[p.at:end]
	if !json.Valid([]byte(word)) {
		p.fail("a path @… or $…, a number, a text in quotes, true, false or null is missing")
		return jsonOperand{}
	}
	p.at = end
	return jsonOperand{node: nodeOf([]byte(word))}
}

// pattern reads a regular expression between slashes and its flags.
func (p *pathParser) pattern() *regexp.Regexp {
	end := p.at + 1
	for end < len(p.text) && p.text[end] != '/' {
		if p.text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(p.text) {
		p.fail("/ is not closed")
		return nil
	}
	begin, source := p.at, p.text[p.at+1:end]
	flags := ""
	for p.at = end + 1; p.at < len(p.text) && strings.IndexByte("imsdUu", p.text[p.at]) >= 0; p.at++ {
		if c := p.text[p.at]; strings.IndexByte("ims", c) >= 0 { // the others change nothing here
			flags += string(c)
		}
	}
	if flags != "" {
		source = "(?" + flags + ")" + source
	}
	translated, err := translateJava(source)
	var re *regexp.Regexp
	if err == nil {
		re, err = regexp.Compile(`\A(?:` + translated + `)\z`)
	}
	if err != nil {
		p.at = begin
		p.fail("a pattern is wrong: %s", err)
	}
	return re
}

// nested reads a constant array or object, whose texts may be in quotes of either
// kind.
func (p *pathParser) nested() jsonNode {
	var out []byte
	begin, depth := p.at, 0
	for p.at < len(p.text) && p.wrong == "" {
		c := p.text[p.at]
		if c == '\'' || c == '"' {
			out = appendQuoted(out, p.quoted(), false)
			continue
		}
		out = append(out, c)
		p.at++
		if c == '[' || c == '{' {
			depth++
		} else if c == ']' || c == '}' {
			if depth--; depth == 0 {
				break
			}
		}
	}
	if p.wrong == "" && !json.Valid(out) {
		p.at = begin
		p.fail("an array or object is not JSON")
	}
	if p.wrong != "" {
		return jsonNode{}
	}
	return nodeOf(out)
}
