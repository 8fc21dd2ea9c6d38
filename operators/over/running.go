package over

import (
	"bytes"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/state"
)

// running computes values that depend on all rows up to a row's own and on nothing
// else: ranks, and aggregates from the start of the partition on. Each row keeps where
// they stood behind it, so that a change is counted on from the row before it.
//
// Invariant STOOD: the words behind the sort key's length in the payload of a row are
// its place, or its accumulators. Where they are again what they were, no row further on
// has changed. They are what was emitted also where rows before have passed their TTL.
type running struct {
	op    *Changing
	words int

	parts []runningPart
	// kept are the words of tracked rows, subs copies of rows that may go away.
	kept []uint64
	subs []byte
	ev   evaluated
}

// runningPart is a region: its rows before and after the changes, up to where values
// stand as before.
type runningPart struct {
	was, now []tracked
	at       state.Entry
	done     bool
}

// tracked is a row: its sub-key, the length of its sort key, and its words in kept.
type tracked struct {
	sub  []byte
	key  int
	kept int
}

// placeWords is the number of words of a place: rows, rank and dense.
const placeWords = 3

// newRunning is nil for what it can't compute.
func newRunning(c *Changing) *running {
	if c.cfg.AtEnd {
		return nil
	}
	r := &running{op: c, words: placeWords}
	for _, fn := range c.cfg.Functions {
		if fn.Kind > DenseRank {
			return nil
		}
	}
	if len(c.cfg.Aggs) > 0 {
		program := c.eval.feed.program
		layout := program.Layout()
		if f := c.cfg.Frame; !c.eval.span.onward || f.End.Kind != rex.CurrentRow || len(layout.Refs) > 0 || program.HasDistinct() || program.HasSets() {
			return nil
		}
		r.words = layout.Width / wordBytes
	}
	return r
}

// payloadBytes is the size of a row's payload.
func (r *running) payloadBytes() int {
	return wordBytes * (1 + r.words)
}

func (r *running) wordsOf(e state.Entry) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Add(r.op.table.Payload(e), wordBytes)), r.words)
}

func (r *running) keptOf(t tracked) []uint64 { return r.kept[t.kept : t.kept+r.words] }

// track notes a row with words.
func (r *running) track(e state.Entry, words []uint64) tracked {
	t := tracked{sub: r.op.table.Sub(e), key: len(r.op.sortKey(e)), kept: len(r.kept)}
	r.kept = append(r.kept, words...)
	return t
}

// trackCopy notes a row that may go away.
func (r *running) trackCopy(e state.Entry) tracked {
	t := r.track(e, r.wordsOf(e))
	from := len(r.subs)
	r.subs = append(r.subs, t.sub...)
	t.sub = r.subs[from:len(r.subs):len(r.subs)]
	return t
}

// before notes the rows of the regions before they change.
func (r *running) before() {
	t := r.op.table
	r.kept, r.subs = r.kept[:0], r.subs[:0]
	r.parts = slices.Grow(r.parts[:0], len(r.op.regions))[:len(r.op.regions)]
	for i, region := range r.op.regions {
		p := &r.parts[i]
		*p = runningPart{was: p.was[:0], now: p.now[:0]}
		for e := t.Seek(region.slot, region.low); e != state.NoEntry && bytes.Compare(r.op.sortKey(e), region.high) <= 0; e = t.Next(e) {
			p.was = append(p.was, r.trackCopy(e))
		}
	}
}

// after counts on from the rows before the regions, now that they have changed, and
// gives what was and what is.
func (r *running) after() (was, is *evaluated, err error) {
	for i, region := range r.op.regions {
		r.parts[i].at = r.op.table.Seek(region.slot, region.low)
	}
	if len(r.op.cfg.Aggs) > 0 {
		err = r.aggregate()
	} else {
		for i := range r.parts {
			r.rank(&r.parts[i], r.op.regions[i])
		}
	}
	if err != nil {
		return nil, nil, err
	}
	if was, err = r.evaluated(func(p *runningPart) []tracked { return p.was }); err != nil {
		return nil, nil, err
	}
	if is, err = r.evaluated(func(p *runningPart) []tracked { return p.now }); err != nil {
		was.release()
	}
	return was, is, err
}

