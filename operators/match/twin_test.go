package match_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

// twinRow is a row of the twin's.
type twinRow struct {
	text    string
	t, v    int64
	p, q    bool
	arrival int
}

// twin is the definition of MATCH_RECOGNIZE, by trying everything in order of
// preference: the first way that reaches the end is the match.
type twin struct {
	spec  rowpattern.Spec
	rows  []twinRow
	start int
	path  []int // the variable of each row from start on
	kept  []bool
}

// holds evaluates a condition for the last row of the path. It knows the forms that
// the test makes.
func (w *twin) holds(variable int) bool {
	c := w.spec.Conditions[variable]
	if c.Expr == nil {
		return true
	}
	last := len(w.path) - 1
	if len(c.Navs) == 1 && c.Navs[0].Kind == rowpattern.Value && c.Navs[0].Column != columnV {
		row := w.rows[w.start+last]
		return map[int]bool{columnP: row.p, columnQ: row.q}[c.Navs[0].Column]
	}
	a, aOK := w.value(c.Navs[0], last)
	b, bOK := int64(0), true
	if len(c.Navs) > 1 {
		b, bOK = w.value(c.Navs[1], last)
	} else {
		b = c.Expr.Args[1].Value.Int
	}
	if !aOK || !bOK {
		return false
	}
	switch c.Expr.Name {
	case "<":
		return a < b
	case ">":
		return a > b
	case "<=":
		return a <= b
	}
	panic(c.Expr.Name)
}

// value is what a navigation reads; ok is false for NULL.
func (w *twin) value(n rowpattern.Nav, at int) (v int64, ok bool) {
	var mapped []int
	for i := 0; i <= at; i++ {
		if n.Set>>w.path[i]&1 == 1 {
			mapped = append(mapped, i)
		}
	}
	if n.Kind == rowpattern.Aggregate {
		return w.aggregate(n, mapped)
	}
	i := len(mapped) - 1 - n.Offset
	if n.First {
		i = n.Offset
	}
	if i < 0 || i >= len(mapped) {
		return 0, false
	}
	row := w.start + mapped[i] + n.Physical
	if row < 0 || row >= len(w.rows) {
		return 0, false
	}
	return w.rows[row].v, true
}

func (w *twin) aggregate(n rowpattern.Nav, mapped []int) (int64, bool) {
	var values []int64
	for _, i := range mapped {
		values = append(values, w.rows[w.start+i].v)
	}
	if n.Agg.Distinct {
		slices.Sort(values)
		values = slices.Compact(values)
	}
	if n.Agg.Name == "COUNT" {
		return int64(len(values)), true
	}
	if len(values) == 0 {
		return 0, false
	}
	if n.Agg.Name == "MAX" {
		return slices.Max(values), true
	}
	total := int64(0)
	for _, v := range values {
		total += v
	}
	return total, true
}

// try matches p at the end of the path, then goes on with next.
func (w *twin) try(p rowpattern.Pattern, excluded bool, next func() bool) bool {
	switch p.Kind {
	case rowpattern.Variable:
		row := w.start + len(w.path)
		if row >= len(w.rows) || w.spec.WithinMillis > 0 && w.rows[row].t-w.rows[w.start].t >= w.spec.WithinMillis {
			return false
		}
		w.path, w.kept = append(w.path, p.Variable), append(w.kept, !excluded)
		n := len(w.path)
		if w.holds(p.Variable) && next() {
			return true
		}
		w.path, w.kept = w.path[:n-1], w.kept[:n-1]
		return false
	case rowpattern.Sequence, rowpattern.Exclude:
		return w.all(p.Items, excluded || p.Kind == rowpattern.Exclude, next)
	case rowpattern.Alternation:
		return slices.ContainsFunc(p.Items, func(item rowpattern.Pattern) bool { return w.try(item, excluded, next) })
	}
	return w.rounds(p, excluded, 0, -1, next)
}

func (w *twin) all(items []rowpattern.Pattern, excluded bool, next func() bool) bool {
	if len(items) == 0 {
		return next()
	}
	return w.try(items[0], excluded, func() bool { return w.all(items[1:], excluded, next) })
}

// rounds repeats; a round that took no row ends the repetition.
func (w *twin) rounds(p rowpattern.Pattern, excluded bool, done, before int, next func() bool) bool {
	stuck := before == len(w.path)
	here := len(w.path)
	more := func() bool {
		return !stuck && (p.Max < 0 || done < p.Max) &&
			w.try(p.Items[0], excluded, func() bool { return w.rounds(p, excluded, done+1, here, next) })
	}
	end := func() bool { return (stuck || done >= p.Min) && next() }
	if p.Reluctant {
		return end() || more()
	}
	return more() || end()
}

