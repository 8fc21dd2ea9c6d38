package rex

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/internal/types"
)

// Frame is which rows around a row an OVER aggregate sees.
type Frame struct {
	// Rows counts rows; otherwise bounds are distances in the order's value, and
	// rows of equal value are in the frame together.
	Rows  bool       `msgpack:"r,omitempty"`
	Start FrameBound `msgpack:"s"`
	End   FrameBound `msgpack:"e"`
}

// FrameBound is one end of a frame.
type FrameBound struct {
	Kind BoundKind `msgpack:"k"`
	// Offset counts rows, or units of the order column as it is stored; High are the
	// bits above it, which only distances over DECIMAL may have.
	Offset int64 `msgpack:"o,omitempty"`
	High   int64 `msgpack:"h,omitempty"`
	// Float is a distance over FLOAT and DOUBLE.
	Float float64 `msgpack:"f,omitempty"`
}

// BoundKind is the kind of a frame's end, in order.
type BoundKind uint8

// The kinds.
const (
	UnboundedPreceding BoundKind = iota
	Preceding
	CurrentRow
	Following
	UnboundedFollowing
)

// String gives the SQL words.
func (k BoundKind) String() string {
	names := [...]string{"UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("bound(%d)", uint8(k))
}

// Slides reports a frame that rows leave again.
func (f Frame) Slides() bool { return f.Start.Kind != UnboundedPreceding }

// Measures reports a frame with distances in the order's value.
func (f Frame) Measures() bool {
	return !f.Rows && (f.Start.measures() || f.End.measures())
}

func (b FrameBound) measures() bool { return b.Kind == Preceding || b.Kind == Following }

// String gives the clause.
func (f Frame) String() string {
	unit := "RANGE"
	if f.Rows {
		unit = "ROWS"
	}
	return fmt.Sprintf("%s BETWEEN %s AND %s", unit, f.Start, f.End)
}

// String gives the bound's words.
func (b FrameBound) String() string {
	switch {
	case !b.measures():
		return b.Kind.String()
	case b.Float != 0:
		return fmt.Sprintf("%v %s", b.Float, b.Kind)
	case b.High != 0:
		return fmt.Sprintf("%s %s", decimal128.New(b.High, uint64(b.Offset)).BigInt(), b.Kind)
	}
	return fmt.Sprintf("%d %s", b.Offset, b.Kind)
}

// PlaceCall is a call of a function of a row's place in its partition, such as RANK
// or LAG.
type PlaceCall struct {
	// Name is the upper-case SQL name.
	Name string `msgpack:"n"`
	// Value is the column that LAG and LEAD give, Default the one they give where
	// there is no such row; -1 for neither.
	Value   int `msgpack:"v"`
	Default int `msgpack:"d"`
	// Offset is the distance of LAG and LEAD, the number of buckets of NTILE.
	Offset int64 `msgpack:"o,omitempty"`
	// IgnoreNulls has LAG and LEAD count only rows whose Value is not NULL.
	IgnoreNulls bool       `msgpack:"i,omitempty"`
	Type        types.Type `msgpack:"t"`
}
