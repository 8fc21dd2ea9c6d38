package bind

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	durations "github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// expandedMax bounds how often views are expanded for one statement.
const expandedMax = 10_000

// view gives what a view stands for. Views on views may be read so often that each is
// expanded once, unless its rows differ from one time to the other.
func (b *Binder) view(v *catalog.View, ref *sql.NamedTable) (logical.Node, error) {
	if node, ok := b.views[v]; ok {
		return node, nil
	}
	if b.viewCycle(v.Name) {
		return nil, errs.Userf("view %s is defined by itself: %s", v.Name, list(append(b.expanding, v.Name))).At(ref.Name.Pos())
	}
	if b.expanded++; b.expanded > expandedMax {
		return nil, errs.Userf("the statement reads views on views more than %d times", expandedMax).At(ref.Name.Pos()).
			WithHint("a query in WITH is computed once, however often it is read")
	}
	before := b.volatile
	node, err := b.expand(v, ref)
	if err == nil && b.volatile == before {
		b.views[v] = node
	}
	return node, err
}

// expand binds a view's query in the catalog's world, without the CTEs around the
// reference.
func (b *Binder) expand(v *catalog.View, ref *sql.NamedTable) (logical.Node, error) {
	parsed, err := v.Parsed(func(text string) (any, error) { return parseQuery(text) })
	if err != nil {
		return nil, inView(v, err, ref)
	}
	q := parsed.(*sql.Query)
	ctes, around := b.ctes, b.cat
	b.ctes, b.cat, b.expanding = nil, b.cat.Within(v.Name), append(b.expanding, v.Name)
	var r *result
	err = b.elsewhere(ref.Name.Pos(), func() (err error) {
		r, err = b.query(q, nil)
		return err
	})
	b.ctes, b.cat, b.expanding = ctes, around, b.expanding[:len(b.expanding)-1]
	if err != nil {
		return nil, inView(v, err, ref)
	}
	names := make([]sql.Ident, len(v.Columns))
	for i, c := range v.Columns {
		names[i] = sql.Ident{Place: ref.Place, Text: c}
	}
	return renamed(r.relation(), names, ref)
}

// inView reports an error of a view's query at the reference to the view, since
// its own span counts in another text.
func inView(v *catalog.View, err error, ref *sql.NamedTable) error {
	wrapped := &errs.Error{Class: errs.ClassOf(err), Message: "in view " + v.Name, Cause: err, Span: ref.Name.Pos()}
	return wrapped
}

// parseQuery parses the text of one query.
func parseQuery(text string) (*sql.Query, error) {
	statements, err := sql.Parse(text)
	if err != nil {
		return nil, err
	}
	if len(statements) == 1 {
		if q, ok := statements[0].(*sql.QueryStatement); ok {
			return q.Query, nil
		}
	}
	return nil, errs.Userf("this is not one query: %s", text)
}

// table reads a table: its stored columns, then the computed ones, then event
// time.
func (b *Binder) table(t *catalog.Table, name string, ref *sql.NamedTable) (logical.Node, error) {
	t, err := b.withHints(t, ref.Hints)
	if err != nil {
		return nil, err
	}
	stored := logical.Stored(t)
	info, err := b.cat.Source(t, catalog.Pushdown{})
	if err != nil {
		return nil, at(err, ref.Name.Pos())
	}
	if info.Upsert && len(t.PrimaryKey) == 0 {
		return nil, errs.Userf("table %s gives updates by key, but declares no PRIMARY KEY", name).At(ref.Name.Pos())
	}
	var node logical.Node = logical.NewScan(logical.ScanSpec{Table: t, Columns: stored, Info: info})
	err = b.elsewhere(ref.Name.Pos(), func() (err error) {
		if node, err = b.computedColumns(node, t); err != nil {
			return err
		}
		if t.Watermark == nil {
			b.withoutWatermark(t)
			return nil
		}
		node, err = b.watermark(node, t)
		return err
	})
	return node, inTable(t, err, ref.Name.Pos())
}