// run gives the output rows of one partition.
func (w *twin) run() []string {
	var out []string
	number, matched := 0, 0
	for w.start = 0; w.start < len(w.rows); {
		w.path, w.kept = nil, nil
		if !w.try(w.spec.Pattern, false, func() bool { return true }) {
			if w.spec.Unmatched && w.start >= matched {
				out = append(out, w.bare("NULL"))
			}
			w.start++
			continue
		}
		number++
		if len(w.path) == 0 {
			if !w.spec.AllRows || !w.spec.OmitEmpty {
				out = append(out, w.bare(strconv.Itoa(number)))
			}
			w.start++
			continue
		}
		for at := range w.path {
			if w.spec.AllRows && w.kept[at] || !w.spec.AllRows && at == len(w.path)-1 {
				out = append(out, w.row(at, number))
			}
		}
		matched = max(matched, w.start+len(w.path))
		if w.spec.Skip == rowpattern.ToNextRow {
			w.start++
		} else {
			w.start += len(w.path)
		}
	}
	return out
}

func (w *twin) row(at, number int) string {
	text := "k=" + optest.Cells(w.rows[w.start].text)["k"]
	for i, n := range w.spec.Outputs {
		to := at
		if n.Final {
			to = len(w.path) - 1
		}
		value := "NULL"
		switch n.Kind {
		case rowpattern.MatchNumber:
			value = strconv.Itoa(number)
		case rowpattern.Classifier:
			value = w.spec.Variables[w.path[to]]
		default:
			if v, ok := w.value(n, to); ok {
				value = strconv.FormatInt(v, 10)
			}
		}
		text += fmt.Sprintf(" m%d=%s", i, value)
	}
	return text + w.trailing(w.rows[w.start+at])
}

// bare is the row of an empty match, or of none.
func (w *twin) bare(number string) string {
	text := "k=" + optest.Cells(w.rows[w.start].text)["k"]
	for i, n := range w.spec.Outputs {
		value := "NULL"
		switch {
		case n.Kind == rowpattern.MatchNumber:
			value = number
		case n.Agg != nil && n.Agg.Name == "COUNT" && number != "NULL":
			value = "0"
		}
		text += fmt.Sprintf(" m%d=%s", i, value)
	}
	return text + w.trailing(w.rows[w.start])
}

func (w *twin) trailing(row twinRow) string {
	if len(w.spec.Trailing) == 0 {
		return ""
	}
	return fmt.Sprintf(" v=%d", row.v)
}

// expected runs the twin over all partitions of a script's rows.
func expected(spec rowpattern.Spec, left []string) []string {
	parts := map[string][]twinRow{}
	for i, text := range left {
		cells := optest.Cells(text)
		millis := func(name string) int64 {
			n, _ := strconv.ParseInt(cells[name], 10, 64)
			return n
		}
		t, _ := strconv.ParseInt(strings.TrimSuffix(cells["t"], "s"), 10, 64)
		row := twinRow{text: text, t: t * 1000, v: millis("v"), p: cells["p"] == "TRUE", q: cells["q"] == "TRUE", arrival: i}
		parts[cells["k"]] = append(parts[cells["k"]], row)
	}
	var out []string
	for _, rows := range parts {
		slices.SortStableFunc(rows, func(a, b twinRow) int { return cmp.Compare(a.t, b.t) })
		w := &twin{spec: spec, rows: rows}
		out = append(out, w.run()...)
	}
	return out
}

// randomPattern makes a pattern of at most depth levels.
func randomPattern(r *rand.Rand, depth int) rowpattern.Pattern {
	if depth == 0 || r.IntN(3) == 0 {
		return variable(r.IntN(3))
	}
	items := []rowpattern.Pattern{}
	for range 1 + r.IntN(3) {
		items = append(items, randomPattern(r, depth-1))
	}
	switch r.IntN(6) {
	case 0:
		return rowpattern.Pattern{Kind: rowpattern.Alternation, Items: items}
	case 1:
		return rowpattern.Pattern{Kind: rowpattern.Exclude, Items: items[:1]}
	case 2, 3:
		bounds := [][2]int{{0, -1}, {1, -1}, {0, 1}, {2, -1}, {1, 2}, {0, 2}}[r.IntN(6)]
		p := repeat(items[0], bounds[0], bounds[1])
		p.Reluctant = r.IntN(3) == 0
		return p
	}
	return rowpattern.Pattern{Kind: rowpattern.Sequence, Items: items}
}

