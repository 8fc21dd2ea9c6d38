package windowagg_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/operators/windowagg"
)

// timed is a row of the twin: times in milliseconds.
type timed struct {
	k    string
	v    int
	at   int64
	adds bool
	gone bool // taken away again
	// due is the watermark when the row came.
	due int64
}

// script makes random rows with disorder, some of them late, and watermarks.
func randomWindows(seed uint64, deleteShare float64) (optest.Script, []timed) {
	r := rand.New(rand.NewPCG(seed, 5))
	var script optest.Script
	var rows []timed
	now, wm := int64(0), int64(-1<<40)
	line := func(row timed) string {
		kind := "-D"
		if row.adds {
			kind = "+I"
		}
		return fmt.Sprintf("%s k=%s v=%d @%dms", kind, row.k, row.v, row.at)
	}
	for range 14 {
		step := optest.Step{Kind: optest.Rows}
		for range 1 + r.IntN(6) {
			row := timed{k: fmt.Sprint("k", r.IntN(3)), v: r.IntN(9), at: now - 3000 + int64(r.IntN(6000)), adds: true, due: wm}
			if i := slices.IndexFunc(rows, func(o timed) bool { return o.adds && !o.gone && o.due == wm }); i >= 0 && r.Float64() < deleteShare {
				rows[i].gone = true
				row = rows[i]
				row.adds = false
			}
			rows = append(rows, row)
			step.Lines = append(step.Lines, line(row))
			now += int64(r.IntN(700))
		}
		script = append(script, step)
		if r.IntN(2) == 0 {
			wm = max(wm, now-2500)
			script = append(script, optest.Step{Kind: optest.Watermark, Value: wm})
		}
	}
	return append(script, optest.Step{Kind: optest.Watermark, Value: int64(stream.EndOfTime)}), rows
}

// twinWindows computes every window over all times the obvious way.
func twinWindows(s windows.Spec, rows []timed, keyed bool) []string {
	type id struct {
		k     string
		start int64
		end   int64
	}
	groups := map[id][]timed{}
	for _, row := range rows {
		k := ""
		if keyed {
			k = row.k
		}
		for start := int64(-60_000); start <= 60_000; start += 500 {
			for _, end := range endsFrom(s, start) {
				if start <= row.at && row.at < end && end-1 > row.due {
					groups[id{k, start, end}] = append(groups[id{k, start, end}], row)
				}
			}
		}
	}
	var out []string
	for g, rows := range groups {
		if text := twinGroup(rows); text != "" {
			if keyed {
				text = "k=" + g.k + " " + text
			}
			out = append(out, fmt.Sprintf("%s window_start=%s window_end=%s", text, millis(g.start), millis(g.end)))
		}
	}
	return out
}

func millis(v int64) string { return (time.Duration(v) * time.Millisecond).String() }

// endsFrom lists the ends of the windows that begin at start.
func endsFrom(s windows.Spec, start int64) []int64 {
	unit := s.StepMillis
	if s.Kind != windows.Hop {
		unit = s.SizeMillis
	}
	if (start-s.OffsetMillis)%unit != 0 {
		return nil
	}
	if s.Kind != windows.Cumulate {
		return []int64{start + s.SizeMillis}
	}
	var ends []int64
	for end := start + s.StepMillis; end <= start+s.SizeMillis; end += s.StepMillis {
		ends = append(ends, end)
	}
	return ends
}

func twinGroup(rows []timed) string {
	var values []int
	for _, row := range rows {
		if row.adds {
			values = append(values, row.v)
			continue
		}
		i := slices.Index(values, row.v)
		values = slices.Delete(values, i, i+1)
	}
	if len(values) == 0 {
		return ""
	}
	sum := 0
	for _, v := range values {
		sum += v
	}
	distinct := len(slices.Compact(slices.Sorted(slices.Values(values))))
	return fmt.Sprintf("n=%d s=%d lo=%d d=%d", len(values), sum, slices.Min(values), distinct)
}

