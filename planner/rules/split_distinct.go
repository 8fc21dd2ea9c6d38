package rules

import (
	"slices"
	"strconv"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
)

// splitDistinct aggregates DISTINCT values in two steps, so that a group with many
// of them is worked on by many tasks: first by group and bucket of the value, then
// the buckets' results by group. Equal values share a bucket, so that a value is
// counted once. Each DISTINCT argument has buckets of its own: rows are repeated
// for each, with a tag, and calls read the rows of their tag only.
func splitDistinct() Rule {
	r := perNode("split_distinct", "aggregate DISTINCT values by bucket first, then the buckets", func(c *Context, n logical.Node) logical.Node {
		a, ok := n.(*logical.Aggregate)
		if !ok || c.Buckets == 0 {
			return n
		}
		s := &split{c: c, agg: a}
		if !s.possible() {
			return n
		}
		return s.build()
	})
	r.MayDelete = true
	return r
}

// split is the splitting of one aggregate.
type split struct {
	c   *Context
	agg *logical.Aggregate
	// args are the columns of DISTINCT calls, each a tag.
	args []int
}

// possible collects the DISTINCT columns, and tells whether all calls can be put
// together from those of parts.
func (s *split) possible() bool {
	for _, call := range s.agg.Aggs {
		if combined(call.Name) == "" || len(call.Args) > 1 {
			return false
		}
		if call.Distinct && !slices.Contains(s.args, call.Args[0]) {
			s.args = append(s.args, call.Args[0])
		}
	}
	return len(s.args) > 0
}

// combined is the aggregate that puts results of parts together; "" for none.
func combined(name string) string {
	switch name {
	case "COUNT", "SUM":
		return "SUM"
	case "MIN", "MAX":
		return name
	}
	return ""
}

// tagOf is the tag of the rows that a call reads. Those without DISTINCT read the
// first: it has every row once, as each has.
func (s *split) tagOf(call rex.AggCall) int {
	if !call.Distinct {
		return 0
	}
	return slices.Index(s.args, call.Args[0])
}

func (s *split) build() logical.Node {
	a := s.agg
	width := len(a.Inputs()[0].Props().Schema)
	node, filters := s.tagged()
	calls := slices.Clone(a.Aggs)
	for i, f := range filters {
		calls[i].Filter = f
	}
	keys := append(slices.Clone(a.Keys), width, width+1)
	parts := logical.NewAggregate(node, keys, calls, a.Names, a.Span)
	return s.combine(parts, len(keys))
}

// tagged is the input once for each DISTINCT column, followed by the tag, the
// value's bucket, and a condition for each call; it gives the conditions' columns.
func (s *split) tagged() (logical.Node, []int) {
	input := s.agg.Inputs()[0]
	schema := input.Props().Schema
	names := append(schema.Names(), "$tag", "$bucket")
	filters := make([]int, len(s.agg.Aggs))
	var conditions []rex.AggCall
	for i, call := range s.agg.Aggs {
		if len(s.args) == 1 {
			filters[i] = call.Filter // all rows have the one tag
			continue
		}
		filters[i] = len(names)
		names = append(names, "$of"+strconv.Itoa(i))
		conditions = append(conditions, call)
	}
	var branches []logical.Node
	for tag, column := range s.args {
		exprs := append(logical.AllCols(schema), rex.BigInt(int64(tag)), s.bucket(rex.Col(column, schema[column].Type)))
		for _, call := range conditions {
			exprs = append(exprs, condition(call, schema, s.tagOf(call) == tag))
		}
		branches = append(branches, logical.NewProject(input, exprs, names))
	}
	if len(branches) == 1 {
		return branches[0], filters
	}
	return logical.NewUnion(branches...), filters
}

// condition is whether a call reads a row.
func condition(call rex.AggCall, schema types.Schema, tag bool) rex.Expr {
	if tag && call.Filter >= 0 {
		return rex.Col(call.Filter, schema[call.Filter].Type)
	}
	return rex.Bool(tag)
}

// bucket is the part that a value belongs to.
func (s *split) bucket(value rex.Expr) rex.Expr {
	integer := types.Of(types.Int).NotNull()
	return rex.CallOf("%", integer, rex.CallOf("HASH_CODE", integer, value), rex.Lit(integer, rex.Value{Int: int64(s.c.Buckets)}))
}

// combine aggregates the parts' results by the original keys. No part at all is a
// COUNT of 0.
func (s *split) combine(parts logical.Node, first int) logical.Node {
	a := s.agg
	calls := make([]rex.AggCall, len(a.Aggs))
	for i, call := range a.Aggs {
		t := call.Type
		calls[i] = rex.AggCall{Name: combined(call.Name), Args: []int{first + i}, ArgTypes: []types.Type{t}, Type: t.WithNullable(true), Filter: -1}
	}
	whole := logical.NewAggregate(parts, logical.Range(0, len(a.Keys)), calls, a.Names, a.Span)
	exprs := logical.AllCols(whole.Props().Schema)
	for i, call := range a.Aggs {
		if at := len(a.Keys) + i; call.Name == "COUNT" {
			exprs[at] = rex.CallOf("COALESCE", call.Type, exprs[at], rex.Lit(call.Type, rex.Value{}))
		}
	}
	return logical.NewProject(whole, exprs, whole.Props().Schema.Names())
}
