package over_test

import (
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/over"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build makes a case out of `in`, `partition`, `order`, `frame`, `aggs`,
// `functions`, `ttl`, and for Changing `changing`, `retracts`, `upsert`, `end`, `keep`, for
// Timed `proctime`.
func build(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	cfg := over.Config{InputSchema: in, Registry: agg.NewRegistry(), TTL: h.Duration("ttl")}
	if cfg.PartitionBy, err = h.Columns("partition", in); err != nil {
		return optest.Case{}, err
	}
	if cfg.OrderBy, err = h.SortKeys("order", in); err != nil {
		return optest.Case{}, err
	}
	out := in[:len(in):len(in)]
	var fields []types.Field
	if cfg.Aggs, fields, err = h.Aggs("aggs", in, cfg.Registry); err != nil {
		return optest.Case{}, err
	}
	out = append(out, fields...)
	if cfg.Frame, err = parseFrame(h.Text("frame")); err != nil {
		return optest.Case{}, err
	}
	if fields, err = parseFunctions(h.Text("functions"), in, &cfg); err != nil {
		return optest.Case{}, err
	}
	out = append(out, fields...)
	c := optest.Case{Inputs: []types.Schema{in}, Output: out, Same: optest.Folded, Rebatched: optest.Folded}
	if h.Has("changing") {
		changing := over.ChangingConfig{Config: cfg, InputRetracts: h.Has("retracts"), EmitUpdateBefore: !h.Has("upsert"), AtEnd: h.Has("end")}
		if words := strings.Fields(h.Text("keep")); len(words) == 2 {
			changing.KeepBy, _ = over.FunctionNamed(words[0])
			changing.Keep, _ = strconv.ParseInt(words[1], 10, 64)
		}
		c.New = func() (op.Operator, error) { return over.NewChanging(changing) }
		if !changing.EmitUpdateBefore {
			c.UpsertKey = strings.Fields(h.Text("upsert"))
		}
		return c, nil
	}
	timed := over.TimedConfig{Config: cfg, ProcTime: h.Has("proctime")}
	c.New = func() (op.Operator, error) { return over.NewTimed(timed) }
	return c, nil
}

// parseFrame reads `ROWS 2P C`: bounds are U, nP, C, nF and E for UNBOUNDED
// FOLLOWING, n with a point over FLOAT and DOUBLE. None is RANGE U C.
func parseFrame(text string) (rex.Frame, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		words = []string{"RANGE", "U", "C"}
	}
	if len(words) != 3 {
		return rex.Frame{}, errs.Userf("frame %q", text)
	}
	bound := func(word string) rex.FrameBound {
		kinds := map[byte]rex.BoundKind{'U': rex.UnboundedPreceding, 'P': rex.Preceding, 'C': rex.CurrentRow, 'F': rex.Following, 'E': rex.UnboundedFollowing}
		number := word[:len(word)-1]
		n, _ := strconv.ParseInt(number, 10, 64)
		b := rex.FrameBound{Kind: kinds[word[len(word)-1]], Offset: n}
		if strings.Contains(number, ".") {
			b.Float, _ = strconv.ParseFloat(number, 64)
		}
		return b
	}
	return rex.Frame{Rows: words[0] == "ROWS", Start: bound(words[1]), End: bound(words[2])}, nil
}

// parseFunctions reads `LAG v 1; LEAD v 2 default IGNORE; RANK`.
func parseFunctions(text string, in types.Schema, cfg *over.Config) ([]types.Field, error) {
	var fields []types.Field
	for part := range strings.SplitSeq(text, ";") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		kind, ok := over.FunctionNamed(words[0])
		if !ok {
			return nil, errs.Userf("function %s", words[0])
		}
		fn := over.Function{Kind: kind, Value: -1, Default: -1}
		t := types.Of(types.BigInt)
		switch kind {
		case over.Lag, over.Lead:
			fn.Value = in.Index(words[1])
			fn.Offset, _ = strconv.ParseInt(words[2], 10, 64)
			if words[len(words)-1] == "IGNORE" {
				fn.IgnoreNulls, words = true, words[:len(words)-1]
			}
			if len(words) > 3 {
				fn.Default = in.Index(words[3])
			}
			t = in[fn.Value].Type.WithNullable(true)
		case over.Ntile:
			fn.Offset, _ = strconv.ParseInt(words[1], 10, 64)
			t = types.Of(types.Int)
		case over.CumeDist, over.PercentRank:
			t = types.Of(types.Double)
		}
		cfg.Functions = append(cfg.Functions, fn)
		fields = append(fields, types.Field{Name: strings.ToLower(words[0]), Type: t})
	}
	return fields, nil
}

func TestTimed(t *testing.T) { optest.RunText(t, "testdata/timed", build) }

func TestChanging(t *testing.T) { optest.RunText(t, "testdata/changing", build) }
