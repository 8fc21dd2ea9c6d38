package logical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// WindowBound is a bound of a row's window.
type WindowBound uint8

// The bounds.
const (
	WindowStart WindowBound = iota
	WindowEnd
	WindowTime
)

// String gives the bound's column name.
func (b WindowBound) String() string {
	return [...]string{"window_start", "window_end", "window_time"}[b]
}

// WindowAggregate aggregates per window and key, once the watermark passed the
// window; its output is the keys, the aggregates, then Bounds.
type WindowAggregate struct {
	props Props
	input Node
	WindowAggregateSpec
}

// WindowAggregateSpec are the fields of a WindowAggregate.
type WindowAggregateSpec struct {
	// Window is over a time column of the input, unless Attached: then the input
	// carries the windows in the columns Start and End. Sessions that aren't
	// attached are apart by Keys; Start of attached ones is among Keys, as their
	// ends don't tell it.
	Window   Window
	Attached bool
	Start    int
	End      int
	Keys     []int
	Aggs     []rex.AggCall
	Names    []string
	Bounds   []WindowBound
	// Emit says when windows are emitted besides once, when they are due.
	Emit Emission
	Span errs.Span
}

// Emission is when a window is emitted before it is due, and after: see Flink's
// 'table.exec.emit' options.
type Emission struct {
	// Early and Late emit changes after a delay by the clock.
	Early       bool
	EarlyMillis int64
	Late        bool
	LateMillis  int64
	// LatenessMillis is how long after a window was due rows of it still count.
	LatenessMillis int64
}

// Updates reports whether windows may be emitted more than once.
func (e Emission) Updates() bool { return e.Early || e.Late }

// String prints what is on, such as "early=5000ms late=0ms lateness=60000ms".
func (e Emission) String() string {
	var parts []string
	if e.Early {
		parts = append(parts, fmt.Sprintf("early=%dms", e.EarlyMillis))
	}
	if e.Late {
		parts = append(parts, fmt.Sprintf("late=%dms lateness=%dms", e.LateMillis, e.LatenessMillis))
	}
	return strings.Join(parts, " ")
}

// NewWindowAggregate makes a WindowAggregate.
func NewWindowAggregate(input Node, s WindowAggregateSpec) *WindowAggregate {
	n := &WindowAggregate{input: input, WindowAggregateSpec: s}
	in := input.Props()
	schema := aggregateSchema(in.Schema, s.Keys, s.Aggs, s.Names)
	time := make([]TimeKind, len(schema)+len(s.Bounds))
	window := &WindowColumns{Window: s.Window}
	key := Range(0, len(s.Keys))
	for _, b := range s.Bounds {
		c := len(schema)
		field := types.Field{Name: b.String(), Type: BoundType()}
		switch b {
		case WindowStart:
			window.Start = append(window.Start, c)
		case WindowEnd:
			window.End = append(window.End, c)
		case WindowTime:
			window.Time = append(window.Time, c)
			field.Type = windowTimeType(s.Window.TimeType)
			time[c] = Rowtime
			if s.Window.Proctime {
				time[c] = Proctime
			}
		}
		schema = append(schema, field)
	}
	if s.Attached && s.Window.Kind == Session {
		window.Start = append(window.Start, slices.Index(s.Keys, s.Start))
	}
	n.props = Props{Schema: schema, Time: time, Window: window, Changes: Inserts, Bounded: in.Bounded}
	n.props.Fresh = freshBounds(window)
	if s.Emit.Updates() {
		n.props.Changes = Inserts | Updates
		if !in.Changes.InsertOnly() {
			n.props.Changes = AllChanges
		}
	}
	if bound, ok := identifying(window); ok {
		n.props.Keys = [][]int{union(key, []int{bound})}
	}
	return n
}

// freshBounds tells of window bounds that a window is emitted before the watermark
// passes its end, and late rows are dropped. Bounds over TIMESTAMP_LTZ are local
// times, which watermarks don't speak of; and where clocks go back, even window_time is
// behind.
func freshBounds(w *WindowColumns) map[int]int64 {
	if w.Window.Proctime || w.Window.Zone != "" {
		return nil
	}
	fresh := map[int]int64{}
	for _, c := range w.Time {
		fresh[c] = 0
	}
	if w.Window.TimeType.Kind != types.Timestamp {
		return fresh
	}
	for _, c := range w.End {
		fresh[c] = 0
	}
	for _, c := range w.Start {
		if w.Window.Kind != Session {
			fresh[c] = w.Window.SizeMillis
		}
	}
	return fresh
}

// identifying is a column that tells windows of one shape apart. Windows of
// CUMULATE and SESSION share their starts or have no fixed length.
func identifying(w *WindowColumns) (int, bool) {
	switch {
	case len(w.End) > 0:
		return w.End[0], true
	case len(w.Time) > 0:
		return w.Time[0], true
	case len(w.Start) > 0 && w.Window.Kind != Cumulate && w.Window.Kind != Session:
		return w.Start[0], true
	}
	return 0, false
}

// Inputs is the one input.
func (n *WindowAggregate) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *WindowAggregate) WithInputs(inputs []Node) Node {
	return NewWindowAggregate(inputs[0], n.WindowAggregateSpec)
}

// Props are the derived properties.
func (n *WindowAggregate) Props() *Props { return &n.props }

// Kind is "WindowAggregate".
func (n *WindowAggregate) Kind() string { return "WindowAggregate" }

func (n *WindowAggregate) payload() any {
	return []any{n.Window, n.Attached, n.Start, n.End, n.Keys, n.Aggs, n.Bounds, n.Emit}
}

func (n *WindowAggregate) details() string {
	names := n.input.Props().Schema.Names()
	place := "on " + nameAt(names, n.Window.Time)
	if n.Attached {
		place = fmt.Sprintf("attached [%s, %s)", nameAt(names, n.Start), nameAt(names, n.End))
	}
	bounds := make([]string, len(n.Bounds))
	for i, b := range n.Bounds {
		bounds[i] = b.String()
	}
	text := fmt.Sprintf("%s %s by=[%s] aggs=[%s] bounds=[%s]", n.Window, place, strings.Join(pick(names, n.Keys), ", "),
		AggsText(n.Aggs, names), strings.Join(bounds, ", "))
	if n.Emit.Updates() {
		text += " " + n.Emit.String()
	}
	return text
}

func nameAt(names []string, i int) string {
	if i < 0 || i >= len(names) {
		return "?"
	}
	return names[i]
}

// Columns lists the input columns that the node reads.
func (n *WindowAggregate) Columns() []int {
	out := append(AggColumns(n.Aggs), n.Keys...)
	if n.Attached {
		out = append(out, n.Start, n.End)
	} else {
		out = append(out, n.Window.Time)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var _ Node = (*WindowAggregate)(nil)
