package build

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// Sink makes the writing side of a sink node.
func Sink(env *Env, n Node) (connector.Sink, error) {
	if n.Sink.Collect {
		if env.Collect == nil {
			return nil, errs.Bugf("%s: nobody takes the result", n.Label)
		}
		return env.Collect, nil
	}
	table, conn, err := Table(env, n.Sink.Table)
	if err != nil {
		return nil, errs.Wrap(errs.Bug, err, "%s", n.Label)
	}
	sink, err := conn.Sink(table)
	if err != nil {
		return nil, errs.Wrap(errs.Bug, err, "%s", n.Label)
	}
	return sink, nil
}
