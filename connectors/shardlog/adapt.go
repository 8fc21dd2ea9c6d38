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

// Splitting begins when a shard takes more than half of what Kinesis lets one take.
const (
	adaptBytesPerSecond   = 512 << 10
	adaptRecordsPerSecond = 500
)

// adaptSampleMax is how many of a shard's newest records are looked at.
const adaptSampleMax = 4096

// load is how far a shard had come when Adapt last looked.
type load struct {
	end   uint64
	bytes int64
}

// measurement is what Adapt remembers: when it last looked, and what it saw.
type measurement struct {
	millis int64
	seen   map[*shard]load
}

// OnDemand reports whether the stream chooses its number of shards itself.
func (st *Stream) OnDemand() bool { return st.table.Load().meta.OnDemand }

// SetOnDemand changes that; it is durable on return.
func (st *Stream) SetOnDemand(on bool) error {
	return st.change(func(m *streamMeta) error {
		m.OnDemand = on
		return nil
	})
}

// Adapt splits the shards of streams on demand that took too much since it was last
// called, and gives how many. It goes on after an error and gives the first one.
func (s *Store) Adapt() (splits int, first error) {
	s.adaptMu.Lock()
	defer s.adaptMu.Unlock()
	now := s.nowMillis()
	seconds := float64(now-s.adapting.millis) / 1000
	measured := map[*shard]load{}
	for _, name := range s.Streams() {
		st, err := s.Stream(name)
		if err != nil || !st.OnDemand() {
			continue // deleted meanwhile, or not on demand
		}
		busy := st.busy(s.adapting, measured, seconds)
		for _, shard := range busy {
			if st.Open() >= s.options.OnDemandShards {
				break
			}
			done, err := st.halve(shard)
			if done {
				splits++
			}
			first = cmp.Or(first, err)
		}
	}
	s.adapting = measurement{now, measured}
	return splits, first
}

// busy measures the open shards and lists those that took too much.
func (st *Stream) busy(before measurement, now map[*shard]load, seconds float64) []*shard {
	var out []*shard
	for _, route := range st.table.Load().open {
		s := route.shard
		v := s.view.Load()
		if v == nil {
			continue // never used since the start
		}
		now[s] = load{v.end, v.bytes}
		past, known := before.seen[s]
		if !known && s.created*1000 < before.millis || seconds <= 0 {
			continue // what it has may be of long ago
		}
		if float64(v.end-past.end)/seconds > adaptRecordsPerSecond || float64(v.bytes-past.bytes)/seconds > adaptBytesPerSecond {
			out = append(out, s)
		}
	}
	return out
}

// halve splits a shard where half of its newest records lie on either side.
func (st *Stream) halve(s *shard) (done bool, err error) {
	first, last := st.hashKeys(s.number)
	at, ok := median(s.sample(first, last), first, last)
	if !ok {
		return false, nil
	}
	err = st.Split(s.id, at)
	if errs.ClassOf(err) == errs.User {
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
			// A shard that could not be split is tried again next time.
			_, _ = s.Adapt()
		}
	}
}