// inTable reports an error of a declaration's expression at span.
func inTable(t *catalog.Table, err error, span errs.Span) error {
	if err == nil {
		return nil
	}
	return &errs.Error{Class: errs.ClassOf(err), Message: "in the declaration of table " + t.Name, Cause: err, Span: span}
}

// withHints merges OPTIONS hints into a copy of the table.
func (b *Binder) withHints(t *catalog.Table, hints []sql.Hint) (*catalog.Table, error) {
	for _, h := range hints {
		if h.Name != "OPTIONS" {
			if err := b.otherHint(h); err != nil {
				return nil, err
			}
			continue
		}
		if strings.EqualFold(b.settings["table.dynamic-table-options.enabled"], "false") {
			return nil, errs.Userf("the hint OPTIONS is not allowed: 'table.dynamic-table-options.enabled' is false").At(h.Pos())
		}
		merged := *t
		merged.Options = maps.Clone(t.Options)
		if merged.Options == nil {
			merged.Options = map[string]string{}
		}
		for _, o := range h.Options {
			if o.Key == "connector" {
				return nil, errs.Userf("the option 'connector' can't be changed by a hint").At(o.Pos())
			}
			merged.Options[o.Key] = o.Value
		}
		t = &merged
	}
	return t, nil
}

// otherHint looks at a hint behind a table that is not OPTIONS: some stand elsewhere,
// others are passed over.
func (b *Binder) otherHint(h sql.Hint) error {
	if h.Name == "STATE_TTL" || h.Name == "LOOKUP" || slices.Contains(joinHints, h.Name) {
		return errs.Userf("the hint %s stands behind SELECT, not behind a table", h.Name).At(h.Pos())
	}
	b.warnUnknownHint(h)
	return nil
}

// queryHints looks at the hints behind the name of a query, which has no options.
func (b *Binder) queryHints(ref *sql.NamedTable) error {
	for _, h := range ref.Hints {
		if h.Name == "OPTIONS" {
			return errs.Userf("%s is a query, and the hint OPTIONS changes those of a table", ref.Name.Last()).At(h.Pos()).
				WithHint("write it behind the table in the query")
		}
		if err := b.otherHint(h); err != nil {
			return err
		}
	}
	return nil
}

// computedColumns projects all columns of a table in the declared order. Metadata that
// the connector gives in another type is cast.
func (b *Binder) computedColumns(node logical.Node, t *catalog.Table) (logical.Node, error) {
	if !slices.ContainsFunc(t.Columns, func(c catalog.Column) bool { return c.Computed != "" || c.Given != nil }) {
		return node, nil
	}
	scope := scopeOf(t.Name, node.Props().Schema)
	stored := scope.columns
	exprs := make([]rex.Expr, len(t.Columns))
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		if names[i] = c.Name; c.Computed == "" {
			exprs[i] = castTo(stored[0].expr, c.Type)
			stored[0].expr, stored = exprs[i], stored[1:]
		}
	}
	x := &exprBinder{b: b, scope: scope, clause: "a computed column"}
	for i, c := range t.Columns {
		if c.Computed == "" {
			continue
		}
		ast, err := sql.ParseExpr(c.Computed)
		if err != nil {
			return nil, err
		}
		if exprs[i], err = x.expr(ast); err != nil {
			return nil, err
		}
	}
	return logical.NewProject(node, exprs, names), nil
}

// Duration reads Flink's duration text, such as `30 s`, `1min` or a bare number of
// milliseconds.
func Duration(text string) (time.Duration, error) {
	d, err := durations.ParseDuration(text)
	if err != nil {
		return 0, errs.Userf("%q is not a duration: it %s", text, err).WithHint("write a number and a unit, such as 30 s or 1 min")
	}
	return d, nil
}

// timeAttribute checks that a column may be an event time attribute.
func timeAttribute(name string, t types.Type, span errs.Span) error {
	if !t.IsTimestamp() || t.Precision > 3 {
		return errs.Userf("the event time column %s must be TIMESTAMP(p) or TIMESTAMP_LTZ(p) with p at most 3, not %s", name,
			t.WithNullable(true)).At(span).WithHint("cast it in a computed column: CAST(%s AS TIMESTAMP(3))", name)
	}
	return nil
}
