package engine

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/sql"
)

// alteration is a table being changed.
type alteration struct{ t *catalog.Table }

// apply carries out one action of ALTER TABLE.
func (a *alteration) apply(action sql.AlterAction) error {
	switch action := action.(type) {
	case *sql.AlterRenameColumn:
		return a.renameColumn(action)
	case *sql.AlterSet:
		for _, o := range action.Options {
			a.t.Options[o.Key] = o.Value
		}
		return nil
	case *sql.AlterReset:
		return a.reset(action)
	case *sql.AlterColumn:
		return a.column(action)
	case *sql.AlterWatermark:
		return a.watermark(action)
	case *sql.AlterPrimaryKey:
		return a.primaryKey(action)
	case *sql.AlterDrop:
		return a.drop(action)
	case *sql.AlterComment:
		a.t.Comment = action.Comment
		return nil
	}
	return errs.Userf("a table has no such property").At(action.Pos())
}

func (a *alteration) reset(action *sql.AlterReset) error {
	for _, key := range action.Keys {
		if key.Text == "connector" {
			return errs.Userf("the option '%s' can't be reset", key.Text).At(key.Span).WithHint("SET another value")
		}
		if _, ok := a.t.Options[key.Text]; !ok {
			e := errs.Userf("table %s has no option '%s'", a.t.Name, key.Text).At(key.Span)
			if near := errs.Nearest(key.Text, sortedKeys(a.t.Options)); near != "" {
				return e.WithHint("did you mean '%s'?", near)
			}
			return e
		}
		delete(a.t.Options, key.Text)
	}
	return nil
}

// index finds a column.
func (a *alteration) index(name string) int {
	return slices.IndexFunc(a.t.Columns, func(c catalog.Column) bool { return c.Name == name })
}

// existing finds a column that must be there.
func (a *alteration) existing(name sql.Name) (int, error) {
	if len(name.Parts) > 1 {
		return 0, errs.Unsupportedf("fields of a row can't be altered").At(name.Span).WithHint("MODIFY the whole column")
	}
	return a.existingIdent(name.Parts[0])
}

func (a *alteration) existingIdent(name sql.Ident) (int, error) {
	i := a.index(name.Text)
	if i >= 0 {
		return i, nil
	}
	names := make([]string, len(a.t.Columns))
	for k, c := range a.t.Columns {
		names[k] = c.Name
	}
	e := errs.Userf("there is no column `%s` in table %s", name.Text, a.t.Name).At(name.Span)
	if near := errs.Nearest(name.Text, names); near != "" {
		return 0, e.WithHint("did you mean `%s`?", near)
	}
	return 0, e
}

func (a *alteration) renameColumn(action *sql.AlterRenameColumn) error {
	i, err := a.existing(action.From)
	if err != nil {
		return err
	}
	from, to := a.t.Columns[i].Name, action.To.Text
	if a.index(to) >= 0 {
		return errs.Userf("there is already a column `%s` in table %s", to, a.t.Name).At(action.To.Span)
	}
	column := &a.t.Columns[i]
	column.Name = to
	if column.Metadata == to {
		column.Metadata = from
	}
	for _, names := range [][]string{a.t.PrimaryKey, a.t.PartitionedBy} {
		for k := range names {
			if names[k] == from {
				names[k] = to
			}
		}
	}
	if a.t.Watermark != nil && a.t.Watermark.Column == from {
		return errs.Userf("column `%s` has the table's watermark", from).At(action.From.Span).WithHint("DROP WATERMARK first")
	}
	return nil
}

