package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// Insert binds INSERT INTO: columns are matched by position and converted by
// Flink's implicit casts.
func (b *Binder) Insert(s *sql.Insert) (*logical.Sink, error) {
	rel, name, err := b.relation(s.Table)
	if err != nil {
		return nil, err
	}
	if rel.Table == nil {
		return nil, errs.Userf("%s is a view, which can't be written to", name).At(s.Table.Pos())
	}
	t, err := b.withHints(rel.Table, s.Hints)
	if err != nil {
		return nil, err
	}
	if s.Overwrite {
		if t, err = b.overwritten(s, t); err != nil {
			return nil, err
		}
	}
	r, err := b.query(s.Query, nil)
	if err != nil {
		return nil, err
	}
	if b.sortByTime(s.Query, r); len(r.order) > 0 && s.Query.Limit == nil && s.Query.Offset == nil {
		return nil, errs.Unsupportedf("ORDER BY without LIMIT in an INSERT is not supported yet other than by a time attribute, ascending, of rows that never change").
			At(r.orderSpan).WithHint("order by the column of the WATERMARK first, or add LIMIT")
	}
	node := r.relation()
	if s.Overwrite && !node.Props().Bounded {
		return nil, errs.Userf("INSERT OVERWRITE replaces a table when its query ends, and this one never does").At(s.Query.Pos()).
			WithHint("bound its sources, or write INSERT INTO")
	}
	targets, err := insertTargets(s, t)
	if err != nil {
		return nil, err
	}
	from := node.Props().Schema
	if node, err = b.insertColumns(s, t, node, targets); err != nil {
		return nil, err
	}
	checked := notNull(Written(t), from, targets)
	sink, err := b.sink(t, node, s.Table.Pos())
	if err != nil {
		return nil, err
	}
	spec := sink.SinkSpec
	spec.NotNull = checked
	if c := s.OnConflict; c != nil {
		spec.OnConflict, spec.OnConflictSpan = c.Do, c.Span
	}
	return logical.NewSink(sink.Inputs()[0], spec), nil
}

// sink makes the root that writes node, whose columns are Written(t).
func (b *Binder) sink(t *catalog.Table, node logical.Node, span errs.Span) (*logical.Sink, error) {
	info, err := b.cat.Sink(t)
	if err != nil {
		return nil, at(err, span)
	}
	node = asStored(node, t)
	return logical.NewSink(node, logical.SinkSpec{Table: t, Info: info, Visible: len(node.Props().Schema), Span: span}), nil
}

// asStored casts the metadata that the connector takes in another type than declared.
func asStored(node logical.Node, t *catalog.Table) logical.Node {
	schema := node.Props().Schema
	exprs, same := logical.AllCols(schema), true
	for i, c := range t.Written() {
		if c.Given != nil {
			exprs[i], same = castTo(exprs[i], *c.Given), false
		}
	}
	if same {
		return node
	}
	return logical.NewProject(node, exprs, schema.Names())
}

// Written is the schema of what an INSERT into a table writes.
func Written(t *catalog.Table) types.Schema {
	var out types.Schema
	for _, c := range t.Written() {
		out = append(out, types.Field{Name: c.Name, Type: c.Type})
	}
	return out
}

// target is where a column of an INSERT comes from: a column of the query, a
// constant of PARTITION, or nothing (NULL).
type target struct {
	column int
	value  sql.Expr
}

// nothing marks a column that the INSERT does not set.
const nothing = -1

