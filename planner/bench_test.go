package planner

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkLongCondition plans conditions of 3,000 terms, which programs write.
func BenchmarkLongCondition(b *testing.B) {
	terms := func(joint, form string) string {
		var out []string
		for i := range 3000 {
			out = append(out, fmt.Sprintf(form, i))
		}
		return strings.Join(out, joint)
	}
	for _, c := range []struct{ name, where string }{
		{"and", terms(" AND ", "a <> %d")}, {"in", terms(" OR ", "a = %d")}, {"or", terms(" OR ", "a * 2 = %d")},
		{"pairs", terms(" AND ", "(a <> %d OR b = 'x')")}, {"dnf", terms(" OR ", "a = %[1]d AND b = 'x%[1]d'")},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b)
			if err := w.define("CREATE TABLE t (a INT, b STRING) WITH ('connector' = 'test')"); err != nil {
				b.Fatal(err)
			}
			stmt, err := single("SELECT a FROM t WHERE " + c.where)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := New(w.cat, Options{}).Plan(stmt); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