// stood are the words behind the row before e, or nil.
func (r *running) stood(slot state.Slot, e state.Entry) []uint64 {
	last := r.op.table.Last(slot)
	if e != state.NoEntry {
		last = r.op.table.Prev(e)
	}
	if last == state.NoEntry {
		return nil
	}
	return r.wordsOf(last)
}

// moved notes that words stand behind row e now; it tells that no row further on has
// changed.
func (r *running) moved(p *runningPart, of region, e state.Entry, words []uint64) (stop bool) {
	own := r.wordsOf(e)
	if bytes.Compare(r.op.sortKey(e), of.high) > 0 {
		if slices.Equal(own, words) {
			return true
		}
		p.was = append(p.was, r.track(e, own))
	}
	p.now = append(p.now, r.track(e, words))
	copy(own, words)
	r.op.table.MarkDirty(of.slot, e)
	return false
}

// rank counts a region's rows.
func (r *running) rank(p *runningPart, of region) {
	var at place
	if words := r.stood(of.slot, p.at); words != nil {
		at.rows, at.rank, at.dense = int64(words[0]), int64(words[1]), int64(words[2])
	}
	var last []byte
	for e := p.at; e != state.NoEntry; e = r.op.table.Next(e) {
		key := r.op.sortKey(e)
		at.next(last != nil && bytes.Equal(key, last))
		last = key
		if r.op.cfg.Keep > 0 && at.value(r.op.cfg.KeepBy) > r.op.cfg.Keep {
			r.letGo(p, of, e)
			return
		}
		if r.moved(p, of, e, []uint64{uint64(at.rows), uint64(at.rank), uint64(at.dense)}) {
			return
		}
	}
}

// letGo removes a partition's rows from e on, which are beyond what is kept.
func (r *running) letGo(p *runningPart, of region, e state.Entry) {
	for e != state.NoEntry {
		next := r.op.table.Next(e)
		if bytes.Compare(r.op.sortKey(e), of.high) > 0 {
			p.was = append(p.was, r.trackCopy(e))
		}
		r.op.table.Remove(of.slot, e)
		e = next
	}
}

// Rows are aggregated some of each region at a time, more each time.
const (
	chunkFirst = 64
	chunkMax   = 4096
)

// aggregate aggregates the regions' rows until they stand as before.
func (r *running) aggregate() error {
	e := r.op.eval
	if err := e.findAccs(r.op.regions); err != nil {
		return err
	}
	defer e.groups.Reset()
	for i, region := range r.op.regions {
		if words := r.stood(region.slot, r.parts[i].at); words != nil {
			copy(unsafe.Slice((*uint64)(e.accs[i]), r.words), words)
		}
	}
	var entries []state.Entry
	for chunk := chunkFirst; ; chunk = min(4*chunk, chunkMax) {
		entries = r.collect(entries[:0], chunk)
		if len(entries) == 0 {
			return nil
		}
		if err := r.aggregateChunk(entries); err != nil {
			return err
		}
	}
}

