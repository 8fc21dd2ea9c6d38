package logical

import (
	"fmt"
	"strings"
)

// Dedup keeps the first or last row of each key by event time.
type Dedup struct {
	props Props
	input Node
	Keys  []int
	// Time is the time column that orders rows; -1 orders by arrival.
	Time     int
	KeepLast bool
}

// NewDedup makes a Dedup.
func NewDedup(input Node, keys []int, time int, keepLast bool) *Dedup {
	n := &Dedup{input: input, Keys: keys, Time: time, KeepLast: keepLast, props: *input.Props()}
	n.props.Keys = addKey([][]int{union(keys, nil)}, union(keys, nil))
	for _, k := range input.Props().Keys {
		n.props.Keys = addKey(n.props.Keys, k)
	}
	// A keep-first over event time also updates: an earlier row may come later.
	n.props.Changes = Inserts | Updates
	if time < 0 && !keepLast {
		n.props.Changes = Inserts
	}
	return n
}

// Inputs is the one input.
func (n *Dedup) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *Dedup) WithInputs(inputs []Node) Node {
	return NewDedup(inputs[0], n.Keys, n.Time, n.KeepLast)
}

// Props are the derived properties.
func (n *Dedup) Props() *Props { return &n.props }

// Kind is "Dedup".
func (n *Dedup) Kind() string { return "Dedup" }

func (n *Dedup) payload() any { return []any{n.Keys, n.Time, n.KeepLast} }

func (n *Dedup) details() string {
	names := n.props.Schema.Names()
	time := "arrival"
	if n.Time >= 0 {
		time = names[n.Time]
	}
	keep := map[bool]string{true: "last", false: "first"}[n.KeepLast]
	return fmt.Sprintf("keep=%s key=[%s] time=%s", keep, strings.Join(pick(names, n.Keys), ", "), time)
}

var _ Node = (*Dedup)(nil)
