package planner

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/planner/plan"
	"github.com/thalweg/thalweg/sql"
)

// Explain renders the plan of a statement that Plan takes: the physical plan as a
// tree with each node's changelog, and, where details ask for it, the logical plan
// and the rules that fired.
func (p *Planner) Explain(stmt sql.Statement, details ...sql.ExplainDetail) (string, error) {
	if view, ok := stmt.(*sql.CreateView); ok {
		stmt = &sql.QueryStatement{Place: view.Place, Query: view.Query}
	}
	bound, err := p.bind(stmt)
	if err != nil {
		return "", err
	}
	var fired []string
	rewritten, err := p.rewrite(bound, func(rule string, _ []logical.Node) { fired = append(fired, rule) })
	if err != nil {
		return "", err
	}
	physical, err := p.physical(rewritten)
	if err != nil {
		return "", err
	}
	return explanation{details, bound, rewritten, fired, physical}.String(), nil
}

// explanation holds the stages of planning one statement.
type explanation struct {
	details   []sql.ExplainDetail
	bound     []logical.Node
	rewritten []logical.Node
	fired     []string
	physical  *plan.Plan
}

func (e explanation) String() string {
	var b strings.Builder
	section := func(title, text string) {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("== " + title + " ==\n" + text)
	}
	if slices.Contains(e.details, sql.ExplainAST) || slices.Contains(e.details, sql.ExplainLogical) {
		section("Bound plan", logical.Print(e.bound))
	}
	if slices.Contains(e.details, sql.ExplainLogical) {
		section("Optimized logical plan", logical.PrintProps(e.rewritten))
	}
	if slices.Contains(e.details, sql.ExplainRules) {
		section("Rules", strings.Join(e.fired, "\n")+"\n")
	}
	section("Physical plan", e.physical.String())
	if slices.Contains(e.details, sql.ExplainEstimatedCost) {
		section("Estimated cost", "none: plans are chosen by rules, not by costs\n")
	}
	if slices.Contains(e.details, sql.ExplainJSONPlan) {
		section("Physical execution plan", jsonPlan(e.physical))
	}
	if slices.Contains(e.details, sql.ExplainPlanAdvice) {
		section("Advice", advice(e.physical))
	}
	return b.String()
}

// jsonNode is a node of EXPLAIN JSON_EXECUTION_PLAN, in the form of Flink's.
type jsonNode struct {
	ID           int         `json:"id"`
	Type         string      `json:"type"`
	Contents     string      `json:"contents"`
	Predecessors []jsonInput `json:"predecessors,omitempty"`
}

// jsonInput is an edge to a node.
type jsonInput struct {
	ID           int    `json:"id"`
	ShipStrategy string `json:"ship_strategy"`
}

// jsonPlan prints the plan's nodes and edges.
func jsonPlan(p *plan.Plan) string {
	nodes := make([]jsonNode, len(p.Nodes))
	for i := range p.Nodes {
		n := &p.Nodes[i]
		nodes[i] = jsonNode{ID: int(n.ID), Type: n.Kind.String(), Contents: p.Describe(n.ID)}
		for _, in := range n.Inputs {
			nodes[i].Predecessors = append(nodes[i].Predecessors, jsonInput{ID: int(in.Node), ShipStrategy: in.Exchange.String()})
		}
	}
	b, err := json.MarshalIndent(map[string]any{"nodes": nodes}, "", "  ")
	if err != nil {
		panic(err) // a struct of plain members
	}
	return string(b) + "\n"
}
