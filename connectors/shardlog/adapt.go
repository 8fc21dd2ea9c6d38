package shardlog

import (
	"cmp"
	"slices"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
)

// A stream on demand chooses the number of its shards by their load. Nothing is
// counted on the way of a record: Adapt compares how far each shard has come since
// it last looked, and asks the newest records, which are in memory, for the hash key
// that halves the load. A shard whose load is one single key can't be split.
//
// Neighbours that have both taken little for long are merged. A quiet shard takes an
// eighth of what makes a shard be split, so one made of two is far from that, and is
// watched as long anew: a load that comes and goes does not split and merge by turns.

// Splitting begins when a shard takes more than half of what Kinesis lets one take.
const (
	adaptBytesPerSecond   = 512 << 10
	adaptRecordsPerSecond = 500
	// quietPart is the part of that which a quiet shard takes at most.
	quietPart = 8
)

// adaptSampleMax is how many of a shard's newest records are looked at.
const adaptSampleMax = 4096

// load is how far a shard had come when Adapt last looked.
type load struct {
	// opened says that the shard's files had been looked at, so that end and bytes are
	// known. A shard that was not opened took nothing.
	opened bool
	end    uint64
	bytes  int64
	// quietMillis is since when it has been quiet, in epoch milliseconds.
	quietMillis int64
}

// measurement is what Adapt remembers: when it last looked, and what it saw.
type measurement struct {
	millis int64
	seen   map[*shard]load
}

// OnDemand reports whether the stream chooses its number of shards itself.
func (st *Stream) OnDemand() bool { return st.table.Load().meta.OnDemand }

// SetOnDemand changes that; it is durable on return. A stream that becomes one on demand
// keeps the shards it has at least.
func (st *Stream) SetOnDemand(on bool) error {
	return st.change(func(m *streamMeta) error {
		if on && !m.OnDemand {
			m.LeastShards = m.open()
		}
		m.OnDemand = on
		return nil
	})
}

// KeepShards sets how many shards the stream leaves itself at least when it merges them
// on demand; it is durable on return.
func (st *Stream) KeepShards(n int) error {
	return st.change(func(m *streamMeta) error {
		m.LeastShards = n
		return nil
	})
}

// defaultLeastShards are kept by streams on demand of whom nothing else is known.
const defaultLeastShards = 4

// leastShards is how many shards the stream leaves itself.
func (m *streamMeta) leastShards() int {
	if m.LeastShards == 0 {
		return defaultLeastShards
	}
	return m.LeastShards
}

// open counts the shards that take records.
func (m *streamMeta) open() (n int) {
	for _, s := range m.Shards {
		if s.ClosedMillis == 0 {
			n++
		}
	}
	return n
}

// Adapted tells what an Adapt did.
type Adapted struct {
	Splits int
	Merges int
}

// Adapt splits the shards of streams on demand that took too much since it was last
// called, and merges those that have been quiet for Options.MergeAfter. It goes on
// after an error and gives the first one.
func (s *Store) Adapt() (total Adapted, first error) {
	s.adaptMu.Lock()
	defer s.adaptMu.Unlock()
	now := measurement{s.nowMillis(), map[*shard]load{}}
	for _, name := range s.Streams() {
		st, err := s.Stream(name)
		if err != nil || !st.OnDemand() {
			continue // deleted meanwhile, or not on demand
		}
		busy := st.measure(s.adapting, now)
		splits, err := st.halveAll(busy)
		first = cmp.Or(first, err)
		merges, err := st.mergeQuiet(now)
		first = cmp.Or(first, err)
		total.Splits += splits
		total.Merges += merges
	}
	s.adapting = now
	return total, first
}

// measure looks at the open shards and lists those that took too much.
func (st *Stream) measure(before, now measurement) (busy []*shard) {
	seconds := float64(now.millis-before.millis) / 1000
	for _, route := range st.table.Load().open {
		s := route.shard
		past, known := before.seen[s]
		if known && seconds <= 0 {
			now.seen[s] = past
			continue
		}
		l := load{quietMillis: now.millis}
		if v := s.view.Load(); v != nil {
			l.opened, l.end, l.bytes = true, v.end, v.bytes
		}
		fresh := !known && s.created*1000 >= before.millis
		if seconds > 0 && l.opened && (fresh || past.opened) { // or what it has may be of long ago
			records, bytes := float64(l.end-past.end)/seconds, float64(l.bytes-past.bytes)/seconds
			if records > adaptRecordsPerSecond || bytes > adaptBytesPerSecond {
				busy = append(busy, s)
			}
			if known && records <= adaptRecordsPerSecond/quietPart && bytes <= adaptBytesPerSecond/quietPart {
				l.quietMillis = past.quietMillis
			}
		}
		if known && !l.opened {
			l.quietMillis = past.quietMillis
		}
		now.seen[s] = l
	}
	return busy
}

