package groupagg_test

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/groupagg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

const twinAggs = "COUNT(*) AS n; COUNT(v) AS c; SUM(v) AS s; AVG(v) AS a; MIN(v) AS lo; MAX(v) AS hi; " +
	"COUNT(DISTINCT v) AS d; COUNT(DISTINCT v) FILTER f AS df; SUM(v) FILTER f AS sf; MAX(t) AS ht; FIRST_VALUE(t) AS ft; LAST_VALUE(t) AS lt"

// mergeableAggs are those of twinAggs that a local phase can do when rows are only
// inserted.
const mergeableAggs = "COUNT(*) AS n; COUNT(v) AS c; SUM(v) AS s; AVG(v) AS a; MIN(v) AS lo; MAX(v) AS hi; " +
	"SUM(v) FILTER f AS sf; MAX(t) AS ht; FIRST_VALUE(t) AS ft; LAST_VALUE(t) AS lt"

// orderedAggs take values in an order of their own. Only rows that are equal in all
// they read may tie: which of others goes first is not the twin's to know.
const orderedAggs = "ARRAY_AGG(v ORDER BY t DESC, v) AS oa; LISTAGG(t ORDER BY v NULLS LAST) FILTER f AS ol; FIRST_VALUE(t ORDER BY v DESC) AS of; " +
	"LAST_VALUE(t ORDER BY v DESC) AS ob"

const orderedDistinct = "ARRAY_AGG(DISTINCT v ORDER BY v DESC) AS od"

// floatAggs are of DOUBLEs whose sums are exact.
const floatAggs = "COUNT(*) AS n; SUM(x) AS sx; AVG(x) AS ax; VAR_POP(x) AS px; VAR_SAMP(x) AS qx; STDDEV_POP(x) AS dx"

// twinFloats computes floatAggs.
func twinFloats(values []float64, out map[string]string) {
	for _, name := range []string{"sx", "ax", "px", "qx", "dx"} {
		out[name] = "NULL"
	}
	if len(values) == 0 {
		return
	}
	sum := new(big.Rat)
	for _, v := range values {
		sum.Add(sum, new(big.Rat).SetFloat64(v))
	}
	mean, squares := new(big.Rat).Quo(sum, big.NewRat(int64(len(values)), 1)), new(big.Rat)
	for _, v := range values {
		d := new(big.Rat).SetFloat64(v)
		d.Sub(d, mean)
		squares.Add(squares, d.Mul(d, d))
	}
	text := func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
	n := float64(len(values))
	total, _ := sum.Float64()
	m2, _ := squares.Float64()
	out["sx"], out["ax"], out["px"], out["dx"] = text(total), text(total/n), text(m2/n), text(math.Sqrt(m2/n))
	if n > 1 {
		out["qx"] = text(m2 / (n - 1))
	}
}

// twin computes the aggregates of a group's rows the obvious way.
func twin(rows []map[string]string) map[string]string {
	var all, filtered []int
	var texts []string
	var floats []float64
	for _, row := range rows {
		if x, err := strconv.ParseFloat(row["x"], 64); err == nil {
			floats = append(floats, x)
		}
		if v, err := strconv.Atoi(row["v"]); err == nil {
			all = append(all, v)
			if row["f"] == "true" {
				filtered = append(filtered, v)
			}
		}
		if row["t"] != "NULL" {
			texts = append(texts, row["t"])
		}
	}
	out := map[string]string{
		"n": strconv.Itoa(len(rows)), "c": strconv.Itoa(len(all)), "d": strconv.Itoa(distinct(all)), "df": strconv.Itoa(distinct(filtered)),
		"s": sum(all), "sf": sum(filtered), "a": "NULL", "lo": "NULL", "hi": "NULL", "ht": "NULL", "ft": "NULL", "lt": "NULL",
	}
	if len(all) > 0 {
		total, _ := strconv.Atoi(sum(all))
		out["a"], out["lo"], out["hi"] = strconv.Itoa(total/len(all)), strconv.Itoa(slices.Min(all)), strconv.Itoa(slices.Max(all))
	}
	twinFloats(floats, out)
	if len(texts) > 0 {
		out["ht"], out["ft"], out["lt"] = slices.Max(texts), texts[0], texts[len(texts)-1]
	}
	twinOrdered(rows, out)
	return out
}

func twinOrdered(rows []map[string]string, out map[string]string) {
	number := func(row map[string]string) int { // NULL is the least
		if v, err := strconv.Atoi(row["v"]); err == nil {
			return v
		}
		return -1000
	}
	text := func(row map[string]string) string {
		return strings.TrimPrefix(row["t"], "NULL")
	}
	ordered := func(order func(a, b map[string]string) int) []map[string]string {
		return slices.SortedStableFunc(slices.Values(rows), order)
	}
	values := func(rows []map[string]string) []string {
		var out []string
		for _, row := range rows {
			out = append(out, strings.ToLower(row["v"]))
		}
		return out
	}
	byNumber := func(a, b map[string]string) int { return cmp.Compare(number(b), number(a)) }
	out["oa"] = "[" + strings.Join(values(ordered(func(a, b map[string]string) int {
		return cmp.Or(cmp.Compare(text(b), text(a)), cmp.Compare(number(a), number(b)))
	})), ",") + "]"
	out["od"] = "[" + strings.Join(slices.Compact(values(ordered(byNumber))), ",") + "]"
	out["ol"], out["of"], out["ob"] = "NULL", "NULL", "NULL"
	for _, row := range ordered(byNumber) {
		if row["t"] != "NULL" {
			if out["of"] == "NULL" {
				out["of"] = row["t"]
			}
			out["ob"] = row["t"]
		}
	}
	var texts []string
	for _, row := range ordered(func(a, b map[string]string) int {
		return cmp.Or(cmp.Compare(len(a["v"])/4, len(b["v"])/4), cmp.Compare(number(a), number(b))) // NULL is the longest
	}) {
		if row["t"] != "NULL" && row["f"] == "true" {
			texts = append(texts, row["t"])
		}
	}
	if len(texts) > 0 {
		out["ol"] = strings.Join(texts, ",")
	}
}

