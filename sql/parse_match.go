package sql

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// MatchMiddle reads MATCH_RECOGNIZE from ROWS PER MATCH to SUBSET, as lower.Parts
// asks; the result is a *MatchRecognize with only those fields set.
func (p *parser) MatchMiddle(*token.Cursor) (any, error) {
	m := &MatchRecognize{}
	if err := p.rowsPerMatch(m); err != nil {
		return nil, err
	}
	if p.Is("AFTER") {
		if err := p.afterMatch(m); err != nil {
			return nil, err
		}
	}
	if err := p.Expect("PATTERN", "("); err != nil {
		return nil, err
	}
	m.StrictStart = p.Accept("^")
	var err error
	if m.Pattern, err = p.pattern(0); err != nil {
		return nil, err
	}
	m.StrictEnd = p.Accept("$")
	if err := p.Expect(")"); err != nil {
		return nil, err
	}
	if p.Accept("WITHIN") {
		if !p.Is("INTERVAL") {
			return nil, p.Unexpected("INTERVAL")
		}
		within, err := p.intervalLiteral()
		if err != nil {
			return nil, err
		}
		m.Within = within.(*IntervalLiteral)
	}
	if p.Accept("SUBSET") {
		err = p.subsets(m)
	}
	return m, err
}

func (p *parser) rowsPerMatch(m *MatchRecognize) error {
	switch {
	case p.Accept("ONE"):
		return p.Expect("ROW", "PER", "MATCH")
	case p.Accept("ALL"):
		m.AllRows = true
		if err := p.Expect("ROWS", "PER", "MATCH"); err != nil {
			return err
		}
		for _, mode := range [][]string{{"SHOW", "EMPTY", "MATCHES"}, {"OMIT", "EMPTY", "MATCHES"}, {"WITH", "UNMATCHED", "ROWS"}} {
			if p.Accept(mode...) {
				m.AllRowsMode = mode[0] + " " + mode[1] + " " + mode[2]
			}
		}
	}
	return nil
}

func (p *parser) afterMatch(m *MatchRecognize) error {
	first := p.Index()
	if err := p.Expect("AFTER", "MATCH", "SKIP"); err != nil {
		return err
	}
	var err error
	switch {
	case p.Accept("PAST", "LAST", "ROW"):
		m.After.Kind = SkipPastLastRow
	case p.Accept("TO", "NEXT", "ROW"):
		m.After.Kind = SkipToNextRow
	case p.Accept("TO", "FIRST"):
		m.After.Kind = SkipToFirst
		m.After.Variable, err = p.ident()
	case p.Accept("TO", "LAST"):
		m.After.Kind = SkipToLast
		m.After.Variable, err = p.ident()
	case p.Accept("TO"):
		m.After.Kind = SkipToLast
		m.After.Variable, err = p.ident()
	default:
		return p.Unexpected("PAST LAST ROW or TO …")
	}
	m.After.Place = p.place(first)
	return err
}

// pattern reads alternatives separated by |.
func (p *parser) pattern(depth int) (*Pattern, error) {
	first := p.Index()
	var items []*Pattern
	for {
		item, err := p.patternSequence(depth)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		if !p.Accept("|") {
			break
		}
	}
	if len(items) == 1 {
		return items[0], nil
	}
	return &Pattern{Place: p.place(first), Kind: PatternAlternation, Items: items}, nil
}

// patternSequence reads terms one after another.
func (p *parser) patternSequence(depth int) (*Pattern, error) {
	if depth > MaxDepth {
		return nil, token.TooDeep(p.Peek(), MaxDepth)
	}
	first := p.Index()
	var items []*Pattern
	for p.Peek().IsName() || p.Is("(") || p.Is("{-") {
		item, err := p.patternTerm(depth)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	switch len(items) {
	case 0:
		return nil, p.Unexpected("a pattern variable")
	case 1:
		return items[0], nil
	}
	return &Pattern{Place: p.place(first), Kind: PatternSequence, Items: items}, nil
}

// patternTerm reads a variable, group, exclusion or permutation with its
// quantifier.
func (p *parser) patternTerm(depth int) (*Pattern, error) {
	first := p.Index()
	item := &Pattern{}
	var err error
	switch {
	case p.Is("(", ")"):
		p.Next()
		p.Next()
		item.Kind = PatternSequence
	case p.Accept("("):
		if item, err = p.pattern(depth + 1); err != nil {
			return nil, err
		}
		if err := p.Expect(")"); err != nil {
			return nil, err
		}
		if item.Quantifier != nil {
			item = &Pattern{Kind: PatternSequence, Items: []*Pattern{item}}
		}
	case p.Accept("{-"):
		inner, err := p.pattern(depth + 1)
		if err != nil {
			return nil, err
		}
		item.Kind, item.Items = PatternExclude, []*Pattern{inner}
		if err := p.Expect("-}"); err != nil {
			return nil, err
		}
	case p.Is("PERMUTE", "("):
		p.Next()
		item.Kind = PatternPermute
		err = p.list(func() error {
			inner, err := p.pattern(depth + 1)
			item.Items = append(item.Items, inner)
			return err
		})
	default:
		item.Variable, err = p.ident()
	}
	if err != nil {
		return nil, err
	}
	if item.Quantifier, err = p.quantifier(); err != nil {
		return nil, err
	}
	// A group that only held a quantified item is that item.
	if item.Kind == PatternSequence && item.Quantifier == nil && len(item.Items) == 1 {
		item = item.Items[0]
	}
	item.Place = p.place(first)
	return item, nil
}

// quantifier reads *, +, ?, {n}, {n,}, {,m} or {n,m} with an optional ? if one is
// next.
func (p *parser) quantifier() (*Quantifier, error) {
	first := p.Index()
	q := &Quantifier{Max: -1}
	switch {
	case p.Accept("*"):
	case p.Accept("+"):
		q.Min = 1
	case p.Accept("?"):
		q.Max = 1
	case p.Is("{"):
		if err := p.repetition(q); err != nil {
			return nil, err
		}
	default:
		return nil, nil
	}
	q.Reluctant = p.Accept("?")
	q.Place = p.place(first)
	return q, nil
}

// repetitionMax bounds the numbers of a repetition.
const repetitionMax = 1 << 20

// repetition reads {n}, {n,}, {,m} or {n,m}.
func (p *parser) repetition(q *Quantifier) error {
	open := p.Next()
	hasMin := p.Peek().Kind == token.Number
	var err error
	if hasMin {
		if q.Min, err = p.smallNumber(0, repetitionMax); err != nil {
			return err
		}
		q.Max = q.Min
	}
	if p.Accept(",") {
		q.Max = -1
		if p.Peek().Kind == token.Number {
			if q.Max, err = p.smallNumber(1, repetitionMax); err != nil {
				return err
			}
		}
	} else if !hasMin {
		return p.Unexpected("a number")
	}
	if err := p.Expect("}"); err != nil {
		return err
	}
	if q.Max == 0 || q.Max >= 0 && q.Max < q.Min {
		return errs.Userf("the repetition {%d,%d} matches nothing", q.Min, q.Max).At(open.Span())
	}
	return nil
}

// subsets reads name = (a, b), ….
func (p *parser) subsets(m *MatchRecognize) error {
	for {
		first := p.Index()
		name, err := p.ident()
		if err != nil {
			return err
		}
		if err := p.Expect("="); err != nil {
			return err
		}
		variables, err := p.idents()
		if err != nil {
			return err
		}
		m.Subsets = append(m.Subsets, Subset{Place: p.place(first), Name: name, Variables: variables})
		if !p.Accept(",") {
			return nil
		}
	}
}
