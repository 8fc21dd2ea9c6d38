package shardlog

import (
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
)

// Stream is one stream of a store.
type Stream struct {
	store *Store
	name  string
	dir   string
	// table is the stream as it is now. Whoever reads it waits for nobody.
	table atomic.Pointer[shardTable]

	// resharding is held while the shards change, and for reading by whoever needs
	// them to stay: commits of transactions, and appends that met a sealed shard.
	resharding sync.RWMutex

	// changing orders those who change the description, and is held while that is
	// written; it guards closed.
	changing sync.Mutex
	closed   bool

	// decoding guards decoded.
	decoding sync.Mutex
	decoded  map[string]decoded
}

// shardTable is an immutable picture of a stream: its description, as it is on disk,
// and its shards.
type shardTable struct {
	meta   *streamMeta
	shards []*shard // by number, those of meta
	// open are the shards that take records, in the order of their hash keys.
	open []route
}

// route is an open shard with the first of its hash keys.
type route struct {
	first HashKey
	shard *shard
}

func newStream(store *Store, dir string, meta *streamMeta) *Stream {
	st := &Stream{store: store, name: meta.Name, dir: dir}
	st.table.Store(st.tableOf(meta, nil))
	return st
}

// tableOf makes the table for a description; shards that are in old are kept.
func (st *Stream) tableOf(meta *streamMeta, old *shardTable) *shardTable {
	t := &shardTable{meta: meta}
	for _, m := range meta.Shards {
		s := old.find(m.Number)
		if s == nil {
			id := shardID(m.Number)
			s = &shard{
				store: st.store, stream: meta.Name, dir: st.store.fs.PathJoin(st.dir, string(id)),
				id: id, number: m.Number, created: m.CreatedSecond, sealed: m.ClosedMillis > 0,
			}
		}
		t.shards = append(t.shards, s)
		if m.ClosedMillis == 0 {
			t.open = append(t.open, route{m.First, s})
		}
	}
	sort.Slice(t.open, func(i, j int) bool { return t.open[i].first.Less(t.open[j].first) })
	return t
}

// find finds a shard by number, or nil.
func (t *shardTable) find(number uint32) *shard {
	if t == nil {
		return nil
	}
	i := sort.Search(len(t.shards), func(i int) bool { return t.shards[i].number >= number })
	if i == len(t.shards) || t.shards[i].number != number {
		return nil
	}
	return t.shards[i]
}

// routeFor finds the open shard, by its place in t.open, that a hash key belongs
// to.
func (t *shardTable) routeFor(k HashKey) int {
	return sort.Search(len(t.open), func(i int) bool { return k.Less(t.open[i].first) }) - 1
}

// shards are the stream's shards as they are now.
func (st *Stream) shards() []*shard { return st.table.Load().shards }

// shard finds a shard by name; an unknown one is a user error.
func (st *Stream) shard(id ShardID) (*shard, error) {
	if number, ok := shardNumber(id); ok {
		if s := st.table.Load().find(number); s != nil {
			return s, s.open()
		}
	}
	return nil, errs.Userf("stream %s has no shard %s", st.name, id)
}

// hashKeys are those that a shard takes, or took.
func (st *Stream) hashKeys(number uint32) (first, last HashKey) {
	for _, m := range st.lineage() {
		if m.Number == number {
			return m.First, m.Last
		}
	}
	return HashKey{}, maxHashKey()
}

// Has reports whether the stream has a shard.
func (st *Stream) Has(id ShardID) bool {
	number, ok := shardNumber(id)
	return ok && st.table.Load().find(number) != nil
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
	// Closed is when the shard got its last record, the zero Time while it is open.
	Closed time.Time
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
	table := st.table.Load()
	meta := table.meta
	d := Description{Name: meta.Name, Created: time.UnixMilli(meta.CreatedMillis).UTC(), Retention: meta.retention()}
	for i, s := range table.shards {
		sd, err := describeShard(&meta.Shards[i], s)
		if err != nil {
			return Description{}, err
		}
		d.Shards = append(d.Shards, sd)
	}
	return d, nil
}

func describeShard(m *shardMeta, s *shard) (ShardDescription, error) {
	if err := s.open(); err != nil {
		return ShardDescription{}, err
	}
	v := s.view.Load()
	d := ShardDescription{
		ID: s.id, FirstHash: m.First, LastHash: m.Last, Starting: s.sequence(0, s.created*1000),
		Horizon: s.sequence(v.horizon, 0), Next: s.sequence(v.end, 0), Bytes: v.bytes,
	}
	if v.arrival > 0 {
		d.Newest = time.UnixMilli(v.arrival).UTC()
	}
	if m.ClosedMillis > 0 {
		d.Ending, d.Closed = s.sequence(lastIndex, m.ClosedMillis), time.UnixMilli(m.ClosedMillis).UTC()
	}
	for _, p := range m.Parents {
		d.Parents = append(d.Parents, shardID(p))
	}
	return d, nil
}

// Open counts the shards that take records.
func (st *Stream) Open() int { return len(st.table.Load().open) }

// ShardIDs lists the stream's shards.
func (st *Stream) ShardIDs() []ShardID {
	shards := st.shards()
	ids := make([]ShardID, len(shards))
	for i, s := range shards {
		ids[i] = s.id
	}
	return ids
}

// SetRetention changes how long records are kept; it is durable on return.
func (st *Stream) SetRetention(retention time.Duration) error {
	if err := checkRetention(retention); err != nil {
		return err
	}
	return st.change(func(m *streamMeta) error {
		m.RetentionHours = int64(retention / time.Hour)
		return nil
	})
}

// change replaces the description by what edit makes of a copy, whose maps and slices
// are not edit's to change. It is durable before anybody sees it. Calls do not overlap,
// and nobody but their like waits for the disk.
func (st *Stream) change(edit func(*streamMeta) error) error {
	st.changing.Lock()
	defer st.changing.Unlock()
	if st.closed {
		// The directory may be another process's, or another stream's.
		return errs.Resourcef("stream %s is closed", st.name)
	}
	old := st.table.Load()
	meta := *old.meta
	if err := edit(&meta); err != nil {
		return err
	}
	if err := writeMeta(st.store.fs, st.dir, &meta); err != nil {
		return err
	}
	st.store.shards.Add(int64(len(meta.Shards) - len(old.meta.Shards)))
	st.table.Store(st.tableOf(&meta, old))
	return nil
}

// close stops all appends and changes and, if the stream was deleted, all readers.
func (st *Stream) close(deleted bool) error {
	st.resharding.Lock()
	defer st.resharding.Unlock()
	st.changing.Lock()
	st.closed = true
	st.changing.Unlock()
	var first error
	for _, s := range st.shards() {
		if err := s.close(deleted); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Created is when the stream was made.
func (st *Stream) Created() time.Time {
	return time.UnixMilli(st.table.Load().meta.CreatedMillis).UTC()
}

// Retention is how long records are kept.
func (st *Stream) Retention() time.Duration {
	return st.table.Load().meta.retention()
}

// lineage lists the stream's shards with their parents, by number.
func (st *Stream) lineage() []shardMeta {
	return st.table.Load().meta.Shards
}
