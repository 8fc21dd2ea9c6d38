package matview

import (
	"encoding/binary"
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/vmihailenco/msgpack/v5"
	"github.com/zeebo/xxh3"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/smalldb"
)

const stateVersion = 1

// viewState is a view's record.
type viewState struct {
	Version int `msgpack:"v"`
	// Commit is the number of the last commit, which was epoch Epoch of the job Job.
	Commit uint64 `msgpack:"c"`
	Job    string `msgpack:"j"`
	Epoch  uint64 `msgpack:"e"`
	// Trimmed is the last commit whose changes are gone, Rows the number of rows.
	Trimmed uint64 `msgpack:"t"`
	Rows    int64  `msgpack:"r"`
}

func (s *viewState) encode() []byte {
	b, err := msgpack.Marshal(s)
	if err != nil {
		panic(err) // a struct of plain members
	}
	return b
}

func (s *viewState) decode(b []byte) error {
	if err := msgpack.Unmarshal(b, s); err != nil || s.Version != stateVersion {
		return errs.Corruptionf("a materialized view's record can't be read (version %d)", s.Version)
	}
	return nil
}

// view is one view of an open store.
type view struct {
	store *Store
	id    ID

	mu      sync.Mutex
	state   viewState
	dropped bool
	// changed is closed by the next commit.
	changed chan struct{}
}

func newView(s *Store, id ID) *view {
	return &view{store: s, id: id, state: viewState{Version: stateVersion}, changed: make(chan struct{})}
}

// now gives the view's record, and a channel that the next commit closes.
func (v *view) now() (viewState, <-chan struct{}, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dropped {
		return viewState{}, nil, errDropped()
	}
	return v.state, v.changed, nil
}

// snapshot is the database as of the commit that the record names.
func (v *view) snapshot() (viewState, *pebble.Snapshot, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dropped {
		return viewState{}, nil, errDropped()
	}
	return v.state, v.store.db.NewSnapshot(), nil
}

func (v *view) drop() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.dropped = true
	close(v.changed)
}

// pendingOf begins the keys of a job's changes that wait.
func pendingOf(id ID, job string) []byte {
	return binary.BigEndian.AppendUint64(key(kindPending, id), xxh3.HashString(job))
}

// pendingPart begins those that one task prepared at once.
func pendingPart(id ID, job string, part uint64, task int) []byte {
	k := binary.BigEndian.AppendUint64(pendingOf(id, job), part)
	return binary.BigEndian.AppendUint32(k, uint32(task))
}

// discard removes what a job prepared and never committed.
func (v *view) discard(job string) error {
	from := pendingOf(v.id, job)
	b := v.store.db.NewBatch()
	defer b.Close()
	if err := b.DeleteRange(from, after(from), nil); err != nil {
		return errs.Wrap(errs.Resource, err, "write a materialized view")
	}
	return v.store.write(b, "write")
}

// commit applies what waits under the prefixes as one commit. The epoch that was
// committed last is passed over.
func (v *view) commit(job string, epoch uint64, prefixes [][]byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dropped || v.state.Job == job && epoch <= v.state.Epoch {
		return nil
	}
	c := commit{view: v, batch: v.store.db.NewBatch(), next: v.state}
	defer c.batch.Close()
	c.next.Commit, c.next.Job, c.next.Epoch = v.state.Commit+1, job, epoch
	if err := c.apply(prefixes); err != nil {
		return smalldb.Classify(err, "write a materialized view")
	}
	if err := v.store.write(c.batch, "write"); err != nil {
		return err
	}
	v.state = c.next
	close(v.changed)
	v.changed = make(chan struct{})
	return nil
}

// commit is a commit being made.
type commit struct {
	view  *view
	batch *pebble.Batch
	next  viewState
}