// insertTargets assigns the query's columns to the table's by position in the
// column list, or in the table.
func insertTargets(s *sql.Insert, t *catalog.Table) ([]target, error) {
	schema := Written(t)
	targets := make([]target, len(schema))
	for i := range targets {
		targets[i].column = nothing
	}
	for _, p := range s.Partition {
		i := schema.Index(p.Column.Text)
		if i < 0 {
			return nil, unknownColumn(p.Column, schema.Names(), " in "+t.Name)
		}
		if targets[i].value != nil {
			return nil, errs.Userf("column %s is given twice", p.Column.Text).At(p.Column.Pos())
		}
		targets[i].value = p.Value
	}
	if s.Columns == nil {
		next := 0
		for i := range targets {
			if targets[i].value == nil {
				targets[i].column = next
				next++
			}
		}
		return targets, nil
	}
	for position, id := range s.Columns {
		i := schema.Index(id.Text)
		if i < 0 {
			return nil, unwritable(id, t, schema)
		}
		if targets[i].column != nothing || targets[i].value != nil {
			return nil, errs.Userf("column %s is given twice", id.Text).At(id.Pos())
		}
		targets[i].column = position
	}
	return targets, nil
}

// notNull lists the columns of the table that must not be NULL and may be in the query.
func notNull(schema, from types.Schema, targets []target) []int {
	var out []int
	for i, t := range targets {
		if t.column != nothing && !schema[i].Type.Nullable && from[t.column].Type.Nullable {
			out = append(out, i)
		}
	}
	return out
}

func unwritable(id sql.Ident, t *catalog.Table, schema types.Schema) error {
	for _, c := range t.Columns {
		if c.Name == id.Text {
			return errs.Userf("column %s of %s is computed or virtual and can't be written", id.Text, t.Name).At(id.Pos())
		}
	}
	return unknownColumn(id, schema.Names(), " in "+t.Name)
}

// insertColumns projects the query to the table's columns.
func (b *Binder) insertColumns(s *sql.Insert, t *catalog.Table, node logical.Node, targets []target) (logical.Node, error) {
	schema, from := Written(t), node.Props().Schema
	wanted := 0
	for _, target := range targets {
		if target.column != nothing {
			wanted++
		}
	}
	if wanted != len(from) {
		return nil, errs.Userf("the query gives %d columns, but %d are to be written", len(from), wanted).At(s.Query.Pos()).
			WithHint("%s has %s", t.Name, schema)
	}
	exprs := make([]rex.Expr, len(schema))
	for i, target := range targets {
		value, err := b.insertValue(s, t, schema[i], from, target)
		if err != nil {
			return nil, err
		}
		exprs[i] = value
	}
	return logical.NewProject(node, exprs, schema.Names()), nil
}

// insertValue converts one value to its column.
func (b *Binder) insertValue(s *sql.Insert, t *catalog.Table, column types.Field, from types.Schema, target target) (rex.Expr, error) {
	value := rex.NullOf(column.Type)
	place := s.Query.Pos()
	switch {
	case target.value != nil:
		bound, err := b.constant(target.value, "PARTITION")
		if err != nil {
			return bound, err
		}
		// A partition's value is converted, as in Flink, such as a text to a date.
		bound.Span = target.value.Pos()
		return castTo(bound, column.Type), nil
	case target.column != nothing:
		value = rex.Col(target.column, from[target.column].Type)
		place = itemPlace(s.Query, target.column, len(from))
	case !column.Type.Nullable:
		return value, errs.Userf("column %s of %s is NOT NULL and must be given a value", column.Name, t.Name).At(s.Table.Pos())
	}
	if !assignable(value.Type, column.Type) {
		name := "a value"
		if target.column != nothing {
			name = "column " + itoa(target.column+1) + " of the query (" + from[target.column].Name + ")"
		}
		return value, errs.Userf("%s of type %s can't be written to column %s %s", name, value.Type.WithNullable(true), column.Name,
			column.Type.WithNullable(true)).At(place).WithHint("columns are matched by position; use CAST to convert")
	}
	if value.Type.IsString() || value.Type.IsBinary() {
		// Lengths of columns do not cut what is written to them.
		return value, nil
	}
	value.Span = place
	return castTo(value, column.Type), nil
}

// itemPlace is the select item that gives a column, where that is plain.
func itemPlace(q *sql.Query, column, columns int) errs.Span {
	if s, ok := q.Body.(*sql.Select); ok && len(s.Items) == columns {
		return s.Items[column].Pos()
	}
	return q.Pos()
}
