package logical

import (
	"strings"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// Project computes columns.
type Project struct {
	props Props
	input Node
	// Exprs are the output columns over the input's, Names their names.
	Exprs []rex.Expr
	Names []string
}

// ProctimeFunction is the function that makes a processing time attribute.
const ProctimeFunction = "PROCTIME"

// NewProject makes a Project.
func NewProject(input Node, exprs []rex.Expr, names []string) *Project {
	n := &Project{input: input, Exprs: exprs, Names: names}
	in := input.Props()
	n.props = Props{Changes: in.Changes, Bounded: in.Bounded, Schema: make(types.Schema, len(exprs)), Time: make([]TimeKind, len(exprs))}
	mapping := map[int][]int{}
	for i, e := range exprs {
		n.props.Schema[i] = types.Field{Name: names[i], Type: e.Type}
		switch {
		case e.Kind == rex.Input:
			mapping[e.Index] = append(mapping[e.Index], i)
			n.props.Time[i] = in.Time[e.Index]
		case e.Kind == rex.Call && e.Name == ProctimeFunction:
			n.props.Time[i] = Proctime
		}
	}
	n.props.Window = in.Window.remap(mapping)
	n.props.Fresh = remapFresh(in.Fresh, mapping)
	for _, key := range in.Keys {
		if mapped, ok := remapKey(key, mapping); ok {
			n.props.Keys = addKey(n.props.Keys, mapped)
		}
	}
	return n
}

// remapFresh renames fresh columns.
func remapFresh(fresh map[int]int64, mapping map[int][]int) map[int]int64 {
	var out map[int]int64
	for c, lag := range fresh {
		for _, to := range mapping[c] {
			if out == nil {
				out = map[int]int64{}
			}
			out[to] = lag
		}
	}
	return out
}

// remapKey renames a key's columns; false when one is lost.
func remapKey(key []int, mapping map[int][]int) ([]int, bool) {
	out := []int{}
	for _, c := range key {
		to := mapping[c]
		if len(to) == 0 {
			return nil, false
		}
		out = append(out, to[0])
	}
	return union(out, nil), true
}

// Narrow projects input to some of its columns; it returns input itself when
// those are all, in order.
func Narrow(input Node, columns []int) Node {
	schema := input.Props().Schema
	if len(columns) == len(schema) {
		same := true
		for i, c := range columns {
			same = same && c == i
		}
		if same {
			return input
		}
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = schema[c].Name
	}
	return NewProject(input, Cols(schema, columns), names)
}

// Identity reports whether the projection changes nothing but perhaps names.
func (n *Project) Identity() bool {
	if len(n.Exprs) != len(n.input.Props().Schema) {
		return false
	}
	for i, e := range n.Exprs {
		if e.Kind != rex.Input || e.Index != i {
			return false
		}
	}
	return true
}

// Inputs is the one input.
func (n *Project) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *Project) WithInputs(inputs []Node) Node { return NewProject(inputs[0], n.Exprs, n.Names) }

// Props are the derived properties.
func (n *Project) Props() *Props { return &n.props }

// Kind is "Project".
func (n *Project) Kind() string { return "Project" }

func (n *Project) payload() any { return []any{n.Exprs, n.Names} }

func (n *Project) details() string {
	names := n.input.Props().Schema.Names()
	parts := make([]string, len(n.Exprs))
	for i, e := range n.Exprs {
		parts[i] = e.Format(names)
		if parts[i] != n.Names[i] {
			parts[i] += " AS " + n.Names[i]
		}
	}
	return strings.Join(parts, ", ")
}

var _ Node = (*Project)(nil)
