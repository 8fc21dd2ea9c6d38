package sql

import (
	"strconv"

	"github.com/thalweg/thalweg/internal/types"
)

// create writes CREATE with its modifiers, the kind and the name.
func (f *formatter) create(c creation) {
	f.words("CREATE ")
	f.wordIf(c.orReplace, "OR REPLACE ")
	f.wordIf(c.orAlter, "OR ALTER ")
	f.wordIf(c.temporary, "TEMPORARY ")
	f.wordIf(c.system, "SYSTEM ")
	f.words(c.kind.String(), " ")
	f.wordIf(c.ifNotExists, "IF NOT EXISTS ")
	f.name(c.name)
}

func (f *formatter) createTable(s *CreateTable) {
	f.create(creation{kind: TableObject, orReplace: s.OrReplace, temporary: s.Temporary, ifNotExists: s.IfNotExists, name: s.Name})
	if s.AsColumns != nil {
		f.words(" ")
		f.idents(s.AsColumns)
	} else {
		f.elements(s.Columns, s.Watermarks, s.PrimaryKey, s.UniqueKeys)
	}
	f.comment(s.Comment)
	if d := s.Distributed; d != nil {
		f.words(" DISTRIBUTED")
		if d.Columns != nil {
			f.words(" BY ")
			f.wordIf(d.Kind != "", d.Kind+" ")
			f.idents(d.Columns)
		}
		if d.Buckets > 0 {
			f.words(" INTO ", strconv.Itoa(d.Buckets), " BUCKETS")
		}
	}
	if s.PartitionBy != nil {
		f.words(" PARTITIONED BY ")
		f.idents(s.PartitionBy)
	}
	f.with(s.With)
	if s.Like != nil {
		f.words(" LIKE ")
		f.name(s.Like.Name)
		if s.Like.Options != nil {
			f.words(" (")
			f.each(len(s.Like.Options), " ", func(i int) { f.words(s.Like.Options[i].Strategy, " ", s.Like.Options[i].Feature) })
			f.words(")")
		}
	}
	if s.As != nil {
		f.words(" AS ")
		f.query(s.As)
	}
}

// elements writes the column list, one element a line; nothing if it is empty.
func (f *formatter) elements(columns []Column, watermarks []WatermarkDef, primary *PrimaryKey, unique []PrimaryKey) {
	separator := " (\n  "
	next := func() {
		f.words(separator)
		separator = ",\n  "
	}
	for _, c := range columns {
		next()
		f.column(c)
	}
	for _, w := range watermarks {
		next()
		f.watermark(w)
	}
	if primary != nil {
		next()
		f.key("PRIMARY KEY", *primary)
	}
	for _, k := range unique {
		next()
		f.key("UNIQUE", k)
	}
	f.wordIf(separator == ",\n  ", "\n)")
}

func (f *formatter) column(c Column) {
	f.ident(c.Name)
	switch c.Kind {
	case ComputedColumn:
		f.words(" AS ")
		f.expr(c.Expr, 0)
	default:
		f.words(" ", c.Type.String())
		if c.Kind == MetadataColumn {
			f.words(" METADATA")
			if c.MetadataKey != "" {
				f.words(" FROM ", types.QuoteString(c.MetadataKey))
			}
			f.wordIf(c.Virtual, " VIRTUAL")
		}
	}
	f.comment(c.Comment)
}

func (f *formatter) watermark(w WatermarkDef) {
	f.words("WATERMARK FOR ")
	f.name(w.Column)
	f.words(" AS ")
	f.expr(w.Expr, 0)
}

func (f *formatter) key(kind string, k PrimaryKey) {
	if k.Constraint != nil {
		f.words("CONSTRAINT ")
		f.ident(*k.Constraint)
		f.words(" ")
	}
	f.words(kind, " ")
	f.idents(k.Columns)
	f.wordIf(!k.Enforced, " NOT ENFORCED")
}

// createView writes both kinds of views.
func (f *formatter) createView(s Statement) {
	switch s := s.(type) {
	case *CreateView:
		f.create(creation{kind: ViewObject, orReplace: s.OrReplace, temporary: s.Temporary, ifNotExists: s.IfNotExists, name: s.Name})
		f.viewColumns(s.Columns, nil)
		f.comment(s.Comment)
		f.words(" AS\n")
		f.query(s.Query)
	case *CreateMaterializedView:
		f.create(creation{kind: MaterializedViewObject, orReplace: s.OrReplace, orAlter: s.OrAlter, ifNotExists: s.IfNotExists, name: s.Name})
		f.viewColumns(s.Columns, s.PrimaryKey)
		f.comment(s.Comment)
		f.with(s.With)
		if s.Freshness != nil {
			f.words("\nFRESHNESS = INTERVAL ", types.QuoteString(s.Freshness.Count), " ", s.Freshness.Unit)
		}
		f.wordIf(s.RefreshMode != "", "\nREFRESH_MODE = "+s.RefreshMode)
		f.words(" AS\n")
		f.query(s.Query)
	}
}

func (f *formatter) viewColumns(columns []ViewColumn, primary *PrimaryKey) {
	if columns == nil && primary == nil {
		return
	}
	f.words(" (")
	f.each(len(columns), ", ", func(i int) {
		f.ident(columns[i].Name)
		f.comment(columns[i].Comment)
	})
	if primary != nil {
		f.wordIf(len(columns) > 0, ", ")
		f.key("PRIMARY KEY", *primary)
	}
	f.words(")")
}

// createOther writes the remaining CREATE statements.
func (f *formatter) createOther(s Statement) {
	switch s := s.(type) {
	case *CreateFunction:
		f.create(creation{kind: FunctionObject, temporary: s.Temporary, system: s.System, ifNotExists: s.IfNotExists, name: s.Name})
		f.words(" AS ", types.QuoteString(s.Class))
		f.wordIf(s.Language != "", " LANGUAGE "+s.Language)
		f.wordIf(s.Using != nil, " USING ")
		f.each(len(s.Using), ", ", func(i int) { f.words(s.Using[i].Kind, " ", types.QuoteString(s.Using[i].Path)) })
		f.with(s.With)
	case *CreateModel:
		f.create(creation{kind: ModelObject, orReplace: s.OrReplace, temporary: s.Temporary, ifNotExists: s.IfNotExists, name: s.Name})
		f.modelColumns(" INPUT (", s.Input)
		f.modelColumns(" OUTPUT (", s.Output)
		f.comment(s.Comment)
		f.with(s.With)
	case *CreateStream:
		f.create(creation{kind: StreamObject, ifNotExists: s.IfNotExists, name: s.Name})
		f.elements(s.Columns, s.Watermarks, s.PrimaryKey, nil)
		f.comment(s.Comment)
		f.with(s.With)
	case *CreateCatalog:
		f.create(creation{kind: CatalogObject, ifNotExists: s.IfNotExists, name: Name{Parts: []Ident{s.Name}}})
		f.comment(s.Comment)
		f.with(s.With)
	case *CreateDatabase:
		f.create(creation{kind: DatabaseObject, ifNotExists: s.IfNotExists, name: s.Name})
		f.comment(s.Comment)
		f.with(s.With)
	}
}

func (f *formatter) modelColumns(opening string, columns []Column) {
	if columns == nil {
		return
	}
	f.words(opening)
	f.each(len(columns), ", ", func(i int) { f.column(columns[i]) })
	f.words(")")
}
