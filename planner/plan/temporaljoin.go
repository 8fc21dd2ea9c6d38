package plan

import (
	"fmt"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// TemporalJoin joins left rows with the one version of the right table that held at
// their time. Its output is the left columns then the right ones, with the kinds of
// the left rows.
type TemporalJoin struct {
	// KeepsLeft pads left rows without a version.
	KeepsLeft bool  `msgpack:"o,omitempty"`
	LeftKeys  []int `msgpack:"l"`
	RightKeys []int `msgpack:"r"`
	// LeftTime and RightTime are the event times; versions begin at theirs.
	LeftTime  int `msgpack:"lt"`
	RightTime int `msgpack:"rt"`
	// ProcTime joins with the newest version at once.
	ProcTime bool `msgpack:"p,omitempty"`
	// Condition is a further predicate over left then right columns, or nil.
	Condition *rex.Expr `msgpack:"c,omitempty"`
}

func (j *TemporalJoin) kind() JoinKind {
	if j.KeepsLeft {
		return Left
	}
	return Inner
}

func (j *TemporalJoin) describe(l, r types.Schema) string {
	text := fmt.Sprintf("%s, %s", j.kind(), onText(l, j.LeftKeys, r, j.RightKeys))
	if !j.ProcTime {
		text += fmt.Sprintf(", as of=%s, versions by=%s", columns(l, []int{j.LeftTime}), columns(r, []int{j.RightTime}))
	}
	if j.Condition != nil {
		text += ", where=" + j.Condition.Format(append(l.Names(), r.Names()...))
	}
	return text + flag(j.ProcTime, "as of now")
}

// LookupJoin joins left rows with rows that a connector is asked for by key. Its
// output is the left columns then those of the rows asked for.
type LookupJoin struct {
	// Table is what is looked up, with the pushdown that its connector took over; the
	// rows that it gives have the schema Asked.
	Table Source       `msgpack:"t"`
	Asked types.Schema `msgpack:"a"`
	// Calc filters and projects the rows that were asked for; nil takes them as they
	// are.
	Calc      *Calc `msgpack:"f,omitempty"`
	KeepsLeft bool  `msgpack:"o,omitempty"`
	// LeftKeys are columns of the input, RightKeys those of Asked they must equal.
	LeftKeys  []int `msgpack:"l"`
	RightKeys []int `msgpack:"r"`
	// Condition is a further predicate over the output's columns, or nil.
	Condition *rex.Expr  `msgpack:"c,omitempty"`
	Asking    LookupMode `msgpack:"m"`
}

// LookupMode is how rows are asked for.
type LookupMode struct {
	// Async is whether requests run in the background: nil is as the connector is.
	Async *bool `msgpack:"a,omitempty"`
	// Unordered lets rows between two watermarks overtake each other.
	Unordered bool `msgpack:"u,omitempty"`
	// Capacity bounds the requests under way, TimeoutMillis the time of one; 0 is the
	// default.
	Capacity      int   `msgpack:"c,omitempty"`
	TimeoutMillis int64 `msgpack:"t,omitempty"`
	// RetryAttempts is how often keys without rows are asked for again, RetryMillis
	// after the last time.
	RetryAttempts int   `msgpack:"r,omitempty"`
	RetryMillis   int64 `msgpack:"rm,omitempty"`
}

func (j *LookupJoin) describe(in, right types.Schema) string {
	kind := Inner
	if j.KeepsLeft {
		kind = Left
	}
	text := fmt.Sprintf("%s, %s, table=[%s]", kind, onText(in, j.LeftKeys, j.Asked, j.RightKeys), j.Table.describe(j.Asked))
	if j.Calc != nil {
		text += ", lookup " + j.Calc.describe(j.Asked, right)
	}
	if j.Condition != nil {
		text += ", where=" + j.Condition.Format(append(in.Names(), right.Names()...))
	}
	if m := j.Asking; m.Async != nil {
		text += fmt.Sprintf(", async=%t", *m.Async)
	}
	if m := j.Asking; m.RetryAttempts > 0 {
		text += fmt.Sprintf(", retry misses %d times after %dms", m.RetryAttempts, m.RetryMillis)
	}
	return text + flag(j.Asking.Unordered, "unordered")
}