// randomCondition makes a condition; static ones do not look at mapped rows.
func randomCondition(r *rand.Rand, v int, static bool) rowpattern.Condition {
	self := nav(1 << v)
	prev := self
	prev.Physical = -1 - r.IntN(2)
	before := self
	before.Offset = 1
	first := nav(1 << r.IntN(3))
	first.First = true
	choices := 4
	if !static {
		choices = 9
	}
	switch r.IntN(choices) {
	case 0:
		return rowpattern.Condition{}
	case 1:
		return flag(v, columnP)
	case 2:
		return flag(v, columnQ)
	case 3:
		return compare(">", self, prev)
	case 4:
		return compare("<", self, before)
	case 5:
		return compare(">", self, first)
	case 6:
		return against("<", aggregate("SUM", 1<<v, false), 9)
	case 7:
		return against("<=", aggregate("COUNT", 1<<v, true), 2)
	}
	next := self
	next.Physical = 1
	return compare("<", self, next)
}

func randomSpec(r *rand.Rand) rowpattern.Spec {
	s := rowpattern.Spec{
		PartitionBy: []int{columnK}, Time: columnT, Variables: []string{"A", "B", "C"}, Leading: []int{columnK},
		Pattern: randomPattern(r, 3), Skip: rowpattern.Skip(r.IntN(2)),
	}
	static := r.IntN(2) == 0
	for v := range s.Variables {
		s.Conditions = append(s.Conditions, randomCondition(r, v, static))
	}
	if r.IntN(2) == 0 {
		s.WithinMillis = 1000 * int64(2+r.IntN(6))
	}
	last, prev := nav(1<<r.IntN(3)), nav(rowpattern.AllVariables)
	last.Offset, prev.Physical = r.IntN(2), -1
	firstNav := nav(0b110)
	firstNav.First, firstNav.Offset = true, r.IntN(2)
	s.Outputs = []rowpattern.Nav{
		{Kind: rowpattern.MatchNumber, Type: bigint}, last, firstNav, prev, aggregate("SUM", rowpattern.AllVariables, false),
		aggregate("COUNT", 0b011, true), {Kind: rowpattern.Classifier, Set: rowpattern.AllVariables, Type: types.StringType()},
	}
	if s.AllRows = r.IntN(2) == 0; s.AllRows {
		s.Trailing = []int{columnV}
		s.Outputs[1].Final = r.IntN(2) == 0
		s.OmitEmpty, s.Unmatched = r.IntN(2) == 0, r.IntN(3) == 0
	}
	return s
}

// randomScript makes rows whose times lie around a watermark that grows.
func randomScript(r *rand.Rand) (optest.Script, []string) {
	var script optest.Script
	var left []string
	wm := int64(0)
	for range 12 {
		step := optest.Step{Kind: optest.Rows}
		for range 1 + r.IntN(6) {
			row := fmt.Sprintf("k=k%d t=%ds v=%d p=%s q=%s", r.IntN(2), wm+1+int64(r.IntN(4)), r.IntN(5),
				strings.ToUpper(strconv.FormatBool(r.IntN(2) == 0)), strings.ToUpper(strconv.FormatBool(r.IntN(2) == 0)))
			step.Lines, left = append(step.Lines, "+I "+row), append(left, row)
		}
		script = append(script, step)
		if r.IntN(3) > 0 {
			wm += int64(r.IntN(4))
			script = append(script, optest.Step{Kind: optest.Watermark, Value: wm * 1000})
		}
	}
	return append(script, optest.Step{Kind: optest.Watermark, Value: int64(stream.EndOfTime)}), left
}

func TestAgreesWithATwin(t *testing.T) {
	schema, err := stream.ParseSchema(inputText)
	if err != nil {
		t.Fatal(err)
	}
	seeds := 60
	if testing.Short() {
		seeds = 15
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		spec := randomSpec(r)
		script, left := randomScript(r)
		if err := optest.Check(newCase(spec, schema), script, expected(spec, left)); err != nil {
			t.Fatalf("seed %d: %s\n%v\n%s", seed, spec.Format(schema.Names()), err, strings.Join(script.Lines(), "\n"))
		}
	}
}
