package logical

import (
	"fmt"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// WindowKind is the shape of windows.
type WindowKind uint8

// The shapes.
const (
	Tumble WindowKind = iota
	Hop
	Cumulate
	Session
)

// String gives the table function's name.
func (k WindowKind) String() string {
	names := [...]string{"TUMBLE", "HOP", "CUMULATE", "SESSION"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("window(%d)", uint8(k))
}

// Window describes windows over a time column.
type Window struct {
	Kind WindowKind
	// Time is the time column.
	Time int
	// SizeMillis is the length (SESSION: the gap), StepMillis HOP's slide and
	// CUMULATE's step.
	SizeMillis   int64
	StepMillis   int64
	OffsetMillis int64
	// Proctime windows follow the wall clock.
	Proctime bool
	// Zone names the time zone that windows over moments are cut in; empty is UTC,
	// and for TIMESTAMP.
	Zone string
	// TimeType is the time column's type.
	TimeType types.Type
	// Partition are the columns that sessions are apart by.
	Partition []int
}

// SameShape reports whether windows of both have the same bounds.
func (w Window) SameShape(o Window) bool {
	return w.Kind == o.Kind && w.SizeMillis == o.SizeMillis && w.StepMillis == o.StepMillis &&
		w.OffsetMillis == o.OffsetMillis && w.Proctime == o.Proctime && w.Zone == o.Zone &&
		w.TimeType.Kind == o.TimeType.Kind
}

// String prints the shape, such as HOP(size 10000 ms, step 2000 ms).
func (w Window) String() string {
	text := fmt.Sprintf("%s(size=%dms", w.Kind, w.SizeMillis)
	if w.Kind == Session {
		text = fmt.Sprintf("%s(gap=%dms", w.Kind, w.SizeMillis)
	}
	if w.StepMillis != 0 {
		text += fmt.Sprintf(" step=%dms", w.StepMillis)
	}
	if w.OffsetMillis != 0 {
		text += fmt.Sprintf(" offset=%dms", w.OffsetMillis)
	}
	if w.Proctime {
		text += " proctime"
	}
	if w.Zone != "" {
		text += " zone=" + w.Zone
	}
	return text + ")"
}

// WindowTVF gives each row once per window it is in and appends window_start,
// window_end and window_time. A row of a session is given when that is over.
type WindowTVF struct {
	props  Props
	input  Node
	Window Window
	// Span is the place in the script, for errors.
	Span errs.Span
}

// BoundType is the type of window_start and window_end.
func BoundType() types.Type { return types.TimestampOf(3).NotNull() }

// windowTimeType is the type of window_time over a time column of type t.
func windowTimeType(t types.Type) types.Type {
	t.Precision = 3
	return t.NotNull()
}

// NewWindowTVF makes a WindowTVF.
func NewWindowTVF(input Node, w Window, span errs.Span) *WindowTVF {
	in := input.Props()
	w.TimeType = in.Schema[w.Time].Type
	n := &WindowTVF{input: input, Window: w, Span: span}
	width := len(in.Schema)
	schema := append(in.Schema[:width:width],
		types.Field{Name: "window_start", Type: BoundType()}, types.Field{Name: "window_end", Type: BoundType()},
		types.Field{Name: "window_time", Type: windowTimeType(w.TimeType)})
	time := make([]TimeKind, width+3)
	time[width+2] = Rowtime
	if w.Proctime {
		time[width+2] = Proctime
	}
	n.props = Props{
		Schema: schema, Time: time, Changes: in.Changes, Bounded: in.Bounded,
		Window: &WindowColumns{Window: w, Start: []int{width}, End: []int{width + 1}, Time: []int{width + 2}, Of: []int{w.Time}},
	}
	for _, key := range in.Keys {
		if w.Kind == Hop || w.Kind == Cumulate {
			key = union(key, []int{width + 1})
		}
		n.props.Keys = addKey(n.props.Keys, key)
	}
	return n
}

// Inputs is the one input.
func (n *WindowTVF) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *WindowTVF) WithInputs(inputs []Node) Node { return NewWindowTVF(inputs[0], n.Window, n.Span) }

// Props are the derived properties.
func (n *WindowTVF) Props() *Props { return &n.props }

// Kind is "WindowTVF".
func (n *WindowTVF) Kind() string { return "WindowTVF" }

func (n *WindowTVF) payload() any { return n.Window }

func (n *WindowTVF) details() string {
	text := fmt.Sprintf("%s on %s", n.Window, n.props.Schema[n.Window.Time].Name)
	if n.Window.Kind == Session {
		text += fmt.Sprintf(" by=[%s]", strings.Join(pick(n.props.Schema.Names(), n.Window.Partition), ", "))
	}
	return text
}

var _ Node = (*WindowTVF)(nil)
