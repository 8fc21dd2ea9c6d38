package windows

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Property is an output column that tells a row's window.
type Property uint8

// The properties.
const (
	WindowStart Property = iota
	WindowEnd
	// WindowTime is the window's last millisecond, the event time of its result.
	WindowTime
)

// String gives the property's column name.
func (p Property) String() string {
	names := [...]string{"window_start", "window_end", "window_time"}
	if int(p) < len(names) {
		return names[p]
	}
	return fmt.Sprintf("property(%d)", uint8(p))
}

// Bounds are windows [Start, End) of rows.
type Bounds struct {
	Starts, Ends []int64
	scratch      []int64
}

// Reset empties the bounds and keeps their memory.
func (b *Bounds) Reset() { b.Starts, b.Ends = b.Starts[:0], b.Ends[:0] }

// Add adds the window of one more row.
func (b *Bounds) Add(start, end int64) {
	b.Starts, b.Ends = append(b.Starts, start), append(b.Ends, end)
}

// Columns makes a column for each property, of the types of the last fields; the
// caller owns them. WindowTime is a moment of the zone.
func (b *Bounds) Columns(alloc memory.Allocator, zone *Zone, properties []Property, fields []arrow.Field) []arrow.Array {
	out := make([]arrow.Array, len(properties))
	fields = fields[len(fields)-len(properties):]
	for i, p := range properties {
		millis := b.Ends
		switch p {
		case WindowStart:
			millis = b.Starts
		case WindowTime:
			b.scratch = b.scratch[:0]
			for _, end := range b.Ends {
				b.scratch = append(b.scratch, zone.Moment(end-1))
			}
			millis = b.scratch
		}
		out[i] = TimeColumn(alloc, fields[i].Type, millis)
	}
	return out
}
