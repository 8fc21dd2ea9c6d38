package session

import (
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// AggregateConfig describes an Aggregate.
type AggregateConfig struct {
	// Windows are the sessions; their size is the gap.
	Windows windows.Spec
	// Keys are the grouping columns, which are also those that sessions are apart by.
	Keys []int
	// Aggs are the aggregate calls. If not all can be merged, rows are kept.
	Aggs []rex.AggCall
	// Properties are the output's last columns.
	Properties []windows.Property
	// InputSchema is the schema that Windows, Keys and Aggs refer to.
	InputSchema types.Schema
	// Registry holds the aggregate functions.
	Registry *agg.Registry
	// InputRetracts tells whether the input may take rows away.
	InputRetracts bool
}

// Aggregate aggregates per key and session. Its output is the key columns, the
// aggregates, then the window properties. Rows are counted into their session as
// they come, and the results of sessions that join are merged; where that can't be, the
// rows are gathered. A row taken away leaves its session as long as it was.
type Aggregate struct {
	cfg     AggregateConfig
	program *aggstate.Program
	decoder *rowcodec.KeyDecoder
	clocked
	ctx *op.Context
	// kept tells that sessions may be emitted more than once: see Updating.
	kept bool
	// groups holds the accumulators by key and the session's origin; or else gathered
	// the rows.
	groups   *state.Table
	gathered *gathered

	keys   rowcodec.Keys
	ids    rowcodec.Keys
	routes []uint64
	id     []byte
	slots  []state.Slot
	found  []unsafe.Pointer
	rows   []unsafe.Pointer
	// accs are the accumulators of the batch's sessions.
	accs  []unsafe.Pointer
	where []int32
	from  []unsafe.Pointer
	into  []unsafe.Pointer
	list  [][]byte
	take  []int32
	// bounds are the windows of the rows being emitted.
	bounds windows.Bounds
}

var (
	_ op.Operator = (*Aggregate)(nil)
	_ op.Ticker   = (*Aggregate)(nil)
)

// NewAggregate makes an Aggregate.
func NewAggregate(cfg AggregateConfig) (*Aggregate, error) {
	if err := check(cfg.Windows); err != nil {
		return nil, err
	}
	of := aggstate.Config{Keys: cfg.Keys, Aggs: cfg.Aggs, InputSchema: cfg.InputSchema, Registry: cfg.Registry, InputRetracts: cfg.InputRetracts}
	program, err := aggstate.New(of)
	if err != nil {
		return nil, err
	}
	a := &Aggregate{cfg: cfg, program: program, clocked: clocked{times: timeReader{spec: cfg.Windows}}}
	a.over = a.emit
	if !program.Mergeable() {
		if a.gathered, err = newGathered(of); err != nil {
			return nil, err
		}
	}
	a.decoder, err = rowcodec.NewKeyDecoder(program.KeyTypes())
	return a, err
}

// Open implements op.Operator.
func (a *Aggregate) Open(ctx *op.Context) error {
	a.ctx = ctx
	a.program.Within(ctx.Context)
	var err error
	if a.tracker, err = openTracker(ctx.State, a.cfg.Windows.SizeMillis, a.kept); err != nil {
		return err
	}
	if a.gathered != nil {
		return a.gathered.open(ctx)
	}
	a.groups, err = ctx.State.Table(state.TableSpec{ID: "groups", Layout: a.program.Layout()})
	return err
}

// Process implements op.Operator.
func (a *Aggregate) Process(_ int, batch stream.Batch, _ op.Output) error {
	if batch.Rows() == 0 {
		return nil
	}
	times, err := a.times.read(batch)
	if err != nil {
		return err
	}
	if err := a.program.EncodeKeysAt(batch, a.cfg.Keys, &a.keys); err != nil {
		return err
	}
	late, err := a.tracker.place(&a.keys, times)
	if err != nil {
		return err
	}
	a.ctx.Counters.LateRows += int64(late)
	if late == batch.Rows() {
		return nil
	}
	if a.gathered != nil {
		return a.gathered.keep(batch, &a.keys, times, a.tracker.of)
	}
	if err := a.openGroups(); err != nil {
		return err
	}
	return a.accumulate(batch, late > 0)
}

// openGroups finds the accumulators of the batch's sessions, and merges those of
// sessions that joined.
func (a *Aggregate) openGroups() error {
	a.ids.Reset()
	a.routes, a.where = a.routes[:0], a.where[:0]
	for i := range a.tracker.placed {
		p := &a.tracker.placed[i]
		if p.fresh && p.into != int32(i) {
			continue // has no rows counted yet
		}
		a.addID(a.keys.At(int(p.row)), p.origin, a.keys.Route(int(p.row)))
		a.where = append(a.where, int32(i))
	}
	if err := a.upsert(); err != nil {
		return err
	}
	a.accs = resize(a.accs, len(a.tracker.placed))
	for j, i := range a.where {
		a.accs[i] = a.found[j]
	}
	a.from, a.into = a.from[:0], a.into[:0]
	for j, i := range a.where {
		if final := a.tracker.final(i); final != i {
			a.from, a.into = append(a.from, a.found[j]), append(a.into, a.accs[final])
		}
	}
	if err := a.merge(); err != nil {
		return err
	}
	for j, i := range a.where {
		if a.tracker.placed[i].into != i {
			a.groups.Delete(a.slots[j])
		} else {
			a.groups.MarkDirty(a.slots[j])
		}
	}
	return nil
}

func (a *Aggregate) addID(key []byte, origin int64, route uint64) {
	a.id = appendTime(append(a.id[:0], key...), origin)
	a.ids.Append(a.id)
	a.routes = append(a.routes, route)
}

func (a *Aggregate) upsert() error {
	a.ids.Routes = a.routes
	a.slots = resize(a.slots, a.ids.Len())
	if err := a.groups.Upsert(&a.ids, a.slots); err != nil {
		return err
	}
	a.found = a.groups.Rows(a.slots, a.found)
	return nil
}

func (a *Aggregate) merge() error {
	if len(a.from) == 0 {
		return nil
	}
	partial := a.program.Partials(a.from, a.groups.Heap(), a.ctx.Alloc)
	err := a.program.Merge(a.into, a.groups.Heap(), partial, 1)
	columns.Release(partial)
	return err
}

// accumulate counts the batch's rows into their sessions, late ones left out.
func (a *Aggregate) accumulate(batch stream.Batch, someLate bool) error {
	a.rows, a.take = a.rows[:0], a.take[:0]
	for i, at := range a.tracker.of {
		if at < 0 {
			continue
		}
		a.rows, a.take = append(a.rows, a.accs[a.tracker.final(at)]), append(a.take, int32(i))
	}
	if someLate {
		batch = columns.TakeRows(a.ctx.Alloc, batch, a.take)
		defer batch.Release()
	}
	return a.program.Apply(batch, aggstate.Groups{Keys: &a.keys, Rows: a.rows, Heap: a.groups.Heap()}, aggstate.Tables{})
}

// emit emits sessions that are over and forgets them.
func (a *Aggregate) emit(keys *rowcodec.Keys, over []closed, out op.Output) error {
	for some := range slices.Chunk(over, a.ctx.BatchRows) {
		a.identify(keys, some)
		if err := a.emitRows(keys, some, out); err != nil {
			return err
		}
		if err := a.drop(keys, some); err != nil {
			return err
		}
	}
	return nil
}

// identify puts the names of sessions into ids.
func (a *Aggregate) identify(keys *rowcodec.Keys, list []closed) {
	a.ids.Reset()
	a.routes = a.routes[:0]
	for _, c := range list {
		a.addID(keys.At(c.key), c.origin, keys.Route(c.key))
	}
	a.ids.Routes = a.routes
}

// lookUp gives the accumulators of the sessions in ids, until the next call.
func (a *Aggregate) lookUp(keys *rowcodec.Keys, list []closed) ([]unsafe.Pointer, agg.Heap, error) {
	if a.gathered != nil {
		return a.gathered.aggregate(keys, &a.ids, list)
	}
	if err := a.upsert(); err != nil {
		return nil, nil, err
	}
	return a.found, a.groups.Heap(), nil
}

// drop forgets the sessions in ids.
func (a *Aggregate) drop(keys *rowcodec.Keys, list []closed) error {
	if a.gathered != nil {
		return a.gathered.drop(keys, list)
	}
	if err := a.upsert(); err != nil {
		return err
	}
	for _, slot := range a.slots {
		a.groups.Delete(slot)
	}
	return nil
}

// emitRows emits a batch of sessions; those whose rows were all taken away are
// left out.
func (a *Aggregate) emitRows(keys *rowcodec.Keys, over []closed, out op.Output) error {
	found, heap, err := a.lookUp(keys, over)
	if err != nil {
		return err
	}
	a.bounds.Reset()
	a.list, a.rows = a.list[:0], a.rows[:0]
	for i, c := range over {
		if !a.program.Visible(found[i]) {
			continue
		}
		a.list, a.rows = append(a.list, keys.At(c.key)), append(a.rows, found[i])
		a.bounds.Add(c.start, c.end)
	}
	n := len(a.rows)
	if n == 0 {
		return nil
	}
	cols, err := aggstate.DecodeKeys(a.list, a.program.KeyTypes(), a.decoder, a.ctx.Alloc)
	if err != nil {
		return err
	}
	results, err := a.program.Results(a.rows, heap, a.ctx.Alloc)
	if err != nil {
		columns.Release(cols)
		return err
	}
	all := make([]arrow.Array, 0, len(cols)+len(results)+len(a.cfg.Properties))
	all = append(append(all, cols...), results...)
	all = append(all, a.properties()...)
	return out.Emit(stream.NewBatch(a.ctx.Output, all, n, nil))
}

// properties gives the last columns of the rows being emitted.
func (a *Aggregate) properties() []arrow.Array {
	return a.bounds.Columns(a.ctx.Alloc, a.cfg.Windows.Zone, a.cfg.Properties, a.ctx.Output.Fields())
}

// Flush implements op.Operator.
func (a *Aggregate) Flush(op.Output) error {
	if a.gathered != nil {
		a.gathered.keepArrivals()
	}
	return nil
}

// Close implements op.Operator.
func (*Aggregate) Close() error { return nil }

// resize gives s a length, with undefined contents.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}
