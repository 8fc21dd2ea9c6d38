package build

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/plan"
)

// BadPolicy is what becomes of a source's bad records, and the name of the table
// that takes them under the policy dead-letter.
func BadPolicy(env *Env, n Node) (policy connector.BadPolicy, table string, err error) {
	if n.Kind != plan.KindSource {
		return connector.BadFail, "", nil
	}
	decl, _, err := Table(env, n.Source.Table)
	if err != nil {
		return "", "", errs.Wrap(errs.Bug, err, "%s", n.Label)
	}
	return connector.BadPolicyOf(decl.Options)
}

// DeadLetterSchema is the schema of every dead-letter table, but for the columns'
// names.
func DeadLetterSchema() types.Schema {
	return types.Schema{{Name: "place", Type: types.StringType()}, {Name: "reason", Type: types.StringType()},
		{Name: "raw", Type: types.BytesType()}}
}

// DeadLetters makes the writing side of a dead-letter table.
func DeadLetters(env *Env, name string) (connector.Sink, error) {
	ref, ok := env.DeadLetters[name]
	if !ok {
		return nil, errs.Userf("there is no table `%s` for bad records", name).
			WithHint("create it: (place STRING, reason STRING, raw BYTES)")
	}
	if !fits(ref.Schema, DeadLetterSchema()) {
		return nil, errs.Userf("table `%s` is %s, but bad records are %s", name, ref.Schema, DeadLetterSchema())
	}
	table, conn, err := Table(env, ref)
	if err != nil {
		return nil, err
	}
	return conn.Sink(table)
}

// fits reports whether two schemas hold the same values, whatever their names.
func fits(a, b types.Schema) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Type.Same(b[i].Type) {
			return false
		}
	}
	return true
}
