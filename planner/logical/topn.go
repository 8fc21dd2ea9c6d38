package logical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// TopN keeps rows Offset+1 … Offset+Count of each partition by OrderBy.
type TopN struct {
	props Props
	input Node
	TopNSpec
}

// TopNSpec are the fields of a TopN.
type TopNSpec struct {
	PartitionBy []int
	OrderBy     []rex.SortKey
	Offset      int64
	Count       int64
	// Rank appends the rank as a BIGINT column called RankName.
	Rank     bool
	RankName string
	// Windowed tells that partitions lie within windows whose end is the column
	// WindowEnd: each is emitted once, when its window is over.
	Windowed  bool
	WindowEnd int
	// WindowZone is the zone of those windows.
	WindowZone string
	// LastOfTies prefers later rows among equal ones.
	LastOfTies bool
}

// NewTopN makes a TopN.
func NewTopN(input Node, s TopNSpec) *TopN {
	n := &TopN{input: input, TopNSpec: s, props: *input.Props()}
	in := input.Props()
	width := len(in.Schema)
	partition := union(s.PartitionBy, nil)
	n.props.Changes = AllChanges
	n.props.Keys = slices.Clone(in.Keys)
	if s.Count == 1 {
		n.props.Keys = addKey(n.props.Keys, partition)
	}
	if s.Rank {
		n.props.Schema = append(in.Schema[:width:width], types.Field{Name: s.RankName, Type: types.Of(types.BigInt).NotNull()})
		n.props.Time = append(slices.Clone(in.Time), NotTime)
		n.props.Keys = addKey(n.props.Keys, union(partition, []int{width}))
	}
	if s.Windowed {
		n.props.Changes = Inserts
		return n
	}
	n.props.Time = make([]TimeKind, len(n.props.Schema))
	return n
}

// Inputs is the one input.
func (n *TopN) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *TopN) WithInputs(inputs []Node) Node { return NewTopN(inputs[0], n.TopNSpec) }

// Props are the derived properties.
func (n *TopN) Props() *Props { return &n.props }

// Kind is "TopN", or "WindowTopN".
func (n *TopN) Kind() string {
	if n.Windowed {
		return "WindowTopN"
	}
	return "TopN"
}

func (n *TopN) payload() any {
	return []any{n.PartitionBy, n.OrderBy, n.Offset, n.Count, n.Rank, n.RankName, n.Windowed, n.WindowEnd, n.WindowZone, n.LastOfTies}
}

func (n *TopN) details() string {
	names := n.input.Props().Schema.Names()
	text := fmt.Sprintf("partition=[%s] order=[%s] rows=%d..%d", strings.Join(pick(names, n.PartitionBy), ", "),
		OrderText(n.OrderBy, names), n.Offset+1, n.Offset+n.Count)
	if n.Rank {
		text += " rank=" + n.RankName
	}
	if n.LastOfTies {
		text += " last of ties"
	}
	return text
}

var _ Node = (*TopN)(nil)
