package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/logical"
)

// sourceFilters offers the conditions right above a scan to its connector. A scan
// that several branches read gets what they have in common, and that one of them
// must hold.
func sourceFilters() Rule {
	return Rule{
		Name: "source_filters", Doc: "push conditions into the sources that take them",
		Apply: func(c *Context, roots []logical.Node) ([]logical.Node, error) {
			parents := logical.Parents(roots)
			scans := map[logical.Node]*pushedScan{}
			var failed error
			logical.Walk(roots, func(n logical.Node) {
				if s, ok := n.(*logical.Scan); ok && failed == nil {
					scans[n], failed = c.offer(s, parents[n])
				}
			})
			if failed != nil {
				return nil, failed
			}
			return logical.RewriteFrom(roots, func(n, was logical.Node) logical.Node {
				if p := scans[was]; p != nil {
					return p.scan
				}
				f, ok := n.(*logical.Filter)
				if !ok || scans[was.Inputs()[0]] == nil {
					return n
				}
				return scans[was.Inputs()[0]].above(f)
			}), nil
		},
	}
}

// pushedScan is a scan with filters and the terms it takes over in full.
type pushedScan struct {
	scan  *logical.Scan
	taken rex.Set
}

// above drops the terms that the scan takes over.
func (p *pushedScan) above(f *logical.Filter) logical.Node {
	var stay []rex.Expr
	for _, t := range conjuncts(f.Predicate) {
		if !p.taken.Has(t) {
			stay = append(stay, t)
		}
	}
	return filterBy(p.scan, stay)
}

// offer asks the connector; nil when there is nothing to push. Sources of updates
// keep all rows: a row that passes may be taken back by one that does not.
func (c *Context) offer(s *logical.Scan, parents []logical.Node) (*pushedScan, error) {
	if s.Info.Upsert || s.Info.Changelog || len(s.Filters) > 0 {
		return nil, nil
	}
	terms := c.wanted(parents)
	if len(terms) == 0 {
		return nil, nil
	}
	spec := s.Spec()
	push := catalog.Pushdown{Filters: terms}
	if s.Projected {
		push.Columns = s.Columns
	}
	info, err := c.Catalog.Source(s.Table, push)
	if err != nil {
		return nil, err
	}
	if info.Columns != s.Info.Columns || len(info.Filters) != len(terms) {
		return nil, nil
	}
	p := &pushedScan{}
	for i, taken := range info.Filters {
		if taken {
			p.taken.Add(terms[i])
		}
	}
	spec.Filters, spec.Info = terms, info
	p.scan = logical.NewScan(spec)
	return p, nil
}

// wanted are the conditions that no reader needs the opposite of.
func (c *Context) wanted(parents []logical.Node) []rex.Expr {
	var lists [][]rex.Expr
	for _, p := range parents {
		f, ok := p.(*logical.Filter)
		if !ok {
			return nil
		}
		var terms []rex.Expr
		for _, t := range conjuncts(f.Predicate) {
			if !c.volatile(t) && len(t.Inputs()) > 0 {
				terms = append(terms, t)
			}
		}
		lists = append(lists, terms)
	}
	var seen rex.Set
	var distinct []rex.Expr
	for _, t := range common(lists) {
		if t = t.Map(c.simplifyIn); seen.Add(t) {
			distinct = append(distinct, t)
		}
	}
	return distinct
}

// common are the terms of all lists, and the alternative of the others.
func common(lists [][]rex.Expr) []rex.Expr {
	if len(lists) == 1 {
		return lists[0]
	}
	sets := make([]*rex.Set, len(lists))
	for i, list := range lists {
		sets[i] = rex.SetOf(list)
	}
	var shared []rex.Expr
	for _, t := range lists[0] {
		everywhere := true
		for _, other := range sets[1:] {
			everywhere = everywhere && other.Has(t)
		}
		if everywhere {
			shared = append(shared, t)
		}
	}
	known := rex.SetOf(shared)
	var alternatives []rex.Expr
	for _, list := range lists {
		var rest []rex.Expr
		for _, t := range list {
			if !known.Has(t) {
				rest = append(rest, t)
			}
		}
		if len(rest) == 0 {
			return shared
		}
		alternatives = append(alternatives, and(rest))
	}
	return append(append(shared, implied(lists)...), or(alternatives))
}

// implied are weaker conditions that sources understand more often: a column that
// every alternative holds at some values is at one of all of them.
func implied(lists [][]rex.Expr) []rex.Expr {
	var out []rex.Expr
	for _, t := range lists[0] {
		x, items, ok := asIn(t)
		if !ok || !path(x) {
			continue
		}
		for _, other := range lists[1:] {
			more := valuesOf(x, other)
			ok = ok && more != nil
			items = append(items[:len(items):len(items)], more...)
		}
		items = distinctItems(items)
		if ok && len(items) > 1 && !(len(t.Args) == len(items)+1 && t.Name == "IN") {
			out = append(out, rex.CallOf("IN", t.Type, append([]rex.Expr{x}, items...)...))
		}
	}
	return out
}

// valuesOf are the values that one of the terms holds x at; nil for any.
func valuesOf(x rex.Expr, terms []rex.Expr) []rex.Expr {
	for _, t := range terms {
		if y, items, ok := asIn(t); ok && y.Equal(x) {
			return items
		}
	}
	return nil
}
