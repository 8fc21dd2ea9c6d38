package shardlog

import (
	"slices"
	"sort"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

// Resharding replaces open shards by others. It goes in this order, so that a crash
// at any moment leaves either the old shards or the new ones, and no record in
// neither:
//
//  1. The parents are sealed: what is being written is finished, appends wait.
//  2. The children's directories are made.
//  3. stream.meta names parents and children anew, atomically. From here on the
//     parents are closed.
//  4. Appends that waited go to the children, and readers of the parents learn
//     that nothing follows.

// Split closes a shard and opens two: one takes its hash keys below at, the other
// those from at on. It is durable on return.
func (st *Stream) Split(id ShardID, at HashKey) error {
	return st.reshard(func(p *reshardPlan) error {
		i, err := p.openShard(id)
		if err != nil {
			return err
		}
		m := p.shards[i]
		if !splits(m.First, m.Last, at) {
			return refuseSplit(id, m, at)
		}
		p.split(i, at)
		return nil
	})
}

// splits reports whether the keys from first to last can be split at a key. Kinesis
// wants it to be greater than first + 1 and less than last, so that each side has two
// keys at least.
func splits(first, last, at HashKey) bool {
	return first.Less(at) && first.Less(at.previous()) && at.Less(last)
}

// refuseSplit says why a shard can't be split at a key, and where it can.
func refuseSplit(id ShardID, m shardMeta, at HashKey) error {
	e := errs.Userf("%s takes the hash keys from %s to %s and can't be split at %s", id, m.First, m.Last, at)
	half := middle(m.First, m.Last)
	if !splits(m.First, m.Last, half) {
		return e.WithHint("a shard of fewer than four hash keys can't be split: merge it with its neighbour")
	}
	return e.WithHint("choose a key greater than %s + 1 and less than %s, such as %s", m.First, m.Last, half)
}

// Merge closes two shards whose hash keys touch and opens one with all of them.
// first is its first parent. It is durable on return.
func (st *Stream) Merge(first, second ShardID) error {
	return st.merge([][2]ShardID{{first, second}})
}

// merge merges each pair of shards.
func (st *Stream) merge(pairs [][2]ShardID) error {
	return st.reshard(func(p *reshardPlan) error {
		for _, pair := range pairs {
			i, err := p.openShard(pair[0])
			if err != nil {
				return err
			}
			j, err := p.openShard(pair[1])
			if err != nil {
				return err
			}
			a, b := p.shards[i], p.shards[j]
			if !touches(a, b) && !touches(b, a) {
				return errs.Userf("%s and %s can't be merged: their hash keys don't touch", pair[0], pair[1])
			}
			p.merge(i, j)
		}
		return nil
	})
}

// touches reports whether b's hash keys follow a's.
func touches(a, b shardMeta) bool { return a.Last.Less(b.First) && b.First.previous() == a.Last }

// Scale splits and merges until target shards are open, and makes their ranges as
// even as halving and joining can: growing splits every open shard until there are
// enough and then joins neighbours, shrinking joins neighbours only. Shards with too
// few hash keys to be halved are left whole. Shards in between come and go without a
// record. It is durable on return.
func (st *Stream) Scale(target int) error {
	if target < 1 || target > MaxShards {
		return errs.Userf("a stream can't have %d shards", target).WithHint("it has between 1 and %d", MaxShards)
	}
	return st.reshard(func(p *reshardPlan) error {
		for len(p.open()) < target {
			p.halveAll()
		}
		p.joinDownTo(target)
		return nil
	})
}

// reshardPlan is the description of a stream's shards while it is being changed.
type reshardPlan struct {
	shards []shardMeta
	next   uint32
	// createdSecond is the creation second of the first generation of children,
	// generation the one that is being made.
	createdSecond int64
	generation    int64
	closedMillis  int64
}

// openShard finds an open shard's place.
func (p *reshardPlan) openShard(id ShardID) (int, error) {
	for i, m := range p.shards {
		if shardID(m.Number) != id {
			continue
		}
		if m.ClosedMillis != 0 {
			return 0, errs.Userf("%s was already merged or split", id)
		}
		return i, nil
	}
	return 0, errs.Userf("there is no shard %s", id)
}

// open lists the places of the open shards in the order of their hash keys.
func (p *reshardPlan) open() []int {
	var out []int
	for i, m := range p.shards {
		if m.ClosedMillis == 0 {
			out = append(out, i)
		}
	}
	sort.Slice(out, func(i, j int) bool { return p.shards[out[i]].First.Less(p.shards[out[j]].First) })
	return out
}

func (p *reshardPlan) add(first, last HashKey, parents ...uint32) {
	p.shards = append(p.shards, shardMeta{Number: p.next, CreatedSecond: p.createdSecond + p.generation, First: first, Last: last, Parents: parents})
	p.next++
}

func (p *reshardPlan) split(i int, at HashKey) {
	m := &p.shards[i]
	m.ClosedMillis = p.closedMillis
	first, last, number := m.First, m.Last, m.Number
	p.add(first, at.previous(), number)
	p.add(at, last, number)
}

// halveAll splits every open shard that can be split. There always is one, since so
// few shards share so many keys.
func (p *reshardPlan) halveAll() {
	for _, i := range p.open() {
		first, last := p.shards[i].First, p.shards[i].Last
		if half := middle(first, last); splits(first, last, half) {
			p.split(i, half)
		}
	}
	p.generation++
}

func (p *reshardPlan) merge(i, j int) {
	a, b := &p.shards[i], &p.shards[j]
	a.ClosedMillis, b.ClosedMillis = p.closedMillis, p.closedMillis
	first, last := a.First, b.Last
	if b.First.Less(a.First) {
		first, last = b.First, a.Last
	}
	p.add(first, last, a.Number, b.Number)
}

// joinDownTo merges the neighbours with the fewest hash keys until n shards are
// open. Each shard is merged once in a generation.
func (p *reshardPlan) joinDownTo(n int) {
	for open := p.open(); len(open) > n; open = p.open() {
		for excess := len(open) - n; excess > 0; excess-- {
			best := p.narrowest(open)
			if best < 0 {
				break
			}
			p.merge(open[best], open[best+1])
			open = slices.Delete(open, best, best+2)
		}
		p.generation++
	}
}

// narrowest finds the neighbours that have the fewest hash keys together: the place
// of the first of them in open, or -1. Where a pair was merged, open has a gap.
func (p *reshardPlan) narrowest(open []int) int {
	best, width := -1, HashKey{}
	for k := 0; k+1 < len(open); k++ {
		a, b := p.shards[open[k]], p.shards[open[k+1]]
		if !touches(a, b) {
			continue
		}
		if w := b.Last.minus(a.First); best < 0 || w.Less(width) {
			best, width = k, w
		}
	}
	return best
}

// reshard changes the stream's shards as change plans it.
func (st *Stream) reshard(change func(*reshardPlan) error) error {
	st.resharding.Lock()
	defer st.resharding.Unlock()
	meta := st.table.Load().meta
	p := &reshardPlan{shards: slices.Clone(meta.Shards), next: meta.NextShard, closedMillis: 1}
	if err := change(p); err != nil {
		return errs.Wrap(errs.User, err, "stream %s", meta.Name)
	}
	// A first run found which shards close; a second one knows when they did.
	parents, err := st.seal(meta.Shards, p.shards)
	defer unsealAll(parents)
	if err != nil {
		return err
	}
	p = &reshardPlan{shards: slices.Clone(meta.Shards), next: meta.NextShard, closedMillis: st.closedAt(parents)}
	p.createdSecond = p.closedMillis/1000 + 1
	for _, m := range meta.Shards {
		p.createdSecond = max(p.createdSecond, m.CreatedSecond+1)
	}
	if err := change(p); err != nil {
		return errs.Wrap(errs.User, err, "stream %s", meta.Name)
	}
	if err := st.makeChildren(p.shards[len(meta.Shards):]); err != nil {
		return err
	}
	err = st.change(func(m *streamMeta) error {
		m.Shards, m.NextShard = p.shards, p.next
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range parents {
		s.finish()
	}
	return nil
}

// seal stops appends to the shards that are open before and closed after. What it
// sealed is given back also with an error.
func (st *Stream) seal(before, after []shardMeta) ([]*shard, error) {
	table := st.table.Load()
	var sealed []*shard
	for i, m := range before {
		if m.ClosedMillis != 0 || after[i].ClosedMillis == 0 {
			continue
		}
		s := table.find(m.Number)
		if err := s.open(); err != nil {
			return sealed, err
		}
		s.mu.Lock()
		err := s.refusal()
		s.sealed = err == nil
		s.mu.Unlock()
		if err != nil {
			return sealed, err
		}
		sealed = append(sealed, s)
	}
	return sealed, nil
}

// unsealAll opens shards again whose resharding failed.
func unsealAll(sealed []*shard) {
	for _, s := range sealed {
		if s.view.Load().closed {
			continue
		}
		s.mu.Lock()
		s.sealed = false
		s.mu.Unlock()
	}
}

// closedAt is a time at which all sealed shards have got their last record. Whoever
// writes to one is waited for; whoever waits to write will be refused.
func (st *Stream) closedAt(sealed []*shard) int64 {
	at := st.store.nowMillis()
	for _, s := range sealed {
		s.writing.Lock()
		at = max(at, s.view.Load().arrival)
		s.writing.Unlock()
	}
	return at
}

// makeChildren makes directories for new shards.
func (st *Stream) makeChildren(children []shardMeta) error {
	fs := st.store.fs
	for _, m := range children {
		dir := fs.PathJoin(st.dir, string(shardID(m.Number)))
		// A leftover is of a resharding that failed, and empty.
		err := fs.RemoveAll(dir)
		if err == nil {
			err = fs.MkdirAll(dir, 0o755)
		}
		if err != nil {
			return errs.Wrap(errs.Resource, err, "making shards of stream %s", st.name)
		}
	}
	return errs.Wrap(errs.Resource, durable.SyncDir(fs, st.dir), "making shards of stream %s", st.name)
}

// finish tells readers of a sealed shard that nothing follows.
func (s *shard) finish() {
	s.writing.Lock()
	defer s.writing.Unlock()
	v := s.view.Load()
	next := *v
	next.closed = true
	s.publish(v, &next)
	// The segment is written no more; a file that was synced has nothing to lose.
	_ = s.abandon()
}
