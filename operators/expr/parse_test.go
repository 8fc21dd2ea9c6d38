package expr

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
)

// parser reads the scalar part of SQL and binds it as it goes: enough for the
// examples and the golden cases, with a registry and named columns.
type parser struct {
	registry *Registry
	names    []string
	types    []types.Type
	tokens   []string
	at       int
}

type parseError struct{ error }

// parseExpr parses and binds text.
func parseExpr(r *Registry, text string, names []string, ts []types.Type) (e rex.Expr, err error) {
	defer func() {
		if p := recover(); p != nil {
			failed, ok := p.(parseError)
			if !ok {
				panic(p)
			}
			err = failed.error
		}
	}()
	p := &parser{registry: r, names: names, types: ts, tokens: tokenize(text)}
	e = p.or()
	if p.at < len(p.tokens) {
		p.fail("unexpected %q", p.tokens[p.at])
	}
	return e, nil
}

func (p *parser) fail(format string, args ...any) { panic(parseError{fmt.Errorf(format, args...)}) }

// tokenize cuts text into words, numbers, quoted strings (with their quote) and
// symbols.
func tokenize(text string) []string {
	var out []string
	for i := 0; i < len(text); {
		c := rune(text[i])
		start := i
		switch {
		case unicode.IsSpace(c):
			i++
			continue
		case c == '\'':
			for i++; i < len(text); i++ {
				if text[i] == '\'' {
					if i+1 < len(text) && text[i+1] == '\'' {
						i++
						continue
					}
					break
				}
			}
			i++
		case unicode.IsDigit(c):
			for i < len(text) && (text[i] == '.' || text[i] >= '0' && text[i] <= '9' || text[i] == 'e' ||
				text[i] == 'E' || (text[i] == '-' || text[i] == '+') && (text[i-1] == 'e' || text[i-1] == 'E')) {
				i++
			}
		case unicode.IsLetter(c) || c == '_':
			for i < len(text) && (text[i] == '_' || unicode.IsLetter(rune(text[i])) || unicode.IsDigit(rune(text[i]))) {
				i++
			}
		default:
			i++
			if i < len(text) && (text[start:i+1] == "<>" || text[start:i+1] == "<=" || text[start:i+1] == ">=" || text[start:i+1] == "||") {
				i++
			}
		}
		out = append(out, text[start:i])
	}
	return out
}

func (p *parser) peek() string {
	if p.at < len(p.tokens) {
		return strings.ToUpper(p.tokens[p.at])
	}
	return ""
}

