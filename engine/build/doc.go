// Package build turns plan nodes into operators, sources and sinks: it is the only
// translator between the two. One file a kind.
//
// Every plan kind is in exactly one of [Operators], [SourceKinds] and [SinkKinds];
// a test holds that.
package build

import (
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/planner/plan"
)

// Env is what the parts of a job are built with. It is read-only.
type Env struct {
	Functions  *expr.Registry
	Aggregates *agg.Registry
	Connectors *connector.Registry
	// Connector is what the process lends to connectors.
	Connector connector.Env
	// Zone is the session's time zone; nil is UTC.
	Zone *time.Location
	// NowMillis is the processing time of the job's first start.
	NowMillis int64
	// BatchRows is the target number of rows of a batch.
	BatchRows int
	// DeadLetters are the tables that sources send bad records to, by name.
	DeadLetters map[string]plan.TableRef
	// Collect is where the result of a SELECT goes; nil for jobs without one.
	Collect connector.Sink
}

// Operator makes the operator of a node; one that only a task of its own may run
// keeps state.
type Operator struct {
	// Build makes one instance.
	Build func(env *Env, in Node) (op.Operator, error)
	// Stateful operators are given a state store.
	Stateful bool
	// Caches marks operators that keep things in memory besides: they have a share of
	// the job's memory as stateful ones have.
	Caches bool
	// PerRow operators keep nothing between rows: they may run once per split.
	PerRow bool
	// Assigner operators assign event time.
	Assigner bool
}

// Node is a node with its surroundings.
type Node struct {
	*plan.Node
	// Inputs are the input nodes' schemas, InputModes the changelogs they emit.
	Inputs     []types.Schema
	InputModes []plan.ChangelogMode
	// Label names the node in errors.
	Label string
}

// NodeOf looks a node up in its plan.
func NodeOf(p *plan.Plan, id plan.NodeID) Node {
	n := Node{Node: &p.Nodes[id]}
	for _, in := range n.Node.Inputs {
		n.Inputs = append(n.Inputs, p.Nodes[in.Node].Schema)
		n.InputModes = append(n.InputModes, p.Nodes[in.Node].Mode)
	}
	n.Label = Label(n.Node)
	return n
}

// Operators lists the builders of all kinds that run as operators.
func Operators() map[plan.Kind]Operator {
	return map[plan.Kind]Operator{
		plan.KindWatermark:      watermarkOperator(),
		plan.KindCalc:           calcOperator(),
		plan.KindWindow:         windowOperator(),
		plan.KindSessionWindow:  sessionWindowOperator(),
		plan.KindLocalGroupAgg:  localGroupAggOperator(),
		plan.KindGroupAgg:       groupAggOperator(),
		plan.KindLocalWindowAgg: localWindowAggOperator(),
		plan.KindWindowAgg:      windowAggOperator(),
		plan.KindJoin:           joinOperator(),
		plan.KindMultiJoin:      multiJoinOperator(),
		plan.KindIntervalJoin:   intervalJoinOperator(),
		plan.KindTemporalJoin:   temporalJoinOperator(),
		plan.KindLookupJoin:     lookupJoinOperator(),
		plan.KindTopN:           topNOperator(),
		plan.KindWindowTopN:     windowTopNOperator(),
		plan.KindTemporalSort:   temporalSortOperator(),
		plan.KindLateRows:       lateRowsOperator(),
		plan.KindDedup:          dedupOperator(),
		plan.KindNormalize:      normalizeOperator(),
		plan.KindUnion:          unionOperator(),
		plan.KindOver:           overOperator(),
		plan.KindLimit:          limitOperator(),
		plan.KindMatch:          matchOperator(),
		plan.KindCorrelate:      correlateOperator(),
	}
}

// SourceKinds are the kinds that [Source] builds, SinkKinds those of [Sink].
func SourceKinds() []plan.Kind { return []plan.Kind{plan.KindSource, plan.KindValues} }

// SinkKinds are the kinds that Sink builds.
func SinkKinds() []plan.Kind { return []plan.Kind{plan.KindSink} }
