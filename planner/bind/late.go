package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// LateTable is the setting that names the table for late rows.
const LateTable = "table.exec.late-rows.table"

// LateSink makes the sink that writes rows that came after their windows to the
// table of that name. Columns are matched by name; those that the rows don't have
// are NULL.
func (b *Binder) LateSink(rows logical.Node, name string) (*logical.Sink, error) {
	rel, ok := b.cat.Relation(name)
	if !ok || rel.Table == nil {
		return nil, errs.Userf("there is no table `%s` for late rows ('%s')", name, LateTable).
			WithHint("create it with the columns of the late rows that are of interest")
	}
	from, schema := rows.Props().Schema, Written(rel.Table)
	exprs := make([]rex.Expr, len(schema))
	matched := false
	for i, column := range schema {
		at := from.Index(column.Name)
		switch {
		case at >= 0 && assignable(from[at].Type, column.Type):
			matched = true
			exprs[i] = rex.Col(at, from[at].Type)
			if !column.Type.IsString() && !column.Type.IsBinary() {
				exprs[i] = castTo(exprs[i], column.Type)
			}
		case at >= 0:
			return nil, errs.Userf("column %s of the table for late rows `%s` is %s, but late rows have %s", column.Name, name,
				column.Type.WithNullable(true), from[at].Type.WithNullable(true))
		case !column.Type.Nullable:
			return nil, errs.Userf("column %s of the table for late rows `%s` is NOT NULL, but late rows have %s", column.Name, name, from)
		default:
			exprs[i] = rex.NullOf(column.Type)
		}
	}
	if !matched {
		return nil, errs.Userf("the table for late rows `%s` has no column of theirs", name).WithHint("late rows have %s", from)
	}
	return b.sink(rel.Table, logical.NewProject(rows, exprs, schema.Names()), errs.Span{})
}
