package generated

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/errs"
)

var (
	seedFlag    = flag.Uint64("seed", 1, "first seed of the generated tables")
	tablesFlag  = flag.Int("tables", 0, "sets of tables to try (0: 8 with -short, 40 without)")
	queriesFlag = flag.Int("queries", 50, "queries on each set of tables")
)

// circumstances are tried in turn.
var circumstances = []Circumstance{{1, 4096, 1}, {2, 3, 2}, {1, 1, 3}, {4, 7, 2}}

// TestGeneratedQueriesEqualSQLite prints for each divergence the shrunk query in
// both dialects, the tables, both results, and how to run it again.
func TestGeneratedQueriesEqualSQLite(t *testing.T) {
	sets := *tablesFlag
	if sets == 0 {
		sets = 40
		if testing.Short() {
			sets = 8
		}
	}
	refused := map[string]int{}
	var compared, empty int
	for i := range sets {
		seed := *seedFlag + uint64(i)
		random := rand.New(rand.NewPCG(seed, 1))
		c := circumstances[i%len(circumstances)]
		b := newBench(t, Tables(random), c)
		for range *queriesFlag {
			q := Query(random, b.tables)
			outcome := b.compare(q)
			switch {
			case outcome.refused != "":
				refused[outcome.refused]++
			case outcome.failed():
				b.report(q, seed, outcome)
			default:
				compared++
				if outcome.rows == 0 {
					empty++
				}
			}
		}
		b.close()
	}
	t.Logf("%d queries equal, %d of them with an empty result", compared, empty)
	for _, reason := range slices.Sorted(maps.Keys(refused)) {
		t.Logf("%d refused: %s", refused[reason], reason)
	}
	if compared < sets**queriesFlag/2 {
		t.Errorf("only %d of %d queries were compared", compared, sets**queriesFlag)
	}
}

// TestComparisonSeesDifferences gives SQLite other rows than Thalweg: the harness
// must notice, and shrink the query to a scan of no rows.
func TestComparisonSeesDifferences(t *testing.T) {
	tables := Tables(rand.New(rand.NewPCG(7, 7)))
	tables[0].Rows = append(tables[0].Rows, tables[0].row(rand.New(rand.NewPCG(7, 8)), len(tables[0].Rows)))
	query := renamed(&Relation{Kind: Scan, Name: "t0", Columns: tables[0].Types()}, "r1")
	fails := func(q *Relation, tables []*Table) bool {
		more := *tables[0]
		more.Rows = append(slices.Clone(more.Rows), make([]Value, len(more.Columns)))
		b := newBench(t, []*Table{&more, tables[1], tables[2]}, circumstances[0])
		defer b.close()
		ours := newBench(t, tables, circumstances[0])
		defer ours.close()
		b.ours, ours.ours = ours.ours, b.ours
		return b.compare(q).difference != ""
	}
	if !fails(query, tables) {
		t.Fatal("a row that only SQLite has was not noticed")
	}
	small, fewer := shrink(query, tables, shrinkTries, fails)
	if small.Kind != Scan || len(fewer[0].Rows) != 0 {
		t.Errorf("shrunk to %s and %d rows", small.SQL(Ours), len(fewer[0].Rows))
	}
}

// bench is both systems with the same tables.
type bench struct {
	t      *testing.T
	tables []*Table
	how    Circumstance
	db     *database
	ours   *thalweg
}

func newBench(t *testing.T, tables []*Table, how Circumstance) *bench {
	t.Helper()
	db, err := openDatabase(tables)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := openThalweg(context.Background(), tables, how)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t, tables, how, db, ours}
}

func (b *bench) close() {
	if err := errors.Join(b.db.close(), b.ours.close()); err != nil {
		b.t.Error(err)
	}
}

// outcome is what a comparison gave. At most one of refused, problem and difference
// is set.
type outcome struct {
	refused    string
	problem    string
	difference string
	rows       int
}

func (o outcome) failed() bool { return o.problem != "" || o.difference != "" }

// compare runs a query on both. What Thalweg says it does not support is refused,
// and so is what SQLite can't run.
func (b *bench) compare(q *Relation) outcome {
	want, err := b.db.run(q)
	if err != nil {
		return outcome{refused: "SQLite: " + err.Error()}
	}
	got, err := b.ours.run(context.Background(), q)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return outcome{refused: "Thalweg: more than " + queryTime.String()}
		}
		if notSupported(err) {
			return outcome{refused: refusal.ReplaceAllString(err.Error(), "a relation")}
		}
		return outcome{problem: err.Error()}
	}
	slices.Sort(want)
	slices.Sort(got)
	if slices.Equal(got, want) {
		return outcome{rows: len(got)}
	}
	return outcome{difference: fmt.Sprintf("Thalweg:\n  %s\nSQLite:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))}
}

// refusal matches the names that differ from query to query.
var refusal = regexp.MustCompile(`\br\d+\b`)

// notSupported tells what Thalweg does not claim to do.
func notSupported(err error) bool { return errs.ClassOf(err) == errs.Unsupported }

const shrinkTries = 1000

// report shrinks a failing query and prints it.
func (b *bench) report(q *Relation, seed uint64, first outcome) {
	b.t.Helper()
	q, tables := shrink(q, b.tables, shrinkTries, func(q *Relation, tables []*Table) bool {
		smaller := b
		if !slices.Equal(tables, b.tables) {
			smaller = newBench(b.t, tables, b.how)
			defer smaller.close()
		}
		o := smaller.compare(q)
		return (o.problem != "") == (first.problem != "") && o.failed()
	})
	smaller := newBench(b.t, tables, b.how)
	defer smaller.close()
	o := smaller.compare(q)
	var text strings.Builder
	for _, t := range tables {
		if strings.Contains(q.SQL(Ours), t.Name) {
			fmt.Fprintf(&text, "%s\n", t)
		}
	}
	b.t.Errorf("seed %d, %+v\n%s\nThalweg: %s;\n\nSQLite: %s;\n\n%s%s\n\nagain: go test ./generated -seed %d -tables 1 -queries %d",
		seed, b.how, text.String(), q.SQL(Ours), q.SQL(SQLite), o.problem, o.difference, seed, *queriesFlag)
}
