package bind

import (
	"strconv"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

func itoa(n int) string { return strconv.Itoa(n) }

// scopeColumn is a column that an expression may name.
type scopeColumn struct {
	table string
	// hidden is the table's own name, which an alias hides.
	hidden string
	name   string
	expr   rex.Expr
	// qualifiedOnly columns are found only behind their table's name: the two
	// sides of a USING column, which stands for both.
	qualifiedOnly bool
	// ungrouped columns are there, but lost by a GROUP BY.
	ungrouped bool
	// beside columns are of the other side of a join: one that is read is noted here.
	beside *bool
}

// scope is what the names of a FROM clause mean.
type scope struct {
	columns []scopeColumn
	// outer is the scope around a sub-query, or nil.
	outer *scope
	// relation is the number of the relation that the columns are of, for sub-queries
	// that have this scope around; read tells that one has read a column.
	relation int
	read     bool
	// unseen scopes are there for messages only: elements of FROM that a table must be
	// LATERAL to see.
	unseen bool
}

// around is the scope of a relation as sub-queries and lateral tables see it.
func (b *Binder) around(columns []scopeColumn, outer *scope) *scope {
	b.relations++
	return &scope{columns: columns, outer: outer, relation: b.relations}
}

// constant reports whether e is the same for all rows.
func constant(e rex.Expr) bool {
	found := false
	e.Walk(func(x rex.Expr) bool {
		found = found || x.Kind == rex.Input || x.Kind == rex.Outer
		return !found
	})
	return !found
}

// scopeOf names the columns of a node under one table name.
func scopeOf(table string, schema types.Schema) *scope {
	s := &scope{columns: make([]scopeColumn, len(schema))}
	for i, f := range schema {
		s.columns[i] = scopeColumn{table: table, name: f.Name, expr: rex.Col(i, f.Type)}
	}
	return s
}

// joined is the scope of a join: left columns, then right ones shifted by width.
// Columns of a side that may be padded become nullable.
func joined(left, right *scope, width int, kind logical.JoinKind) *scope {
	s := &scope{}
	for _, c := range left.columns {
		if kind.KeepsRight() {
			c.expr = nullable(c.expr)
		}
		s.columns = append(s.columns, c)
	}
	if kind.LeftOnly() {
		return s
	}
	for _, c := range right.columns {
		c.expr = shift(c.expr, width)
		if kind.KeepsLeft() {
			c.expr = nullable(c.expr)
		}
		s.columns = append(s.columns, c)
	}
	return s
}

// shift moves all inputs of e up by delta.
func shift(e rex.Expr, delta int) rex.Expr {
	return e.Map(func(x rex.Expr) rex.Expr {
		if x.Kind == rex.Input {
			x.Index += delta
		}
		return x
	})
}

// nullable makes a column reference's type nullable.
func nullable(e rex.Expr) rex.Expr {
	e.Type.Nullable = true
	return e
}

// hasTable reports whether a table of that name is in sight.
func (s *scope) hasTable(name string) bool {
	for _, c := range s.columns {
		if c.table == name {
			return true
		}
	}
	return false
}

// find looks a column up, by table too unless it is empty. It returns the number
// of matches and the first of them.
func (s *scope) find(table, name string) (scopeColumn, int) {
	var found scopeColumn
	count := 0
	for _, c := range s.columns {
		if c.name != name || table == "" && c.qualifiedOnly || table != "" && c.table != table {
			continue
		}
		if count == 0 {
			found = c
		}
		count++
	}
	return found, count
}

// knows reports whether columns here or in the queries around have the name, even if it
// can't be read.
func (s *scope) knows(name string) bool {
	for ; s != nil; s = s.outer {
		if _, count := s.find("", name); count > 0 {
			return true
		}
	}
	return false
}

// names lists the column names of a table, or all, for suggestions.
func (s *scope) names(table string) []string {
	var out []string
	for _, c := range s.columns {
		if table == "" || c.table == table {
			out = append(out, c.name)
		}
	}
	return out
}

// tables lists the table names.
func (s *scope) tables() []string {
	var out []string
	for _, c := range s.columns {
		if c.table != "" && (len(out) == 0 || out[len(out)-1] != c.table) {
			out = append(out, c.table)
		}
	}
	return out
}

// lookup resolves a dotted path to a column and the fields after it. ok is false
// when its first part is nothing in this scope.
func (s *scope) lookup(name sql.Name) (e rex.Expr, ok bool, err error) {
	parts := name.Parts
	for skip := 0; skip < 3 && skip+1 < len(parts); skip++ {
		// Leading catalog and database names may stand before the table.
		if skip > 0 && parts[skip-1].Text != "default_catalog" && parts[skip-1].Text != "default_database" {
			break
		}
		table := parts[skip].Text
		if !s.hasTable(table) {
			continue
		}
		column, count := s.find(table, parts[skip+1].Text)
		switch {
		case count == 1:
			e, err = column.read(name, parts[skip+2:])
			return e, true, err
		case count > 1:
			return e, true, ambiguous(parts[skip+1])
		}
		if _, plain := s.find("", parts[0].Text); plain == 0 {
			return e, true, unknownColumn(parts[skip+1], s.names(table), " in "+table)
		}
	}
	column, count := s.find("", parts[0].Text)
	switch {
	case count == 1:
		e, err = column.read(name, parts[1:])
		return e, true, err
	case count > 1:
		return e, true, ambiguous(parts[0])
	}
	return e, false, nil
}

// read is the column called name, or a field in it.
func (c scopeColumn) read(name sql.Name, path []sql.Ident) (rex.Expr, error) {
	switch {
	case c.ungrouped:
		return rex.Expr{}, notGrouped(name)
	case c.beside != nil:
		*c.beside = true
		return rex.Expr{}, errs.Unsupportedf("%s can't be read here", plainName(name)).At(name.Pos())
	}
	return fields(c.expr, path)
}

// resolve resolves a path here or, for a sub-query, in the query around.
func (s *scope) resolve(name sql.Name) (rex.Expr, error) {
	e, ok, err := s.lookup(name)
	if ok || err != nil {
		return e, err
	}
	for outer := s.outer; outer != nil; outer = outer.outer {
		if outer.unseen {
			continue
		}
		e, ok, err = outer.lookup(name)
		if err != nil {
			return e, err
		}
		if ok {
			outer.read = true
			return e.Map(func(x rex.Expr) rex.Expr {
				if x.Kind == rex.Input {
					return rex.OuterCol(outer.relation, x.Index, x.Type)
				}
				return x
			}), nil
		}
	}
	first := name.Parts[0]
	for outer := s.outer; outer != nil; outer = outer.outer {
		if _, ok, _ := outer.lookup(name); ok && outer.unseen {
			return e, errs.Userf("%s stands beside this table in FROM, which can't see it", plainName(name)).At(name.Pos()).
				WithHint("write LATERAL before the table: it then has rows for each row before it")
		}
	}
	if len(name.Parts) > 1 {
		err := errs.Userf("there is no table or column called %s here", first.Text).At(first.Pos())
		tables := s.tables()
		for _, c := range s.columns {
			if c.hidden == first.Text {
				return e, err.WithHint("the table is called %s here: write %s.%s", c.table, c.table, name.Parts[1].Text)
			}
		}
		switch near := errs.Nearest(first.Text, append(tables, s.names("")...)); {
		case near != "":
			err = err.WithHint("did you mean %s?", near)
		case len(tables) > 0 && len(tables) <= 12:
			err = err.WithHint("a table is known by its alias, if it has one: there are %s", list(tables))
		}
		return e, err
	}
	return e, unknownColumn(first, s.names(""), "")
}

// notGrouped is the error for a column that a GROUP BY has lost.
func notGrouped(name sql.Name) *errs.Error {
	return errs.Userf("column %s is neither grouped by nor inside an aggregate", plainName(name)).At(name.Pos()).
		WithHint("add it to GROUP BY, or aggregate it with MAX, FIRST_VALUE or the like")
}

func ambiguous(id sql.Ident) error {
	return errs.Userf("column %s is ambiguous", id.Text).At(id.Pos()).WithHint("put the table's name before it")
}

func unknownColumn(id sql.Ident, known []string, where string) error {
	err := errs.Userf("there is no column called %s%s", id.Text, where).At(id.Pos())
	if hint := placesOfNames[upper(id.Text)]; hint != "" {
		return err.WithHint("%s", hint)
	}
	if near := errs.Nearest(id.Text, known); near != "" {
		return err.WithHint("did you mean %s?", near)
	}
	if len(known) > 0 && len(known) <= 12 {
		return err.WithHint("there are %s", list(known))
	}
	return err
}

// list joins names with commas.
func list(names []string) string {
	out := ""
	for i, n := range names {
		if i > 0 {
			out += ", "
		}
		out += n
	}
	return out
}

// fields follows row fields from e.
func fields(e rex.Expr, path []sql.Ident) (rex.Expr, error) {
	for _, id := range path {
		if e.Type.Kind != types.Row {
			return e, errs.Userf("a value of type %s has no field %s", e.Type.WithNullable(true), id.Text).At(id.Pos())
		}
		i := e.Type.FieldIndex(id.Text)
		if i < 0 {
			var known []string
			for _, f := range e.Type.Fields {
				known = append(known, f.Name)
			}
			return e, unknownColumn(id, known, "")
		}
		e = fieldOf(e, i)
	}
	return e, nil
}

// fieldOf takes field i of a row.
func fieldOf(e rex.Expr, i int) rex.Expr {
	f := e.Type.Fields[i]
	return rex.Expr{Kind: rex.Field, Name: f.Name, Type: f.Type.WithNullable(f.Type.Nullable || e.Type.Nullable), Args: []rex.Expr{e}}
}
