package join_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/join"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

// buildMulti makes a case out of `in0`, `in1`, … (schemas, whose first column is the
// key), `left` (those that may be missing, such as "1 2"), `beside` ("2:1": a row of 2
// matches one of 1) and `inserts` (those planned as
// insert-only).
func buildMulti(h optest.Header) (optest.Case, error) {
	var schemas []types.Schema
	for i := 0; h.Has(fmt.Sprintf("in%d", i)); i++ {
		schema, err := h.Schema(fmt.Sprintf("in%d", i))
		if err != nil {
			return optest.Case{}, err
		}
		schemas = append(schemas, schema)
	}
	cfg, output := multiOf(schemas)
	for i := range cfg.Inputs {
		in := &cfg.Inputs[i]
		in.Left, in.InsertOnly = strings.Contains(h.Text("left"), fmt.Sprint(i)), strings.Contains(h.Text("inserts"), fmt.Sprint(i))
	}
	for _, pair := range strings.Fields(h.Text("beside")) {
		var who, whom int
		if _, err := fmt.Sscanf(pair, "%d:%d", &who, &whom); err != nil {
			return optest.Case{}, errs.Wrap(errs.User, err, "beside")
		}
		cfg.Inputs[who].Beside = append(cfg.Inputs[who].Beside, whom)
	}
	return optest.Case{
		New:    func() (op.Operator, error) { return join.NewMulti(cfg) },
		Inputs: schemas, Output: output, BatchRows: 3, Same: optest.InOrder, Rebatched: optest.InOrder,
	}, nil
}

// multiOf joins inputs by their first columns, and gives all columns.
func multiOf(schemas []types.Schema) (join.MultiConfig, types.Schema) {
	var cfg join.MultiConfig
	var output types.Schema
	for i, schema := range schemas {
		cfg.Inputs = append(cfg.Inputs, join.MultiInput{Keys: []int{0}})
		for c := range schema {
			cfg.Columns = append(cfg.Columns, join.MultiColumn{Input: i, Column: c})
		}
		output = append(output, schema...)
	}
	return cfg, output
}

func TestMulti(t *testing.T) { optest.RunText(t, "testdata/multi", buildMulti) }

