package expr

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonNode is an operand's value: its kind, which is the first byte of its JSON but
// '0' for numbers, 't' for both booleans and 0 for nothing, and its JSON, or of a
// text what it says.
type jsonNode struct {
	kind byte
	text []byte
}

// nodeOf is a raw JSON value as an operand.
func nodeOf(raw []byte) jsonNode {
	raw = trimJSON(raw)
	switch c := raw[0]; c {
	case '"':
		if bytes.IndexByte(raw, '\\') >= 0 {
			return jsonNode{kind: '"', text: []byte(jsonText(raw))}
		}
		return jsonNode{kind: '"', text: raw[1 : len(raw)-1]}
	case 'n', '[', '{':
		return jsonNode{kind: c, text: raw}
	case 't', 'f':
		return jsonNode{kind: 't', text: raw}
	}
	return jsonNode{kind: '0', text: raw}
}

// holds tells whether a condition holds for an item of a document.
func (c *jsonCondition) holds(item []byte, in *jsonSearch) bool {
	switch c.op {
	case "||":
		return slices.ContainsFunc(c.all, func(c *jsonCondition) bool { return c.holds(item, in) })
	case "&&":
		return !slices.ContainsFunc(c.all, func(c *jsonCondition) bool { return !c.holds(item, in) })
	case "!":
		return !c.all[0].holds(item, in)
	case "exists":
		return c.left.exists(item, in)
	}
	left, right := c.left.value(item, in), c.right.value(item, in)
	switch c.op {
	case "==":
		return left.equals(right)
	case "!=":
		return !left.equals(right)
	case "===":
		return left.kind == right.kind && left.equals(right)
	case "!==":
		return left.kind != right.kind || !left.equals(right)
	case "<", "<=", ">", ">=":
		order, ok := left.compare(right)
		return ok && (order < 0 && c.op[0] == '<' || order > 0 && c.op[0] == '>' || order == 0 && len(c.op) == 2)
	case "=~":
		if c.left.pattern != nil {
			return right.matches(c.left.pattern.Match)
		}
		return left.matches(c.right.pattern.Match)
	}
	return left.relates(c.op, right)
}

// exists tells whether a path leads to something.
func (o *jsonOperand) exists(item []byte, in *jsonSearch) bool {
	if o.path.root {
		item = in.root
	}
	if !o.path.many {
		_, ok := o.path.one(item, in)
		return ok
	}
	found, missing := o.path.search(nil, item, in)
	return !missing && (len(found) > 0 || !slices.ContainsFunc(o.path.steps, func(s jsonStep) bool { return s.kind == stepDeep }))
}

// value is an operand's value, which is the same for all items if its path begins at the
// document.
func (o *jsonOperand) value(item []byte, in *jsonSearch) jsonNode {
	switch {
	case o.path == nil:
		return o.node
	case !o.path.root:
		return o.follow(item, in)
	}
	node, known := in.constants[o]
	if !known {
		node = o.follow(in.root, in)
		if in.constants == nil {
			in.constants = map[*jsonOperand]jsonNode{}
		}
		in.constants[o] = node
	}
	return node
}

// follow is the value at an operand's path. What is missing is null to a lax path.
func (o *jsonOperand) follow(item []byte, in *jsonSearch) jsonNode {
	if o.path.many {
		found, missing := o.path.search(nil, item, in)
		if missing && !in.lax {
			return jsonNode{}
		}
		return jsonNode{kind: '[', text: appendJSONList(nil, found)}
	}
	raw, ok := o.path.one(item, in)
	switch {
	case ok:
		return nodeOf(raw)
	case in.lax:
		return jsonNode{kind: 'n'}
	}
	return jsonNode{}
}

// equals compares as the left side sees it: a text with a number as texts, a number
// with a text as numbers. Nothing equals nothing.
func (n jsonNode) equals(o jsonNode) bool {
	switch {
	case n.kind == 0 || o.kind == 0:
		return false
	case n.kind == '"' && (o.kind == '"' || o.kind == '0'):
		return bytes.Equal(n.text, o.text)
	case n.kind == '0' && (o.kind == '0' || o.kind == '"' && isNumber(o.text)):
		return compareJSONNumbers(n.text, o.text) == 0
	case n.kind != o.kind:
		return false
	case n.kind == '[' || n.kind == '{':
		return bytes.Equal(appendSortedJSON(nil, n.text), appendSortedJSON(nil, o.text))
	}
	return n.kind == 'n' || bytes.Equal(n.text, o.text)
}

// compare orders numbers, and texts with texts or numbers.
func (n jsonNode) compare(o jsonNode) (order int, ok bool) {
	switch {
	case n.kind == '0' && o.kind == '0':
		return compareJSONNumbers(n.text, o.text), true
	case (n.kind == '"' || n.kind == '0') && (o.kind == '"' || o.kind == '0'):
		return bytes.Compare(n.text, o.text), true
	}
	return 0, false
}

