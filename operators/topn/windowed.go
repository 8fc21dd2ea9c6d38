package topn

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// WindowedConfig describes a Windowed. Its input must be insert-only.
type WindowedConfig struct {
	// PartitionBy are the columns of the partition, both bounds of the window among
	// them; End is the column of the window's end.
	PartitionBy []int
	End         int
	// Zone is where the windows were cut: see windows.Spec.
	Zone *windows.Zone
	// OrderBy is the order; Offset rows are skipped, then Count rows kept.
	OrderBy []rex.SortKey
	Offset  int64
	Count   int64
	// Rank adds a last BIGINT column with the rank, from Offset+1.
	Rank bool
	// LastOfTies prefers later rows among equal ones, as a deduplication that keeps
	// the last row does; otherwise the earlier come first.
	LastOfTies bool
}

// Windowed emits the first rows of each partition of a window once, when event
// time has passed the window, as inserts. Rows of a window that was passed before
// they came are dropped and counted.
//
// Invariant TIMER: a partition that has rows has a timer at its window's last
// millisecond.
type Windowed struct {
	ranking
	cfg      WindowedConfig
	progress op.Progress
	timers   *state.Timers
	scratch  []int64

	due   rowcodec.Keys
	chunk rowcodec.Keys
	out   outgoing
}

// outgoing is the rows to be emitted next.
type outgoing struct {
	rows    [][]byte
	ranks   []int64
	slots   []state.Slot
	entries []state.Entry
}

var _ op.Operator = (*Windowed)(nil)

// NewWindowed makes a Windowed.
func NewWindowed(cfg WindowedConfig) (*Windowed, error) {
	r, err := newRanking(Config{PartitionBy: cfg.PartitionBy, OrderBy: cfg.OrderBy, Offset: cfg.Offset, Count: cfg.Count})
	r.lastOfTies = cfg.LastOfTies
	return &Windowed{ranking: r, cfg: cfg}, err
}

// Open implements op.Operator.
func (w *Windowed) Open(ctx *op.Context) error {
	w.progress = op.OpenProgress(ctx.State)
	var err error
	if w.timers, err = ctx.State.Timers("due"); err != nil {
		return err
	}
	return w.open(ctx)
}

// Process implements op.Operator.
func (w *Windowed) Process(_ int, batch stream.Batch, _ op.Output) error {
	if batch.Rows() == 0 || w.limit == 0 {
		return nil
	}
	ends, err := windows.Millis(batch.Column(w.cfg.End), batch.Record.ColumnName(w.cfg.End), &w.scratch)
	if err != nil {
		return err
	}
	if err := w.encode(batch); err != nil {
		return err
	}
	if err := w.table.Upsert(&w.keys, w.slots); err != nil {
		return err
	}
	cols := batch.Record.Columns()
	for i, slot := range w.slots {
		if windows.Fired(ends[i], w.progress.At()) {
			w.ctx.Counters.LateRows++
			continue
		}
		if !w.matters(slot, i) {
			continue
		}
		if w.table.Count(slot) == 0 {
			w.timers.Register(ends[i]-1, w.keys.At(i), w.keys.Route(i))
		}
		w.put(slot, cols, i)
	}
	return nil
}

// Advance implements op.Operator: it emits the windows that are over.
func (w *Windowed) Advance(wm stream.Watermark, out op.Output) error {
	if at := w.cfg.Zone.Passed(int64(wm)); at > w.progress.At() {
		if err := w.advanceTo(at, out); err != nil {
			return err
		}
		w.progress.Reach(at)
	}
	return out.Watermark(wm)
}

// partitionsBatch is how many partitions are looked at together when they are due.
const partitionsBatch = 1024

func (w *Windowed) advanceTo(wm int64, out op.Output) error {
	w.due.Reset()
	err := w.timers.PopDue(wm, func(_ int64, key []byte) error {
		w.due.Append(key)
		return nil
	})
	for from := 0; err == nil && from < w.due.Len(); from += partitionsBatch {
		w.chunk.Reset()
		for i := from; i < min(from+partitionsBatch, w.due.Len()); i++ {
			w.chunk.AppendHashed(w.due.At(i), w.due.Hashes[i])
		}
		err = w.emit(out)
	}
	return err
}

// emit emits the partitions in w.chunk and forgets them.
func (w *Windowed) emit(out op.Output) error {
	n := w.chunk.Len()
	if cap(w.slots) < n {
		w.slots = make([]state.Slot, n)
	}
	slots := w.slots[:n]
	if err := w.table.Find(&w.chunk, slots); err != nil {
		return err
	}
	for _, slot := range slots {
		if slot == state.NoSlot {
			continue
		}
		place := int64(0)
		for e := w.table.First(slot); e != state.NoEntry; {
			next := w.table.Next(e)
			if place++; place <= w.cfg.Offset {
				w.table.Remove(slot, e)
			} else if err := w.take(slot, e, place, out); err != nil {
				return err
			}
			e = next
		}
	}
	return w.flush(out)
}

func (w *Windowed) take(slot state.Slot, e state.Entry, rank int64, out op.Output) error {
	o := &w.out
	o.rows, o.ranks = append(o.rows, w.table.Sub(e)[w.rowStart(e):]), append(o.ranks, rank)
	o.slots, o.entries = append(o.slots, slot), append(o.entries, e)
	if len(o.rows) < w.ctx.BatchRows {
		return nil
	}
	return w.flush(out)
}

// flush emits the rows taken and removes them from the state.
func (w *Windowed) flush(out op.Output) error {
	o := &w.out
	n := len(o.rows)
	if n == 0 {
		return nil
	}
	cols, err := w.codec.Decode(w.ctx.Alloc, o.rows)
	if err != nil {
		return err
	}
	for i, e := range o.entries {
		w.table.Remove(o.slots[i], e)
	}
	if w.cfg.Rank {
		cols = append(cols, rankColumn(w.ctx.Alloc, o.ranks))
	}
	o.rows, o.ranks, o.slots, o.entries = o.rows[:0], o.ranks[:0], o.slots[:0], o.entries[:0]
	return out.Emit(stream.NewBatch(w.ctx.Output, cols, n, nil))
}

// rankColumn makes the column of ranks, owned by the caller.
func rankColumn(alloc memory.Allocator, ranks []int64) arrow.Array {
	buf := columns.NewBuffer(alloc, len(ranks)*8)
	copy(columns.ViewBuffer[int64](buf), ranks)
	return columns.Make(arrow.PrimitiveTypes.Int64, len(ranks), []*memory.Buffer{nil, buf}, nil, 0)
}

// Flush implements op.Operator: it notes the arrival numbers given out.
func (w *Windowed) Flush(op.Output) error {
	w.keepArrivals()
	return nil
}

// Close implements op.Operator.
func (*Windowed) Close() error { return nil }
