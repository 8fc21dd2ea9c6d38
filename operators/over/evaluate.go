package over

import (
	"bytes"
	"math"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/state"
)

// span is how far a change of a row reaches.
type span struct {
	// all: every row of the partition sees it. onward: all rows from it on do, and
	// see all before them. Otherwise its value reaches back rows further on and ahead
	// rows before it; or as far as distances along the order say.
	all, onward, measured bool
	back, ahead           reach
}

func spanOf(cfg Config, f *feed) span {
	if len(cfg.Aggs) > 0 {
		return frameSpan(cfg.Frame)
	}
	s := span{back: reachOf(cfg, f, Lag), ahead: reachOf(cfg, f, Lead)}
	for _, fn := range cfg.Functions {
		switch fn.Kind {
		case Lag, Lead:
		case RowNumber, Rank, DenseRank:
			s.onward = true
		default:
			s.all = true
		}
	}
	s.all = s.all || s.onward && s.ahead.some()
	return s
}

func frameSpan(f rex.Frame) span {
	bounded := f.Start.Kind != rex.UnboundedPreceding && f.End.Kind != rex.UnboundedFollowing
	switch {
	case f.Start.Kind == rex.UnboundedPreceding && f.End.Kind <= rex.CurrentRow && !f.Measures():
		return span{onward: true}
	case !f.Rows && bounded:
		return span{measured: f.Measures(), all: !f.Measures()}
	case !f.Rows || f.Start.Kind == rex.UnboundedPreceding || f.End.Kind == rex.UnboundedFollowing:
		return span{all: true}
	}
	var s span
	for _, b := range []rex.FrameBound{f.Start, f.End} {
		switch b.Kind {
		case rex.Preceding:
			s.back.rows = max(s.back.rows, b.Offset)
		case rex.Following:
			s.ahead.rows = max(s.ahead.rows, b.Offset)
		}
	}
	return s
}

// evaluator computes the values of rows of partitions that are kept in order, from
// nothing each time. It keeps scratch memory: results last until the one after the
// next, as before and after are alive together.
type evaluator struct {
	op     *Changing
	feed   *feed
	player *player
	span   span
	groups *aggstate.Buffer
	accs   []unsafe.Pointer
	keys   rowcodec.Keys
	script script
	// last is the entry added last.
	last state.Entry
}

// evaluated are rows with their values.
type evaluated struct {
	cols   []arrow.Array
	parts  []evalPart
	values []arrow.Array
	// emitted are the rows that values are about, ends where those of each partition
	// end.
	emitted []int32
	ends    []int32

	rows [][]byte
	// places tell rows apart and order them: sort key and arrival number.
	arena  []byte
	places []int32
	// fresh marks rows that are no peers of the row before.
	fresh []bool
}

// evalPart is a run of a partition's rows [first, end), of which [from, to) are
// evaluated and the others are around them.
type evalPart struct{ first, from, to, end int32 }

func (ev *evaluated) release() {
	columns.Release(ev.cols)
	columns.Release(ev.values)
}

// place is what tells row i apart.
func (ev *evaluated) place(i int32) []byte {
	from := int32(0)
	if i > 0 {
		from = ev.places[i-1]
	}
	return ev.arena[from:ev.places[i]]
}

func newEvaluator(c *Changing) (*evaluator, error) {
	f, err := newFeed(c.cfg.Config, c.cfg.Frame.Slides() && len(c.cfg.Aggs) > 0)
	if err != nil {
		return nil, err
	}
	s := spanOf(c.cfg.Config, f)
	s.measured = s.measured && !c.cfg.AtEnd // when all rows are computed
	return &evaluator{
		op: c, feed: f, player: newPlayer(f), span: s, groups: aggstate.NewBuffer(f.program.Layout().Width),
	}, nil
}