// matches tells whether a pattern matches the text of a scalar, or of one in an
// array. What is no text, number or boolean counts as empty.
func (n jsonNode) matches(match func([]byte) bool) bool {
	switch n.kind {
	case '"', '0', 't':
		return match(n.text)
	case '[':
		found := false
		eachJSON(n.text, func(_, element []byte) {
			e := nodeOf(element)
			found = found || (e.kind == '[' && match(nil)) || e.kind != '[' && e.matches(match)
		})
		return found
	}
	return match(nil)
}

// relates carries the operators out that are words.
func (n jsonNode) relates(op string, o jsonNode) bool {
	switch op {
	case "in":
		return o.kind == '[' && o.has(n)
	case "nin":
		return !(o.kind == '[' && o.has(n))
	case "contains":
		return n.kind == '"' && o.kind == '"' && bytes.Contains(n.text, o.text) || n.kind == '[' && n.has(o)
	case "size":
		return o.kind == '0' && n.size() == wholeOf(o.text)
	case "empty":
		empty := len(n.text) == 0
		if n.kind == '[' || n.kind == '{' {
			empty = true
			eachJSON(n.text, func(_, _ []byte) { empty = false })
		}
		return (n.kind == '"' || n.kind == '[' || n.kind == '{') && o.kind == 't' && empty == (o.text[0] == 't')
	}
	if n.kind != '[' || o.kind != '[' {
		return false
	}
	switch op {
	case "subsetof":
		return n.each(func(e jsonNode) bool { return o.has(e) })
	case "all":
		return o.each(func(e jsonNode) bool { return n.has(e) })
	case "noneof":
		return n.each(func(e jsonNode) bool { return !o.has(e) })
	}
	return !n.each(func(e jsonNode) bool { return !o.has(e) }) // anyof
}

// each tells whether something holds for all elements of an array.
func (n jsonNode) each(holds func(e jsonNode) bool) bool {
	all := true
	eachJSON(n.text, func(_, element []byte) { all = all && holds(nodeOf(element)) })
	return all
}

// has tells whether an array has an element that the value equals.
func (n jsonNode) has(value jsonNode) bool {
	return !n.each(func(e jsonNode) bool { return !value.equals(e) })
}

// size is the length of a text or an array, -1 for others.
func (n jsonNode) size() int {
	switch n.kind {
	case '"':
		return utf8.RuneCount(n.text)
	case '[':
		count := 0
		eachJSON(n.text, func(_, _ []byte) { count++ })
		return count
	}
	return -1
}

// wholeOf is a number's part before the point, -2 for what is too great.
func wholeOf(text []byte) int {
	whole, _, _ := strings.Cut(string(text), ".")
	if n, err := strconv.Atoi(whole); err == nil {
		return n
	}
	return -2
}

// isNumber tells whether a text says a number.
func isNumber(text []byte) bool {
	if len(text) == 0 || len(bytes.Trim(text, "0123456789+-.eE")) > 0 {
		return false
	}
	_, err := strconv.ParseFloat(string(text), 64)
	return err == nil || errors.Is(err, strconv.ErrRange)
}

// compareJSONNumbers compares JSON's numbers exactly.
func compareJSONNumbers(a, b []byte) int {
	if x, ok := shortWhole(a); ok {
		if y, ok := shortWhole(b); ok {
			return cmp.Compare(x, y)
		}
	}
	x, y := decimalOf(a), decimalOf(b)
	if x.sign != y.sign || x.sign == 0 {
		return cmp.Compare(x.sign, y.sign)
	}
	return x.sign * cmp.Or(cmp.Compare(x.exponent, y.exponent), strings.Compare(x.digits, y.digits))
}

// shortWhole reads whole numbers that surely fit, which most are.
func shortWhole(text []byte) (n int64, ok bool) {
	digits, negative := text, false
	if len(text) > 0 && text[0] == '-' {
		digits, negative = text[1:], true
	}
	if len(digits) == 0 || len(digits) > 18 {
		return 0, false
	}
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false
		}
		n = 10*n + int64(d-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

// jsonDecimal is 0.digits times ten to the exponent, digits without zeros at their ends.
type jsonDecimal struct {
	sign, exponent int
	digits         string
}

func decimalOf(text []byte) jsonDecimal {
	rest := strings.TrimPrefix(string(text), "+")
	rest, negative := strings.CutPrefix(rest, "-")
	mantissa, exponent := rest, 0
	if at := strings.IndexAny(rest, "eE"); at >= 0 {
		mantissa = rest[:at]
		exponent, _ = strconv.Atoi(strings.TrimPrefix(rest[at+1:], "+"))
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	whole = strings.TrimLeft(whole, "0")
	digits := strings.TrimRight(whole+fraction, "0")
	exponent += len(whole)
	for whole == "" && strings.HasPrefix(digits, "0") {
		digits, exponent = digits[1:], exponent-1
	}
	d := jsonDecimal{sign: 1, exponent: exponent, digits: digits}
	if digits == "" {
		return jsonDecimal{}
	}
	if negative {
		d.sign = -1
	}
	return d
}
