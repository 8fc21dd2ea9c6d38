package shardlog

import (
	"sort"
	"sync"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
)

// Stream is one stream of a store.
type Stream struct {
	store  *Store
	dir    string
	shards []*shard
	// open are the shards that take records, in the order of their hash keys.
	open []route

	mu   sync.Mutex
	meta *streamMeta
}

// route is an open shard with the first of its hash keys.
type route struct {
	first HashKey
	shard *shard
}

func newStream(store *Store, dir string, meta *streamMeta) *Stream {
	st := &Stream{store: store, dir: dir, meta: meta}
	for _, m := range meta.Shards {
		id := shardID(m.Number)
		s := &shard{
			store: store, stream: meta.Name, dir: store.fs.PathJoin(dir, string(id)),
			id: id, number: m.Number, created: m.CreatedSecond,
		}
		st.shards = append(st.shards, s)
		if m.ClosedMillis == 0 {
			st.open = append(st.open, route{m.First, s})
		}
	}
	sort.Slice(st.open, func(i, j int) bool { return st.open[i].first.Less(st.open[j].first) })
	return st
}

// routeFor finds the open shard, by its place in st.open, that a hash key belongs
// to.
func (st *Stream) routeFor(k HashKey) int {
	return sort.Search(len(st.open), func(i int) bool { return k.Less(st.open[i].first) }) - 1
}

// shard finds a shard by name; an unknown one is a user error.
func (st *Stream) shard(id ShardID) (*shard, error) {
	for _, s := range st.shards {
		if s.id == id {
			return s, s.open()
		}
	}
	return nil, errs.Userf("stream %s has no shard %s", st.meta.Name, id)
}

// Description is a stream as it is at a moment.
type Description struct {
	Name      string
	Created   time.Time
	Retention time.Duration
	Shards    []ShardDescription
}

// ShardDescription is a shard as it is at a moment.
type ShardDescription struct {
	ID        ShardID
	FirstHash HashKey
	LastHash  HashKey
	Parents   []ShardID
	// Starting is below all records' numbers. Ending is above them in a closed
	// shard, and zero in an open one.
	Starting Sequence
	Ending   Sequence
	// Horizon is the number of the oldest record that is still there, Next the one
	// that the next record gets at least.
	Horizon Sequence
	Next    Sequence
	// Newest is the arrival of the newest record, the zero Time when there is none.
	Newest time.Time
	// Bytes is the size of the shard's files.
	Bytes int64
}

// Describe describes the stream. It opens all shards.
func (st *Stream) Describe() (Description, error) {
	st.mu.Lock()
	meta := *st.meta
	st.mu.Unlock()
	d := Description{Name: meta.Name, Created: time.UnixMilli(meta.CreatedMillis).UTC(), Retention: meta.retention()}
	for i, s := range st.shards {
		if err := s.open(); err != nil {
			return Description{}, err
		}
		m, v := meta.Shards[i], s.view.Load()
		sd := ShardDescription{
			ID: s.id, FirstHash: m.First, LastHash: m.Last, Starting: s.sequence(0, s.created*1000),
			Horizon: s.sequence(v.horizon, 0), Next: s.sequence(v.end, 0), Bytes: v.bytes,
		}
		if v.arrival > 0 {
			sd.Newest = time.UnixMilli(v.arrival).UTC()
		}
		if m.ClosedMillis > 0 {
			sd.Ending = s.sequence(lastIndex, m.ClosedMillis)
		}
		for _, p := range m.Parents {
			sd.Parents = append(sd.Parents, shardID(p))
		}
		d.Shards = append(d.Shards, sd)
	}
	return d, nil
}

// ShardIDs lists the stream's shards.
func (st *Stream) ShardIDs() []ShardID {
	ids := make([]ShardID, len(st.shards))
	for i, s := range st.shards {
		ids[i] = s.id
	}
	return ids
}

// SetRetention changes how long records are kept; it is durable on return.
func (st *Stream) SetRetention(retention time.Duration) error {
	if err := checkRetention(retention); err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	changed := *st.meta
	changed.RetentionHours = int64(retention / time.Hour)
	if err := writeMeta(st.store.fs, st.dir, &changed); err != nil {
		return err
	}
	st.meta = &changed
	return nil
}

// close stops all appends and, if the stream was deleted, all readers.
func (st *Stream) close(deleted bool) error {
	var first error
	for _, s := range st.shards {
		if err := s.close(deleted); err != nil && first == nil {
			first = err
		}
	}
	return first
}
