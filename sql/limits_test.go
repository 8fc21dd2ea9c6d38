package sql

import (
	"fmt"
	"strings"
	"sync"
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

// longQueries gives a text of about size bytes for each construct that may be
// repeated without end.
func longQueries(size int) map[string]string {
	long := func(head, piece, tail string) string { return head + strings.Repeat(piece, size/len(piece)) + tail }
	return map[string]string{
		"IN list":     long("SELECT a FROM t WHERE a IN (0", ", 12345", ")"),
		"strings":     long("SELECT a FROM t WHERE a IN (''", ", 'abc'", ")"),
		"OR chain":    long("SELECT a FROM t WHERE TRUE", " OR a = 1", ""),
		"AND chain":   long("SELECT a FROM t WHERE TRUE", " AND b LIKE 'x'", ""),
		"sum":         long("SELECT 1", " + a", " FROM t"),
		"unions":      long("SELECT 1", " UNION ALL SELECT a FROM t", ""),
		"intersects":  long("SELECT 1", " UNION ALL SELECT a FROM t INTERSECT SELECT b FROM u", ""),
		"items":       long("SELECT 1", ", f(a, b) AS c", " FROM t"),
		"windows":     long("SELECT 1", ", f(a) OVER (PARTITION BY b ORDER BY c)", " FROM t"),
		"groups":      long("SELECT 1", ", (a)", " FROM t"),
		"sub-queries": long("SELECT 1", ", (SELECT 1)", " FROM t"),
		"joins":       long("SELECT 1 FROM t", " JOIN u ON a = b", ""),
		"commas":      long("SELECT 1 FROM t", ", (SELECT a FROM u) AS v", ""),
		"values":      long("INSERT INTO t VALUES (1)", ", (1, 'a', 2.5)", ""),
		"cases":       long("SELECT CASE", " WHEN a THEN b", " END"),
		"indexes":     long("SELECT a", "[1].b", ""),
		"in-betweens": long("SELECT a", " AND a BETWEEN 1 AND 2", ""),
		"deep groups": "SELECT " + nested("(", long("1", ", (a, b)", ""), ")", 300),
		"open runs":   long("SELECT 1", ", "+nested("(", "1", ")", 200), ""),
		"statements":  long("", "SELECT 1;", ""),
		"one word":    "SELECT " + strings.Repeat("a", size),
		"comments":    long("SELECT 1", " /* x */ ", ""),
		"path":        long("SELECT a", ".b", ""),
		"bad end":     long("SELECT 1", ", a", " FROM FROM"),
		"columns":     long("CREATE TABLE t (a INT", ", b ROW<x INT>", ")"),
		"options":     "CREATE TABLE t (a INT) WITH (" + strings.Join(numbered("'k%d' = 'v'", size/20), ", ") + ")",
	}
}

func numbered(format string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(format, i)
	}
	return out
}

// TestLongQueries parses much of each construct. The bound is far above what that
// takes, and far below what quadratic work would.
func TestLongQueries(t *testing.T) {
	size := 1 << 17
	if testing.Short() {
		size = 1 << 13
	}
	for name, text := range longQueries(size) {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			statements, err := Parse(text)
			if (err != nil) != (name == "bad end") {
				t.Fatal(err)
			}
			for _, s := range statements {
				_ = Format(s)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("%d bytes took %v", len(text), took)
			}
		})
	}
}

// BenchmarkParseMegabyte parses a megabyte of the constructs that generated
// queries are long of.
func BenchmarkParseMegabyte(b *testing.B) {
	queries := longQueries(1 << 20)
	for _, name := range []string{"IN list", "OR chain", "values", "unions", "items", "windows", "sub-queries"} {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.SetBytes(int64(len(queries[name])))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(queries[name]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkParseQuery parses a query of an everyday size.
func BenchmarkParseQuery(b *testing.B) {
	const text = `INSERT INTO result SELECT auction, COUNT(*) AS num, window_start FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts),
		INTERVAL '2' SECOND, INTERVAL '10' SECOND)) WHERE price > 100 AND channel IN ('a', 'b') GROUP BY auction, window_start, window_end`
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

// TestParseAtTheSameTime parses in several goroutines, since nothing may be shared.
func TestParseAtTheSameTime(t *testing.T) {
	inputs := goldenInputs(t)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for _, input := range inputs {
				if statements, err := Parse(input); err == nil {
					for _, s := range statements {
						_ = Format(s)
					}
				}
			}
		})
	}
	wait.Wait()
}
