package match

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// aggregate computes an aggregate over rows of paths, many results at a time.
type aggregate struct {
	rowpattern.Nav
	agg   agg.Agg
	width int
	keyer *rowcodec.KeyEncoder // of DISTINCT
	keys  rowcodec.Keys
	// cells are the rows that count, groups the results they count for.
	cells  []int32
	groups []int32

	memory []uint64
	rows   []unsafe.Pointer
	heap   agg.Blobs
}

func newAggregate(m *Match, n rowpattern.Nav) (*aggregate, error) {
	bound, err := m.cfg.Aggregates.Bind(*n.Agg, false)
	if err != nil {
		return nil, err
	}
	if bound.Spec().Set != agg.NoSet {
		return nil, errs.Bugf("match: %s needs a multiset", n.Agg.Name)
	}
	agg.WaitWithin(m.ctx.Context, bound)
	a := &aggregate{Nav: n, agg: bound, width: bound.Spec().Width}
	if m.cfg.Aggregates.DistinctMatters(*n.Agg) {
		types := make([]arrow.DataType, len(n.Agg.Args))
		for i, c := range n.Agg.Args {
			types[i] = m.cells.cols[c].dt
		}
		a.keyer, err = rowcodec.NewKeyEncoder(types)
	}
	return a, err
}

// add counts the rows of the path up to depth for a result.
func (a *aggregate) add(m *Match, p *part, depth int, group int32) {
	for d := 0; d <= depth; d++ {
		if a.Set>>m.auto.steps[p.path[d]].variable&1 == 1 {
			a.cells, a.groups = append(a.cells, p.rows[p.start+d]), append(a.groups, group)
		}
	}
}

// results gives n results, owned by the caller, and begins anew.
func (a *aggregate) results(m *Match, n int) (arrow.Array, error) {
	a.memory = a.memory[:0]
	for range n * a.width / 8 {
		a.memory = append(a.memory, 0)
	}
	base := unsafe.Pointer(unsafe.SliceData(a.memory))
	args := make([]arrow.Array, len(a.Agg.Args))
	defer func() { columns.Release(args) }()
	for i, c := range a.Agg.Args {
		var err error
		if args[i], err = m.cells.cols[c].gather(m.ctx.Alloc, a.cells); err != nil {
			return nil, err
		}
	}
	weights, err := a.weights(args)
	if err != nil {
		return nil, err
	}
	a.rows = a.rows[:0]
	for _, g := range a.groups {
		a.rows = append(a.rows, unsafe.Add(base, int(g)*a.width))
	}
	a.agg.Accumulate(agg.Accs{Rows: a.rows, Heap: &a.heap}, args, weights)
	a.rows = a.rows[:0]
	for g := range n {
		a.rows = append(a.rows, unsafe.Add(base, g*a.width))
	}
	out := a.agg.Emit(agg.Accs{Rows: a.rows, Heap: &a.heap}, m.ctx.Alloc)
	a.cells, a.groups, a.heap = a.cells[:0], a.groups[:0], a.heap[:0]
	if err := agg.ErrOf(a.agg); err != nil {
		out.Release()
		return nil, err
	}
	return out, nil
}

// weights leaves out the values of DISTINCT that were counted before.
func (a *aggregate) weights(args []arrow.Array) ([]int8, error) {
	if a.keyer == nil {
		return nil, nil
	}
	n := len(a.cells)
	if err := a.keyer.Encode(args, n, &a.keys); err != nil {
		return nil, err
	}
	type value struct {
		group int32
		key   string
	}
	seen := make(map[value]bool, n)
	weights := make([]int8, n)
	for i := range weights {
		v := value{group: a.groups[i], key: string(a.keys.At(i))}
		if !seen[v] {
			seen[v], weights[i] = true, 1
		}
	}
	return weights, nil
}
