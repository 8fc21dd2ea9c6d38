package over

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// script tells for each partition, step by step, which rows enter and leave the
// frame and which rows' values are then due. Rows are numbers of fed rows. The
// zero script is empty; memory is kept from one use to the next.
type script struct {
	ops   []int32
	kinds []stream.RowKind
	outs  []int32
	steps []step
	parts []scriptPart
}

// step ends behind its last op and out.
type step struct{ ops, outs int32 }

// scriptPart is a partition's steps, up to end, and its accumulators.
type scriptPart struct {
	acc  unsafe.Pointer
	next int32
	end  int32
}

func (s *script) reset() {
	s.ops, s.kinds, s.outs, s.steps, s.parts = s.ops[:0], s.kinds[:0], s.outs[:0], s.steps[:0], s.parts[:0]
}

func (s *script) enter(row int32) { s.op(row, stream.Insert) }
func (s *script) leave(row int32) { s.op(row, stream.Delete) }
func (s *script) out(row int32)   { s.outs = append(s.outs, row) }

func (s *script) op(row int32, kind stream.RowKind) {
	s.ops, s.kinds = append(s.ops, row), append(s.kinds, kind)
}

// endStep ends a step, endPart the steps of a partition.
func (s *script) endStep() {
	s.steps = append(s.steps, step{ops: int32(len(s.ops)), outs: int32(len(s.outs))})
}

func (s *script) endPart(acc unsafe.Pointer) {
	first := int32(0)
	if n := len(s.parts); n > 0 {
		first = s.parts[n-1].end
	}
	s.parts = append(s.parts, scriptPart{acc: acc, next: first, end: int32(len(s.steps))})
}

// begin is where a step's ops and outs begin.
func (s *script) begin(at int32) step {
	if at == 0 {
		return step{}
	}
	return s.steps[at-1]
}

// player carries scripts out. It keeps scratch memory: calls must not overlap.
type player struct {
	feed   *feed
	schema *arrow.Schema
	// order are the fed rows in the order in which they enter and leave, with their
	// partitions' accumulators; ends the ends of waves in it.
	order []int32
	kinds []stream.RowKind
	accs  []unsafe.Pointer
	waves []step
	// outs are the rows whose values are due, with their accumulators.
	outs    []int32
	outAccs []unsafe.Pointer
	live    []int32
	// copies are accumulators as they were when values were due.
	copies  []uint64
	keys    rowcodec.Keys
	touched []unsafe.Pointer
	first   []int32
}

func newPlayer(f *feed) *player { return &player{feed: f, schema: f.schema.Arrow()} }

// stage is what a script is played on.
type stage struct {
	ctx    *op.Context
	cols   []arrow.Array // the feed's columns
	heap   agg.Heap
	tables aggstate.Tables
}

// play carries a script out. It gives the rows whose values were due, in the order
// of their waves, and their values, which the caller owns.
func (p *player) play(s *script, on stage) (outs []int32, values []arrow.Array, err error) {
	p.lay(s)
	batch := p.gather(on)
	defer batch.Release()
	width := p.feed.program.Layout().Width
	if len(p.feed.program.Layout().Refs) == 0 {
		return p.playCopying(batch, on, width/8)
	}
	var parts [][]arrow.Array
	defer func() {
		for _, part := range parts {
			columns.Release(part)
		}
	}()
	from := step{}
	for _, to := range p.waves {
		if err := p.wave(batch, on, from.ops, to.ops); err != nil {
			return nil, nil, err
		}
		if to.outs > from.outs {
			part, err := p.feed.program.Results(p.outAccs[from.outs:to.outs], on.heap, on.ctx.Alloc)
			if err != nil {
				return nil, nil, err
			}
			parts = append(parts, part)
		}
		from = to
	}
	if len(parts) == 0 {
		values, err = p.feed.program.Results(nil, on.heap, on.ctx.Alloc)
		return p.outs, values, err
	}
	values, err = concat(on.ctx, parts)
	return p.outs, values, err
}

// playCopying copies accumulators when values are due and makes values of them at
// the end, all at once.
func (p *player) playCopying(batch stream.Batch, on stage, words int) ([]int32, []arrow.Array, error) {
	copies, err := p.copyWaves(batch, on, words)
	if err != nil {
		return nil, nil, err
	}
	for i := range p.outAccs {
		p.outAccs[i] = unsafe.Pointer(&copies[i*words])
	}
	values, err := p.feed.program.Results(p.outAccs, on.heap, on.ctx.Alloc)
	return p.outs, values, err
}

