// Package bind gives meaning to syntax trees: names become columns, every
// expression gets a type and its implicit casts, views and CTEs are expanded, and
// queries become nodes of planner/logical, by Flink's rules.
//
// Errors are of class user (a mistake) or unsupported (a feature that parses but
// can't run yet) and point at the text they are about.
package bind

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// Binder binds statements over a catalog. It may be used by one goroutine.
type Binder struct {
	cat      catalog.Catalog
	funcs    catalog.Functions
	settings map[string]string
	// ctes are the WITH names in sight, innermost last.
	ctes []*cte
	// expanding are the views whose queries are being bound, outermost first; expanded
	// counts them all, and views keeps those that may be shared.
	expanding []string
	expanded  int
	views     map[*catalog.View]logical.Node
	// volatile counts the calls of functions that give another value each time.
	volatile int
	// reference stands for every place in a text that is not the script's: it is
	// where the script names the view or table whose declaration is being bound.
	reference errs.Span
	// relations counts those that sub-queries may read columns of.
	relations int
	// hints are those of the SELECT block being bound.
	hints blockHints
	// warnings tell of what has no effect.
	warnings []string
}

// Warnings are what statements bound so far ask for without effect.
func (b *Binder) Warnings() []string { return b.warnings }

// warn adds a warning, once.
func (b *Binder) warn(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(b.warnings, text) {
		b.warnings = append(b.warnings, text)
	}
}

// place is where the script shows n, for errors at run time.
func (b *Binder) place(n sql.Node) errs.Span {
	if b.reference != (errs.Span{}) {
		return b.reference
	}
	return n.Pos()
}

// elsewhere binds a part of a declaration that the script names at reference.
func (b *Binder) elsewhere(reference errs.Span, bind func() error) error {
	if b.reference != (errs.Span{}) {
		return bind() // a view within a view: the script names the outermost
	}
	b.reference = reference
	defer func() { b.reference = errs.Span{} }()
	return bind()
}

// New makes a Binder with a session's settings.
func New(cat catalog.Catalog, settings map[string]string) *Binder {
	return &Binder{cat: cat, funcs: cat.Functions(), settings: settings, views: map[*catalog.View]logical.Node{}}
}

// Query binds a bare query: its root collects the result.
func (b *Binder) Query(q *sql.Query) (*logical.Sink, error) {
	r, err := b.query(q, nil)
	if err != nil {
		return nil, err
	}
	if !r.node.Props().Bounded {
		b.sortByTime(q, r)
	}
	node := collectable(r.node, r.visible)
	return logical.NewSink(node, logical.SinkSpec{OrderBy: r.order, OrderSpan: r.orderSpan, Visible: r.visible, Span: q.Pos()}), nil
}

// collectable gives the columns of a collected result unique names, and a type
// to bare NULLs.
func collectable(node logical.Node, visible int) logical.Node {
	schema := node.Props().Schema
	exprs, names, changed := logical.AllCols(schema), schema.Names(), false
	used, next := map[string]bool{}, map[string]int{}
	for i, f := range schema {
		for ; used[names[i]]; next[f.Name]++ {
			names[i] = f.Name + itoa(next[f.Name])
			changed = true
		}
		used[names[i]] = true
		if f.Type.Kind == types.Null {
			exprs[i] = rex.NullOf(types.StringType())
			changed = true
		}
	}
	if !changed {
		return node
	}
	return logical.NewProject(node, exprs, names)
}

// Relation returns the table or view called name, or an error at span.
func (b *Binder) relation(name sql.Name) (catalog.Relation, string, error) {
	for _, candidate := range candidates(name) {
		if r, ok := b.cat.Relation(candidate); ok {
			return r, candidate, nil
		}
	}
	err := errs.Userf("there is no table or view called %s", strings.Join(name.Strings(), ".")).At(name.Pos())
	known := b.cat.Relations()
	for _, c := range b.ctes {
		known = append(known, c.name)
	}
	near := errs.Nearest(name.Last(), known)
	if i := slices.IndexFunc(known, func(k string) bool { return strings.HasSuffix(k, "."+name.Last()) }); near == "" && i >= 0 {
		near = known[i] // the same in another database
	}
	if near != "" {
		err = err.WithHint("did you mean %s?", near)
	}
	return catalog.Relation{}, "", err
}

// candidates are the catalog names that a path may mean: as written, and without
// Flink's default catalog and database.
func candidates(name sql.Name) []string {
	parts := name.Strings()
	out := []string{strings.Join(parts, ".")}
	for _, prefix := range []string{"default_catalog", "default_database"} {
		if len(parts) > 1 && parts[0] == prefix {
			parts = parts[1:]
		}
	}
	return append(out, strings.Join(parts, "."))
}

// unsupported makes the error for a feature that can't run yet.
func unsupported(n sql.Node, format string, args ...any) error {
	return errs.Unsupportedf(format+" is not supported yet", args...).At(n.Pos())
}
