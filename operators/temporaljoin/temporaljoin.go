package temporaljoin

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// Join joins input 0 (left) with the versions of input 1 (right).
type Join struct {
	cfg       Config
	ctx       *op.Context
	predicate *expr.Predicate
	eval      expr.EvalContext
	joined    *arrow.Schema // left then right columns

	waiting  waiting // nil buckets over processing time
	versions versions
	probe    probe

	valid   []int32
	nulls   []bool
	scratch []int64
}

var (
	_ op.Operator = (*Join)(nil)
	_ op.Ticker   = (*Join)(nil)
)

// New makes a Join; it compiles the condition.
func New(cfg Config) (*Join, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	j := &Join{cfg: cfg}
	var err error
	j.predicate, err = expr.CompileCondition(cfg.Condition, expr.CompileEnv{Registry: cfg.Registry, Label: "TemporalJoin"})
	return j, err
}

// Open implements op.Operator.
func (j *Join) Open(ctx *op.Context) error {
	if len(ctx.Inputs) != 2 {
		return errs.Bugf("%s has %d inputs, not 2", ctx.Label, len(ctx.Inputs))
	}
	j.ctx = ctx
	j.eval = expr.NewEvalContext(ctx.Context, ctx.Alloc, j.cfg.Zone)
	fields := append(append([]arrow.Field{}, ctx.Inputs[0].Fields()...), ctx.Inputs[1].Fields()...)
	j.joined = arrow.NewSchema(fields, nil)
	left, err := rows.NewCodec(ctx.Inputs[0])
	if err != nil {
		return err
	}
	encoder, err := rowcodec.NewKeyEncoder(left.Pick(j.cfg.LeftKeys))
	if err != nil {
		return err
	}
	j.probe.encoder = encoder
	if err := j.versions.open(ctx, j.cfg); err != nil || j.cfg.Proctime {
		return err
	}
	return j.waiting.open(ctx, left, encoder)
}

// Process implements op.Operator.
func (j *Join) Process(input int, batch stream.Batch, out op.Output) error {
	if batch.Rows() == 0 {
		return nil
	}
	defer j.count()
	switch {
	case input == 1:
		return j.learn(batch)
	case j.cfg.Proctime:
		return j.joinBatch(batch, out)
	}
	times, rest, err := j.timed(batch, j.cfg.LeftTime, out)
	if err != nil {
		return err
	}
	defer rest.Release()
	return j.waiting.keep(rest, j.cfg.LeftKeys, times)
}

// count tells how many rows are held.
func (j *Join) count() { j.ctx.Counters.StateRows = j.versions.len() + j.waiting.len() }

// timed gives the left rows that have a time, and their times; the others have no
// version and are padded at once.
func (j *Join) timed(batch stream.Batch, column int, out op.Output) ([]int64, stream.Batch, error) {
	col := batch.Column(column)
	if col.NullN() == 0 {
		times, err := windows.Millis(col, batch.Record.ColumnName(column), &j.scratch)
		return times, batch.Retain(), err
	}
	j.valid = j.valid[:0]
	var lonely []int32
	for i := range batch.Rows() {
		if col.IsNull(i) {
			lonely = append(lonely, int32(i))
		} else {
			j.valid = append(j.valid, int32(i))
		}
	}
	if j.cfg.KeepsLeft {
		if err := j.pad(columns.TakeRows(j.ctx.Alloc, batch, lonely), out); err != nil {
			return nil, stream.Batch{}, err
		}
	}
	rest := columns.TakeRows(j.ctx.Alloc, batch, j.valid)
	times, err := windows.Millis(rest.Column(column), batch.Record.ColumnName(column), &j.scratch)
	return times, rest, err
}

// learn takes the right rows that tell of a version: all but -U, and those with a
// NULL in key or time. A -D without a time, which may be no more than a key, takes the
// newest version back.
func (j *Join) learn(batch stream.Batch) error {
	n := batch.Rows()
	j.nulls = append(j.nulls[:0], make([]bool, n)...)
	columns.MarkNulls(j.nulls, pick(batch, j.cfg.RightKeys)...)
	j.valid = j.valid[:0]
	for i := range n {
		timeless := !j.cfg.Proctime && batch.Column(j.cfg.RightTime).IsNull(i) && batch.Kind(i) != stream.Delete
		if !j.nulls[i] && !timeless && batch.Kind(i) != stream.UpdateBefore {
			j.valid = append(j.valid, int32(i))
		}
	}
	if len(j.valid) == 0 {
		return nil
	}
	told := batch.Retain()
	if len(j.valid) < n {
		told.Release()
		told = columns.TakeRows(j.ctx.Alloc, batch, j.valid)
	}
	defer told.Release()
	if j.cfg.Proctime {
		return j.versions.put(told, j.cfg.RightKeys, nil)
	}
	times, err := j.versionTimes(told)
	if err != nil {
		return err
	}
	return j.versions.put(told, j.cfg.RightKeys, times)
}

// versionTimes gives the times of right rows, newest for NULL.
func (j *Join) versionTimes(batch stream.Batch) ([]int64, error) {
	col, name := batch.Column(j.cfg.RightTime), batch.Record.ColumnName(j.cfg.RightTime)
	if col.NullN() == 0 {
		return windows.Millis(col, name, &j.scratch)
	}
	var timed []int32
	times := make([]int64, batch.Rows())
	for i := range times {
		times[i] = newest
		if col.IsValid(i) {
			timed = append(timed, int32(i))
		}
	}
	picked := columns.Take(j.ctx.Alloc, col, timed)
	defer picked.Release()
	some, err := windows.Millis(picked, name, &j.scratch)
	for i, row := range timed {
		if err == nil {
			times[row] = some[i]
		}
	}
	return times, err
}

// Advance implements op.Operator: left rows whose versions are known now are joined,
// then versions that no row in time can meet are forgotten.
func (j *Join) Advance(wm stream.Watermark, out op.Output) error {
	j.eval.WatermarkMillis = int64(wm)
	if !j.cfg.Proctime {
		err := j.waiting.take(int64(wm), j.ctx.BatchRows, func(due due) error { return j.joinDue(due, out) })
		if err == nil {
			err = j.versions.prune(int64(wm), j.ctx.BatchRows)
		}
		if err != nil {
			return err
		}
		j.count()
	}
	return out.Watermark(wm)
}

// Tick implements op.Ticker.
func (j *Join) Tick(nowMillis int64, _ op.Output) error {
	j.eval.NowMillis = nowMillis
	return nil
}

// Flush implements op.Operator: it notes the arrival numbers given out.
func (j *Join) Flush(op.Output) error {
	j.waiting.note()
	return nil
}

// Close implements op.Operator.
func (*Join) Close() error { return nil }

// timeBytes is the length of a time at the start of a sub-key: big endian with the
// sign turned, so that bytes are in the order of times.
const timeBytes = 8

// held is the payload of rows in the state.
type held struct {
	// kind is the row's stream.RowKind.
	kind uint64
}

func kindOf(m *state.Multi, e state.Entry) stream.RowKind {
	return stream.RowKind((*held)(m.Payload(e)).kind)
}
