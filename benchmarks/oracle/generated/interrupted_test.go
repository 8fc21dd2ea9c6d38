package generated

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/engine/enginetest"
	"github.com/thalweg/thalweg/internal/errs"
)

var interruptedFlag = flag.Int("interrupted", 0, "queries to run with interruptions (0: 40 with -short, 300 without)")

// TestInterruptionsDoNotMatter runs generated queries as jobs that are stopped,
// crashed, rescaled and reopened in the middle. What they write must be what they
// write in one go.
func TestInterruptionsDoNotMatter(t *testing.T) {
	n := *interruptedFlag
	if n == 0 {
		n = 300
		if testing.Short() {
			n = 40
		}
	}
	all := enginetest.Circumstances()
	for i := range n {
		seed := *seedFlag + uint64(i)
		random := rand.New(rand.NewPCG(seed, 2))
		tables := Tables(random)
		q := Query(random, tables)
		if !plans(t, q, tables) {
			continue
		}
		how := all[random.IntN(len(all))]
		c := insertCase(q, tables, 1+random.IntN(3))
		t.Run(fmt.Sprintf("seed=%d,%s", seed, how), func(t *testing.T) {
			want := c.Result(t, enginetest.Circumstance{Parallelism: 1, BatchRows: 4096})
			got := c.Result(t, how)
			if !slices.Equal(got, want) {
				t.Errorf("%s\n%s\ngot\n  %s\nwant\n  %s", c.DDL, c.Insert, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
			}
		})
	}
}

// plans reports whether the query is supported.
func plans(t *testing.T, q *Relation, tables []*Table) bool {
	t.Helper()
	b := newBench(t, tables, circumstances[0])
	defer b.close()
	_, err := b.ours.session.Execute(context.Background(), "EXPLAIN "+q.SQL(Ours))
	if err != nil && !notSupported(err) {
		t.Error(errs.Render(err, "", "EXPLAIN "+q.SQL(Ours)))
	}
	return err == nil
}

// insertCase makes the query a job that fills the table "out".
func insertCase(q *Relation, tables []*Table, splits int) enginetest.Case {
	c := enginetest.Case{Insert: "INSERT INTO `out` " + q.SQL(Ours), Input: map[string][][]string{}}
	for _, t := range tables {
		c.DDL += t.DDL() + ";\n"
		rows := make([][]string, splits)
		for i, line := range t.lines() {
			rows[i%splits] = append(rows[i%splits], line)
		}
		c.Input[t.Name] = rows
	}
	var cols []string
	for i, t := range q.Columns {
		ddl := t.DDL()
		if t == Cents {
			ddl = "DECIMAL(38, 2)"
		}
		cols = append(cols, fmt.Sprintf("c%d %s", i, ddl))
	}
	c.DDL += "CREATE TABLE `out` (" + strings.Join(cols, ", ") + ") WITH ('connector' = 'memory');\n"
	return c
}