// mergeQuiet merges neighbours that have both been quiet for long, as far as the stream
// may shrink.
func (st *Stream) mergeQuiet(now measurement) (merges int, err error) {
	table := st.table.Load()
	var pairs [][2]ShardID
	for i, room := 0, len(table.open)-table.meta.leastShards(); i+1 < len(table.open) && len(pairs) < room; i++ {
		a, b := table.open[i].shard, table.open[i+1].shard
		if now.quiet(a, st.store.options.MergeAfter) && now.quiet(b, st.store.options.MergeAfter) {
			pairs = append(pairs, [2]ShardID{a.id, b.id})
			i++ // neither is merged twice
		}
	}
	if pairs == nil {
		return 0, nil
	}
	err = st.merge(pairs)
	if err != nil && errs.ClassOf(err) == errs.User {
		return 0, nil // they were changed by hand meanwhile
	}
	if err != nil {
		return 0, err
	}
	return len(pairs), nil
}

// quiet reports whether a shard has taken little for so long.
func (m measurement) quiet(s *shard, since time.Duration) bool {
	l, known := m.seen[s]
	return known && m.millis-l.quietMillis >= since.Milliseconds()
}

// halveAll splits shards until the stream has as many as it may.
func (st *Stream) halveAll(busy []*shard) (splits int, first error) {
	for _, s := range busy {
		if st.Open() >= st.store.options.OnDemandShards {
			break
		}
		done, err := st.halve(s)
		if done {
			splits++
		}
		first = cmp.Or(first, err)
	}
	return splits, first
}

// halve splits a shard where half of its newest records lie on either side.
func (st *Stream) halve(s *shard) (done bool, err error) {
	first, last := st.hashKeys(s.number)
	at, ok := median(s.sample(first, last), first, last)
	if !ok {
		return false, nil
	}
	err = st.Split(s.id, at)
	if err != nil && errs.ClassOf(err) == errs.User {
		return false, nil // it was split by hand meanwhile
	}
	return err == nil, err
}

// sample gives the hash keys of the newest records, those in the shard's range.
// Records with an explicit hash key are among them by chance only.
func (s *shard) sample(first, last HashKey) []HashKey {
	v := s.view.Load()
	var out []HashKey
	for i := len(v.tail) - 1; i >= 0 && len(out) < adaptSampleMax; i-- {
		b := v.tail[i]
		payload := b.header.records(b.block)
		for range b.header.count {
			key, _, rest, err := nextRecord(payload)
			if err != nil {
				return out
			}
			payload = rest
			if k := hashOf(string(key)); !k.Less(first) && !last.Less(k) {
				out = append(out, k)
			}
		}
	}
	return out
}

// median is the key that divides keys most evenly, of those at which a shard with the
// keys from first to last can be split: some lie below it and it is one of them itself.
// There is none if all are the same.
func median(keys []HashKey, first, last HashKey) (HashKey, bool) {
	slices.SortFunc(keys, func(a, b HashKey) int {
		if a == b {
			return 0
		}
		return sign(a.Less(b))
	})
	best, found := 0, false
	for i := 1; i < len(keys); i++ {
		if keys[i] == keys[i-1] || !splits(first, last, keys[i]) {
			continue
		}
		if !found || abs(2*i-len(keys)) < abs(2*best-len(keys)) {
			best, found = i, true
		}
	}
	if !found {
		return HashKey{}, false
	}
	return keys[best], true
}

func abs(n int) int { return max(n, -n) }

// adaptPeriodically runs Adapt until the store is closed.
func (s *Store) adaptPeriodically() {
	defer s.janitor.Done()
	ticker := time.NewTicker(s.options.AdaptEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.closing:
			return
		case <-ticker.C:
			if _, err := s.Adapt(); err != nil {
				s.options.Log.Warn("a stream on demand could not be adapted to its load; it is tried again", "error", err)
			}
		}
	}
}
