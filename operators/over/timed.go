package over

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// TimedConfig describes a Timed.
type TimedConfig struct {
	Config
	// ProcTime handles rows as they arrive; otherwise they wait for the watermark to
	// pass their time, the one column of OrderBy, and late ones are dropped.
	ProcTime bool
}

// Timed computes OVER of an input that only inserts, ordered by time, with frames
// that end at the current row. Rows of a partition are emitted in order, partitions
// in any.
type Timed struct {
	cfg  TimedConfig
	ctx  *op.Context
	feed *feed
	// peers tells that rows of equal time are in the frame together.
	peers  bool
	time   int
	unit   arrow.TimeUnit
	keyer  *rowcodec.KeyEncoder
	player *player

	inbox inbox
	// partitions holds accumulators, tables what else aggregates need; places are
	// counters of functions, by the same keys.
	partitions *state.Table
	tables     aggstate.Tables
	places     *state.Table
	// recent holds the fed rows that are in a partition's frame, or that LAG may
	// still give.
	recent recent
	// progress is the time up to which rows were emitted.
	progress op.Progress

	keys   rowcodec.Keys
	slots  []state.Slot
	script script
	due    due
}

var (
	_ op.Operator = (*Timed)(nil)
	_ op.Ticker   = (*Timed)(nil)
)

// Streamable reports whether Timed can compute the calls: their values depend on
// earlier rows and peers only.
func Streamable(cfg Config) bool {
	for _, fn := range cfg.Functions {
		switch fn.Kind {
		case RowNumber, Rank, DenseRank, Lag:
		default:
			return false
		}
	}
	if len(cfg.Aggs) == 0 {
		return true
	}
	return cfg.Frame.End.Kind == rex.CurrentRow && cfg.Frame.Start.Kind <= rex.CurrentRow
}

// NewTimed makes a Timed.
func NewTimed(cfg TimedConfig) (*Timed, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if !Streamable(cfg.Config) || len(cfg.OrderBy) != 1 || cfg.OrderBy[0].Descending {
		return nil, errs.Bugf("an OVER was planned by time that can't be computed so")
	}
	t := &Timed{cfg: cfg, time: cfg.OrderBy[0].Column, peers: !cfg.Frame.Rows && !cfg.ProcTime}
	var err error
	if t.feed, err = newFeed(cfg.Config, cfg.Frame.Slides() && len(cfg.Aggs) > 0); err != nil {
		return nil, err
	}
	t.player = newPlayer(t.feed)
	return t, nil
}

// Open implements op.Operator.
func (t *Timed) Open(ctx *op.Context) error {
	t.ctx = ctx
	t.feed.program.Within(ctx.Context)
	ts, ok := ctx.Inputs[0].Field(t.time).Type.(*arrow.TimestampType)
	if !ok {
		return errs.Bugf("%s is ordered by %s, which is no time", ctx.Label, ctx.Inputs[0].Field(t.time).Type)
	}
	t.unit = ts.Unit
	codec, err := rows.NewCodec(ctx.Inputs[0])
	if err != nil {
		return err
	}
	if t.keyer, err = rowcodec.NewKeyEncoder(codec.Pick(t.cfg.PartitionBy)); err != nil {
		return err
	}
	t.progress = op.OpenProgress(ctx.State)
	if err := t.inbox.open(ctx.State, codec); err != nil {
		return err
	}
	if err := t.recent.open(t); err != nil {
		return err
	}
	return t.openTables()
}

func (t *Timed) openTables() error {
	store, ttl := t.ctx.State, t.cfg.TTL
	var err error
	if t.partitions, err = store.Table(state.TableSpec{ID: "partitions", Layout: t.feed.program.Layout(), TTL: ttl}); err != nil {
		return err
	}
	if len(t.cfg.Functions) > 0 {
		if t.places, err = store.Table(state.TableSpec{ID: "places", Layout: state.Layout{Width: placeBytes}, TTL: ttl}); err != nil {
			return err
		}
	}
	t.tables, err = t.feed.program.OpenTables(store, ttl)
	return err
}

// Process implements op.Operator.
func (t *Timed) Process(_ int, batch stream.Batch, out op.Output) error {
	if batch.Rows() == 0 {
		return nil
	}
	if !batch.AllInserts() {
		return errs.Bugf("%s was planned for an input that only inserts", t.ctx.Label)
	}
	cols := make([]arrow.Array, len(t.cfg.PartitionBy))
	for i, c := range t.cfg.PartitionBy {
		cols[i] = batch.Column(c)
	}
	if err := t.keyer.Encode(cols, batch.Rows(), &t.keys); err != nil {
		return err
	}
	if t.cfg.ProcTime {
		return t.arrive(batch, out)
	}
	late, err := t.inbox.add(batch, t.time, &t.keys, t.progress.At())
	t.ctx.Counters.LateRows += late
	return err
}

// arrive handles a batch at once, grouped by partition.
func (t *Timed) arrive(batch stream.Batch, out op.Output) error {
	if err := t.locate(&t.keys); err != nil {
		return err
	}
	d := &t.due
	d.reset()
	d.cols, d.times = batch.Record.Columns(), rawTimes(batch.Column(t.time))
	d.group(t.partitions, t.slots)
	return t.emitDue(out)
}

// locate finds or adds the partitions of keys.
func (t *Timed) locate(keys *rowcodec.Keys) error {
	if cap(t.slots) < keys.Len() {
		t.slots = make([]state.Slot, keys.Len())
	}
	t.slots = t.slots[:keys.Len()]
	return t.partitions.Upsert(keys, t.slots)
}

