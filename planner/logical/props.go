package logical

import (
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// Props are what is known of a node's result.
type Props struct {
	// Schema are the columns.
	Schema types.Schema
	// Keys are sets of columns, in rising order, of which no two rows of the
	// described table agree. An empty set means that there is at most one row.
	Keys [][]int
	// Time tells for each column whether it is a time attribute.
	Time []TimeKind
	// Window tells which columns hold a row's window; nil without.
	Window *WindowColumns
	// Fresh tells of columns with times that no row comes late by: every row has a
	// value above the watermark less so many milliseconds. Event times are not fresh,
	// as rows may be late.
	Fresh map[int]int64
	// Changes are the kinds of change that may happen to the described table.
	Changes Changes
	// Bounded reports that the rows come to an end.
	Bounded bool
}

// TimeKind tells what a column is to time.
type TimeKind uint8

// The kinds.
const (
	// NotTime columns are data.
	NotTime TimeKind = iota
	// Rowtime columns are event times that watermarks speak about.
	Rowtime
	// Proctime columns are the wall clock when the row is processed.
	Proctime
)

// String gives Flink's word.
func (k TimeKind) String() string { return [...]string{"", "ROWTIME", "PROCTIME"}[k] }

// Changes is a set of kinds of change.
type Changes uint8

// The kinds.
const (
	Inserts Changes = 1 << iota
	Updates
	Deletes
)

// AllChanges holds every kind.
const AllChanges = Inserts | Updates | Deletes

// InsertOnly reports that rows are only ever added.
func (c Changes) InsertOnly() bool { return c&^Inserts == 0 }

// String gives the letters of the kinds: I, U and D.
func (c Changes) String() string {
	var parts []string
	for i, letter := range []string{"I", "U", "D"} {
		if c&(1<<i) != 0 {
			parts = append(parts, letter)
		}
	}
	return strings.Join(parts, ",")
}

// filtered is what becomes of changes when rows may be left out: an update of a
// row that starts or stops to pass is an insert or a delete.
func (c Changes) filtered() Changes {
	if c&Updates != 0 {
		return AllChanges
	}
	return c
}

// WindowColumns tells which columns hold the bounds of the window a row is in.
type WindowColumns struct {
	// Window is the shape; its Time is meaningless here.
	Window Window
	// Start, End and Time list the columns with each bound.
	Start []int
	End   []int
	Time  []int
	// Of lists the columns with the time that put the row into its window.
	Of []int
}

// remap renames the columns by mapping old to new; nil when Start and End are not
// both there any more.
func (w *WindowColumns) remap(mapping map[int][]int) *WindowColumns {
	if w == nil {
		return nil
	}
	out := &WindowColumns{Window: w.Window}
	for _, pair := range []struct {
		from []int
		to   *[]int
	}{{w.Start, &out.Start}, {w.End, &out.End}, {w.Time, &out.Time}, {w.Of, &out.Of}} {
		for _, c := range pair.from {
			*pair.to = append(*pair.to, mapping[c]...)
		}
		slices.Sort(*pair.to)
	}
	if len(out.Start) == 0 && len(out.End) == 0 {
		return nil
	}
	return out
}

// common is what holds for the rows of two inputs of a union; nil for nothing.
func (w *WindowColumns) common(o *WindowColumns) *WindowColumns {
	if w == nil || o == nil || !w.Window.SameShape(o.Window) {
		return nil
	}
	both := func(a, b []int) []int {
		return slices.DeleteFunc(slices.Clone(a), func(c int) bool { return !slices.Contains(b, c) })
	}
	out := &WindowColumns{Window: w.Window, Start: both(w.Start, o.Start), End: both(w.End, o.End), Time: both(w.Time, o.Time), Of: both(w.Of, o.Of)}
	if len(out.Start) == 0 && len(out.End) == 0 {
		return nil
	}
	return out
}

// shift moves all columns up by delta.
func (w *WindowColumns) shift(delta int) *WindowColumns {
	if w == nil {
		return nil
	}
	move := func(cols []int) []int {
		out := make([]int, len(cols))
		for i, c := range cols {
			out[i] = c + delta
		}
		return out
	}
	return &WindowColumns{Window: w.Window, Start: move(w.Start), End: move(w.End), Time: move(w.Time), Of: move(w.Of)}
}

// RowtimeColumn is the first event time column, or -1.
func (p *Props) RowtimeColumn() int { return slices.Index(p.Time, Rowtime) }

// HasKey reports whether columns contain a unique key.
func (p *Props) HasKey(columns []int) bool {
	for _, key := range p.Keys {
		if subset(key, columns) {
			return true
		}
	}
	return false
}

// SmallestKey is the unique key of the fewest columns, and whether there is one.
func (p *Props) SmallestKey() ([]int, bool) {
	if len(p.Keys) == 0 {
		return nil, false
	}
	best := p.Keys[0]
	for _, key := range p.Keys[1:] {
		if len(key) < len(best) {
			best = key
		}
	}
	return best, true
}

// Cols makes references to the given columns of a schema.
func Cols(schema types.Schema, columns []int) []rex.Expr {
	out := make([]rex.Expr, len(columns))
	for i, c := range columns {
		out[i] = rex.Col(c, schema[c].Type)
	}
	return out
}

// AllCols makes references to all columns of a schema.
func AllCols(schema types.Schema) []rex.Expr { return Cols(schema, Range(0, len(schema))) }

// Range lists from, from+1, …, to-1.
func Range(from, to int) []int {
	out := make([]int, 0, max(0, to-from))
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

// subset reports whether every element of a is in b.
func subset(a, b []int) bool {
	for _, x := range a {
		if !slices.Contains(b, x) {
			return false
		}
	}
	return true
}

// union merges sets of columns in rising order.
func union(a, b []int) []int {
	out := append(slices.Clone(a), b...)
	slices.Sort(out)
	return slices.Compact(out)
}

// keyMax bounds the number of unique keys kept per node.
const keyMax = 8

// addKey adds a key unless it says nothing new, and drops keys that it implies.
func addKey(keys [][]int, key []int) [][]int {
	for _, k := range keys {
		if subset(k, key) {
			return keys
		}
	}
	keys = slices.DeleteFunc(keys, func(k []int) bool { return subset(key, k) })
	if len(keys) >= keyMax {
		return keys
	}
	return append(keys, key)
}
