package logical

import (
	"fmt"
	"strings"
)

// Print draws the DAG under the roots as an indented tree. A node that is read
// more than once is drawn once, marked #1, #2, …, and referred to afterwards.
func Print(roots []Node) string { return draw(roots, false) }

// PrintProps is Print with each node's changes, keys and time attributes.
func PrintProps(roots []Node) string { return draw(roots, true) }

func draw(roots []Node, props bool) string {
	p := printer{parents: Parents(roots), marks: map[Node]int{}, props: props}
	for _, root := range roots {
		p.node(root, 0)
	}
	return p.b.String()
}

type printer struct {
	b       strings.Builder
	parents map[Node][]Node
	marks   map[Node]int
	props   bool
}

func (p *printer) node(n Node, depth int) {
	indent := strings.Repeat("  ", depth)
	if mark, ok := p.marks[n]; ok {
		fmt.Fprintf(&p.b, "%s(#%d)\n", indent, mark)
		return
	}
	p.b.WriteString(indent + strings.TrimRight(n.Kind()+" "+n.details(), " "))
	if len(p.parents[n]) > 1 {
		p.marks[n] = len(p.marks) + 1
		fmt.Fprintf(&p.b, " #%d", p.marks[n])
	}
	if p.props {
		p.b.WriteString(" " + n.Props().text())
	}
	p.b.WriteByte('\n')
	for _, in := range n.Inputs() {
		p.node(in, depth+1)
	}
}

// text prints the properties in square brackets.
func (p *Props) text() string {
	parts := []string{p.Changes.String()}
	for _, key := range p.Keys {
		parts = append(parts, "key("+strings.Join(pick(p.Schema.Names(), key), ", ")+")")
	}
	for i, t := range p.Time {
		if t != NotTime {
			parts = append(parts, fmt.Sprintf("%s %s", strings.ToLower(t.String()), p.Schema[i].Name))
		}
	}
	if p.Window != nil {
		names := p.Schema.Names()
		parts = append(parts, fmt.Sprintf("window(%s | %s)", strings.Join(pick(names, p.Window.Start), ", "),
			strings.Join(pick(names, p.Window.End), ", ")))
	}
	if p.Bounded {
		parts = append(parts, "bounded")
	}
	return "[" + strings.Join(parts, "; ") + "]"
}