// evaluate computes the values of the rows that changes in the regions reach.
func (e *evaluator) evaluate(regions []region) (*evaluated, error) {
	ev := &evaluated{}
	for _, r := range regions {
		e.collect(ev, r)
	}
	var err error
	if ev.cols, err = e.op.codec.Decode(e.op.ctx.Alloc, ev.rows); err != nil {
		return nil, err
	}
	for _, p := range ev.parts {
		for i := p.from; i < p.to; i++ {
			ev.emitted = append(ev.emitted, i)
		}
		ev.ends = append(ev.ends, int32(len(ev.emitted)))
	}
	if len(e.op.cfg.Aggs) > 0 {
		ev.values, err = e.aggregate(ev, regions)
	} else {
		ev.values, err = e.functions(ev)
	}
	if err != nil {
		ev.release()
	}
	return ev, err
}

// collect appends a region's rows and those around them that they need.
func (e *evaluator) collect(ev *evaluated, r region) {
	t, first := e.op.table, int32(len(ev.rows))
	p := evalPart{first: first, from: first}
	at := t.First(r.slot)
	whole := e.span.all || r.low == nil
	if e.span.measured && !whole {
		e.collectMeasured(ev, r)
		return
	}
	if !whole {
		from := t.Seek(r.slot, r.low)
		if !e.span.onward {
			from = e.backward(r.slot, from, e.span.ahead)
			at = e.backward(r.slot, from, e.span.back)
		}
		for ; at != from; at = t.Next(at) {
			e.add(ev, at, p)
		}
		p.from = int32(len(ev.rows))
	}
	for w := e.span.back.walk(); at != state.NoEntry; at = t.Next(at) {
		if !whole && !e.span.onward && bytes.Compare(e.op.sortKey(at), r.high) > 0 {
			if w.done() {
				break
			}
			w.pass(e.op.marks(at))
		}
		e.add(ev, at, p)
	}
	p.to = int32(len(ev.rows))
	for w := e.span.ahead.walk(); at != state.NoEntry && !w.done() && !whole; at = t.Next(at) {
		w.pass(e.op.marks(at))
		e.add(ev, at, p)
	}
	p.end = int32(len(ev.rows))
	ev.parts = append(ev.parts, p)
}

// collectMeasured appends the rows that may have one of a region's in their frame, and
// those in the frames of these.
func (e *evaluator) collectMeasured(ev *evaluated, r region) {
	t, x, frame := e.op.table, &e.op.axis, e.op.cfg.Frame
	p := evalPart{first: int32(len(ev.rows))}
	from := t.Seek(r.slot, r.low)
	if r.lowAt.aside == 0 {
		from = e.walkBack(r.slot, from, x.sees(r.lowAt.value, frame.End, false))
	}
	at := from
	if from != state.NoEntry && e.op.spot(from).aside == 0 {
		at = e.walkBack(r.slot, from, x.limit(e.op.spot(from).value, frame.Start))
	}
	for ; at != from; at = t.Next(at) {
		e.add(ev, at, p)
	}
	p.from = int32(len(ev.rows))
	last := r.highAt
	furthest := x.sees(last.value, frame.Start, true)
	for ; at != state.NoEntry; at = t.Next(at) {
		s := e.op.spot(at)
		if bytes.Compare(e.op.sortKey(at), r.high) > 0 && (last.aside != 0 || !s.upTo(furthest)) {
			break
		}
		e.add(ev, at, p)
	}
	p.to = int32(len(ev.rows))
	if p.to > p.from {
		e.addSeen(ev, at, p)
	}
	p.end = int32(len(ev.rows))
	ev.parts = append(ev.parts, p)
}

// addSeen appends the rows from at on that are in the frame of the row before it.
func (e *evaluator) addSeen(ev *evaluated, at state.Entry, p evalPart) {
	t := e.op.table
	last := e.op.spot(e.last)
	if last.aside != 0 {
		return
	}
	for limit := e.op.axis.limit(last.value, e.op.cfg.Frame.End); at != state.NoEntry && e.op.spot(at).upTo(limit); at = t.Next(at) {
		e.add(ev, at, p)
	}
}

