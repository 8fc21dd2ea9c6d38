package windowagg

import (
	"math"
	"unsafe"

	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// blocks are the merged results of runs of slices, from which windows of many slices
// are merged where slices can't be taken away again (MIN, say, which rolling can't do):
// with √n slices a block a window of n takes about 3√n merges. They are no state: a
// block is merged from its slices when a window first needs it, and again when they get
// more rows; one that there is no room to keep is merged each time.
type blocks struct {
	guest *state.Guest
	// length is the length of a block in milliseconds; 0 has windows merged from slices.
	length int64
	offset int64
	byEnd  map[int64]*aggstate.Buffer
	held   int64
	// spare is for a block that isn't kept.
	spare *aggstate.Buffer
}

// blockSlicesLeast is the number of slices of a window from which blocks are worth it.
const blockSlicesLeast = 16

func openBlocks(spec windows.Spec, store *state.Store) blocks {
	slices := spec.SizeMillis / max(1, spec.SliceMillis())
	if spec.Kind != windows.Hop || spec.Attached || slices < blockSlicesLeast {
		return blocks{}
	}
	length := int64(math.Sqrt(float64(slices))) * spec.SliceMillis()
	return blocks{guest: store.Guest(), length: length, offset: spec.OffsetMillis, byEnd: map[int64]*aggstate.Buffer{}}
}

// endAfter is the end of the block that a slice, or whatever begins right behind time t,
// lies in.
func (b *blocks) endAfter(t int64) int64 {
	past := (t - b.offset) % b.length
	if past < 0 {
		past += b.length
	}
	return t - past + b.length
}

// touch forgets the block of a slice that gets more rows.
func (b *blocks) touch(slice int64) {
	if len(b.byEnd) > 0 {
		b.forget(b.endAfter(slice - 1))
	}
}

func (b *blocks) forget(end int64) {
	if buffer, ok := b.byEnd[end]; ok {
		delete(b.byEnd, end)
		b.held -= buffer.Bytes()
		b.guest.Hold(b.held)
	}
}

// leave forgets the blocks that begin before start.
func (b *blocks) leave(start int64) {
	for end := range b.byEnd {
		if end-b.length < start {
			b.forget(end)
		}
	}
}

// mergeBlocks merges the window ending at end, whose slices with rows are given in
// order, out of blocks and of the slices around them.
func (w *WindowAgg) mergeBlocks(slices []int64, end int64, merged *aggstate.Buffer) error {
	b, start := &w.blocks, w.cfg.Windows.StartOf(end)
	b.leave(start)
	for len(slices) > 0 {
		blockEnd := b.endAfter(slices[0] - 1)
		n := 0
		for n < len(slices) && slices[n] <= blockEnd {
			n++
		}
		own := slices[:n]
		slices = slices[n:]
		if blockEnd-b.length < start || blockEnd > end {
			if err := w.mergeSlices(own, merged); err != nil {
				return err
			}
			continue
		}
		block, err := w.block(blockEnd, own)
		if err != nil {
			return err
		}
		if err := w.mergeBuffer(block, merged); err != nil {
			return err
		}
	}
	return nil
}

func (w *WindowAgg) mergeSlices(slices []int64, into *aggstate.Buffer) error {
	for _, slice := range slices {
		if err := w.mergeSlice(w.slices.Lookup(slice), into, 1); err != nil {
			return err
		}
	}
	return nil
}

// block is the block ending at end, of the slices given.
func (w *WindowAgg) block(end int64, slices []int64) (*aggstate.Buffer, error) {
	b := &w.blocks
	if buffer, ok := b.byEnd[end]; ok {
		return buffer, nil
	}
	if b.spare == nil {
		b.spare = aggstate.NewBuffer(w.program.Layout().Width)
	}
	buffer := b.spare
	buffer.Reset()
	if err := w.mergeSlices(slices, buffer); err != nil {
		return nil, err
	}
	if bytes := buffer.Bytes(); b.held+bytes <= b.guest.Most() {
		b.byEnd[end], b.spare = buffer, nil
		b.held += bytes
		b.guest.Hold(b.held)
	}
	return buffer, nil
}

// mergeBuffer adds the groups of a buffer to another.
func (w *WindowAgg) mergeBuffer(from, into *aggstate.Buffer) error {
	f := &w.fire
	if cap(f.to) < mergeBatch {
		f.to = make([]unsafe.Pointer, mergeBatch)
	}
	for at := 0; at < from.Len(); at += mergeBatch {
		end := min(at+mergeBatch, from.Len())
		f.keys.Reset()
		for i := at; i < end; i++ {
			f.keys.AppendHashed(from.Key(i), from.Hash(i))
		}
		to := f.to[:end-at]
		into.Upsert(&f.keys, to)
		partial := w.program.Partials(from.Rows()[at:end], from.Heap(), w.ctx.Alloc)
		err := w.program.Merge(to, into.Heap(), partial, 1)
		columns.Release(partial)
		if err != nil {
			return err
		}
	}
	return nil
}
