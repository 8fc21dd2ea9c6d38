package intervaljoin

import (
	"fmt"
	"math"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

// Kind is the kind of a join.
type Kind uint8

// The kinds.
const (
	Inner Kind = iota
	Left
	Right
	Full
	Semi
	Anti
)

// String gives the SQL word.
func (k Kind) String() string {
	names := [...]string{"INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("join(%d)", uint8(k))
}

// preserves reports whether rows of an input (0 left, 1 right) without partners come
// out.
func (k Kind) preserves(input int) bool {
	return k == Full || (k == Left || k == Anti) && input == 0 || k == Right && input == 1
}

// leftOnly reports whether the output has the left columns alone.
func (k Kind) leftOnly() bool { return k == Semi || k == Anti }

// Bounds that there are none of.
const (
	// NoLower and NoUpper leave the difference of times open on one side.
	NoLower = math.MinInt64
	NoUpper = math.MaxInt64
	// Never as a life keeps rows for ever.
	Never = math.MaxInt64
)

// Config describes a Join. Both inputs hold inserts only.
type Config struct {
	Kind Kind
	// LeftKeys and RightKeys are the columns that must be equal, pairwise of the
	// same type; there may be none.
	LeftKeys  []int
	RightKeys []int
	// LeftTime and RightTime are the TIMESTAMP columns of which the left less the
	// right must be from LowerMillis to UpperMillis.
	LeftTime    int
	RightTime   int
	LowerMillis int64
	UpperMillis int64
	// LeftLifeMillis says when a left row is dead: once the watermark is its time
	// plus this. RightLifeMillis likewise.
	LeftLifeMillis  int64
	RightLifeMillis int64
	// DelayMillis is how far the output's watermark stays behind.
	DelayMillis int64
	// Proctime takes the clock when a row arrives for its time, and for the
	// watermark, which is then passed on as it comes.
	Proctime bool
	// Windowed tells that the times are the ends of windows: a row that is dead when
	// it comes is late for its window, is dropped and counted.
	Windowed bool
	// WindowZone is where the windows of a Windowed join were cut: see windows.Spec.
	WindowZone *windows.Zone
	// Condition is a further predicate over the left then right columns, or nil.
	Condition *rex.Expr
	// Registry holds the functions of Condition; may be nil without one.
	Registry *expr.Registry
	// Zone is the session's time zone; nil is UTC.
	Zone *time.Location
}

func (c Config) check() error {
	switch {
	case len(c.LeftKeys) != len(c.RightKeys):
		return errs.Bugf("interval join of %d left with %d right key columns", len(c.LeftKeys), len(c.RightKeys))
	case c.LowerMillis > c.UpperMillis:
		return errs.Bugf("interval join of an empty interval from %d to %d ms", c.LowerMillis, c.UpperMillis)
	case c.Kind.preserves(0) && c.LeftLifeMillis == Never || c.Kind.preserves(1) && c.RightLifeMillis == Never:
		return errs.Bugf("%s interval join of rows that never die", c.Kind)
	}
	return nil
}

// plus adds without overflow: bounds that are missing stay so.
func plus(a, b int64) int64 {
	switch sum := a + b; {
	case a == math.MinInt64 || b == math.MinInt64 || a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	case a == math.MaxInt64 || b == math.MaxInt64 || a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	default:
		return sum
	}
}

// negated is −a, which swaps the missing bounds.
func negated(a int64) int64 {
	switch a {
	case math.MinInt64:
		return math.MaxInt64
	case math.MaxInt64:
		return math.MinInt64
	}
	return -a
}
