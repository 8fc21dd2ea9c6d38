package over

import (
	"bytes"
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/state"
)

// ChangingConfig describes a Changing.
type ChangingConfig struct {
	Config
	// InputRetracts tells whether the input may take rows away.
	InputRetracts bool
	// EmitUpdateBefore asks for -U before each +U.
	EmitUpdateBefore bool
	// AtEnd emits everything once, when the input has ended; for bounded inputs that
	// only insert.
	AtEnd bool
	// Keep, unless it is 0, is the greatest value of the function KeepBy (RANK or
	// DENSE_RANK) that is of interest: rows beyond it are let go. For inputs that only
	// insert, whose rows never move up again, and functions that look back only.
	Keep   int64
	KeepBy FunctionKind
}

// Changing computes OVER in any order and over inputs that take rows away. Each
// partition's rows are kept in order; a batch emits the net change: rows that are
// gone with -D, rows whose values changed with -U and +U, new ones with +I.
type Changing struct {
	cfg    ChangingConfig
	ctx    *op.Context
	keyer  *rowcodec.KeyEncoder
	sorter *rowcodec.SortEncoder
	codec  *rows.Codec
	eval   *evaluator
	// running is nil where values depend on more than the rows up to a row's own.
	running *running
	arrivals
	table *state.Multi
	// timers lists the partitions, for AtEnd.
	timers *state.Timers

	keys    rowcodec.Keys
	sorts   rowcodec.Rows
	slots   []state.Slot
	sub     []byte
	regions []region
	index   map[state.Slot]int32
	diff    diff
	// fed are the feed's columns of the batch, if it counts any; axis is that of the
	// batch, if frames have distances.
	fed  []arrow.Array
	axis axis
}

var (
	_ op.Operator = (*Changing)(nil)
	_ op.Ticker   = (*Changing)(nil)
)

// region is the part of a partition between the least and the greatest sort key
// that a batch changes; nil keys mean all of it.
type region struct {
	slot      state.Slot
	low, high []byte
	// lowAt and highAt are where they stand, for frames with distances.
	lowAt, highAt spot
}

// NewChanging makes a Changing.
func NewChanging(cfg ChangingConfig) (*Changing, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Keep > 0 && cfg.InputRetracts {
		return nil, errs.Bugf("an OVER lets rows go that its input may bring back")
	}
	return &Changing{cfg: cfg, index: map[state.Slot]int32{}}, nil
}

// Open implements op.Operator.
func (c *Changing) Open(ctx *op.Context) error {
	c.ctx = ctx
	var err error
	if c.codec, err = rows.NewCodec(ctx.Inputs[0]); err != nil {
		return err
	}
	if c.keyer, err = rowcodec.NewKeyEncoder(c.codec.Pick(c.cfg.PartitionBy)); err != nil {
		return err
	}
	if c.sorter, err = rowcodec.NewSortEncoder(c.codec.Types(), c.cfg.OrderBy); err != nil {
		return err
	}
	c.arrivals.open(ctx.State, "arrivals")
	if c.eval, err = newEvaluator(c); err != nil {
		return err
	}
	c.eval.feed.program.Within(ctx.Context)
	c.running = newRunning(c)
	if c.table, err = ctx.State.Multi(state.MultiSpec{ID: "rows", Width: c.payloadBytes(), Ordered: true, TTL: c.cfg.TTL}); err != nil {
		return err
	}
	if c.cfg.AtEnd {
		if c.timers, err = ctx.State.Timers("partitions"); err != nil {
			return err
		}
	}
	return nil
}

// Process implements op.Operator.
func (c *Changing) Process(_ int, batch stream.Batch, out op.Output) error {
	if batch.Rows() == 0 {
		return nil
	}
	if !c.cfg.InputRetracts && !batch.AllInserts() {
		return errs.Bugf("%s was planned for an input that only inserts", c.ctx.Label)
	}
	if err := c.encode(batch); err != nil {
		return err
	}
	if err := c.table.Upsert(&c.keys, c.slots); err != nil {
		return err
	}
	if c.eval.span.measured {
		key := c.cfg.OrderBy[0]
		c.axis = newAxis(batch.Column(key.Column), key)
	}
	if !c.cfg.AtEnd || c.cfg.Keep > 0 {
		c.findRegions()
	}
	if c.cfg.AtEnd {
		c.collect(batch)
		return nil
	}
	before, after, err := c.evaluate(batch)
	if err != nil {
		return err
	}
	defer before.release()
	defer after.release()
	return c.diff.emit(c, before, after, out)
}