// walkBack is the first entry before at whose number is not before a limit.
func (e *evaluator) walkBack(slot state.Slot, at state.Entry, limit decimal128.Num) state.Entry {
	t := e.op.table
	for {
		before := t.Last(slot)
		if at != state.NoEntry {
			before = t.Prev(at)
		}
		if before == state.NoEntry || e.op.spot(before).before(limit) || e.op.spot(before).aside != 0 {
			return at
		}
		at = before
	}
}

// backward is the entry as far before at as r reaches, or the first.
func (e *evaluator) backward(slot state.Slot, at state.Entry, r reach) state.Entry {
	t := e.op.table
	for w := r.walk(); !w.done(); {
		before := t.Last(slot)
		if at != state.NoEntry {
			before = t.Prev(at)
		}
		if before == state.NoEntry {
			break
		}
		at = before
		w.pass(e.op.marks(at))
	}
	return at
}

func (e *evaluator) add(ev *evaluated, at state.Entry, p evalPart) {
	e.last = at
	sub := e.op.table.Sub(at)
	key := len(e.op.sortKey(at))
	i := int32(len(ev.rows))
	fresh := i == p.first
	if !fresh {
		last := ev.place(i - 1)
		fresh = !bytes.Equal(last[:len(last)-wordBytes], sub[:key])
	}
	ev.arena = append(ev.arena, sub[:key+wordBytes]...)
	ev.places, ev.fresh = append(ev.places, int32(len(ev.arena))), append(ev.fresh, fresh)
	ev.rows = append(ev.rows, sub[key+wordBytes:])
}

// aggregate gives the aggregates' values of the evaluated rows.
func (e *evaluator) aggregate(ev *evaluated, regions []region) ([]arrow.Array, error) {
	if err := e.findAccs(regions); err != nil {
		return nil, err
	}
	defer e.groups.Reset()
	f := framer{frame: e.op.cfg.Frame, ev: ev}
	if e.op.cfg.Frame.Measures() {
		key := e.op.cfg.OrderBy[0]
		f.axis = newAxis(ev.cols[key.Column], key)
	}
	e.script.reset()
	for i, p := range ev.parts {
		f.steps(&e.script, p)
		e.script.endPart(e.accs[i])
	}
	on := stage{ctx: e.op.ctx, cols: e.feed.of(ev.cols), heap: e.groups.Heap()}
	tables, scratch, err := e.feed.program.Scratch()
	if err != nil {
		return nil, err
	}
	if scratch != nil {
		defer scratch.Close()
	}
	on.tables = tables
	outs, values, err := e.player.play(&e.script, on)
	if err != nil {
		return nil, err
	}
	defer columns.Release(values)
	return e.inOrder(ev, outs, values), nil
}

// findAccs makes zeroed accumulators, one for each region.
func (e *evaluator) findAccs(regions []region) error {
	e.keys.Reset()
	for _, r := range regions {
		e.keys.Append(e.op.table.Key(r.slot))
	}
	if cap(e.accs) < len(regions) {
		e.accs = make([]unsafe.Pointer, len(regions))
	}
	e.accs = e.accs[:len(regions)]
	e.groups.Upsert(&e.keys, e.accs)
	return nil
}

// inOrder puts values, which stand as in outs, into the order of the emitted rows.
func (e *evaluator) inOrder(ev *evaluated, outs []int32, values []arrow.Array) []arrow.Array {
	at := make([]int32, len(ev.rows))
	for i, row := range outs {
		at[row] = int32(i)
	}
	sel := make([]int32, len(ev.emitted))
	for i, row := range ev.emitted {
		sel[i] = at[row]
	}
	out := make([]arrow.Array, len(values))
	for i, v := range values {
		out[i] = columns.Take(e.op.ctx.Alloc, v, sel)
	}
	return out
}

// saturated adds without wrapping.
func saturated(a, b int64) int64 {
	sum := a + b
	if b > 0 && sum < a {
		return math.MaxInt64
	}
	if b < 0 && sum > a {
		return math.MinInt64
	}
	return sum
}
