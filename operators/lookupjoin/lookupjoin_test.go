package lookupjoin_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/lookupjoin"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is an outside table: rows of text. It compares each key with each row.
type shelf struct {
	schema types.Schema
	keys   []int
	lines  []string
	alloc  memory.Allocator
	asked  *atomic.Int64 // keys
	// fail makes a request fail; it is told how many came before.
	fail  func(before int64) error
	calls *atomic.Int64
}

func (s *shelf) Rows(_ context.Context, keys []arrow.Array, n int) (stream.Batch, []int32, error) {
	s.asked.Add(int64(n))
	if call := s.calls.Add(1) - 1; s.fail != nil {
		if err := s.fail(call); err != nil {
			return stream.Batch{}, nil, err
		}
	}
	all, err := stream.ParseRows(s.alloc, s.schema, s.lines)
	if err != nil {
		return stream.Batch{}, nil, err
	}
	defer all.Release()
	var rows, of []int32
	for k := range n {
		for row := range all.Rows() {
			same := true
			for i, key := range keys {
				c := all.Column(s.keys[i])
				same = same && key.IsValid(k) && c.IsValid(row) && columns.Equal(key, k, c, row)
			}
			if same {
				rows, of = append(rows, int32(row)), append(of, int32(k))
			}
		}
	}
	return columns.TakeRows(s.alloc, all, rows), of, nil
}

func (s *shelf) Close() error { return nil }

// build makes a case out of `left`, `right` (schemas), `lkeys`, `rkeys`, `rows` (of the
// outside table, parted by `;`), `where`, `filter` (comparisons of two columns),
// `project` (columns of the outside rows), `keeps`, `distinct`, `async` (how many),
// `unordered` and `cache`.
func build(h optest.Header) (optest.Case, error) {
	left, err := h.Schema("left")
	if err != nil {
		return optest.Case{}, err
	}
	right, err := h.Schema("right")
	if err != nil {
		return optest.Case{}, err
	}
	cfg := lookupjoin.Config{
		Registry: expr.NewRegistry(), Asked: right, KeepsLeft: h.Has("keeps"),
		Asking: lookupjoin.Asking{Distinct: h.Has("distinct"), Capacity: int(h.Int("async", 0)), Unordered: h.Has("unordered")},
	}
	cfg.Asking.Async = cfg.Asking.Capacity > 0
	if h.Has("cache") {
		cfg.Asking.Cache = &lookupjoin.CacheConfig{MaxRows: 3, Missing: true}
	}
	if cfg.LeftKeys, err = h.Columns("lkeys", left); err != nil {
		return optest.Case{}, err
	}
	if cfg.RightKeys, err = h.Columns("rkeys", right); err != nil {
		return optest.Case{}, err
	}
	output := append(types.Schema{}, left...)
	cfg.Filter = comparison(h.Text("filter"), right)
	if h.Has("project") {
		picked, err := h.Columns("project", right)
		if err != nil {
			return optest.Case{}, err
		}
		for _, c := range picked {
			cfg.Project, output = append(cfg.Project, rex.Col(c, right[c].Type)), append(output, right[c])
		}
	} else {
		output = append(output, right...)
	}
	cfg.Condition = comparison(h.Text("where"), output)
	var lines []string
	for line := range strings.SplitSeq(h.Text("rows"), ";") {
		lines = append(lines, "+I "+strings.TrimSpace(line))
	}
	return lookupCase(cfg, left, output, lines), nil
}

func comparison(text string, schema types.Schema) *rex.Expr {
	words := strings.Fields(text)
	if len(words) != 3 {
		return nil
	}
	a, b := schema.Index(words[0]), schema.Index(words[2])
	e := rex.CallOf(words[1], types.Of(types.Boolean), rex.Col(a, schema[a].Type), rex.Col(b, schema[b].Type))
	return &e
}