// column adds or modifies one, and puts it where FIRST or AFTER say.
func (a *alteration) column(action *sql.AlterColumn) error {
	c := action.Column
	column := catalog.Column{Name: c.Name.Text, Type: c.Type, Virtual: c.Virtual}
	if c.Comment != nil {
		column.Comment = *c.Comment
	}
	switch c.Kind {
	case sql.MetadataColumn:
		if column.Metadata = c.MetadataKey; column.Metadata == "" {
			column.Metadata = c.Name.Text
		}
	case sql.ComputedColumn:
		column.Computed = sql.FormatExpr(c.Expr)
	}
	at := len(a.t.Columns)
	if action.Modify {
		i, err := a.existingIdent(c.Name)
		if err != nil {
			return err
		}
		at = i
		a.t.Columns = slices.Delete(a.t.Columns, i, i+1)
	} else if a.index(column.Name) >= 0 {
		return errs.Userf("there is already a column `%s` in table %s", column.Name, a.t.Name).At(c.Name.Span)
	}
	switch {
	case action.First:
		at = 0
	case action.After != nil:
		i, err := a.existingIdent(*action.After)
		if err != nil {
			return err
		}
		at = i + 1
	}
	a.t.Columns = slices.Insert(a.t.Columns, at, column)
	return nil
}

// present checks that ADD finds nothing and MODIFY something.
func (a *alteration) present(what string, there, modify bool, at errs.Span) error {
	switch {
	case there && !modify:
		return errs.Userf("table %s has a %s already", a.t.Name, what).At(at).WithHint("MODIFY it")
	case !there && modify:
		return errs.Userf("table %s has no %s", a.t.Name, what).At(at).WithHint("ADD one")
	}
	return nil
}

func (a *alteration) watermark(action *sql.AlterWatermark) error {
	if err := a.present("watermark", a.t.Watermark != nil, action.Modify, action.Span); err != nil {
		return err
	}
	if _, err := a.existing(action.Watermark.Column); err != nil {
		return err
	}
	a.t.Watermark = &catalog.Watermark{Column: action.Watermark.Column.Last(), Expr: sql.FormatExpr(action.Watermark.Expr)}
	return nil
}

func (a *alteration) primaryKey(action *sql.AlterPrimaryKey) error {
	if err := a.present("primary key", len(a.t.PrimaryKey) > 0, action.Modify, action.Span); err != nil {
		return err
	}
	if action.Key.Enforced {
		return errs.Userf("a primary key must be declared NOT ENFORCED: the table's data is not checked for it").At(action.Span)
	}
	a.t.PrimaryKey = nil
	for _, c := range action.Key.Columns {
		if _, err := a.existingIdent(c); err != nil {
			return err
		}
		a.t.PrimaryKey = append(a.t.PrimaryKey, c.Text)
	}
	return nil
}

func (a *alteration) drop(action *sql.AlterDrop) error {
	switch action.What {
	case "COLUMN":
		return a.dropColumns(action.Names)
	case "WATERMARK":
		if a.t.Watermark == nil {
			return errs.Userf("table %s has no watermark", a.t.Name).At(action.Span)
		}
		a.t.Watermark = nil
		return nil
	case "PRIMARY KEY", "CONSTRAINT":
		if len(a.t.PrimaryKey) == 0 {
			return errs.Userf("table %s has no primary key", a.t.Name).At(action.Span)
		}
		a.t.PrimaryKey = nil
		return nil
	}
	return errs.Userf("table %s has no %s", a.t.Name, lower(action.What)).At(action.Span)
}

// dropColumns removes columns that nothing else in the declaration names directly.
func (a *alteration) dropColumns(names []sql.Name) error {
	for _, name := range names {
		i, err := a.existing(name)
		if err != nil {
			return err
		}
		column := a.t.Columns[i].Name
		use := ""
		switch {
		case slices.Contains(a.t.PrimaryKey, column):
			use = "is in the primary key"
		case slices.Contains(a.t.PartitionedBy, column):
			use = "is a partition key"
		case a.t.Watermark != nil && a.t.Watermark.Column == column:
			use = "has the watermark"
		}
		if use != "" {
			return errs.Userf("column `%s` %s of table %s", column, use, a.t.Name).At(name.Span)
		}
		a.t.Columns = slices.Delete(a.t.Columns, i, i+1)
	}
	return nil
}
