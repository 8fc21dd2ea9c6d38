package build

import (
	"context"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/lookupjoin"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/planner/plan"
)

// Flink's defaults for requests in the background.
const (
	lookupCapacity      = 100
	lookupTimeoutMillis = 180_000
)

func lookupJoinOperator() Operator {
	return Operator{Caches: true, Build: func(env *Env, n Node) (op.Operator, error) {
		j := n.LookupJoin
		source, err := lookupSource(env, n)
		if err != nil {
			return nil, err
		}
		cfg := lookupjoin.Config{
			Asked: j.Asked, KeepsLeft: j.KeepsLeft, LeftKeys: j.LeftKeys, RightKeys: j.RightKeys, Condition: j.Condition,
			Asking: asking(j.Asking, source.Lookups()), Registry: env.Functions, Zone: env.Zone,
			Open: func(ctx context.Context, of *op.Context) (lookupjoin.Asker, error) {
				return source.OpenLookup(ctx, connector.LookupRequest{
					Schema: j.Asked, Keys: j.RightKeys, Alloc: of.Alloc, BatchRows: of.BatchRows, MemoryBytes: of.MemoryBytes,
				})
			},
		}
		if j.Calc != nil {
			cfg.Filter, cfg.Project = j.Calc.Filter, j.Calc.Project
		}
		return lookupjoin.New(cfg)
	}}
}

// lookupSource is the table that a lookup join asks.
func lookupSource(env *Env, n Node) (connector.LookupSource, error) {
	source, err := sourceOf(env, n.Label, &n.LookupJoin.Table)
	if err != nil {
		return nil, err
	}
	asked, ok := source.(connector.LookupSource)
	if !ok || !asked.Lookups().Possible {
		return nil, errs.Bugf("%s: the table %s can't be looked up", n.Label, n.LookupJoin.Table.Table.Name)
	}
	return asked, nil
}

// asking is how a table is asked by its traits and the plan.
func asking(m plan.LookupMode, t connector.LookupTraits) lookupjoin.Asking {
	a := lookupjoin.Asking{
		Distinct: t.Remote, Async: t.Remote, Unordered: m.Unordered, Capacity: m.Capacity, Timeout: millis(m.TimeoutMillis), Retries: t.Retries,
		MissRetries: m.RetryAttempts, MissDelay: millis(m.RetryMillis),
	}
	if m.Async != nil {
		a.Async = *m.Async
	}
	if a.Capacity == 0 {
		a.Capacity = lookupCapacity
	}
	if a.Timeout == 0 && a.Async {
		a.Timeout = millis(lookupTimeoutMillis)
	}
	if c := t.Cache; c != nil {
		a.Cache = &lookupjoin.CacheConfig{MaxRows: c.MaxRows, AfterWrite: c.AfterWrite, AfterAccess: c.AfterAccess, Missing: c.Missing}
	}
	return a
}