func lookupCase(cfg lookupjoin.Config, left, output types.Schema, lines []string) optest.Case {
	cfg.Open = func(_ context.Context, ctx *op.Context) (lookupjoin.Asker, error) {
		return &shelf{schema: cfg.Asked, keys: cfg.RightKeys, lines: lines, alloc: ctx.Alloc, asked: new(atomic.Int64), calls: new(atomic.Int64)}, nil
	}
	c := optest.Case{
		New:    func() (op.Operator, error) { return lookupjoin.New(cfg) },
		Inputs: []types.Schema{left}, Output: output, BatchRows: 3, Same: optest.InOrder, Rebatched: optest.Bag,
	}
	if cfg.Asking.Unordered {
		c.Same = optest.Bag
	}
	return c
}

func TestLookupJoin(t *testing.T) { optest.RunText(t, "testdata/lookupjoin", build) }

func TestBadConfigurationsAreRefused(t *testing.T) {
	open := func(context.Context, *op.Context) (lookupjoin.Asker, error) { return nil, nil }
	for name, cfg := range map[string]lookupjoin.Config{
		"no asker":    {LeftKeys: []int{0}, RightKeys: []int{0}},
		"no keys":     {Open: open},
		"no capacity": {Open: open, LeftKeys: []int{0}, RightKeys: []int{0}, Asking: lookupjoin.Asking{Async: true}},
	} {
		if _, err := lookupjoin.New(cfg); errs.ClassOf(err) != errs.Bug {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAgreesWithATwin joins random rows in every way of asking.
func TestAgreesWithATwin(t *testing.T) {
	left, right := parse(t, "a BIGINT, x STRING"), parse(t, "b BIGINT, y STRING")
	less := comparison("x < y", append(append(types.Schema{}, left...), right...))
	row := func(r *rand.Rand, names string) string {
		key := fmt.Sprint(r.IntN(4))
		if r.IntN(6) == 0 {
			key = "NULL"
		}
		return fmt.Sprintf("%c=%s %c=%d", names[0], key, names[1], r.IntN(4))
	}
	ways := map[string]lookupjoin.Asking{
		"plain": {}, "distinct": {Distinct: true}, "async": {Async: true, Capacity: 3, Distinct: true},
		"unordered": {Async: true, Capacity: 3, Unordered: true}, "cached": {Cache: &lookupjoin.CacheConfig{MaxRows: 4, Missing: true}},
		"cached async": {Async: true, Capacity: 2, Cache: &lookupjoin.CacheConfig{MaxRows: 2}},
	}
	for name, asking := range ways {
		for i := range 4 {
			cfg := lookupjoin.Config{LeftKeys: []int{0}, RightKeys: []int{0}, Asked: right, KeepsLeft: i%2 == 1, Asking: asking, Registry: expr.NewRegistry()}
			if i >= 2 {
				cfg.Condition = less
			}
			r := rand.New(rand.NewPCG(uint64(i), 3))
			var shelved, lines []string
			for range 5 {
				shelved = append(shelved, row(r, "by"))
				lines = append(lines, "+I "+shelved[len(shelved)-1])
			}
			deletes := 0.2
			if asking.Unordered {
				deletes = 0 // a -D would overtake its +I
			}
			script, rows := optest.Random{Steps: 40, Inputs: 1, DeleteShare: deletes, Row: func(r *rand.Rand, _ int) string { return row(r, "ax") }}.Script(uint64(i))
			c := lookupCase(cfg, left, append(append(types.Schema{}, left...), right...), lines)
			c.Rebatched = optest.FinalOnly
			if err := optest.Check(c, script, oracle(cfg, rows[0], shelved)); err != nil {
				t.Fatalf("%s/%d: %v\n%s\n%s", name, i, err, strings.Join(lines, "\n"), strings.Join(script.Lines(), "\n"))
			}
		}
	}
}

func parse(t testing.TB, text string) types.Schema {
	t.Helper()
	schema, err := stream.ParseSchema(text)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func oracle(cfg lookupjoin.Config, left, shelved []string) []string {
	var out []string
	for _, l := range left {
		a, lonely := optest.Cells(l), true
		for _, s := range shelved {
			b := optest.Cells(s)
			if a["a"] == "NULL" || a["a"] != b["b"] || cfg.Condition != nil && a["x"] >= b["y"] {
				continue
			}
			lonely = false
			out = append(out, l+" "+s)
		}
		if lonely && cfg.KeepsLeft {
			out = append(out, l+" b=NULL y=NULL")
		}
	}
	return out
}

// asking drives a join over one batch of keys and tells how many keys were asked for in
// how many requests.
func asking(t *testing.T, cfg lookupjoin.Config, s *shelf, batches ...[]string) (err error) {
	t.Helper()
	left := parse(t, "a BIGINT")
	s.schema, s.keys, s.lines, s.alloc, s.asked, s.calls = parse(t, "b BIGINT"), []int{0}, []string{"+I b=1", "+I b=2"}, memory.DefaultAllocator, new(atomic.Int64), new(atomic.Int64)
	cfg.LeftKeys, cfg.RightKeys, cfg.Asked = []int{0}, []int{0}, s.schema
	cfg.Open = func(context.Context, *op.Context) (lookupjoin.Asker, error) { return s, nil }
	j, err := lookupjoin.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	bench, err := optest.NewBench(j, []types.Schema{left}, append(append(types.Schema{}, left...), s.schema...))
	if err != nil {
		t.Fatal(err)
	}
	defer bench.Close()
	for _, lines := range batches {
		b, err := stream.ParseRows(memory.DefaultAllocator, left, lines)
		if err != nil {
			t.Fatal(err)
		}
		err = bench.Process(0, b)
		b.Release()
		if err != nil {
			return err
		}
	}
	return bench.Advance(stream.EndOfTime)
}

func TestKeysAreAskedForOnce(t *testing.T) {
	rows := []string{"+I a=1", "+I a=1", "+I a=3", "+I a=NULL", "+I a=3"}
	for name, c := range map[string]struct {
		asking lookupjoin.Asking
		want   int64
	}{
		"each row":      {lookupjoin.Asking{}, 10},
		"each key":      {lookupjoin.Asking{Distinct: true}, 4},
		"cached":        {lookupjoin.Asking{Cache: &lookupjoin.CacheConfig{Missing: true}}, 2},
		"cached found":  {lookupjoin.Asking{Cache: &lookupjoin.CacheConfig{}}, 3},
		"full of one":   {lookupjoin.Asking{Cache: &lookupjoin.CacheConfig{Missing: true, MaxRows: 1}}, 3},
		"missing again": {lookupjoin.Asking{Distinct: true, MissRetries: 2}, 2 * (2 + 1 + 1)},
	} {
		s := &shelf{}
		if err := asking(t, lookupjoin.Config{Asking: c.asking}, s, rows, rows); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := s.asked.Load(); got != c.want {
			t.Errorf("%s: %d keys were asked for, want %d", name, got, c.want)
		}
	}
}

func TestRequestsThatFailAreMadeAgain(t *testing.T) {
	down := errs.Resourcef("down")
	for name, c := range map[string]struct {
		err   error
		calls int64
		works bool
	}{
		"comes back":  {down, 2, true},
		"user's":      {errs.Userf("no such table"), 1, false},
		"other error": {errors.New("odd"), 1, false},
	} {
		s := &shelf{fail: func(before int64) error {
			if before == 0 {
				return c.err
			}
			return nil
		}}
		err := asking(t, lookupjoin.Config{Asking: lookupjoin.Asking{Retries: 1, Async: true, Capacity: 1, Timeout: time.Minute}}, s, []string{"+I a=1"})
		if (err == nil) != c.works || s.calls.Load() != c.calls {
			t.Errorf("%s: %v after %d calls", name, err, s.calls.Load())
		}
	}
}