// copyAccs carries a script out whose accumulators have no references. It gives the
// rows whose values were due, in the order of their waves, and copies of their
// accumulators, valid until the next call.
func (p *player) copyAccs(s *script, on stage) (outs []int32, copies []uint64, err error) {
	p.lay(s)
	batch := p.gather(on)
	defer batch.Release()
	copies, err = p.copyWaves(batch, on, p.feed.program.Layout().Width/8)
	return p.outs, copies, err
}

func (p *player) copyWaves(batch stream.Batch, on stage, words int) ([]uint64, error) {
	if need := len(p.outs) * words; cap(p.copies) < need {
		p.copies = make([]uint64, need+need/4)
	}
	copies := p.copies[:len(p.outs)*words]
	from := step{}
	for _, to := range p.waves {
		if err := p.wave(batch, on, from.ops, to.ops); err != nil {
			return nil, err
		}
		for i := from.outs; i < to.outs; i++ {
			copy(copies[int(i)*words:(int(i)+1)*words], unsafe.Slice((*uint64)(p.outAccs[i]), words))
		}
		from = to
	}
	return copies, nil
}

// lay puts the steps of all partitions side by side.
func (p *player) lay(s *script) {
	p.order, p.kinds, p.accs, p.waves = p.order[:0], p.kinds[:0], p.accs[:0], p.waves[:0]
	p.outs, p.outAccs, p.live = p.outs[:0], p.outAccs[:0], p.live[:0]
	for i := range s.parts {
		if s.parts[i].next < s.parts[i].end {
			p.live = append(p.live, int32(i))
		}
	}
	for len(p.live) > 0 {
		still := p.live[:0]
		for _, i := range p.live {
			part := &s.parts[i]
			from, to := s.begin(part.next), s.steps[part.next]
			p.order = append(p.order, s.ops[from.ops:to.ops]...)
			p.kinds = append(p.kinds, s.kinds[from.ops:to.ops]...)
			p.outs = append(p.outs, s.outs[from.outs:to.outs]...)
			for range to.ops - from.ops {
				p.accs = append(p.accs, part.acc)
			}
			for range to.outs - from.outs {
				p.outAccs = append(p.outAccs, part.acc)
			}
			if part.next++; part.next < part.end {
				still = append(still, i)
			}
		}
		p.live = still
		p.waves = append(p.waves, step{ops: int32(len(p.order)), outs: int32(len(p.outs))})
	}
}

// gather is all ops' rows as one batch, owned by the caller.
func (p *player) gather(on stage) stream.Batch {
	cols := make([]arrow.Array, len(on.cols))
	for i, c := range on.cols {
		cols[i] = columns.Take(on.ctx.Alloc, c, p.order)
	}
	return stream.NewBatch(p.schema, cols, len(p.order), p.kinds)
}

// wave applies ops [from, to) to their accumulators.
func (p *player) wave(all stream.Batch, on stage, from, to int32) error {
	if from == to {
		return nil
	}
	batch := all
	if from > 0 || int(to) < all.Rows() {
		batch = all.Slice(int(from), int(to))
		defer batch.Release()
	}
	if !leaves(batch.Kinds) {
		batch.Kinds = nil
	}
	groups := aggstate.Groups{Rows: p.accs[from:to], Heap: on.heap}
	if program := p.feed.program; program.HasDistinct() || program.HasSets() {
		if err := program.EncodeKeys(batch, &p.keys); err != nil {
			return err
		}
		p.touch(groups.Rows)
		groups.Keys, groups.Touched, groups.First = &p.keys, p.touched, p.first
	}
	return p.feed.program.Apply(batch, groups, on.tables)
}

func leaves(kinds []stream.RowKind) bool {
	for _, k := range kinds {
		if !k.Adds() {
			return true
		}
	}
	return false
}

// touch lists the partitions of a wave: the ops of each stand together.
func (p *player) touch(accs []unsafe.Pointer) {
	p.touched, p.first = p.touched[:0], p.first[:0]
	for i, acc := range accs {
		if i == 0 || acc != accs[i-1] {
			p.touched, p.first = append(p.touched, acc), append(p.first, int32(i))
		}
	}
}
