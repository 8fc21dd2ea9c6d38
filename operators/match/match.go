package match

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// Config describes a Match. Its input must be insert-only.
type Config struct {
	rowpattern.Spec
	// Functions and Aggregates are what conditions and outputs call.
	Functions  *expr.Registry
	Aggregates *agg.Registry
	// Eval is what expressions take from outside; Open fills in the allocator.
	Eval expr.EvalContext
}

// Match finds a pattern in each partition.
type Match struct {
	cfg   Config
	ctx   *op.Context
	auto  *automaton
	conds *conditions
	cells cells

	keyer *rowcodec.KeyEncoder
	ties  *rowcodec.SortEncoder
	keys  rowcodec.Keys
	sorts rowcodec.Rows
	slots []state.Slot
	into  []int32
	times []int64

	parts parts
	queue arrivals
	// due are the rows of the current call, touched the partitions to search, in order
	// of what touched them.
	due     []int32
	touched []int32
	alarms  alarms
	out     output
	saved   store

	// progress is the time that has passed: no more rows up to it.
	progress int64
	// stirred tells that rows have come, or time has passed, since the state was written.
	stirred bool
	// told is the last watermark passed on since Open: what follows a restored
	// operator was restored too, and must be told again.
	told int64
	now  int64
	seq  uint64
	// ended tells that no more rows come.
	ended bool
	// behind and ahead are the most rows that PREV and NEXT go.
	behind, ahead int
}

var (
	_ op.Operator = (*Match)(nil)
	_ op.Ticker   = (*Match)(nil)
)

// New makes a Match. A pattern that is too large is an error of the user's.
func New(cfg Config) (*Match, error) {
	if len(cfg.Variables) > rowpattern.VariablesMax || len(cfg.Conditions) != len(cfg.Variables) {
		return nil, errs.Bugf("match: %d variables and %d conditions", len(cfg.Variables), len(cfg.Conditions))
	}
	auto, err := compile(cfg.Pattern)
	if err != nil {
		return nil, err
	}
	m := &Match{cfg: cfg, auto: auto, progress: math.MinInt64, told: math.MinInt64}
	m.reach(cfg.Outputs)
	for _, c := range cfg.Conditions {
		m.reach(c.Navs)
	}
	return m, nil
}

// Check reports what New would say of a pattern.
func Check(p rowpattern.Pattern) error {
	_, err := compile(p)
	return err
}

// reach notes how far PREV and NEXT go.
func (m *Match) reach(navs []rowpattern.Nav) {
	for _, n := range navs {
		m.behind, m.ahead = max(m.behind, -n.Physical), max(m.ahead, n.Physical)
	}
}

// Open implements op.Operator.
func (m *Match) Open(ctx *op.Context) error {
	m.ctx = ctx
	m.cfg.Eval.Alloc, m.cfg.Eval.Context = ctx.Alloc, ctx.Context
	m.cfg.Eval.WatermarkMillis = int64(stream.NoWatermark)
	types := rows.Types(ctx.Inputs[0])
	m.cells.width = cellWidth
	for _, f := range ctx.Inputs[0].Fields() {
		if err := m.cells.addColumn(f); err != nil {
			return err
		}
	}
	picked := make([]arrow.DataType, len(m.cfg.PartitionBy))
	for i, c := range m.cfg.PartitionBy {
		picked[i] = types[c]
	}
	var err error
	if m.keyer, err = rowcodec.NewKeyEncoder(picked); err != nil {
		return err
	}
	if len(m.cfg.Ties) > 0 {
		m.cells.ties = [][]byte{}
		if m.ties, err = rowcodec.NewSortEncoder(types, m.cfg.Ties); err != nil {
			return err
		}
	}
	if m.conds, err = newConditions(m); err != nil {
		return err
	}
	if err = m.out.open(m); err != nil {
		return err
	}
	return m.saved.open(m)
}

// Process implements op.Operator.
func (m *Match) Process(_ int, batch stream.Batch, out op.Output) error {
	if batch.Rows() == 0 {
		return nil
	}
	if !batch.AllInserts() {
		return errs.Bugf("%s was planned for an input that only inserts", m.ctx.Label)
	}
	if err := m.arrive(batch); err != nil {
		return err
	}
	if !m.cfg.ProcTime {
		return m.saved.spare(m)
	}
	return m.advance(m.now-1, out)
}

