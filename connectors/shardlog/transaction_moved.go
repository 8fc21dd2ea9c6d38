package shardlog

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
)

// movedRecords are a transaction's records whose shards were split or merged
// between prepare and commit. They are gathered by the open shard that has their
// hash keys now, and each of those gets all of its records in one write.
//
// A commit that is repeated may find some of them written already: in the shard
// they were prepared for, or in any shard between that one and the open one, if
// there was another resharding since. A shard that has the transaction has all of
// what came to it.
type movedRecords struct {
	stream *Stream
	table  *shardTable
	id     transactionID
	parts  []movedPart
	places map[*shard]int // in parts
	// children are the places of a shard's children in the table, by its number; made
	// when it is first needed.
	children map[uint32][]int
}

type movedPart struct {
	shard  *shard
	blocks builtBlocks
}

// add takes the blocks prepared for a shard that is sealed, or so old that it is
// gone.
func (m *movedRecords) add(number uint32, blocks transactionBlocks) error {
	for i := range blocks.count() {
		h, block, err := blocks.block(i)
		if err != nil {
			return err
		}
		payload := h.records(block)
		for range h.count {
			key, data, rest, err := nextRecord(payload)
			if err != nil {
				return errs.Wrap(errs.Corruption, err, "a prepared transaction")
			}
			payload = rest
			if err := m.route(number, string(key), data); err != nil {
				return err
			}
		}
	}
	return nil
}

// route gives a record to its open shard, unless it is written already.
func (m *movedRecords) route(number uint32, key string, data []byte) error {
	hash := hashOf(key)
	for _, s := range m.path(number, hash) {
		if s.isSealed() {
			done, err := s.has(m.id)
			if err != nil || done {
				return err
			}
			continue
		}
		i, ok := m.places[s]
		if !ok {
			i = len(m.parts)
			m.places[s], m.parts = i, append(m.parts, movedPart{shard: s})
		}
		m.parts[i].blocks.add(key, data)
		return nil
	}
	return errs.Bugf("no shard of stream %s has the hash key %s", m.stream.name, hash)
}

// commit appends what was gathered.
func (m *movedRecords) commit() error {
	for i := range m.parts {
		if err := m.parts[i].shard.commitOpened(m.id, m.parts[i].blocks.sealed()); err != nil {
			return err
		}
	}
	return nil
}

// path lists the shards that have had a hash key: the one with a number, its child,
// and so on to the open one. A shard that is gone has no descendants to follow, so
// only the open one is given.
func (m *movedRecords) path(number uint32, k HashKey) []*shard {
	t := m.table
	s := t.find(number)
	if s == nil {
		return []*shard{t.open[t.routeFor(k)].shard}
	}
	if m.children == nil {
		m.children = t.meta.children()
	}
	out := []*shard{s}
	for s.isSealed() {
		at := slices.IndexFunc(m.children[s.number], func(i int) bool { return t.meta.Shards[i].has(k) })
		if at < 0 {
			return append(out, t.open[t.routeFor(k)].shard)
		}
		s = t.shards[m.children[s.number][at]]
		out = append(out, s)
	}
	return out
}

// children gives the places of each shard's children, by its number.
func (m *streamMeta) children() map[uint32][]int {
	out := map[uint32][]int{}
	for i := range m.Shards {
		for _, parent := range m.Shards[i].Parents {
			out[parent] = append(out[parent], i)
		}
	}
	return out
}

// has reports whether a hash key is one of the shard's.
func (m *shardMeta) has(k HashKey) bool { return !k.Less(m.First) && !m.Last.Less(k) }

// builtBlocks are transaction blocks made in memory.
type builtBlocks struct {
	blocks []groupBlock
	size   int64
}

func (b *builtBlocks) add(key string, data []byte) {
	n := len(b.blocks)
	if n == 0 || len(b.blocks[n-1].bytes)+recordBytes(key, data) > blockTargetBytes {
		b.blocks = append(b.blocks, groupBlock{bytes: make([]byte, blockHeaderBytes+transactionPrefixBytes)})
		n++
	}
	last := &b.blocks[n-1]
	last.bytes = appendRecord(last.bytes, key, data)
	last.count++
}

// sealed fills in the headers; nothing is added afterwards.
func (b *builtBlocks) sealed() *builtBlocks {
	for _, block := range b.blocks {
		sealBlock(block.bytes, block.header())
		b.size += int64(len(block.bytes))
	}
	return b
}

func (b groupBlock) header() blockHeader {
	return blockHeader{length: uint32(len(b.bytes) - blockHeaderBytes), kind: transactionBlock, count: b.count}
}

func (b *builtBlocks) block(i int) (blockHeader, []byte, error) {
	return b.blocks[i].header(), b.blocks[i].bytes, nil
}

func (b *builtBlocks) count() int   { return len(b.blocks) }
func (b *builtBlocks) bytes() int64 { return b.size }