func distinct(values []int) int { return len(slices.Compact(slices.Sorted(slices.Values(values)))) }

func sum(values []int) string {
	if len(values) == 0 {
		return "NULL"
	}
	total := 0
	for _, v := range values {
		total += v
	}
	return strconv.Itoa(total)
}

func orNull(r *rand.Rand, text string) string {
	if r.IntN(6) == 0 {
		return "NULL"
	}
	return text
}

// randomRow gives rows whose t is unique: of equal values FIRST_VALUE forgets the
// earliest, whichever row it belonged to.
func randomRow(r *rand.Rand, _ int) string {
	return fmt.Sprintf("k=%s v=%s x=%s f=%s t=%s", orNull(r, fmt.Sprint("k", r.IntN(4))), orNull(r, strconv.Itoa(r.IntN(9)-4)),
		orNull(r, strconv.FormatFloat(float64(r.IntN(999)-400)/4, 'g', -1, 64)), orNull(r, strconv.FormatBool(r.IntN(2) == 0)), orNull(r, fmt.Sprintf("t%x", r.Uint32())))
}

func twinCase(t *testing.T, aggs string, retracts, twoPhase, upsert bool, hold int) (optest.Case, []types.Field) {
	t.Helper()
	schema, err := stream.ParseSchema("k STRING, v BIGINT, x DOUBLE, f BOOLEAN, t STRING")
	if err != nil {
		t.Fatal(err)
	}
	cfg := groupagg.Config{
		Keys: []int{0}, InputSchema: schema, Registry: withGoAggregates(t), InputRetracts: retracts,
		EmitUpdateBefore: !upsert, FromLocal: twoPhase, HoldRows: hold,
	}
	var fields []types.Field
	for _, text := range strings.Split(aggs, "; ") {
		call, field, err := optest.ParseAgg(text, schema, cfg.Registry)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Aggs, fields = append(cfg.Aggs, call), append(fields, field)
	}
	c := optest.Case{
		Inputs: []types.Schema{schema}, Output: append(schema[:1:1], fields...), Same: optest.Folded, Rebatched: optest.Folded,
		New: func() (op.Operator, error) { return groupagg.New(cfg) },
	}
	if upsert {
		c.UpsertKey = []string{"k"}
	}
	if twoPhase {
		c.New = func() (op.Operator, error) {
			local, err := groupagg.NewLocal(cfg)
			if err != nil {
				return nil, err
			}
			global, err := groupagg.New(cfg)
			return optest.Chain(local, global), err
		}
	}
	return c, fields
}

func TestAgreesWithATwin(t *testing.T) {
	for _, test := range []struct {
		name, aggs                 string
		share                      float64
		retracts, twoPhase, upsert bool
	}{
		{name: "inserts", aggs: twinAggs},
		{name: "retractions", aggs: twinAggs, share: 0.45, retracts: true},
		{name: "retractions to upserts", aggs: twinAggs, share: 0.45, retracts: true, upsert: true},
		{name: "two phases", aggs: mergeableAggs, twoPhase: true},
		{name: "in order", aggs: orderedAggs + "; " + orderedDistinct},
		{name: "in order, retractions", aggs: orderedAggs + "; " + orderedDistinct, share: 0.45, retracts: true},
		{name: "in order, retractions to upserts", aggs: orderedAggs, share: 0.45, retracts: true, upsert: true},
		{name: "in order, two phases", aggs: orderedAggs, twoPhase: true},
		{name: "of Go", aggs: goAggs},
		{name: "of Go, retractions", aggs: goAggs, share: 0.45, retracts: true},
		{name: "of Go, two phases", aggs: goAggs, twoPhase: true},
		{name: "of Go, two phases of retractions", aggs: "GO_SUM(v) AS s; COUNT(*) AS n", share: 0.45, retracts: true, twoPhase: true},
		{name: "two phases of retractions", aggs: "COUNT(*) AS n; SUM(v) AS s; AVG(v) AS a; SUM(v) FILTER f AS sf", share: 0.45, retracts: true, twoPhase: true},
		{name: "of floats", aggs: floatAggs},
		{name: "of floats, retractions", aggs: floatAggs, share: 0.45, retracts: true},
		{name: "of floats, two phases of retractions", aggs: floatAggs, share: 0.45, retracts: true, twoPhase: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(3) {
				hold := []int{-1, 11, 0}[seed]
				c, fields := twinCase(t, test.aggs, test.retracts, test.twoPhase, test.upsert, hold)
				script, left := optest.Random{Steps: 50, DeleteShare: test.share, Row: randomRow}.Script(seed)
				if err := optest.Check(c, script, optest.Grouped(left[0], "k", fields, twin)); err != nil {
					t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(script.Lines(), "\n"))
				}
			}
		})
	}
}