// arrive puts the rows of a batch into cells and queues them.
func (m *Match) arrive(batch stream.Batch) error {
	n := batch.Rows()
	times, err := m.rowTimes(batch)
	if err != nil {
		return err
	}
	m.stirred = true
	if err := m.locate(batch); err != nil {
		return err
	}
	if err := m.saved.resume(m); err != nil {
		return err
	}
	if m.ties != nil {
		if err := m.ties.Encode(batch.Record.Columns(), n, &m.sorts); err != nil {
			return err
		}
	}
	m.into = m.into[:0]
	handles := m.parts.handles
	for i := range n {
		m.seq++
		if !m.cfg.ProcTime && times[i] <= m.progress {
			m.ctx.Counters.LateRows++
			m.into = append(m.into, -1)
			continue
		}
		cell := m.cells.take()
		m.place(cell, handles[i], times[i], m.seq)
		if m.ties != nil {
			m.cells.ties[cell] = append(m.cells.ties[cell][:0], m.sorts.At(i)...)
		}
		p := &m.parts.list[handles[i]]
		p.waiting++
		p.hot, p.dirty = true, true
		m.into = append(m.into, cell)
	}
	m.scatter(batch.Record.Columns(), m.into)
	m.queue.add(&m.cells, m.into)
	m.ctx.Counters.StateRows = int64(m.cells.live()) + m.saved.parked
	return nil
}

// place makes a cell the row of a partition.
func (m *Match) place(cell, part int32, time int64, seq uint64) {
	c := &m.cells
	c.times[cell], c.seqs[cell], c.parts[cell] = time, seq, part
	c.bits[cell] = m.conds.always
	if c.flags[cell]&cellListed == 0 {
		m.saved.fresh = append(m.saved.fresh, cell)
	}
	c.flags[cell] = cellLive | cellListed
}

// scatter copies columns into cells, and the conditions that the planner made
// columns of.
func (m *Match) scatter(cols []arrow.Array, into []int32) {
	for i := range m.cells.cols {
		m.cells.cols[i].scatter(cols[i], into)
	}
	for _, b := range m.conds.columns {
		mask := cols[b.column].(*array.Boolean)
		for i, cell := range into {
			if cell >= 0 && mask.IsValid(i) && mask.Value(i) {
				m.cells.bits[cell] |= b.bit
			}
		}
	}
}

// rowTimes gives the times of the rows in milliseconds.
func (m *Match) rowTimes(batch stream.Batch) ([]int64, error) {
	if !m.cfg.ProcTime {
		return windows.Millis(batch.Column(m.cfg.Time), batch.Record.ColumnName(m.cfg.Time), &m.times)
	}
	m.times = m.times[:0]
	for range batch.Rows() {
		m.times = append(m.times, m.now)
	}
	return m.times, nil
}

// Advance implements op.Operator.
func (m *Match) Advance(wm stream.Watermark, out op.Output) error {
	m.ended = m.ended || wm == stream.EndOfTime
	to := int64(wm)
	if m.cfg.ProcTime {
		if !m.ended {
			return out.Watermark(wm)
		}
		to = math.MaxInt64
	}
	if err := m.advance(to, out); err != nil {
		return err
	}
	if m.cfg.Rowtime && !m.ended {
		to = min(to, m.parts.hold(&m.cells, m.auto), m.saved.hold())
	}
	if to <= m.told {
		return nil
	}
	m.told = to
	return out.Watermark(stream.Watermark(to))
}

// Tick implements op.Ticker.
func (m *Match) Tick(nowMillis int64, out op.Output) error {
	m.ctx.State.SetNow(nowMillis)
	m.now = max(m.now, nowMillis)
	m.cfg.Eval.NowMillis = m.now
	if !m.cfg.ProcTime || m.now-1 <= m.progress {
		return nil
	}
	return m.advance(m.now-1, out)
}

// Flush implements op.Operator: it brings the state up to date.
func (m *Match) Flush(op.Output) error { return m.saved.write(m) }

// Close implements op.Operator.
func (*Match) Close() error { return nil }

// number encodes a number for a state cell.
func number(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
