package session

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// gathered is what an Aggregate counts sessions with whose aggregates can't be merged,
// such as those with DISTINCT: it keeps all rows, and aggregates those of a session
// anew each time that one is emitted.
type gathered struct {
	rowStore
	// program has the session's origin as one more key, behind the input's columns: its
	// distinct values are a session's.
	program *aggstate.Program
	alloc   memory.Allocator
	schema  *arrow.Schema
	// chunkRows is how many rows are aggregated at a time.
	chunkRows int

	groups *aggstate.Buffer
	accs   []unsafe.Pointer
	slots  []state.Slot
	tables aggstate.Tables
	chunk  gatheredChunk
}

// gatheredChunk is some rows with the sessions that they are of.
type gatheredChunk struct {
	rows  [][]byte
	kinds []stream.RowKind
	keys  rowcodec.Keys
	accs  []unsafe.Pointer
	// origins are the sessions'.
	origins []int64
	starts  []int32
	heads   []unsafe.Pointer
}

func (c *gatheredChunk) reset() {
	c.rows, c.kinds, c.accs, c.starts, c.heads = c.rows[:0], c.kinds[:0], c.accs[:0], c.starts[:0], c.heads[:0]
	c.origins = c.origins[:0]
	c.keys.Reset()
}

// add appends a row of session i of ids.
func (c *gatheredChunk) add(row []byte, kind stream.RowKind, ids *rowcodec.Keys, i int) {
	c.rows, c.kinds = append(c.rows, row), append(c.kinds, kind)
	c.keys.AppendHashed(ids.At(i), ids.Hashes[i])
}

// of tells the accumulators and the origin of the session that the row added last is of.
func (c *gatheredChunk) of(acc unsafe.Pointer, origin int64) {
	if n := len(c.accs); n == 0 || c.accs[n-1] != acc {
		c.heads, c.starts = append(c.heads, acc), append(c.starts, int32(n))
	}
	c.accs, c.origins = append(c.accs, acc), append(c.origins, origin)
}

func newGathered(cfg aggstate.Config) (*gathered, error) {
	origin := len(cfg.InputSchema)
	cfg.InputSchema = append(cfg.InputSchema[:origin:origin], types.Field{Name: "$origin", Type: types.Of(types.BigInt)})
	cfg.Keys = append(cfg.Keys[:len(cfg.Keys):len(cfg.Keys)], origin)
	program, err := aggstate.New(cfg)
	return &gathered{program: program, schema: cfg.InputSchema.Arrow()}, err
}

func (g *gathered) open(ctx *op.Context) error {
	g.alloc, g.chunkRows = ctx.Alloc, max(ctx.BatchRows, 1)
	g.groups = aggstate.NewBuffer(g.program.Layout().Width)
	return g.rowStore.open(ctx)
}

// aggregate gives the accumulators of sessions, which ids tell apart, until the next
// call.
func (g *gathered) aggregate(keys, ids *rowcodec.Keys, list []closed) ([]unsafe.Pointer, agg.Heap, error) {
	g.groups.Reset()
	g.accs = resize(g.accs, len(list))
	g.groups.Upsert(ids, g.accs)
	g.slots = resize(g.slots, keys.Len())
	if err := g.kept.Find(keys, g.slots); err != nil {
		return nil, nil, err
	}
	tables, scratch, err := g.program.Scratch()
	if err != nil {
		return nil, nil, err
	}
	if scratch != nil {
		defer scratch.Close()
	}
	g.tables = tables
	for i, c := range list {
		slot := g.slots[c.key]
		if slot == state.NoSlot {
			continue
		}
		for e := g.first(slot, c); e != state.NoEntry && g.timeOf(e) < c.end; e = g.kept.Next(e) {
			g.chunk.add(g.row(e), g.kind(e), ids, i)
			g.chunk.of(g.accs[i], c.origin)
			if len(g.chunk.rows) >= g.chunkRows {
				if err := g.apply(); err != nil {
					return nil, nil, err
				}
			}
		}
	}
	return g.accs, g.groups.Heap(), g.apply()
}

// apply aggregates the chunk.
func (g *gathered) apply() error {
	c := &g.chunk
	defer c.reset()
	if len(c.rows) == 0 {
		return nil
	}
	cols, err := g.codec.Decode(g.alloc, c.rows)
	if err != nil {
		return err
	}
	origins := array.NewInt64Builder(g.alloc)
	defer origins.Release()
	origins.AppendValues(c.origins, nil)
	cols = append(cols, origins.NewArray())
	batch := stream.NewBatch(g.schema, cols, len(c.rows), c.kinds)
	defer batch.Release()
	if batch.AllInserts() {
		batch.Kinds = nil
	}
	groups := aggstate.Groups{Keys: &c.keys, Rows: c.accs, Touched: c.heads, First: c.starts, Heap: g.groups.Heap()}
	return g.program.Apply(batch, groups, g.tables)
}

// drop forgets the rows of sessions.
func (g *gathered) drop(keys *rowcodec.Keys, list []closed) error {
	g.slots = resize(g.slots, keys.Len())
	if err := g.kept.Find(keys, g.slots); err != nil {
		return err
	}
	for _, c := range list {
		slot := g.slots[c.key]
		if slot == state.NoSlot {
			continue
		}
		for e := g.first(slot, c); e != state.NoEntry && g.timeOf(e) < c.end; {
			next := g.kept.Next(e)
			g.kept.Remove(slot, e)
			e = next
		}
	}
	return nil
}
