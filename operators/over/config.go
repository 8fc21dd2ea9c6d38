package over

import (
	"fmt"
	"slices"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/aggstate"
)

// Config describes an OVER: aggregates that share partition, order and frame, or
// functions that share partition and order. The output is the input's columns, then
// the values.
type Config struct {
	// PartitionBy are the columns of the partition; none makes one of all rows.
	PartitionBy []int
	// OrderBy is the order; none makes all rows of a partition peers.
	OrderBy []rex.SortKey
	// Aggs are aggregates over Frame, Functions look at a row's place.
	Aggs        []rex.AggCall
	Frame       rex.Frame
	Functions   []Function
	InputSchema types.Schema
	Registry    *agg.Registry
	// TTL forgets partitions untouched for so long; 0 never.
	TTL time.Duration
}

// Function is a call of a function of a row's place in its partition.
type Function struct {
	Kind FunctionKind
	// Value is the column that LAG and LEAD give, Default the one they give where
	// there is no such row, or -1 for NULL.
	Value   int
	Default int
	// Offset is the distance of LAG and LEAD, and the number of buckets of NTILE.
	Offset int64
	// IgnoreNulls has LAG and LEAD count only rows whose Value is not NULL.
	IgnoreNulls bool
}

// FunctionKind tells the functions apart.
type FunctionKind uint8

// The functions.
const (
	RowNumber FunctionKind = iota
	Rank
	DenseRank
	Lag
	Lead
	Ntile
	CumeDist
	PercentRank
)

var functionNames = [...]string{"ROW_NUMBER", "RANK", "DENSE_RANK", "LAG", "LEAD", "NTILE", "CUME_DIST", "PERCENT_RANK"}

// String gives the SQL name.
func (k FunctionKind) String() string {
	if int(k) < len(functionNames) {
		return functionNames[k]
	}
	return fmt.Sprintf("function(%d)", uint8(k))
}

// FunctionNamed finds a function by its SQL name.
func FunctionNamed(name string) (FunctionKind, bool) {
	i := slices.Index(functionNames[:], name)
	return FunctionKind(max(i, 0)), i >= 0
}

// picks reports the functions whose value is another row's.
func (k FunctionKind) picks() bool { return k == Lag || k == Lead }

// feed is the part of a row that aggregates and functions read: partition columns,
// then arguments, filters and orders.
type feed struct {
	columns []int
	schema  types.Schema
	program *aggstate.Program
	// values and defaults are where in columns the functions' are.
	values, defaults []int
	// counted are the places in columns of what LAG and LEAD ignore the NULLs of.
	counted []int
}

func newFeed(cfg Config, retracts bool) (*feed, error) {
	f := &feed{columns: slices.Clone(cfg.PartitionBy)}
	calls := slices.Clone(cfg.Aggs)
	for i := range calls {
		calls[i] = calls[i].Map(f.place)
	}
	for _, fn := range cfg.Functions {
		f.values, f.defaults = append(f.values, f.placeIf(fn.Kind, fn.Value)), append(f.defaults, f.placeIf(fn.Kind, fn.Default))
		if at := f.values[len(f.values)-1]; fn.IgnoreNulls && !slices.Contains(f.counted, at) {
			f.counted = append(f.counted, at)
		}
	}
	for _, c := range f.columns {
		f.schema = append(f.schema, cfg.InputSchema[c])
	}
	keys := make([]int, len(cfg.PartitionBy))
	for i := range keys {
		keys[i] = i
	}
	var err error
	f.program, err = aggstate.New(aggstate.Config{
		Keys: keys, Aggs: calls, InputSchema: f.schema, Registry: cfg.Registry, InputRetracts: retracts,
	})
	return f, err
}

// place finds or adds an input column.
func (f *feed) place(column int) int {
	if i := slices.Index(f.columns, column); i >= 0 {
		return i
	}
	f.columns = append(f.columns, column)
	return len(f.columns) - 1
}

func (f *feed) placeIf(kind FunctionKind, column int) int {
	if !kind.picks() || column < 0 {
		return -1
	}
	return f.place(column)
}

// of picks the feed's columns from an input's, borrowed.
func (f *feed) of(cols []arrow.Array) []arrow.Array {
	out := make([]arrow.Array, len(f.columns))
	for i, c := range f.columns {
		out[i] = cols[c]
	}
	return out
}

// marks tells of row i of the feed's columns in which of f.counted it has a value: a
// bit for each.
func (f *feed) marks(fed []arrow.Array, i int) uint64 {
	var marks uint64
	for bit, column := range f.counted {
		if fed[column].IsValid(i) {
			marks |= 1 << bit
		}
	}
	return marks
}

// countedMax is how many columns have a bit in marks.
const countedMax = 64

// check refuses what neither operator can do.
func (cfg Config) check() error {
	if cfg.Frame.Measures() && len(cfg.OrderBy) != 1 {
		return errs.Userf("a RANGE frame with an offset needs an ORDER BY of one column")
	}
	if len(cfg.Aggs) > 0 && len(cfg.Functions) > 0 {
		return errs.Bugf("an OVER has aggregates and functions, which have no frame in common")
	}
	ignored := map[int]bool{}
	for _, fn := range cfg.Functions {
		if fn.IgnoreNulls {
			ignored[fn.Value] = true
		}
		if fn.Kind == Ntile && fn.Offset < 1 {
			return errs.Userf("NTILE needs a positive number of buckets, not %d", fn.Offset)
		}
	}
	if len(ignored) > countedMax {
		return errs.Unsupportedf("IGNORE NULLS of more than %d values over one window", countedMax)
	}
	return nil
}