// Advance implements op.Operator: it emits the rows that the watermark has passed.
func (t *Timed) Advance(wm stream.Watermark, out op.Output) error {
	if t.cfg.ProcTime || int64(wm) <= t.progress.At() {
		return out.Watermark(wm)
	}
	err := t.inbox.release(int64(wm), func(keys *rowcodec.Keys, slots []state.Slot) error {
		return t.emitInbox(int64(wm), keys, slots, out)
	})
	if err != nil {
		return err
	}
	t.progress.Reach(int64(wm))
	if err := t.recent.expire(t, int64(wm)); err != nil {
		return err
	}
	return out.Watermark(wm)
}

// dueRowsMax is about how many rows are handled at a time.
const dueRowsMax = 1 << 15

// emitInbox handles the rows up to wm of some partitions, a part at a time.
func (t *Timed) emitInbox(wm int64, keys *rowcodec.Keys, slots []state.Slot, out op.Output) error {
	if err := t.locate(keys); err != nil {
		return err
	}
	limit := int64(math.MaxInt64)
	if wm != int64(stream.EndOfTime) {
		limit = lastRaw(wm, t.unit)
	}
	for at := 0; at < len(slots); {
		d := &t.due
		d.reset()
		for at < len(slots) && len(d.times) < dueRowsMax {
			more := t.inbox.take(slots[at], limit, t.peers, d)
			d.endPart(t.partitions, t.slots[at], slots[at])
			if more {
				break
			}
			at++
		}
		var err error
		if d.cols, err = t.inbox.codec.Decode(t.ctx.Alloc, d.rows); err != nil {
			return err
		}
		err = t.emitDue(out)
		columns.Release(d.cols)
		t.inbox.drop(d)
		if err != nil {
			return err
		}
	}
	return nil
}

// emitDue computes the values of due rows and emits them.
func (t *Timed) emitDue(out op.Output) error {
	d := &t.due
	if len(d.order) == 0 {
		return nil
	}
	d.fed = t.feed.of(d.cols)
	if err := t.recent.find(t, d); err != nil {
		return err
	}
	outs, values, err := d.order, []arrow.Array(nil), error(nil)
	if len(t.cfg.Aggs) > 0 {
		outs, values, err = t.aggregate()
	} else {
		values, err = t.functions()
	}
	if err != nil {
		return err
	}
	t.settle()
	t.recent.keep(t, d)
	return emitRows(t.ctx, rowsAt(t.ctx, d.cols, outs), values, nil, out)
}

// aggregate moves the partitions' accumulators over their due rows.
func (t *Timed) aggregate() ([]int32, []arrow.Array, error) {
	t.script.reset()
	for i := range t.due.parts {
		t.steps(&t.due.parts[i])
	}
	cols, err := t.recent.join(t.ctx, t.due.fed)
	if err != nil {
		return nil, nil, err
	}
	defer columns.Release(cols)
	return t.player.play(&t.script, t.stage(cols))
}

func (t *Timed) stage(cols []arrow.Array) stage {
	return stage{ctx: t.ctx, cols: cols, heap: t.partitions.Heap(), tables: t.tables}
}

// steps writes the script of one partition: rows leave the frame from the oldest,
// recent ones before due ones.
func (t *Timed) steps(p *duePart) {
	d, s, frame := &t.due, &t.script, t.cfg.Frame
	for i := p.first; i < p.end; {
		row := d.order[i]
		end := i + 1
		for t.peers && end < p.end && d.times[d.order[end]] == d.times[row] {
			end++
		}
		for frame.Slides() && p.oldest < i && t.outgrown(p, i) {
			s.leave(t.recent.leave(p, d))
		}
		for ; i < end; i++ {
			s.enter(d.order[i])
			s.out(d.order[i])
		}
		s.endStep()
	}
	s.endPart(p.acc)
}

// outgrown reports whether the oldest row of a partition's frame is not in that of
// the due row at i.
func (t *Timed) outgrown(p *duePart, i int32) bool {
	if t.cfg.Frame.Rows {
		return int64(i-p.oldest) > t.reach()
	}
	return t.recent.oldestTime(p, &t.due) < saturated(t.due.times[t.due.order[i]], -t.reach())
}

// reach is how far a sliding frame goes back.
func (t *Timed) reach() int64 {
	if t.cfg.Frame.Start.Kind == rex.Preceding {
		return t.cfg.Frame.Start.Offset
	}
	return 0
}

// settle marks what the due rows changed.
func (t *Timed) settle() {
	for i := range t.due.parts {
		p := &t.due.parts[i]
		if t.feed.program.Empty(p.acc) {
			t.partitions.Delete(p.slot)
		} else {
			t.partitions.MarkDirty(p.slot)
		}
	}
}

// Tick implements op.Ticker: TTLs count by processing time.
func (t *Timed) Tick(nowMillis int64, _ op.Output) error {
	t.ctx.State.SetNow(nowMillis)
	return nil
}

// Flush implements op.Operator.
func (t *Timed) Flush(op.Output) error {
	t.inbox.arrivals.keep()
	t.recent.keepArrivals()
	return nil
}

// Close implements op.Operator.
func (*Timed) Close() error { return nil }

// rawTimes views a timestamp column.
func rawTimes(arr arrow.Array) []int64 { return columns.Values[int64](arr) }

// lastRaw is the last timestamp of a unit that is not after a time in milliseconds.
func lastRaw(millis int64, unit arrow.TimeUnit) int64 {
	if millis == math.MinInt64 {
		return math.MinInt64
	}
	return windows.FromMillis(millis+1, unit) - 1
}
