package logical

import (
	"fmt"
	"strings"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/internal/rex"
)

// Share makes equal sub-plans one node, so that they are computed once. Nodes
// that volatile reports (they would give other rows each time) stay apart.
func Share(roots []Node, volatile func(Node) bool) []Node {
	ids := map[Node]int{}
	byKey := map[string]Node{}
	kinds := map[string]int{}
	Walk(roots, func(n Node) { kinds[n.Kind()]++ })
	return Rewrite(roots, func(n Node) Node {
		if _, ok := n.(*Sink); ok || kinds[n.Kind()] == 1 || volatile(n) {
			ids[n] = len(ids)
			return n
		}
		key := digest(n, ids)
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
	bytes, err := msgpack.Marshal(bare(n.payload()))
	if err != nil {
		panic("logical: a node's payload is not plain data: " + err.Error())
	}
	b.Write(bytes)
	return b.String()
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
