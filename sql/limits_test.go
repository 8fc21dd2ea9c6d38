package sql

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
)

// nested is n times opening, inner, and n times closing.
func nested(opening, inner, closing string, n int) string {
	return strings.Repeat(opening, n) + inner + strings.Repeat(closing, n)
}

var nestings = []struct{ name, opening, inner, closing string }{
	{"parentheses", "(", "1", ")"},
	{"added parentheses", "(1 + ", "1", ")"},
	{"functions", "f(", "1", ")"},
	{"function after an argument", "f(a, ", "1", ", b)"},
	{"CASE", "CASE WHEN a THEN ", "1", " ELSE 2 END"},
	{"CASE alone", "CASE ", "1", " WHEN 1 THEN 2 END"},
	{"NOT", "NOT ", "a", ""},
	{"minus", "- ", "1", ""},
	{"arrays", "ARRAY[", "1", "]"},
	{"indexes", "a[", "1", "]"},
	{"casts", "CAST(", "1", " AS INT)"},
	{"rows", "ROW(1, ", "1", ")"},
	{"IN lists", "a IN (", "1", ")"},
	{"sub-queries", "(SELECT ", "1", ")"},
	{"EXISTS", "EXISTS (SELECT ", "1", ")"},
	{"windows", "f(a) OVER (ORDER BY ", "b", ")"},
	{"derived tables", "(SELECT * FROM (SELECT ", "1", "))"},
}

// TestDepth parses what is nested below the limit and refuses what is nested far
// beyond it, without exhausting the stack.
func TestDepth(t *testing.T) {
	for _, n := range nestings {
		t.Run(n.name, func(t *testing.T) {
			for _, depth := range []int{1, 99, 101, 199, 201, 240} {
				text := "SELECT " + nested(n.opening, n.inner, n.closing, depth)
				statements, err := Parse(text)
				if err != nil {
					t.Fatalf("%d levels: %v", depth, err)
				}
				if err := roundTrip(statements, text); err != nil {
					t.Fatalf("%d levels: %v", depth, err)
				}
			}
			for _, depth := range []int{MaxDepth + 1, 10_000} {
				_, err := Parse("SELECT " + nested(n.opening, n.inner, n.closing, depth))
				if err == nil || errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), "nested too deeply") {
					t.Fatalf("%d levels: %v", depth, err)
				}
			}
		})
	}
}

func TestDepthOfOtherThings(t *testing.T) {
	tooDeep := map[string]string{
		"joins":         "SELECT * FROM " + nested("(a JOIN ", "b", " ON p)", 10_000),
		"types":         "CREATE TABLE t (a " + nested("ARRAY<", "INT", ">", 10_000) + ")",
		"patterns":      "SELECT * FROM t MATCH_RECOGNIZE (PATTERN (" + nested("(", "A", ")", 10_000) + "))",
		"grouping sets": "SELECT 1 GROUP BY " + nested("CUBE(", "a", ")", 10_000),
		"queries":       nested("(", "SELECT 1", ")", 10_000),
		"exclusions":    "SELECT * FROM t MATCH_RECOGNIZE (PATTERN (" + nested("{- ", "A", " -}", 10_000) + "))",
	}
	for name, text := range tooDeep {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), "nested too deeply") {
			t.Errorf("%s: %v", name, err)
		}
	}
	fine := map[string]string{
		"joins":   "SELECT * FROM " + nested("(a JOIN ", "b", " ON p)", 80),
		"queries": nested("(", "SELECT 1", " LIMIT 1)", 400),
		"types":   "CREATE TABLE t (a " + nested("ARRAY<", "INT", ">", 90) + ")",
	}
	for name, text := range fine {
		statements, err := Parse(text)
		if err == nil {
			err = roundTrip(statements, text)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// megabyte repeats piece up to a megabyte of text.
func megabyte(head, piece, tail string) string {
	return head + strings.Repeat(piece, (1<<20)/len(piece)) + tail
}

var longQueries = map[string]string{
	"IN list":     megabyte("SELECT a FROM t WHERE a IN (0", ", 12345", ")"),
	"strings":     megabyte("SELECT a FROM t WHERE a IN (''", ", 'abc'", ")"),
	"OR chain":    megabyte("SELECT a FROM t WHERE TRUE", " OR a = 1", ""),
	"AND chain":   megabyte("SELECT a FROM t WHERE TRUE", " AND b LIKE 'x'", ""),
	"sum":         megabyte("SELECT 1", " + a", " FROM t"),
	"unions":      megabyte("SELECT 1", " UNION ALL SELECT a FROM t", ""),
	"intersects":  megabyte("SELECT 1", " UNION ALL SELECT a FROM t INTERSECT SELECT b FROM u", ""),
	"items":       megabyte("SELECT 1", ", f(a, b) AS c", " FROM t"),
	"windows":     megabyte("SELECT 1", ", f(a) OVER (PARTITION BY b ORDER BY c)", " FROM t"),
	"groups":      megabyte("SELECT 1", ", (a)", " FROM t"),
	"sub-queries": megabyte("SELECT 1", ", (SELECT 1)", " FROM t"),
	"joins":       megabyte("SELECT 1 FROM t", " JOIN u ON a = b", ""),
	"commas":      megabyte("SELECT 1 FROM t", ", (SELECT a FROM u) AS v", ""),
	"values":      megabyte("INSERT INTO t VALUES (1)", ", (1, 'a', 2.5)", ""),
	"cases":       megabyte("SELECT CASE", " WHEN a THEN b", " END"),
	"indexes":     megabyte("SELECT a", "[1].b", ""),
	"in-betweens": megabyte("SELECT a", " AND a BETWEEN 1 AND 2", ""),
	"deep groups": "SELECT " + nested("(", megabyte("1", ", (a, b)", ""), ")", 300),
	"open runs":   megabyte("SELECT 1", ", "+nested("(", "1", ")", 200), ""),
	"statements":  megabyte("", "SELECT 1;", ""),
	"one word":    "SELECT " + strings.Repeat("a", 1<<20),
	"comments":    megabyte("SELECT 1", " /* x */ ", ""),
	"path":        megabyte("SELECT a", ".b", ""),
	"bad end":     megabyte("SELECT 1", ", a", " FROM FROM"),
	"columns":     megabyte("CREATE TABLE t (a INT", ", b ROW<x INT>", ")"),
	"options":     "CREATE TABLE t (a INT) WITH (" + strings.Join(numbered("'k%d' = 'v'", 50_000), ", ") + ")",
}

func numbered(format string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(format, i)
	}
	return out
}

// TestLongQueriesAreParsedInLinearTime parses a megabyte of each kind. The bound
// is far above what a megabyte takes, and far below what quadratic work would.
func TestLongQueriesAreParsedInLinearTime(t *testing.T) {
	if testing.Short() {
		t.Skip("parses many megabytes")
	}
	for name, text := range longQueries {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			statements, err := Parse(text)
			took := time.Since(start)
			if (err != nil) != (name == "bad end") {
				t.Fatal(err)
			}
			t.Logf("parse %v", took.Round(time.Millisecond))
			if took > 20*time.Second {
				t.Errorf("%d bytes took %v", len(text), took)
			}
			start = time.Now()
			for _, s := range statements {
				_ = Format(s)
			}
			if took = time.Since(start); took > 10*time.Second {
				t.Errorf("printing took %v", took)
			}
		})
	}
}
