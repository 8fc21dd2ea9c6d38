package bind

import (
	"maps"
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// Declare checks a CREATE TABLE and turns it into a catalog table. text gives the
// SQL text of an expression.
func (b *Binder) Declare(s *sql.CreateTable, text func(sql.Expr) string) (*catalog.Table, error) {
	d := &declaration{b: b, text: text, t: &catalog.Table{Name: declaredName(s.Name), Options: map[string]string{}}}
	if s.Like != nil {
		if err := d.like(s.Like); err != nil {
			return nil, err
		}
	}
	if s.As != nil {
		if err := d.asQuery(s); err != nil {
			return nil, err
		}
	}
	if s.Distributed != nil {
		return nil, unsupported(s.Distributed, "DISTRIBUTED BY")
	}
	if len(s.UniqueKeys) > 0 {
		return nil, unsupported(s.UniqueKeys[0], "UNIQUE")
	}
	return d.t, d.clauses(s)
}

// declaredName is a new table's name in the catalog.
func declaredName(name sql.Name) string {
	all := candidates(name)
	return all[len(all)-1]
}

// declaration is a table being declared.
type declaration struct {
	b    *Binder
	text func(sql.Expr) string
	t    *catalog.Table
	// overwrite holds what a LIKE clause lets the declaration replace.
	overwrite map[string]bool
}

// clauses applies the declaration's own clauses, on top of LIKE or AS.
func (d *declaration) clauses(s *sql.CreateTable) error {
	for _, c := range s.Columns {
		if err := d.column(c); err != nil {
			return err
		}
	}
	if s.Comment != nil {
		d.t.Comment = *s.Comment
	}
	for _, steps := range []func() error{
		func() error { return d.options(s.With) },
		func() error { return d.metadata(s) },
		func() error { return d.primaryKey(s.PrimaryKey) },
		func() error { return d.partitions(s.PartitionBy) },
		func() error { return d.computed(s.Columns) },
		func() error { return d.watermarks(s.Watermarks) },
	} {
		if err := steps(); err != nil {
			return err
		}
	}
	if len(d.t.Columns) == 0 {
		return errs.Userf("table %s has no columns", d.t.Name).At(s.Name.Pos())
	}
	return nil
}

func (d *declaration) index(name string) int {
	return slices.IndexFunc(d.t.Columns, func(c catalog.Column) bool { return c.Name == name })
}

// column adds a column; types of computed ones follow later, when all stored
// columns are known.
func (d *declaration) column(c sql.Column) error {
	column := catalog.Column{Name: c.Name.Text, Type: c.Type, Virtual: c.Virtual}
	if c.Comment != nil {
		column.Comment = *c.Comment
	}
	switch c.Kind {
	case sql.MetadataColumn:
		column.Metadata = c.MetadataKey
		if column.Metadata == "" {
			column.Metadata = c.Name.Text
		}
	case sql.ComputedColumn:
		column.Computed = d.text(c.Expr)
	}
	if i := d.index(column.Name); i >= 0 {
		if d.overwrite["COLUMNS"] && (column.Computed != "") == (d.t.Columns[i].Computed != "") {
			d.t.Columns[i] = column
			return nil
		}
		return errs.Userf("column %s is declared twice", column.Name).At(c.Name.Pos())
	}
	d.t.Columns = append(d.t.Columns, column)
	return nil
}

func (d *declaration) options(options []sql.Option) error {
	seen := map[string]bool{}
	for _, o := range options {
		if _, inherited := d.t.Options[o.Key]; seen[o.Key] || inherited && !d.overwrite["OPTIONS"] {
			return errs.Userf("the option '%s' is given twice", o.Key).At(o.Pos())
		}
		seen[o.Key] = true
		d.t.Options[o.Key] = o.Value
	}
	return nil
}

// metadata checks the METADATA columns: their connector has such metadata, in a type
// that can be cast to the column's.
func (d *declaration) metadata(s *sql.CreateTable) error {
	known, ok := d.b.cat.(catalog.Metadata)
	if !ok {
		return nil
	}
	given, what := known.Metadata(d.t.Options)
	for i := range d.t.Columns {
		c := &d.t.Columns[i]
		if c.Metadata == "" || what == "" {
			continue
		}
		t, ok := given[c.Metadata]
		switch {
		case !ok:
			e := errs.Userf("column '%s': %s has no metadata '%s'", c.Name, what, c.Metadata).At(d.place(s, c.Name))
			keys := slices.Sorted(maps.Keys(given))
			if nearest := errs.Nearest(c.Metadata, keys); nearest != "" {
				e = e.WithHint("did you mean '%s'?", nearest)
			} else if len(keys) > 0 {
				e = e.WithHint("it has %s", list(keys))
			}
			return e
		case !castable(t, c.Type):
			return errs.Userf("column '%s': metadata '%s' is %s, which can't be cast to %s", c.Name, c.Metadata, t, c.Type).At(d.place(s, c.Name))
		}
		if c.Given = nil; !t.Same(c.Type) {
			c.Given = &t
		}
	}
	return nil
}

// place is where a column is declared; columns of LIKE are not.
func (d *declaration) place(s *sql.CreateTable, column string) errs.Span {
	for _, c := range s.Columns {
		if c.Name.Text == column {
			return c.Name.Pos()
		}
	}
	return s.Name.Pos()
}

// primaryKey checks the key: it names stored columns, which become NOT NULL.
func (d *declaration) primaryKey(k *sql.PrimaryKey) error {
	if k == nil {
		return nil
	}
	if len(d.t.PrimaryKey) > 0 {
		return errs.Userf("table %s has a primary key already from LIKE", d.t.Name).At(k.Pos())
	}
	if k.Enforced {
		return errs.Userf("a primary key must be declared NOT ENFORCED: the table's data is not checked for it").At(k.Pos())
	}
	for _, id := range k.Columns {
		i := d.index(id.Text)
		switch {
		case i < 0:
			return unknownColumn(id, d.names(), " in "+d.t.Name)
		case !d.t.Columns[i].Physical():
			return errs.Userf("a primary key can't have the computed or metadata column %s", id.Text).At(id.Pos())
		case slices.Contains(d.t.PrimaryKey, id.Text):
			return errs.Userf("column %s is in the primary key twice", id.Text).At(id.Pos())
		}
		d.t.Columns[i].Type = d.t.Columns[i].Type.NotNull()
		d.t.PrimaryKey = append(d.t.PrimaryKey, id.Text)
	}
	return nil
}

func (d *declaration) names() []string {
	names := make([]string, len(d.t.Columns))
	for i, c := range d.t.Columns {
		names[i] = c.Name
	}
	return names
}

func (d *declaration) partitions(columns []sql.Ident) error {
	if len(columns) > 0 && len(d.t.PartitionedBy) > 0 {
		return errs.Userf("table %s is partitioned already by LIKE", d.t.Name).At(columns[0].Pos())
	}
	for _, id := range columns {
		i := d.index(id.Text)
		if i < 0 {
			return unknownColumn(id, d.names(), " in "+d.t.Name)
		}
		if !d.t.Columns[i].Physical() {
			return errs.Userf("a table can't be partitioned by the computed or metadata column %s", id.Text).At(id.Pos())
		}
		d.t.PartitionedBy = append(d.t.PartitionedBy, id.Text)
	}
	return nil
}

// computed binds the computed columns over the stored ones and sets their types.
func (d *declaration) computed(columns []sql.Column) error {
	for _, c := range columns {
		if c.Kind != sql.ComputedColumn {
			continue
		}
		x := &exprBinder{b: d.b, scope: scopeOf(d.t.Name, logical.Stored(d.t)), clause: "a computed column"}
		bound, err := x.expr(c.Expr)
		if err != nil {
			return err
		}
		if bound.Type.Kind == types.Null {
			return errs.Userf("computed column %s has no type: it is NULL", c.Name.Text).At(c.Pos()).WithHint("write CAST(NULL AS type)")
		}
		d.t.Columns[d.index(c.Name.Text)].Type = bound.Type
	}
	return nil
}

// watermarks checks the event time declaration.
func (d *declaration) watermarks(defs []sql.WatermarkDef) error {
	if len(defs) == 0 {
		return nil
	}
	if len(defs) > 1 {
		return errs.Userf("a table can have one WATERMARK").At(defs[1].Pos())
	}
	if d.t.Watermark != nil && !d.overwrite["WATERMARKS"] {
		return errs.Userf("table %s has a watermark already from LIKE", d.t.Name).At(defs[0].Pos())
	}
	w := defs[0]
	if len(w.Column.Parts) > 1 {
		return unsupported(w.Column, "a watermark for a field of a row")
	}
	i := d.index(w.Column.Last())
	if i < 0 {
		return unknownColumn(w.Column.Parts[0], d.names(), " in "+d.t.Name)
	}
	if err := timeAttribute(w.Column.Last(), d.t.Columns[i].Type, w.Column.Pos()); err != nil {
		return err
	}
	x := &exprBinder{b: d.b, scope: scopeOf(d.t.Name, AllColumns(d.t)), clause: "WATERMARK"}
	bound, err := x.expr(w.Expr)
	if err != nil {
		return err
	}
	if !bound.Type.IsTimestamp() || bound.Type.Kind != d.t.Columns[i].Type.Kind {
		return errs.Userf("the watermark of %s must be a %s too, not %s", w.Column.Last(), d.t.Columns[i].Type.Kind,
			bound.Type.WithNullable(true)).At(w.Expr.Pos())
	}
	d.t.Watermark = &catalog.Watermark{Column: w.Column.Last(), Expr: d.text(w.Expr)}
	return nil
}

// AllColumns is a table's schema with its computed columns.
func AllColumns(t *catalog.Table) types.Schema {
	out := make(types.Schema, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = types.Field{Name: c.Name, Type: c.Type}
	}
	return out
}

// likeFeatures are what LIKE can take over.
var likeFeatures = []string{"CONSTRAINTS", "DISTRIBUTION", "GENERATED", "METADATA", "OPTIONS", "PARTITIONS", "WATERMARKS"}

// like copies another table's declaration. By default everything is included and
// options may be overwritten.
func (d *declaration) like(l *sql.LikeTable) error {
	rel, name, err := d.b.relation(l.Name)
	if err != nil {
		return err
	}
	if rel.Table == nil {
		return errs.Userf("LIKE needs a table, but %s is a view", name).At(l.Name.Pos())
	}
	strategy := likeStrategy(l.Options)
	d.overwrite = map[string]bool{"COLUMNS": strategy["GENERATED"] == "OVERWRITING"}
	for _, f := range likeFeatures {
		d.overwrite[f] = strategy[f] == "OVERWRITING"
	}
	included := func(f string) bool { return strategy[f] != "EXCLUDING" }
	source := rel.Table
	for _, c := range source.Columns {
		if c.Computed != "" && !included("GENERATED") || c.Metadata != "" && !included("METADATA") {
			continue
		}
		d.t.Columns = append(d.t.Columns, c)
	}
	if included("CONSTRAINTS") {
		d.t.PrimaryKey = slices.Clone(source.PrimaryKey)
	}
	if included("PARTITIONS") {
		d.t.PartitionedBy = slices.Clone(source.PartitionedBy)
	}
	if included("WATERMARKS") && source.Watermark != nil {
		w := *source.Watermark
		d.t.Watermark = &w
	}
	if included("OPTIONS") {
		for k, v := range source.Options {
			d.t.Options[k] = v
		}
	}
	return nil
}

// likeStrategy resolves the LIKE options per feature.
func likeStrategy(options []sql.LikeOption) map[string]string {
	strategy := map[string]string{}
	for _, f := range likeFeatures {
		strategy[f] = "INCLUDING"
	}
	strategy["OPTIONS"] = "OVERWRITING"
	for _, all := range []bool{true, false} {
		for _, o := range options {
			if (o.Feature == "ALL") != all {
				continue
			}
			if !all {
				strategy[o.Feature] = o.Strategy
				continue
			}
			for _, f := range likeFeatures {
				strategy[f] = o.Strategy
			}
		}
	}
	return strategy
}

// asQuery takes the columns from a query.
func (d *declaration) asQuery(s *sql.CreateTable) error {
	r, err := d.b.query(s.As, nil)
	if err != nil {
		return err
	}
	schema := collectable(r.relation(), r.visible).Props().Schema
	for _, f := range schema {
		d.t.Columns = append(d.t.Columns, catalog.Column{Name: f.Name, Type: f.Type})
	}
	if len(s.Columns) > 0 {
		return unsupported(s.Columns[0], "CREATE TABLE … AS with declared columns")
	}
	return d.reorder(s.AsColumns)
}

// reorder puts the query's columns into the order of CREATE TABLE t (b, a) AS.
func (d *declaration) reorder(order []sql.Ident) error {
	if len(order) == 0 {
		return nil
	}
	if len(order) != len(d.t.Columns) {
		return errs.Userf("the column list must name each of the query's %d columns once", len(d.t.Columns)).At(order[0].Pos())
	}
	var out []catalog.Column
	for _, id := range order {
		i := d.index(id.Text)
		if i < 0 {
			return unknownColumn(id, d.names(), " in the query")
		}
		out = append(out, d.t.Columns[i])
	}
	d.t.Columns = out
	return nil
}

// CreateAs binds the INSERT of CREATE TABLE … AS into the table made of it: its
// columns are matched by name.
func (b *Binder) CreateAs(s *sql.CreateTable) (*logical.Sink, error) {
	rel, name, err := b.relation(s.Name)
	if err != nil {
		return nil, err
	}
	if rel.Table == nil {
		return nil, errs.Userf("%s is a view, which can't be written to", name).At(s.Name.Pos())
	}
	r, err := b.query(s.As, nil)
	if err != nil {
		return nil, err
	}
	node := collectable(r.relation(), r.visible)
	from, to := node.Props().Schema, Written(rel.Table)
	exprs := make([]rex.Expr, len(to))
	for i, f := range to {
		c := from.Index(f.Name)
		if c < 0 {
			return nil, errs.Userf("table %s has a column %s that its query lacks", name, f.Name).At(s.As.Pos())
		}
		exprs[i] = castTo(rex.Col(c, from[c].Type), f.Type)
	}
	return b.sink(rel.Table, logical.NewProject(node, exprs, to.Names()), s.Name.Pos())
}

// View checks a view's query and gives its columns.
func (b *Binder) View(s *sql.CreateView) (types.Schema, error) {
	r, err := b.query(s.Query, nil)
	if err != nil {
		return nil, err
	}
	var names []sql.Ident
	for _, c := range s.Columns {
		names = append(names, c.Name)
	}
	node, err := renamed(r.relation(), names, s.Name)
	if err != nil {
		return nil, err
	}
	return node.Props().Schema, nil
}
