package logical

import (
	"fmt"
	"strings"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/internal/rex"
)

// Sharing says which equal nodes may become one.
type Sharing struct {
	// Volatile reports nodes that would give other rows each time: they stay apart.
	Volatile func(Node) bool
	// Above gives the node above one that is only shared together with it.
	Above map[Node]Node
}

// Share makes equal sub-plans one node, so that they are computed once.
func Share(roots []Node, s Sharing) []Node {
	ids := map[Node]int{}
	byKey := map[string]Node{}
	kinds := map[string]int{}
	Walk(roots, func(n Node) { kinds[n.Kind()]++ })
	return RewriteFrom(roots, func(n, was Node) Node {
		if _, ok := n.(*Sink); ok || kinds[n.Kind()] == 1 || s.Volatile(n) {
			ids[n] = len(ids)
			return n
		}
		key := digest(n, ids)
		if above := s.Above[was]; above != nil {
			key += content(above)
		}
		if same, ok := byKey[key]; ok {
			return same
		}
		byKey[key] = n
		ids[n] = len(ids)
		return n
	})
}

// digest is equal for nodes that compute the same.
func digest(n Node, ids map[Node]int) string {
	var b strings.Builder
	b.WriteString(n.Kind())
	for _, in := range n.Inputs() {
		fmt.Fprintf(&b, " %d", ids[in])
	}
	b.WriteByte(0)
	b.WriteString(content(n))
	return b.String()
}

// content is equal for nodes that compute the same from the same inputs.
func content(n Node) string {
	bytes, err := msgpack.Marshal(bare(n.payload()))
	if err != nil {
		panic("logical: a node's payload is not plain data: " + err.Error())
	}
	return string(bytes)
}

// bare is a payload without the places in the script, which do not change what a
// node computes.
func bare(payload any) any {
	switch p := payload.(type) {
	case rex.Expr:
		return p.Bare()
	case *rex.Expr:
		if p != nil {
			return p.Bare()
		}
	case []rex.Expr:
		return each(p, rex.Expr.Bare)
	case [][]rex.Expr:
		return each(p, func(row []rex.Expr) any { return bare(row) })
	case []any:
		return each(p, bare)
	}
	return payload
}

func each[In, Out any](in []In, f func(In) Out) []Out {
	out := make([]Out, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}