func (c *commit) apply(prefixes [][]byte) error {
	m := merge{db: c.view.store.db.DB}
	for _, prefix := range prefixes {
		if err := m.add(prefix); err != nil {
			return errors.Join(err, m.close())
		}
	}
	for {
		row, by, ok := m.next()
		if !ok {
			break
		}
		if err := c.change(row, by); err != nil {
			return errors.Join(err, m.close())
		}
	}
	if err := m.close(); err != nil {
		return err
	}
	for _, prefix := range prefixes {
		if err := c.batch.DeleteRange(prefix, after(prefix), nil); err != nil {
			return err
		}
	}
	at := binary.BigEndian.AppendUint64(key(kindTime, c.view.id), c.next.Commit)
	now := c.view.store.options.Now().UnixMilli()
	if err := c.batch.Set(at, binary.BigEndian.AppendUint64(nil, uint64(now)), nil); err != nil {
		return err
	}
	if err := c.trim(now - Retention.Milliseconds()); err != nil {
		return err
	}
	return c.batch.Set(key(kindState, c.view.id), c.next.encode(), nil)
}

// change adds by to how often a row is there. What would be less than nothing is
// dropped, as the deletion of a row that is not there.
func (c *commit) change(row []byte, by int64) error {
	if by == 0 {
		return nil
	}
	at := append(key(kindRow, c.view.id), row...)
	old, found, err := c.view.store.get(at)
	if err != nil {
		return err
	}
	var count int64
	if found {
		count, _ = binary.Varint(old)
	}
	by = max(by, -count)
	if by == 0 {
		return nil
	}
	c.next.Rows += by
	if count += by; count == 0 {
		err = c.batch.Delete(at, nil)
	} else {
		err = c.batch.Set(at, binary.AppendVarint(nil, count), nil)
	}
	if err != nil {
		return err
	}
	return c.batch.Set(append(changeKey(c.view.id, c.next.Commit, by > 0), row...), binary.AppendUvarint(nil, uint64(max(by, -by))), nil)
}

// changeKey begins the keys of a commit's deletions, which come first, or insertions:
// a row that replaces another comes after it.
func changeKey(id ID, commit uint64, adds bool) []byte {
	k := binary.BigEndian.AppendUint64(key(kindChange, id), commit)
	if adds {
		return append(k, 1)
	}
	return append(k, 0)
}

// trim removes the changes of commits before a time.
func (c *commit) trim(before int64) error {
	id := c.view.id
	from := key(kindTime, id)
	iter, err := c.view.store.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: after(from)})
	if err != nil {
		return err
	}
	trimmed := c.next.Trimmed
	for ok := iter.First(); ok && int64(binary.BigEndian.Uint64(iter.Value())) < before; ok = iter.Next() {
		trimmed = binary.BigEndian.Uint64(iter.Key()[len(from):])
	}
	if err := iter.Close(); err != nil || trimmed == c.next.Trimmed {
		return err
	}
	c.next.Trimmed = trimmed
	return errors.Join(
		c.batch.DeleteRange(from, binary.BigEndian.AppendUint64(key(kindTime, id), trimmed+1), nil),
		c.batch.DeleteRange(key(kindChange, id), changeKey(id, trimmed+1, false), nil))
}

// merge adds up the changes of several tasks, in the order of their rows.
type merge struct {
	db    *pebble.DB
	parts []*part
	row   []byte
}

// part is what one task prepared.
type part struct {
	iter   *pebble.Iterator
	prefix int
	ok     bool
}

func (p *part) row() []byte { return p.iter.Key()[p.prefix:] }

func (m *merge) add(prefix []byte) error {
	iter, err := m.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return err
	}
	m.parts = append(m.parts, &part{iter: iter, prefix: len(prefix), ok: iter.First()})
	return nil
}

// next gives the next row and by how much it changes; the row is valid until the
// call after.
func (m *merge) next() (row []byte, by int64, ok bool) {
	first := -1
	for i, p := range m.parts {
		if p.ok && (first < 0 || string(p.row()) < string(m.parts[first].row())) {
			first = i
		}
	}
	if first < 0 {
		return nil, 0, false
	}
	m.row = append(m.row[:0], m.parts[first].row()...)
	for _, p := range m.parts {
		if p.ok && string(p.row()) == string(m.row) {
			n, _ := binary.Varint(p.iter.Value())
			by += n
			p.ok = p.iter.Next()
		}
	}
	return m.row, by, true
}

func (m *merge) close() error {
	var err error
	for _, p := range m.parts {
		err = errors.Join(err, p.iter.Close())
	}
	return err
}