// collect takes the next rows of the regions that are not done into r.ev. Peers stay
// together.
func (r *running) collect(entries []state.Entry, chunk int) []state.Entry {
	ev := &r.ev
	*ev = evaluated{parts: ev.parts[:0], rows: ev.rows[:0], arena: ev.arena[:0], places: ev.places[:0], fresh: ev.fresh[:0]}
	for i := range r.parts {
		p := &r.parts[i]
		part := evalPart{first: int32(len(ev.rows)), from: int32(len(ev.rows))}
		for n := 0; p.at != state.NoEntry && !p.done; n++ {
			r.op.eval.add(ev, p.at, part)
			if last := len(ev.rows) - 1; n >= chunk && ev.fresh[last] {
				ev.rows, ev.fresh, ev.places = ev.rows[:last], ev.fresh[:last], ev.places[:last]
				ev.arena = ev.arena[:ev.places[last-1]]
				break
			}
			entries = append(entries, p.at)
			p.at = r.op.table.Next(p.at)
		}
		part.to = int32(len(ev.rows))
		part.end = part.to
		ev.parts = append(ev.parts, part)
	}
	return entries
}

// aggregateChunk aggregates the rows in r.ev.
func (r *running) aggregateChunk(entries []state.Entry) error {
	e, ev := r.op.eval, &r.ev
	cols, err := r.op.codec.Decode(r.op.ctx.Alloc, ev.rows)
	if err != nil {
		return err
	}
	defer columns.Release(cols)
	f := framer{frame: r.op.cfg.Frame, ev: ev}
	e.script.reset()
	for i, p := range ev.parts {
		f.steps(&e.script, p)
		e.script.endPart(e.accs[i])
	}
	outs, copies, err := e.player.copyAccs(&e.script, stage{ctx: r.op.ctx, cols: e.feed.of(cols), heap: e.groups.Heap()})
	if err != nil {
		return err
	}
	at := make([]int32, len(ev.rows))
	for i, row := range outs {
		at[row] = int32(i)
	}
	for i, part := range ev.parts {
		p := &r.parts[i]
		for row := part.from; row < part.to && !p.done; row++ {
			from := int(at[row]) * r.words
			p.done = r.moved(p, r.op.regions[i], entries[row], copies[from:from+r.words])
		}
		p.done = p.done || p.at == state.NoEntry
	}
	return nil
}

// evaluated makes one side of the difference.
func (r *running) evaluated(rowsOf func(*runningPart) []tracked) (*evaluated, error) {
	ev := &evaluated{}
	var list []tracked
	for i := range r.parts {
		for _, t := range rowsOf(&r.parts[i]) {
			ev.emitted = append(ev.emitted, int32(len(ev.rows)))
			ev.arena = append(ev.arena, t.sub[:t.key+wordBytes]...)
			ev.places = append(ev.places, int32(len(ev.arena)))
			ev.rows = append(ev.rows, t.sub[t.key+wordBytes:])
			list = append(list, t)
		}
		ev.ends = append(ev.ends, int32(len(ev.rows)))
	}
	var err error
	if ev.cols, err = r.op.codec.Decode(r.op.ctx.Alloc, ev.rows); err != nil {
		return nil, err
	}
	if ev.values, err = r.values(list); err != nil {
		ev.release()
	}
	return ev, err
}

// values gives the values of rows, owned by the caller.
func (r *running) values(list []tracked) ([]arrow.Array, error) {
	alloc := r.op.ctx.Alloc
	if len(r.op.cfg.Aggs) > 0 {
		accs := make([]unsafe.Pointer, len(list))
		for i, t := range list {
			accs[i] = unsafe.Pointer(&r.keptOf(t)[0])
		}
		return r.op.eval.feed.program.Results(accs, r.op.eval.groups.Heap(), alloc)
	}
	var out []arrow.Array
	for _, fn := range r.op.cfg.Functions {
		values := make([]int64, len(list))
		for i, t := range list {
			words := r.keptOf(t)
			values[i] = (&place{rows: int64(words[0]), rank: int64(words[1]), dense: int64(words[2])}).value(fn.Kind)
		}
		out = append(out, bigints(alloc, values))
	}
	return out, nil
}

// process changes the partitions of a batch, and gives the rows whose values that may
// change, before and after.
func (r *running) process(batch stream.Batch) (was, is *evaluated, err error) {
	r.before()
	r.op.apply(batch)
	return r.after()
}
