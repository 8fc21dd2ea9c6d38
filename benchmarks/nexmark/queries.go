// Package nexmark runs the Nexmark benchmark: an auction site's stream of persons,
// auctions and bids, and 24 queries over it, each a script of its own.
package nexmark

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
)

// Files holds the scripts, `queries/q0.sql` to `queries/q23.sql`. Their variables
// are EVENTS, RATE (events per second of event time), SINK (the result table's
// options) and, of q13, SIDE (the file of the side table).
//
//go:embed queries/*.sql
var Files embed.FS

// queryCount is the number of queries of the suite.
const queryCount = 24

// Names lists the queries, q0 first.
func Names() []string {
	names := make([]string, queryCount)
	for i := range names {
		names[i] = "q" + strconv.Itoa(i)
	}
	return names
}

// Script gives a query's script.
func Script(name string) (string, error) {
	text, err := Files.ReadFile("queries/" + name + ".sql")
	if err != nil {
		e := errs.Userf("there is no Nexmark query %q", name)
		return "", e.WithHint("they are q0 to q%d", queryCount-1)
	}
	return string(text), nil
}

// ParseNames reads a list such as `q0,q5,q10-q13` or `all`.
func ParseNames(list string) ([]string, error) {
	if list == "all" {
		return Names(), nil
	}
	var names []string
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		first, last := slices.Index(Names(), from), slices.Index(Names(), to)
		if first < 0 || last < first {
			return nil, errs.Userf("%q names no Nexmark queries", part).WithHint("write for instance q0,q5,q10-q13 or all")
		}
		names = append(names, Names()[first:last+1]...)
	}
	return names, nil
}

// String of a rate or a count with a unit of thousands, for reports.
func short(n float64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f G", n/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.2f M", n/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f k", n/1e3)
	}
	return fmt.Sprintf("%.0f", n)
}
