package engine

import (
	"github.com/thalweg/thalweg/engine/build"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/plan"
)

// deadLetters finds the tables that a plan's sources send bad records to, so that
// the job stands on its own. What is wrong with them is an error now.
func (st *statement) deadLetters(p *plan.Plan) (map[string]plan.TableRef, error) {
	parts := st.catalog.parts
	env := &build.Env{Connectors: parts.connectors, Connector: parts.env, DeadLetters: map[string]plan.TableRef{}}
	for i := range p.Nodes {
		n := build.NodeOf(p, plan.NodeID(i))
		_, name, err := build.BadPolicy(env, n)
		if err != nil {
			return nil, err
		}
		if name == "" {
			continue
		}
		if r, ok := st.catalog.relations[name]; ok && r.Table != nil {
			_, decl, err := parts.declare(r.Table)
			if err != nil {
				return nil, err
			}
			env.DeadLetters[name] = plan.TableRef{Name: name, Connector: r.Table.Options["connector"], Schema: decl.Schema,
				Metadata: decl.Metadata, PrimaryKey: decl.PrimaryKey, PartitionedBy: decl.PartitionKeys, Options: r.Table.Options}
		}
		if _, err := build.DeadLetters(env, name); err != nil {
			return nil, errs.Wrap(errs.User, err, "table %s", n.Source.Table.Name)
		}
	}
	return env.DeadLetters, nil
}
