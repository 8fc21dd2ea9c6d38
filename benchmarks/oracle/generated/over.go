package generated

import (
	"fmt"
	"strings"
)

// OverCall is a function over a window of the input's rows.
type OverCall struct {
	Result Type
	// Call is the function with its argument printed as %s.
	Call         string
	Arg          *Expr
	Partition    []*Expr
	Order        []*Expr
	Descending   []bool
	Frame        string
	OursOverride string
}

// overFunction is one that needs no frame. Peers says that rows which tie in the
// order get the same result, so that the order need not be total.
type overFunction struct {
	result Type
	ours   string
	sqlite string
	peers  bool
}

var overFunctions = []overFunction{
	{Int, "ROW_NUMBER()", "ROW_NUMBER()", false},
	{Int, "RANK()", "RANK()", true},
	{Int, "DENSE_RANK()", "DENSE_RANK()", true},
	{Int, "CAST(NTILE(3) OVER %s AS BIGINT)", "NTILE(3)", false},
	{Mean, "CUME_DIST()", "CUME_DIST()", true},
	{Mean, "PERCENT_RANK()", "PERCENT_RANK()", true},
}

// frames are the frames of aggregates; those by rows need a total order.
var frames = []struct {
	text  string
	peers bool
}{
	{"", true},
	{" RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", true},
	{" ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", false},
	{" ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", false},
	{" ROWS BETWEEN 3 PRECEDING AND CURRENT ROW", false},
}

// SQL prints the call.
func (c OverCall) SQL(d Dialect) string {
	var order []string
	for i, e := range c.Order {
		direction := " ASC"
		if c.Descending[i] {
			direction = " DESC"
		}
		order = append(order, e.SQL(d)+direction)
	}
	window := "("
	if len(c.Partition) > 0 {
		window += "PARTITION BY " + strings.Join(printAll(c.Partition, d), ", ") + " "
	}
	window += "ORDER BY " + strings.Join(order, ", ") + c.Frame + ")"
	if d == Ours && strings.Contains(c.OursOverride, "%s") {
		return fmt.Sprintf(c.OursOverride, window)
	}
	call := c.Call
	if d == Ours && c.OursOverride != "" {
		call = c.OursOverride
	}
	if c.Arg != nil {
		call = strings.ReplaceAll(call, "%s", c.Arg.SQL(d))
	}
	return call + " OVER " + window
}

// over makes a relation that adds functions over windows to its input's columns.
func (g *generator) over(depth int) *Relation {
	in := g.ordered(depth - 1)
	r := &Relation{Kind: Over, Name: g.name(), Inputs: []*Relation{in}}
	r.Columns = append(r.Columns, in.Columns...)
	for range 1 + g.random.IntN(2) {
		c := g.overCall(in)
		r.Overs, r.Columns = append(r.Overs, c), append(r.Columns, c.Result)
	}
	return r
}

func (g *generator) overCall(in *Relation) OverCall {
	var c OverCall
	peers := g.overFunction(&c, in)
	if g.chance(70) {
		c.Partition = []*Expr{g.column(scope{in}, nil)}
	}
	columns := renamed(in, "").Exprs
	if peers && g.chance(60) {
		columns = []*Expr{g.column(scope{in}, nil)}
	}
	for _, e := range columns {
		c.Order, c.Descending = append(c.Order, e), append(c.Descending, g.chance(40))
	}
	return c
}

// overFunction picks the function and its frame.
func (g *generator) overFunction(c *OverCall, in *Relation) (peers bool) {
	switch g.random.IntN(3) {
	case 0:
		f := overFunctions[g.random.IntN(len(overFunctions))]
		c.Result, c.Call, c.OursOverride = f.result, f.sqlite, f.ours
		return f.peers
	case 1:
		// FIRST_VALUE is left out: Flink's passes over NULLs.
		words := []string{"LAG(%s)", "LEAD(%s)", "LAG(%s, 2)", "LEAD(%s, 2)"}
		c.Call, c.Arg = words[g.random.IntN(len(words))], g.column(scope{in}, nil)
		c.Result = c.Arg.Type
		return false
	}
	for {
		a := aggregates[g.random.IntN(len(aggregates))]
		if a.Star || strings.Contains(a.Ours, "DISTINCT") || a.Ours != a.SQLite {
			continue // SQLite knows no DISTINCT there
		}
		frame := frames[g.random.IntN(len(frames))]
		c.Result, c.Frame = a.Result, frame.text
		c.Call, c.Arg = strings.TrimSuffix(a.Ours, "%s"), g.expr(scope{in}, a.Arg, 1, 0)
		return frame.peers
	}
}