func (p *parser) accept(words ...string) bool {
	for i, w := range words {
		if p.at+i >= len(p.tokens) || strings.ToUpper(p.tokens[p.at+i]) != w {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *parser) expect(word string) {
	if !p.accept(word) {
		p.fail("want %q, have %q", word, p.peek())
	}
}

// call resolves a function and casts its arguments.
func (p *parser) call(name string, args ...rex.Expr) rex.Expr {
	signature, ok := p.registry.Scalar(name)
	if !ok {
		p.fail("no function %s", name)
	}
	resolved, err := signature.Resolve(args)
	if err != nil {
		panic(parseError{err})
	}
	cast := make([]rex.Expr, len(args))
	for i, a := range args {
		cast[i] = castTo(a, resolved.Args[i])
		if resolved.TryText && cast[i].Kind == rex.Cast && a.Type.IsString() && !a.IsLiteral() {
			cast[i].Kind, cast[i].Type = rex.TryCast, cast[i].Type.WithNullable(true)
		}
	}
	if signature.Name == "CASE" {
		return rex.Expr{Kind: rex.Case, Type: resolved.Result, Args: cast}
	}
	return rex.CallOf(signature.Name, resolved.Result, cast...)
}

func castTo(e rex.Expr, t types.Type) rex.Expr {
	if interchangeable(e.Type, t) {
		return e
	}
	return rex.Expr{Kind: rex.Cast, Type: t, Args: []rex.Expr{e}}
}

func (p *parser) or() rex.Expr {
	e := p.and()
	for p.accept("OR") {
		e = p.call("OR", e, p.and())
	}
	return e
}

func (p *parser) and() rex.Expr {
	e := p.not()
	for p.accept("AND") {
		e = p.call("AND", e, p.not())
	}
	return e
}

func (p *parser) not() rex.Expr {
	if p.accept("NOT") {
		return p.call("NOT", p.not())
	}
	return p.comparison()
}

func (p *parser) comparison() rex.Expr {
	e := p.sum()
	for {
		switch {
		case p.accept("IS", "NOT", "DISTINCT", "FROM"):
			e = p.call("IS NOT DISTINCT FROM", e, p.sum())
		case p.accept("IS", "DISTINCT", "FROM"):
			e = p.call("IS DISTINCT FROM", e, p.sum())
		case p.accept("IS"):
			name := "IS "
			if p.accept("NOT") {
				name += "NOT "
			}
			name += p.next()
			if p.registry.has(name + " " + p.peek()) {
				name += " " + p.next()
			}
			e = p.call(name, e)
		case p.accept("NOT"):
			e = p.call("NOT", p.matching(e))
		default:
			next, ok := p.maybeMatching(e)
			if !ok {
				return e
			}
			e = next
		}
	}
}

func (r *Registry) has(name string) bool {
	_, ok := r.byName[name]
	return ok
}

func (p *parser) matching(e rex.Expr) rex.Expr {
	next, ok := p.maybeMatching(e)
	if !ok {
		p.fail("unexpected %q after NOT", p.peek())
	}
	return next
}

func (p *parser) maybeMatching(e rex.Expr) (rex.Expr, bool) {
	switch {
	case p.accept("BETWEEN"):
		low := p.sum()
		p.expect("AND")
		return p.call("AND", p.call(">=", e, low), p.call("<=", e, p.sum())), true
	case p.accept("LIKE"):
		return p.like("LIKE", e), true
	case p.accept("SIMILAR", "TO"):
		return p.like("SIMILAR TO", e), true
	case p.accept("IN"):
		p.expect("(")
		return p.call("IN", append([]rex.Expr{e}, p.list(")")...)...), true
	}
	for _, op := range []string{"=", "<>", "<=", ">=", "<", ">"} {
		if p.accept(op) {
			return p.call(op, e, p.sum()), true
		}
	}
	return e, false
}

func (p *parser) like(name string, e rex.Expr) rex.Expr {
	args := []rex.Expr{e, p.sum()}
	if p.accept("ESCAPE") {
		args = append(args, p.sum())
	}
	return p.call(name, args...)
}

func (p *parser) sum() rex.Expr {
	e := p.product()
	for {
		switch {
		case p.accept("+"):
			e = p.call("+", e, p.product())
		case p.accept("-"):
			e = p.call("-", e, p.product())
		case p.accept("||"):
			e = p.call("||", e, p.product())
		default:
			return e
		}
	}
}

func (p *parser) product() rex.Expr {
	e := p.unary()
	for {
		switch {
		case p.accept("*"):
			e = p.call("*", e, p.unary())
		case p.accept("/"):
			e = p.call("/", e, p.unary())
		case p.accept("%"):
			e = p.call("%", e, p.unary())
		default:
			return e
		}
	}
}

func (p *parser) unary() rex.Expr {
	if p.accept("-") {
		if p.at < len(p.tokens) && unicode.IsDigit(rune(p.tokens[p.at][0])) {
			p.tokens[p.at] = "-" + p.tokens[p.at]
			return p.postfix(p.number(p.next()))
		}
		return p.call("NEG", p.unary())
	}
	return p.postfix(p.primary())
}

func (p *parser) postfix(e rex.Expr) rex.Expr {
	for {
		switch {
		case p.accept("["):
			index := p.or()
			p.expect("]")
			e = p.call("ITEM", e, index)
		case p.accept("."):
			name := p.tokens[p.at]
			p.at++
			i := e.Type.FieldIndex(name)
			if i < 0 {
				p.fail("no field %s", name)
			}
			t := e.Type.Fields[i].Type
			e = rex.Expr{Kind: rex.Field, Name: name, Type: t.WithNullable(t.Nullable || e.Type.Nullable), Args: []rex.Expr{e}}
		default:
			return e
		}
	}
}

func (p *parser) next() string {
	t := p.peek()
	if t == "" {
		p.fail("unexpected end")
	}
	p.at++
	return t
}

func (p *parser) list(end string) []rex.Expr {
	var out []rex.Expr
	for !p.accept(end) {
		out = append(out, p.or())
		if !p.accept(",") {
			p.expect(end)
			break
		}
	}
	return out
}

func (p *parser) primary() rex.Expr {
	raw := ""
	if p.at < len(p.tokens) {
		raw = p.tokens[p.at]
	}
	word := p.next()
	switch {
	case word == "(":
		e := p.or()
		p.expect(")")
		return e
	case raw[0] == '\'':
		return rex.Str(unquote(raw))
	case unicode.IsDigit(rune(raw[0])):
		return p.number(raw)
	case word == "NULL":
		return rex.NullOf(types.Type{Kind: types.Null})
	case word == "TRUE" || word == "FALSE":
		return rex.Bool(word == "TRUE")
	case word == "CASE":
		return p.caseExpr()
	case word == "CAST" || word == "TRY_CAST":
		return p.castExpr(word == "TRY_CAST")
	case word == "ARRAY" && p.accept("["), word == "MAP" && p.accept("["):
		return p.call(word, p.list("]")...)
	case word == "X" && p.at < len(p.tokens) && p.tokens[p.at][0] == '\'':
		return p.binary()
	case p.at < len(p.tokens) && p.tokens[p.at][0] == '\'' && word != "IN":
		return p.temporal(word)
	case p.accept("("):
		return p.function(word)
	}
	for i, name := range p.names {
		if name == raw {
			return rex.Col(i, p.types[i])
		}
	}
	if p.registry.has(word) {
		return p.call(word)
	}
	p.fail("no column %q", raw)
	return rex.Expr{}
}

func unquote(raw string) string { return strings.ReplaceAll(raw[1:len(raw)-1], "''", "'") }

func (p *parser) binary() rex.Expr {
	digits := unquote(p.tokens[p.at])
	p.at++
	var b []byte
	for i := 0; i+1 < len(digits); i += 2 {
		v, err := strconv.ParseUint(digits[i:i+2], 16, 8)
		if err != nil {
			p.fail("bad binary %s", digits)
		}
		b = append(b, byte(v))
	}
	return rex.Lit(types.BytesType().NotNull(), rex.Value{Str: string(b)})
}

func (p *parser) number(text string) rex.Expr {
	if strings.ContainsAny(text, "eE") {
		f, _ := strconv.ParseFloat(text, 64)
		return rex.Lit(types.Of(types.Double).NotNull(), rex.Value{Float: f})
	}
	whole, fraction, point := strings.Cut(text, ".")
	if !point {
		v, err := strconv.ParseInt(text, 10, 64)
		t := types.Of(types.Int)
		if int64(int32(v)) != v {
			t = types.Of(types.BigInt)
		}
		if err == nil {
			return rex.Lit(t.NotNull(), rex.Value{Int: v})
		}
	}
	digits := strings.TrimPrefix(whole, "-")
	digits = strings.TrimLeft(digits, "0") + fraction
	t := types.DecimalOf(max(len(digits), len(fraction)), len(fraction))
	unscaled := strings.TrimLeft(digits, "0")
	if unscaled == "" {
		unscaled = "0"
	}
	if strings.HasPrefix(whole, "-") && unscaled != "0" {
		unscaled = "-" + unscaled
	}
	return rex.Lit(t.NotNull(), rex.Value{Str: unscaled})
}

func (p *parser) caseExpr() rex.Expr {
	var args []rex.Expr
	for p.accept("WHEN") {
		condition := p.or()
		p.expect("THEN")
		args = append(args, condition, p.or())
	}
	if p.accept("ELSE") {
		args = append(args, p.or())
	} else {
		args = append(args, rex.NullOf(types.Type{Kind: types.Null}))
	}
	p.expect("END")
	return p.call("CASE", args...)
}

func (p *parser) castExpr(try bool) rex.Expr {
	p.expect("(")
	e := p.or()
	p.expect("AS")
	t := p.typeName()
	p.expect(")")
	kind := rex.Cast
	if try {
		kind = rex.TryCast
	}
	return rex.Expr{Kind: kind, Type: t.WithNullable(e.Type.Nullable || try), Args: []rex.Expr{e}}
}

// temporal reads DATE '…', TIMESTAMP '…', INTERVAL '…' UNIT.
func (p *parser) temporal(word string) rex.Expr {
	text := unquote(p.tokens[p.at])
	p.at++
	if word == "INTERVAL" {
		unit, ok := temporal.ParseUnit(p.next())
		n, err := strconv.ParseInt(text, 10, 64)
		if !ok || err != nil {
			p.fail("bad interval")
		}
		if unit.Months() > 0 {
			return rex.Lit(types.Of(types.IntervalYearMonth).NotNull(), rex.Value{Int: n * unit.Months()})
		}
		return rex.Lit(types.Of(types.IntervalDayTime).NotNull(), rex.Value{Int: n * unit.Nanos() / temporal.NanosPerMilli})
	}
	precision := 0
	if _, fraction, ok := strings.Cut(text, "."); ok {
		precision = len(fraction)
	}
	days, nanos, ok := temporal.ParseTimestamp(text)
	t := types.TimestampOf(precision)
	v := temporal.Join(days, nanos, nanosPerUnit(precision))
	switch word {
	case "DATE":
		t, v = types.Of(types.Date), days
	case "TIME":
		nanos, ok = temporal.ParseTime(text)
		t, v = types.TimeOf(precision), nanos/nanosPerUnit(precision)
	case "TIMESTAMP_LTZ":
		t = types.TimestampLTZOf(precision)
	case "TIMESTAMP":
	default:
		ok = false
	}
	if !ok {
		p.fail("bad %s '%s'", word, text)
	}
	return rex.Lit(t.NotNull(), rex.Value{Int: v})
}

// function reads arguments with the special syntax of some functions.
func (p *parser) function(name string) rex.Expr {
	switch name {
	case "EXTRACT":
		unit := rex.Str(p.next())
		p.expect("FROM")
		return p.call(name, append([]rex.Expr{unit}, p.list(")")...)...)
	case "TIMESTAMPADD", "TIMESTAMPDIFF":
		unit := rex.Str(p.next())
		p.expect(",")
		return p.call(name, append([]rex.Expr{unit}, p.list(")")...)...)
	case "TRIM":
		if mode := p.peek(); mode == "BOTH" || mode == "LEADING" || mode == "TRAILING" {
			p.at++
			chars := p.sum()
			p.expect("FROM")
			return p.call(name, append([]rex.Expr{rex.Str(mode), chars}, p.list(")")...)...)
		}
	case "POSITION":
		needle := p.sum()
		p.expect("IN")
		return p.call(name, append([]rex.Expr{needle}, p.list(")")...)...)
	}
	var args []rex.Expr
	for !p.accept(")") {
		if !p.accept(",") && !p.accept("FROM") && !p.accept("FOR") && !p.accept("PLACING") && p.accept("TO") {
			args = append(args, rex.Str(p.next()))
			continue
		}
		if p.peek() != ")" {
			args = append(args, p.or())
		}
	}
	return p.call(name, args...)
}