// evaluate changes the partitions of a batch, and gives the rows whose values that may
// change, before and after.
func (c *Changing) evaluate(batch stream.Batch) (before, after *evaluated, err error) {
	if c.running != nil {
		return c.running.process(batch)
	}
	if before, err = c.eval.evaluate(c.regions); err != nil {
		return nil, nil, err
	}
	c.apply(batch)
	if after, err = c.eval.evaluate(c.regions); err != nil {
		before.release()
	}
	return before, after, err
}

// encode encodes partitions and sort keys of a batch.
func (c *Changing) encode(batch stream.Batch) error {
	n := batch.Rows()
	cols := make([]arrow.Array, len(c.cfg.PartitionBy))
	for i, at := range c.cfg.PartitionBy {
		cols[i] = batch.Column(at)
	}
	if err := c.keyer.Encode(cols, n, &c.keys); err != nil {
		return err
	}
	if cap(c.slots) < n {
		c.slots = make([]state.Slot, n)
	}
	c.slots = c.slots[:n]
	return c.sorter.Encode(batch.Record.Columns(), n, &c.sorts)
}

// findRegions notes what the batch changes of each partition.
func (c *Changing) findRegions() {
	clear(c.index)
	c.regions = c.regions[:0]
	for i, slot := range c.slots {
		key := c.sorts.At(i)
		var where spot
		if c.eval.span.measured {
			where = c.axis.spots[i]
		}
		at, ok := c.index[slot]
		if !ok {
			c.index[slot] = int32(len(c.regions))
			c.regions = append(c.regions, region{slot: slot, low: key, high: key, lowAt: where, highAt: where})
			continue
		}
		r := &c.regions[at]
		if bytes.Compare(key, r.low) < 0 {
			r.low, r.lowAt = key, where
		}
		if bytes.Compare(key, r.high) > 0 {
			r.high, r.highAt = key, where
		}
	}
}

// apply adds the batch's rows to their partitions and takes them away.
func (c *Changing) apply(batch stream.Batch) {
	cols := batch.Record.Columns()
	if len(c.eval.feed.counted) > 0 {
		c.fed = c.eval.feed.of(cols)
	}
	for i, slot := range c.slots {
		if batch.Kind(i).Adds() {
			c.insert(slot, cols, i)
		} else {
			c.remove(slot, cols, i)
		}
	}
	if c.cfg.Keep > 0 && c.running == nil {
		for _, r := range c.regions {
			c.prune(r.slot)
		}
	}
}

// prune lets the rows of a partition go that are beyond Keep: they are its last ones.
func (c *Changing) prune(slot state.Slot) {
	if int64(c.table.Count(slot)) <= c.cfg.Keep {
		return
	}
	var at place
	var last []byte
	e := c.table.First(slot)
	for ; e != state.NoEntry; e = c.table.Next(e) {
		key := c.sortKey(e)
		if at.next(bytes.Equal(key, last)); at.value(c.cfg.KeepBy) > c.cfg.Keep {
			break
		}
		last = key
	}
	for e != state.NoEntry {
		next := c.table.Next(e)
		c.table.Remove(slot, e)
		e = next
	}
}

// A row is kept as an entry of its partition: the sort key, the arrival number and
// the row; the payload is the length of the sort key, then what running keeps, the row's
// marks if the feed counts any, or its spot if frames have distances.

func (c *Changing) payloadBytes() int {
	switch {
	case c.running != nil:
		return c.running.payloadBytes()
	case len(c.eval.feed.counted) > 0:
		return 2 * wordBytes
	case c.eval.span.measured:
		return wordBytes + spotBytes
	}
	return wordBytes
}

// spot is where a row stands, for frames with distances.
func (c *Changing) spot(e state.Entry) *spot {
	return (*spot)(unsafe.Add(c.table.Payload(e), wordBytes))
}