// without leaves a column out of a line.
func without(line, name string) string {
	from := strings.Index(line, " "+name+"=")
	return line[:from] + line[from+1+strings.Index(line[from+1:], " "):]
}

func TestAgreesWithATwin(t *testing.T) {
	schema, err := stream.ParseSchema("k STRING, v BIGINT, ts TIMESTAMP(3)")
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]windows.Spec{
		"tumble": {Kind: windows.Tumble, SizeMillis: 4000, OffsetMillis: 500},
		"hop":    {Kind: windows.Hop, SizeMillis: 6000, StepMillis: 2000},
		"oddhop": {Kind: windows.Hop, SizeMillis: 5000, StepMillis: 2000},
		// Blocks of four slices.
		"finehop":  {Kind: windows.Hop, SizeMillis: 16000, StepMillis: 1000},
		"cumulate": {Kind: windows.Cumulate, SizeMillis: 6000, StepMillis: 2000},
	} {
		s.Time = 2
		for _, variant := range []string{"plain", "keyless", "local", "distinct", "retract", "invertible", "invertible retract", "updating"} {
			t.Run(name+"/"+variant, func(t *testing.T) { checkTwin(t, s, variant, schema) })
		}
	}
}

// lateness is how late rows may be for an Updating, in milliseconds.
const lateness = 1500

func checkTwin(t *testing.T, s windows.Spec, variant string, schema types.Schema) {
	cfg := windowagg.Config{
		Windows: s, InputSchema: schema, Registry: agg.NewRegistry(), InputRetracts: strings.Contains(variant, "retract"), FromLocal: variant == "local",
		Properties: []windows.Property{windows.WindowStart, windows.WindowEnd},
	}
	var output types.Schema
	if variant != "keyless" {
		cfg.Keys, output = []int{0}, schema[:1:1]
	}
	aggs := []string{"COUNT(*) AS n", "SUM(v) AS s", "MIN(v) AS lo"}
	if strings.HasPrefix(variant, "invertible") {
		aggs = aggs[:2]
	}
	if variant == "distinct" || variant == "retract" {
		aggs = append(aggs, "COUNT(DISTINCT v) AS d")
	}
	for _, text := range aggs {
		call, field, err := optest.ParseAgg(text, schema, cfg.Registry)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Aggs, output = append(cfg.Aggs, call), append(output, field)
	}
	for _, p := range cfg.Properties {
		output = append(output, types.Field{Name: p.String(), Type: types.TimestampOf(3)})
	}
	c := optest.Case{
		Inputs: []types.Schema{schema}, Output: output, Same: optest.Bag, Rebatched: optest.Bag, BatchRows: 3,
		New: func() (op.Operator, error) { return windowagg.New(cfg) },
	}
	if variant == "local" {
		// Late rows are counted as rows of partial results, which depend on batches.
		c.Same, c.Rebatched = optest.FinalOnly, optest.FinalOnly
		c.New = func() (op.Operator, error) {
			local, err := windowagg.NewLocal(cfg)
			if err != nil {
				return nil, err
			}
			global, err := windowagg.New(cfg)
			return optest.Chain(local, global), err
		}
	}
	if variant == "updating" {
		c.Same, c.Rebatched = optest.Folded, optest.Folded
		c.New = func() (op.Operator, error) {
			return windowagg.NewUpdating(cfg, windows.Emission{Early: true, Late: true, Lateness: lateness * time.Millisecond}, true)
		}
	}
	share := 0.0
	if cfg.InputRetracts {
		share = 0.3
	}
	script, rows := randomWindows(uint64(len(variant)+int(s.Kind)), share)
	if variant == "updating" {
		for i := range rows {
			rows[i].due -= lateness
		}
	}
	want := twinWindows(s, rows, variant != "keyless")
	for i := range want {
		for j := len(aggs); j < 4; j++ {
			want[i] = without(want[i], [...]string{2: "lo", 3: "d"}[j])
		}
	}
	if err := optest.Check(c, script, want); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(script.Lines(), "\n"))
	}
}
