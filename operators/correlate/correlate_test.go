package correlate_test

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/correlate"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collection makes the argument of UNNEST out of the last column, a STRING: its parts
// between commas as an array, as rows of a part and its length, or its pairs as a map.
func collection(in types.Schema, of string) rex.Expr {
	last := rex.Col(len(in)-1, types.StringType())
	switch of {
	case "map":
		return rex.CallOf("STR_TO_MAP", types.MapOf(types.StringType(), types.StringType()), last)
	case "rows":
		row := types.RowOf(types.Field{Name: "part", Type: types.StringType()}, types.Field{Name: "chars", Type: types.Of(types.Int)})
		pair := rex.CallOf("ROW", row.NotNull(), last, rex.CallOf("CHAR_LENGTH", types.Of(types.Int), last))
		whole := rex.Expr{Kind: rex.Case, Type: row, Args: []rex.Expr{
			rex.CallOf("=", types.Of(types.Boolean), last, rex.Str("none")), rex.NullOf(row), pair,
		}}
		return rex.CallOf("ARRAY", types.ArrayOf(row).NotNull(), pair, whole)
	}
	return rex.CallOf("SPLIT", types.ArrayOf(types.StringType()), last, rex.Str(","))
}

// configOf calls UNNEST on what is made of the last column of in.
func configOf(in types.Schema, arg rex.Expr, function string, left bool) (correlate.Config, types.Schema, error) {
	registry := expr.NewRegistry()
	last := len(in) - 1
	cfg := correlate.Config{Function: function, Args: []rex.Expr{arg}, Left: left, InputNames: in.Names(), Registry: registry}
	sig, _ := registry.Table(function)
	resolved, err := sig.Resolve(cfg.Args)
	if err != nil {
		return cfg, nil, err
	}
	cfg.Columns = resolved.Columns
	out := types.Schema{}
	for i, f := range in[:last] {
		cfg.Keep, out = append(cfg.Keep, i), append(out, f)
	}
	for i, f := range resolved.Columns {
		cfg.Read, out = append(cfg.Read, i), append(out, f)
	}
	return cfg, out, nil
}

// slow is UNNEST as a function that waits for something outside: its calls overlap.
const slow = "SLOW UNNEST"

// registerSlow adds slow.
func registerSlow(r *expr.Registry) error {
	unnest, _ := r.TableFunction(expr.Unnest)
	f := *unnest
	f.Name, f.Overlaps = slow, true
	f.Bind = func(c *expr.TableCall) (expr.TableKernel, error) {
		return func(ctx *expr.EvalContext, args []arrow.Array, rows int) (expr.Rows, error) {
			kernel, err := unnest.Bind(c) // one for each call, as they overlap
			if err != nil {
				return expr.Rows{}, err
			}
			for range rand.IntN(50) {
				runtime.Gosched()
			}
			return kernel(ctx, args, rows)
		}, nil
	}
	return r.RegisterTable(f)
}

// build makes a case out of `in`, `of` for the collection, `ordinality` and `left`; `read`
// names the function's columns that are read, all without it; `async` says how many calls
// run in the background, `unordered` that they may overtake each other.
func build(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	function := expr.Unnest
	if h.Has("ordinality") {
		function = expr.UnnestOrdinality
	}
	cfg, out, err := configOf(in, collection(in, h.Text("of")), function, h.Has("left"))
	if err != nil {
		return optest.Case{}, err
	}
	if h.Has("read") {
		if cfg.Read, err = h.Columns("read", cfg.Columns); err != nil {
			return optest.Case{}, err
		}
		out = out[:len(cfg.Keep)]
		for _, c := range cfg.Read {
			out = append(out, cfg.Columns[c])
		}
	}
	c := optest.Case{
		New:    func() (op.Operator, error) { return correlate.New(cfg) },
		Inputs: []types.Schema{in}, Output: out, Same: optest.InOrder, Rebatched: optest.InOrder,
	}
	if h.Has("async") {
		cfg.Function, cfg.Calling = slow, correlate.Calling{Async: true, Capacity: int(h.Int("async", 0)), Unordered: h.Has("unordered")}
		if err := registerSlow(cfg.Registry); err != nil {
			return c, err
		}
	}
	if h.Has("unordered") {
		c.Same, c.Rebatched = optest.Bag, optest.Bag
	}
	return c, nil
}

func TestCorrelate(t *testing.T) { optest.RunText(t, "testdata/correlate", build) }

func TestOnlyFunctionsThatOverlapRunInTheBackground(t *testing.T) {
	in := types.Schema{{Name: "k", Type: types.StringType()}, {Name: "list", Type: types.StringType()}}
	cfg, _, err := configOf(in, collection(in, ""), expr.Unnest, false)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Calling = correlate.Calling{Async: true, Capacity: 1}
	if _, err := correlate.New(cfg); err == nil {
		t.Error("UNNEST runs in the background")
	}
}