func (c *Changing) marks(e state.Entry) uint64 {
	if len(c.eval.feed.counted) == 0 {
		return 0
	}
	return *(*uint64)(unsafe.Add(c.table.Payload(e), wordBytes))
}

func (c *Changing) sortKey(e state.Entry) []byte {
	return c.table.Sub(e)[:*(*uint64)(c.table.Payload(e))]
}

func (c *Changing) insert(slot state.Slot, cols []arrow.Array, i int) {
	key := c.sorts.At(i)
	c.sub = binary.BigEndian.AppendUint64(append(c.sub[:0], key...), c.next())
	c.sub = c.codec.Append(c.sub, cols, i)
	e, _ := c.table.Put(slot, c.sub)
	*(*uint64)(c.table.Payload(e)) = uint64(len(key))
	if f := c.eval.feed; len(f.counted) > 0 {
		*(*uint64)(unsafe.Add(c.table.Payload(e), wordBytes)) = f.marks(c.fed, i)
	}
	if c.eval.span.measured {
		*c.spot(e) = c.axis.spots[i]
	}
	c.table.MarkDirty(slot, e)
}

// remove takes a row away: of equal ones that which came first. A row that isn't
// there, say because its TTL has passed, is let be.
func (c *Changing) remove(slot state.Slot, cols []arrow.Array, i int) {
	key := c.sorts.At(i)
	c.sub = c.codec.Append(c.sub[:0], cols, i)
	for e := c.table.Seek(slot, key); e != state.NoEntry; e = c.table.Next(e) {
		if !bytes.Equal(c.sortKey(e), key) {
			return
		}
		if bytes.Equal(c.table.Sub(e)[len(key)+wordBytes:], c.sub) {
			c.table.Remove(slot, e)
			return
		}
	}
}

// endTime is when partitions are due that wait for the end.
const endTime = math.MaxInt64 - 1

// collect keeps a batch's rows until the end.
func (c *Changing) collect(batch stream.Batch) {
	for i, slot := range c.slots {
		if c.table.Count(slot) == 0 {
			c.timers.Register(endTime, c.keys.At(i), c.keys.Hashes[i])
		}
	}
	c.apply(batch)
}

// Advance implements op.Operator.
func (c *Changing) Advance(wm stream.Watermark, out op.Output) error {
	if c.cfg.AtEnd && wm == stream.EndOfTime {
		if err := c.emitAll(out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// endKeysMax is how many partitions are computed at a time in the end.
const endKeysMax = 256

// emitAll emits all rows with their values.
func (c *Changing) emitAll(out op.Output) error {
	c.keys.Reset()
	err := c.timers.PopDue(endTime, func(_ int64, key []byte) error {
		c.keys.Append(key)
		if c.keys.Len() < endKeysMax {
			return nil
		}
		return c.emitKeys(out)
	})
	if err != nil {
		return err
	}
	return c.emitKeys(out)
}

func (c *Changing) emitKeys(out op.Output) error {
	defer c.keys.Reset()
	if c.keys.Len() == 0 {
		return nil
	}
	slots := make([]state.Slot, c.keys.Len())
	if err := c.table.Upsert(&c.keys, slots); err != nil {
		return err
	}
	c.regions = c.regions[:0]
	for _, slot := range slots {
		c.regions = append(c.regions, region{slot: slot})
	}
	all, err := c.eval.evaluate(c.regions)
	if err != nil {
		return err
	}
	defer all.release()
	if len(all.emitted) == 0 {
		return nil
	}
	values := make([]arrow.Array, len(all.values))
	for i, v := range all.values {
		v.Retain()
		values[i] = v
	}
	return emitRows(c.ctx, rowsAt(c.ctx, all.cols, all.emitted), values, nil, out)
}

// Tick implements op.Ticker: TTLs count by processing time.
func (c *Changing) Tick(nowMillis int64, _ op.Output) error {
	c.ctx.State.SetNow(nowMillis)
	return nil
}

// Flush implements op.Operator.
func (c *Changing) Flush(op.Output) error {
	c.arrivals.keep()
	return nil
}

// Close implements op.Operator.
func (*Changing) Close() error { return nil }
