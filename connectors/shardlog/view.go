package shardlog

import "sort"

// view is what readers may see of a shard: an immutable picture that the owner
// replaces after each durable write.
type view struct {
	// segments are all segments in order; there is none before the first append.
	segments []*segment
	// size is how much of the last segment may be read.
	size int64
	// end is the index after the last record, horizon the first index that is
	// still there.
	end, horizon uint64
	// arrival is that of the newest record, in epoch milliseconds.
	arrival int64
	// tail are the newest blocks, the last one ending at end.
	tail []tailBlock
	// bytes is the size of all segments, about.
	bytes int64
	// closed says that no record follows, deleted that the stream is gone.
	closed, deleted bool
	// changed is closed when the next view is there.
	changed chan struct{}
}

// tailBlock is a block in memory.
type tailBlock struct {
	header blockHeader
	block  []byte
}

// inTail finds the block that holds index in memory; ok is false when it isn't
// there.
func (v *view) inTail(index uint64) (tailBlock, bool) {
	n := sort.Search(len(v.tail), func(i int) bool { return v.tail[i].header.end() > index })
	if n == len(v.tail) || v.tail[n].header.first > index {
		return tailBlock{}, false
	}
	return v.tail[n], true
}

// segmentOf finds the segment that index lies in, given horizon ≤ index < end.
func (v *view) segmentOf(index uint64) int {
	return sort.Search(len(v.segments), func(i int) bool { return v.segments[i].first > index }) - 1
}

// age is about how much older a record of the shard is than the newest one of v, in
// milliseconds, by when its segment was begun or, if that is not in memory, the shard.
func (s *shard) age(v *view, index uint64) int64 {
	since := s.created * 1000
	if at := v.segmentOf(index); at >= 0 {
		holder := v.segments[at]
		holder.mu.Lock()
		since = max(since, holder.created)
		holder.mu.Unlock()
	}
	return max(0, v.arrival-since)
}

// endOf is the index after the last record of segment i.
func (v *view) endOf(i int) uint64 {
	if i+1 < len(v.segments) {
		return v.segments[i+1].first
	}
	return v.end
}

// withTail gives tail with more blocks and without the oldest ones past budget.
func withTail(tail []tailBlock, more []tailBlock, budget int64) []tailBlock {
	tail = append(tail, more...)
	var size int64
	keep := len(tail)
	for keep > 0 && size+int64(len(tail[keep-1].block)) <= budget {
		keep--
		size += int64(len(tail[keep].block))
	}
	if keep > len(tail)/2 {
		// Old blocks stay referenced by the slice's array: move on to a new one.
		return append([]tailBlock(nil), tail[keep:]...)
	}
	return tail[keep:]
}
