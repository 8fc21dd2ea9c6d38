// Package rules rewrites the logical DAG: one rewrite a file, listed once in
// order by [All].
//
// Every rule keeps the sinks' schemas, and the NULLs and changes that may reach
// them only become fewer (invariant SAME-RESULT); [Apply] checks that after each
// firing.
package rules

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/logical"
)

// Context is what rules may ask.
type Context struct {
	Catalog   catalog.Catalog
	Functions catalog.Functions
	// Emit says when windows are emitted besides once, when they are due.
	Emit logical.Emission
	// Buckets is into how many parts DISTINCT aggregates are split; 0 leaves them
	// whole.
	Buckets int
	// Late makes the sink of late rows; nil leaves them to be counted.
	Late func(rows logical.Node) (*logical.Sink, error)
	// Trace, when set, is told of every rule that fired and the DAG after it.
	Trace func(rule string, roots []logical.Node)
	// Off names rules that are not applied.
	Off map[string]bool
}

// Rule is one rewrite.
type Rule struct {
	// Name is stable, lower case, for traces and tests.
	Name string
	// Doc says in one line what it does.
	Doc string
	// MayDelete lets the rule send deletions where there were updates only: its
	// result is the same table by other changes.
	MayDelete bool
	// Apply rewrites the DAG; it gives back the same roots when it has nothing to
	// do.
	Apply func(c *Context, roots []logical.Node) ([]logical.Node, error)
}

// stage is a list of rules applied in order, again and again while one fires.
type stage struct {
	rules []Rule
	once  bool
}

// stages lists every rule once.
func stages() []stage {
	return []stage{
		{once: true, rules: []Rule{sharePlans(), factorOr(), deriveFilters(), connectJoins()}},
		{rules: []Rule{
			foldConstants(), simplifyBooleans(), simplifyIn(), propagateConstants(), mergeFilters(), outerToInner(), pushFilter(), pushJoinCondition(),
			mergeProjects(), topN(), windowTopN(), deduplicate(), joinKeys(), windowAggregate(), emptyRelations(), projectValues(),
		}},
		{rules: []Rule{overMode()}},
		{once: true, rules: []Rule{lateRows()}},
		{once: true, rules: []Rule{splitDistinct()}},
		{once: true, rules: []Rule{unusedWatermark()}},
		{once: true, rules: []Rule{pruneColumns()}},
		{once: true, rules: []Rule{rankLimit()}},
		{once: true, rules: []Rule{sourceFilters()}},
		{once: true, rules: []Rule{sourceLimit()}},
	}
}

// All lists every rule in the order of its first application.
func All() []Rule {
	var out []Rule
	for _, s := range stages() {
		out = append(out, s.rules...)
	}
	return out
}

// roundsMax bounds the repetitions of a stage; rules that undo each other would
// otherwise never end.
const roundsMax = 30

// Apply runs all stages; the general rewrites run again after each later stage,
// which uncovers work for them.
func Apply(c *Context, roots []logical.Node) ([]logical.Node, error) {
	all := stages()
	general := all[1]
	var err error
	for i, s := range all {
		if roots, err = c.stage(s, roots); err != nil {
			return nil, err
		}
		if i > 1 {
			if roots, err = c.stage(general, roots); err != nil {
				return nil, err
			}
		}
	}
	return c.apply(sharePlans(), roots)
}

func (c *Context) stage(s stage, roots []logical.Node) ([]logical.Node, error) {
	for range roundsMax {
		before := roots
		for _, r := range s.rules {
			var err error
			if roots, err = c.apply(r, roots); err != nil {
				return nil, err
			}
		}
		if s.once || slices.Equal(before, roots) {
			break
		}
	}
	return roots, nil
}

// apply runs one rule and checks SAME-RESULT.
func (c *Context) apply(r Rule, roots []logical.Node) ([]logical.Node, error) {
	if c.Off[r.Name] {
		return roots, nil
	}
	out, err := r.Apply(c, roots)
	if err != nil {
		return nil, err
	}
	if slices.Equal(out, roots) || logical.Print(out) == logical.Print(roots) {
		return roots, nil
	}
	for i := range roots {
		was, is := roots[i].Props(), out[i].Props()
		if !narrows(was.Schema, is.Schema) {
			return nil, errs.Bugf("rule %s changed the schema of a sink from %s to %s", r.Name, was.Schema, is.Schema)
		}
		if more := is.Changes &^ was.Changes; more != 0 && !(r.MayDelete && !was.Changes.InsertOnly()) {
			return nil, errs.Bugf("rule %s changed the changes of a sink from %s to %s", r.Name, was.Changes, is.Changes)
		}
	}
	if c.Trace != nil {
		c.Trace(r.Name, out)
	}
	return out, nil
}

// narrows reports whether both schemas have the same columns, of which fewer may
// be NULL now.
func narrows(was, is types.Schema) bool {
	if len(was) != len(is) {
		return false
	}
	for i := range was {
		if is[i].Type.Nullable && !was[i].Type.Nullable || was[i].Name != is[i].Name ||
			!was[i].Type.WithNullable(true).Equal(is[i].Type.WithNullable(true)) {
			return false
		}
	}
	return true
}

// perNode makes a rule that looks at one node at a time, inputs first.
func perNode(name, doc string, f func(c *Context, n logical.Node) logical.Node) Rule {
	return Rule{Name: name, Doc: doc, Apply: func(c *Context, roots []logical.Node) ([]logical.Node, error) {
		return logical.Rewrite(roots, func(n logical.Node) logical.Node { return f(c, n) }), nil
	}}
}
