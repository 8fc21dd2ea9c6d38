package correlate_test

import (
	"testing"

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

// build makes a case out of `in`, `of` for the collection, `ordinality` and `left`; `read` names the function's columns that are read, all without it.
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
	return optest.Case{
		New:    func() (op.Operator, error) { return correlate.New(cfg) },
		Inputs: []types.Schema{in}, Output: out, Same: optest.InOrder, Rebatched: optest.InOrder,
	}, nil
}

func TestCorrelate(t *testing.T) { optest.RunText(t, "testdata/correlate", build) }
