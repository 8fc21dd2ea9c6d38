package plan

import (
	"fmt"
	"strings"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// OverMode tells when an Over gives rows their values.
type OverMode uint8

// The modes.
const (
	// OverChanging gives values at once and changes them as rows come and go.
	OverChanging OverMode = iota
	// OverRowtime gives a row its values when the watermark passes it, OverProctime
	// as it comes: for inputs that only insert and frames that look back.
	OverRowtime
	OverProctime
	// OverAtEnd gives all rows their values when the input has ended.
	OverAtEnd
)

// String gives the mode as EXPLAIN shows it.
func (m OverMode) String() string {
	names := [...]string{"changing", "by event time", "by processing time", "at the end"}
	if int(m) < len(names) {
		return names[m]
	}
	return fmt.Sprintf("mode(%d)", uint8(m))
}

// Over appends the values of OVER calls to each row: of Aggs over Frame, or of
// Places.
type Over struct {
	PartitionBy []int           `msgpack:"p"`
	OrderBy     []rex.SortKey   `msgpack:"o"`
	Aggs        []rex.AggCall   `msgpack:"a,omitempty"`
	Frame       rex.Frame       `msgpack:"f"`
	Places      []rex.PlaceCall `msgpack:"w,omitempty"`
	Mode        OverMode        `msgpack:"m"`
	// InputRetracts tells whether the input may take rows away.
	InputRetracts bool  `msgpack:"r,omitempty"`
	TTLMillis     int64 `msgpack:"ttl,omitempty"`
	// Keep, unless it is 0, is the greatest value of Places[KeepBy] whose rows are kept.
	Keep   int64 `msgpack:"k,omitempty"`
	KeepBy int   `msgpack:"kb,omitempty"`
}

func (o *Over) describe(in types.Schema) string {
	text := fmt.Sprintf("by=[%s], order=[%s]", columns(in, o.PartitionBy), orderText(o.OrderBy, in))
	if len(o.Aggs) > 0 {
		text += fmt.Sprintf(", aggs=[%s], %s", aggsText(o.Aggs, in), o.Frame)
	}
	if len(o.Places) > 0 {
		parts := make([]string, len(o.Places))
		for i, p := range o.Places {
			parts[i] = placeText(p, in)
		}
		text += ", functions=[" + strings.Join(parts, ", ") + "]"
	}
	if o.Keep > 0 {
		text += fmt.Sprintf(", keep=[%s <= %d]", placeText(o.Places[o.KeepBy], in), o.Keep)
	}
	return text + ", " + o.Mode.String() + flag(o.InputRetracts, "retracting")
}

func placeText(p rex.PlaceCall, in types.Schema) string {
	var args []string
	if p.Value >= 0 {
		args = append(args, columns(in, []int{p.Value}))
	}
	if p.Offset > 0 {
		args = append(args, fmt.Sprint(p.Offset))
	}
	if p.Default >= 0 {
		args = append(args, columns(in, []int{p.Default}))
	}
	if p.IgnoreNulls {
		args[len(args)-1] += " IGNORE NULLS"
	}
	return p.Name + "(" + strings.Join(args, ", ") + ")"
}
