package nexmark

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/operators/stream"
)

// generator makes one split's events, in columns. It is a pure function of its
// configuration and its place (emitted, random.seed).
type generator struct {
	config   *Config
	shared   *tables
	schedule schedule
	random   random
	emitted  int64
	limit    int64

	bidMill bidMill
	scratch []byte

	// groups are the wanted kinds' columns, nil for an unwanted kind; emit tells
	// which kinds are rows at all.
	groups [kindCount]*group
	emit   [kindCount]bool
	layout *layout
	schema *arrow.Schema
	kinds  *memory.Buffer // event_type of the batch being written, or nil
	rows   int
}

// place is a generator's position.
type place struct {
	emitted int64
	seed    uint64
}

// newGenerator starts split at its beginning.
func newGenerator(config *Config, shared *tables, split Split, l *layout) *generator {
	g := &generator{
		config: config, shared: shared, limit: split.Limit,
		schedule: newSchedule(config, split, 0),
		random:   random{uint64(config.EventSeed + int64(split.Index))},
		bidMill:  newBidMill(config),
		layout:   l, schema: l.schema.Arrow(), emit: l.emit,
	}
	for i, c := range l.columns {
		if c.kind != kindCount {
			g.groups[c.kind] = newGroup(g.schema.Field(i).Type, c.kind, c.fields)
		}
	}
	return g
}

// seek moves to a place that where gave.
func (g *generator) seek(split Split, p place) {
	g.emitted, g.random.seed = p.emitted, p.seed
	g.schedule = newSchedule(g.config, split, p.emitted)
}

// where is the place after the last event made.
func (g *generator) where() place { return place{g.emitted, g.random.seed} }

// batchTextBytes ends a batch early whose texts grow past it.
const batchTextBytes = 64 << 20

// batch makes at most events events and at most rows rows; the caller owns it.
func (g *generator) batch(alloc memory.Allocator, rows int, events int64) stream.Batch {
	events = min(events, g.limit-g.emitted)
	rows = int(min(int64(rows), events))
	g.start(alloc, rows)
	for events > 0 && g.rows < rows {
		r := g.schedule.peek(events)
		if g.emit[r.kind] {
			r.count = min(r.count, rows-g.rows)
		}
		done := g.produce(r)
		g.schedule.advance(done)
		g.emitted += int64(done)
		events -= int64(done)
		if g.textBytes(r.kind) > batchTextBytes {
			break
		}
	}
	return g.finish()
}

// produce makes the run's events (or the first few, when texts get long) and
// gives their number.
func (g *generator) produce(r run) int {
	var out *group
	row := g.rows
	if g.emit[r.kind] {
		if g.config.longTexts() {
			r.count = 1
		}
		if out = g.groups[r.kind]; out != nil {
			out.own(row, r.count)
		}
		if g.kinds != nil {
			types := arrow.Int32Traits.CastFromBytes(g.kinds.Bytes())[row : row+r.count]
			for i := range types {
				types[i] = int32(r.kind)
			}
		}
		g.rows += r.count
	}
	switch r.kind {
	case personKind:
		g.people(r, out, row)
	case auctionKind:
		g.sales(r, out, row)
	default:
		g.bids(r, out, row)
	}
	return r.count
}

// longTexts reports sizes so big that batches must be cut by bytes.
func (c *Config) longTexts() bool {
	return max(c.PersonBytes, c.AuctionBytes, c.BidBytes) > 4096
}

func (g *generator) textBytes(kind eventKind) int {
	most := 0
	if out := g.groups[kind]; out != nil {
		for _, c := range out.fields {
			most = max(most, c.used)
		}
	}
	return most
}

func (g *generator) start(alloc memory.Allocator, rows int) {
	g.rows = 0
	alone := 0
	for _, e := range g.emit {
		if e {
			alone++
		}
	}
	for _, c := range g.layout.columns {
		if c.kind == kindCount {
			g.kinds = memory.NewResizableBuffer(alloc)
			g.kinds.Resize(rows * 4)
			continue
		}
		g.groups[c.kind].start(alloc, rows, alone == 1 && g.emit[c.kind])
	}
}

func (g *generator) finish() stream.Batch {
	columns := make([]arrow.Array, len(g.layout.columns))
	for i, c := range g.layout.columns {
		if c.kind != kindCount {
			columns[i] = g.groups[c.kind].finish(g.rows)
			continue
		}
		g.kinds.ResizeNoShrink(g.rows * 4)
		data := array.NewData(arrow.PrimitiveTypes.Int32, g.rows, []*memory.Buffer{nil, g.kinds}, nil, 0, 0)
		columns[i] = array.NewInt32Data(data)
		data.Release()
		g.kinds.Release()
		g.kinds = nil
	}
	return stream.NewBatch(g.schema, columns, g.rows, nil)
}

// times writes the event times of a run.
func (g *generator) times(out []int64, place int64) {
	t := &g.schedule.timeline
	for i := range out {
		out[i] = t.millis(place + int64(i))
	}
}

// priced draws a price.
func (g *generator) priced() int64 { return g.shared.prices.price(g.random.fraction()) }

// extra draws an `extra` text and writes it, unless out is nil.
func (g *generator) extra(f *filler, out *column, row int) {
	if f.none {
		if out != nil {
			out.end(row)
		}
		return
	}
	n := f.length(&g.random)
	switch {
	case inPool(n):
		from := poolPlace(&g.random, n)
		if out != nil {
			out.put(row, g.shared.pool[from:from+n])
		}
	case out != nil:
		fillLetters(&g.random, out.room(n))
		out.end(row)
	default:
		skipLetters(&g.random, n)
	}
}

// anyone draws a person around those that exist at run r.
func (g *generator) anyone(lastPerson int64) int64 {
	count := lastPerson + 1
	active := min(count, g.config.ActivePeople)
	return count - active + g.random.belowLong(active+10)
}
