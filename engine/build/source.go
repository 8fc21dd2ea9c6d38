package build

import (
	"maps"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/plan"
)

// Source makes the reading side of a source node. The pushdown of the plan is
// applied; a connector that no longer takes over what it did while planning is a
// bug.
func Source(env *Env, n Node) (connector.Source, error) {
	if n.Kind == plan.KindValues {
		return &valuesSource{env: env, node: n}, nil
	}
	return sourceOf(env, n.Label, n.Source)
}

// sourceOf makes a planned source, with its pushdown applied.
func sourceOf(env *Env, label string, planned *plan.Source) (connector.Source, error) {
	table, conn, err := Table(env, planned.Table)
	if err != nil {
		return nil, errs.Wrap(errs.Bug, err, "%s", label)
	}
	source, err := conn.Source(table)
	if err != nil {
		return nil, errs.Wrap(errs.Bug, err, "%s", label)
	}
	push := connector.Pushdown{Columns: planned.Columns, Filters: planned.Filters, Limit: planned.Limit}
	applied, err := source.Apply(push)
	if err != nil {
		return nil, errs.Wrap(errs.Bug, err, "%s", label)
	}
	if applied.Columns != planned.Projected {
		return nil, errs.Bugf("%s: the connector projected=%t, but the plan says %t", label, applied.Columns, planned.Projected)
	}
	return source, nil
}

// Table is a planned table as its connector sees it, and the connector.
func Table(env *Env, ref plan.TableRef) (connector.Table, connector.Connector, error) {
	options := ref.Options
	if options["connector"] == "" {
		options = maps.Clone(options)
		if options == nil {
			options = map[string]string{}
		}
		options["connector"] = ref.Connector
	}
	conn, parsed, err := env.Connectors.Resolve(options)
	if err != nil {
		return connector.Table{}, nil, err
	}
	return connector.Table{Name: ref.Name, Schema: ref.Schema, Metadata: ref.Metadata, PrimaryKey: ref.PrimaryKey,
		PartitionKeys: ref.PartitionedBy, Options: parsed, Env: env.Connector}, conn, nil
}
