package sql

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/lower"
)

// TestParse runs the golden files: `parse` prints each statement canonically, `tree` dumps
// the syntax tree with the source of each node, `expr` parses one expression,
// `type` a type, and `lower` shows the text that sqlparser reads. An error is
// rendered with its line underlined. All of them check that printing and parsing
// again gives the same tree, and that spans nest.
func TestParse(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			out, err := runCommand(t, d)
			if err != nil {
				return errs.ClassOf(err).String() + " error: " + errs.Render(err, "", d.Input) + "\n"
			}
			return out
		})
	})
}

func runCommand(t *testing.T, d *datadriven.TestData) (string, error) {
	switch d.Cmd {
	case "parse", "tree":
		statements, err := Parse(d.Input)
		if err != nil {
			return "", err
		}
		var b strings.Builder
		for _, s := range statements {
			if d.Cmd == "tree" {
				b.WriteString(dump(s, d.Input))
			} else {
				fmt.Fprintln(&b, Format(s)+";")
			}
		}
		if err := roundTrip(statements, d.Input); err != nil {
			d.Fatalf(t, "%v", err)
		}
		return b.String(), nil
	case "expr":
		return runExpr(t, d)
	case "type":
		typ, err := ParseType(d.Input)
		if err != nil {
			return "", err
		}
		again, err := ParseType(typ.String())
		if err != nil || !again.Equal(typ) {
			d.Fatalf(t, "%s reads back as %s, %v", typ, again, err)
		}
		return typ.String() + "\n", nil
	case "lower":
		p, err := newParser(d.Input)
		if err != nil {
			return "", err
		}
		q, _, err := lower.ReadQuery(p.Cursor, p, MaxDepth)
		if err != nil {
			return "", err
		}
		return q.Body.String() + "\n", nil
	}
	d.Fatalf(t, "unknown command %s", d.Cmd)
	return "", nil
}

func runExpr(t *testing.T, d *datadriven.TestData) (string, error) {
	var b strings.Builder
	for line := range strings.Lines(d.Input) {
		line = strings.TrimSuffix(line, "\n")
		e, err := ParseExpr(line)
		if err != nil {
			fmt.Fprintln(&b, errs.Render(err, "", line))
			continue
		}
		if err := checkSpans(e, line); err != nil {
			d.Fatalf(t, "%s: %v", line, err)
		}
		printed := FormatExpr(e)
		again, err := ParseExpr(printed)
		if err != nil {
			d.Fatalf(t, "%s prints as %s: %v", line, printed, err)
		}
		clearSpans(e)
		clearSpans(again)
		if !reflect.DeepEqual(e, again) {
			d.Fatalf(t, "%s prints as %s, which is another tree", line, printed)
		}
		if d.HasArg("grouped") {
			printed = grouped(e)
		}
		fmt.Fprintln(&b, printed)
	}
	return b.String(), nil
}

// grouped prints an expression with parentheses around every operator, to show
// precedence.
func grouped(e Expr) string {
	switch e := e.(type) {
	case *Binary:
		return "(" + grouped(e.Left) + " " + e.Op.String() + " " + grouped(e.Right) + ")"
	case *Unary:
		return "(" + e.Op.String() + " " + grouped(e.X) + ")"
	case *Is:
		return "(" + grouped(e.X) + map[bool]string{true: " IS NOT ", false: " IS "}[e.Not] + e.Kind.String() + ")"
	case *Between:
		return "(" + grouped(e.X) + " BETWEEN " + grouped(e.Low) + " AND " + grouped(e.High) + ")"
	case *Like:
		out := "(" + grouped(e.X) + " LIKE " + grouped(e.Pattern)
		if e.Escape != nil {
			out += " ESCAPE " + grouped(e.Escape)
		}
		return out + ")"
	case *InList:
		out := "(" + grouped(e.X) + " IN ("
		for i, item := range e.Items {
			out += map[bool]string{true: ", "}[i > 0] + grouped(item)
		}
		return out + "))"
	}
	return FormatExpr(e)
}