func TestBadMultisAreRefused(t *testing.T) {
	key := join.MultiInput{Keys: []int{0}}
	for name, inputs := range map[string][]join.MultiInput{
		"one input":   {key},
		"no key":      {{}, {}},
		"first left":  {{Keys: []int{0}, Left: true}, key},
		"other width": {key, {Keys: []int{0, 1}}},
		"later":       {key, {Keys: []int{0}, Beside: []int{1}}, key},
	} {
		if _, err := join.NewMulti(join.MultiConfig{Inputs: inputs}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// chained is what a chain of joins gives of the rows that are left, by nested loops.
func chained(cfg join.MultiConfig, schemas []types.Schema, rows [][]string) []string {
	type combination []string // "" where nobody is
	key := func(row string, input int) string { return optest.Cells(row)[schemas[input][0].Name] }
	all := []combination{}
	for _, row := range rows[0] {
		all = append(all, combination{row})
	}
	for level := 1; level < len(rows); level++ {
		var next []combination
		for _, c := range all {
			matched := false
			for _, row := range rows[level] {
				k := key(row, level)
				fits := k != "NULL" && k == key(c[0], 0)
				for _, b := range cfg.Inputs[level].Beside {
					fits = fits && c[b] != ""
				}
				if fits {
					matched = true
					next = append(next, append(c[:level:level], row))
				}
			}
			if !matched && cfg.Inputs[level].Left {
				next = append(next, append(c[:level:level], ""))
			}
		}
		all = next
	}
	var out []string
	for _, c := range all {
		parts := make([]string, len(c))
		for i, row := range c {
			if parts[i] = row; row == "" {
				var cells []string
				for _, f := range schemas[i] {
					cells = append(cells, f.Name+"=NULL")
				}
				parts[i] = strings.Join(cells, " ")
			}
		}
		out = append(out, strings.Join(parts, " "))
	}
	return out
}

// multiShapes are which inputs are Left, and what theirs match.
var multiShapes = map[string]func(*join.MultiConfig){
	"inner":       func(*join.MultiConfig) {},
	"left":        func(c *join.MultiConfig) { c.Inputs[1].Left, c.Inputs[2].Left, c.Inputs[3].Left = true, true, true },
	"inner left":  func(c *join.MultiConfig) { c.Inputs[2].Left = true },
	"left inner":  func(c *join.MultiConfig) { c.Inputs[1].Left = true },
	"left beside": func(c *join.MultiConfig) { besides(c, true) },
	"last beside": func(c *join.MultiConfig) { besides(c, false) },
}

// besides makes all inputs Left, or all but the last, which match the rows of the one
// before.
func besides(c *join.MultiConfig, last bool) {
	for i := range c.Inputs {
		c.Inputs[i].Left = i > 0 && (i < len(c.Inputs)-1 || last)
		if i > 1 {
			c.Inputs[i].Beside = []int{i - 1}
		}
	}
}

func TestMultiAgreesWithATwin(t *testing.T) {
	var schemas []types.Schema
	for _, text := range []string{"a BIGINT, w STRING", "b BIGINT, x STRING", "c BIGINT, y STRING", "d BIGINT, z STRING"} {
		schema, err := stream.ParseSchema(text)
		if err != nil {
			t.Fatal(err)
		}
		schemas = append(schemas, schema)
	}
	for name, shape := range multiShapes {
		for variant := range 3 {
			t.Run(fmt.Sprintf("%s/%d", name, variant), func(t *testing.T) {
				cfg, output := multiOf(schemas)
				shape(&cfg)
				deletes := 0.45
				if variant == 2 {
					deletes = 0
					for i := range cfg.Inputs {
						cfg.Inputs[i].InsertOnly = true
					}
				}
				c := optest.Case{
					New:    func() (op.Operator, error) { return join.NewMulti(cfg) },
					Inputs: schemas, Output: output, BatchRows: 2,
				}
				random := optest.Random{Steps: 40, Inputs: len(schemas), DeleteShare: deletes, Row: func(r *rand.Rand, input int) string {
					value := func(n int) string {
						if r.IntN(7) == 0 {
							return "NULL"
						}
						return fmt.Sprint(r.IntN(n))
					}
					return fmt.Sprintf("%s=%s %s=%s", schemas[input][0].Name, value(2), schemas[input][1].Name, value(2))
				}}
				script, rows := random.Script(uint64(variant))
				if err := optest.Check(c, script, chained(cfg, schemas, rows)); err != nil {
					t.Fatalf("%v\n%s", err, strings.Join(script.Lines(), "\n"))
				}
			})
		}
	}
}

// BenchmarkMulti joins rows with one row each of two or four other inputs, by a chain of
// joins and by one.
func BenchmarkMulti(b *testing.B) {
	for _, inputs := range []int{3, 5} {
		b.Run(fmt.Sprintf("%d/chain", inputs), func(b *testing.B) { benchmarkMulti(b, inputs, chainOf) })
		b.Run(fmt.Sprintf("%d/multi", inputs), func(b *testing.B) { benchmarkMulti(b, inputs, oneOf) })
	}
}

// oneOf is a Multi of inputs `kI BIGINT, vI BIGINT`.
func oneOf(b *testing.B, schemas []types.Schema) op.Operator {
	cfg, _ := multiOf(schemas)
	m, err := join.NewMulti(cfg)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// chain is joins one behind the other.
type chain struct {
	op.Operator // the first
	joins       []op.Operator
}

func chainOf(b *testing.B, schemas []types.Schema) op.Operator {
	c := &chain{}
	for range schemas[1:] {
		j, err := join.New(join.Config{LeftKeys: []int{0}, RightKeys: []int{0}})
		if err != nil {
			b.Fatal(err)
		}
		c.joins = append(c.joins, j)
	}
	c.Operator = c.joins[0]
	return c
}

func (c *chain) Open(ctx *op.Context) error {
	left := ctx.Inputs[0]
	for i, j := range c.joins {
		own := *ctx
		own.State, own.Counters = ctx.State.Scope(fmt.Sprint(i)), &op.Counters{}
		own.Inputs = []*arrow.Schema{left, ctx.Inputs[i+1]}
		left = arrow.NewSchema(append(left.Fields(), ctx.Inputs[i+1].Fields()...), nil)
		own.Output = left
		if err := j.Open(&own); err != nil {
			return err
		}
	}
	return nil
}

func (c *chain) Process(input int, batch stream.Batch, out op.Output) error {
	level := max(input-1, 0)
	for i := len(c.joins) - 1; i > level; i-- {
		out = next{c.joins[i], out}
	}
	return c.joins[level].Process(min(input, 1), batch, out)
}

// next gives rows to the next join of a chain.
type next struct {
	op  op.Operator
	out op.Output
}

func (n next) Emit(batch stream.Batch) error {
	defer batch.Release()
	return n.op.Process(0, batch, n.out)
}

func (n next) Watermark(stream.Watermark) error { return nil }

// benchmarkMulti brings rows of the first input and takes them back. Each finds one row
// of every other input.
func benchmarkMulti(b *testing.B, inputs int, make func(*testing.B, []types.Schema) op.Operator) {
	const keys = 25 * batchRows
	var schemas []types.Schema
	var output types.Schema
	for i := range inputs {
		schema, err := stream.ParseSchema(fmt.Sprintf("k%d BIGINT, v%d BIGINT", i, i))
		if err != nil {
			b.Fatal(err)
		}
		schemas, output = append(schemas, schema), append(output, schema...)
	}
	bench, err := optest.NewBench(make(b, schemas), schemas, output)
	if err != nil {
		b.Fatal(err)
	}
	defer bench.Close()
	for input := 1; input < inputs; input++ {
		for i := range keys / batchRows {
			if err := bench.Process(input, pairs(schemas[input], func(j int) int64 { return int64(i*batchRows + j) })); err != nil {
				b.Fatal(err)
			}
		}
	}
	run(b, bench, schemas[0], keys, true)
}
