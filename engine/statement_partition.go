package engine

import (
	"slices"
	"strings"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/sql"
)

// maintained finds a table whose connector can look at or remove its data.
func (st *statement) maintained(at sql.Name, what string) (connector.Maintained, connector.Table, error) {
	name, err := st.relationName(at)
	if err != nil {
		return nil, connector.Table{}, err
	}
	r, ok := st.catalog.relations[name]
	if !ok || r.Table == nil || isMaterialized(r) {
		return nil, connector.Table{}, st.noRelation("TABLE", name, at)
	}
	return st.maintainedTable(r.Table, what, at.Span)
}

func (st *statement) maintainedTable(t *catalog.Table, what string, at errs.Span) (connector.Maintained, connector.Table, error) {
	conn, decl, err := st.catalog.parts.declare(t)
	if err != nil {
		return nil, decl, err
	}
	m, ok := conn.(connector.Maintained)
	if !ok {
		return nil, decl, errs.Unsupportedf("%s is not for the connector '%s'", what, t.Options["connector"]).At(at).
			WithHint("it is for 'filesystem': do it where the table's data are")
	}
	return m, decl, nil
}

// truncate removes all rows of a table.
func (st *statement) truncate(stmt *sql.Truncate) (Result, error) {
	conn, table, err := st.maintained(stmt.Name, "TRUNCATE TABLE")
	if err != nil {
		return Result{}, err
	}
	return Result{Message: "truncated table " + table.Name}, conn.Truncate(table)
}

// showPartitions lists a table's partitions.
func (st *statement) showPartitions(stmt *sql.Show) (Result, error) {
	conn, table, err := st.maintained(*stmt.Name, "SHOW PARTITIONS")
	if err != nil {
		return Result{}, err
	}
	all, err := conn.Partitions(table)
	if err != nil {
		return Result{}, err
	}
	for _, p := range stmt.Partition {
		if !slices.Contains(table.PartitionKeys, p.Column.Text) {
			return Result{}, errs.Userf("table %s is not partitioned by `%s`", table.Name, p.Column.Text).At(p.Column.Span).
				WithHint("it is by %s", strings.Join(table.PartitionKeys, ", "))
		}
	}
	values, err := partitionValues(stmt.Partition)
	if err != nil {
		return Result{}, err
	}
	var shown []string
	for _, p := range all {
		if inPartition(p, values) {
			shown = append(shown, p.Name)
		}
	}
	return names("partition name", shown), nil
}

// inPartition tells that a partition has the values.
func inPartition(p connector.Partition, values map[string]string) bool {
	for key, want := range values {
		if p.Values[key] != want {
			return false
		}
	}
	return true
}

// alterPartitions adds or drops partitions.
func (st *statement) alterPartitions(t *catalog.Table, action *sql.AlterPartitions) (Result, error) {
	conn, table, err := st.maintainedTable(t, "ALTER TABLE … PARTITION", action.Span)
	if err != nil {
		return Result{}, err
	}
	do, refusal := conn.AddPartition, "is there already"
	if action.Drop {
		do, refusal = conn.DropPartition, "is not there"
	}
	for _, partition := range action.Partitions {
		values, err := partitionValues(partition)
		if err != nil {
			return Result{}, err
		}
		done, err := do(table, values)
		if err != nil {
			return Result{}, err
		}
		if !done && !action.Lenient {
			return Result{}, errs.Userf("the partition %s", refusal).At(partition[0].Span).WithHint("write IF EXISTS or IF NOT EXISTS, or SHOW PARTITIONS first")
		}
	}
	return Result{Message: "altered table " + table.Name}, nil
}

// partitionValues are the values of a PARTITION clause as text.
func partitionValues(partition []sql.PartitionValue) (map[string]string, error) {
	values := map[string]string{}
	for _, p := range partition {
		switch v := p.Value.(type) {
		case *sql.StringLiteral:
			values[p.Column.Text] = v.Value
		case *sql.NumberLiteral:
			values[p.Column.Text] = v.Text
		case *sql.Unary:
			n, ok := v.X.(*sql.NumberLiteral)
			if !ok || v.Op == sql.Not {
				return nil, noLiteral(p)
			}
			if values[p.Column.Text] = n.Text; v.Op == sql.Negate {
				values[p.Column.Text] = "-" + n.Text
			}
		case *sql.TemporalLiteral:
			values[p.Column.Text] = v.Text
		case *sql.BoolLiteral:
			values[p.Column.Text] = lower(boolText(v.Value))
		case *sql.NullLiteral:
			values[p.Column.Text] = ""
		default:
			return nil, noLiteral(p)
		}
	}
	return values, nil
}

func noLiteral(p sql.PartitionValue) error {
	return errs.Userf("the partition key %s needs a literal", p.Column.Text).At(p.Span)
}
