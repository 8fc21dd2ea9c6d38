package matview

import (
	"encoding/binary"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/smalldb"
)

// Options tune a store. The zero value means the defaults.
type Options struct {
	// FS is the file system; vfs.Default if nil.
	FS vfs.FS
	// Now is the wall clock; time.Now if nil.
	Now func() time.Time
}

// Retention is how long changes are kept for readers that follow a view.
const Retention = 24 * time.Hour

// memTableBytes is how much waits in memory to be written in order.
const memTableBytes = 16 << 20

// ID names a view in its store. IDs are not used again.
type ID uint64

// Store holds views. Its methods may be called from any goroutine.
type Store struct {
	options Options
	db      *smalldb.DB

	mu    sync.Mutex
	views map[ID]*view
	last  ID
}

// The kinds of key: the first byte, before the view's ID.
const (
	kindLast    = 'l' // the newest ID; of no view
	kindState   = 's' // what a view is
	kindRow     = 'r' // row: how often it is there
	kindChange  = 'c' // commit, kind of change, row: how often
	kindTime    = 't' // commit: its time
	kindPending = 'p' // job, part, task, row: by how much it changes
	kindEnd     = 'z' // behind all
)

// key begins a key of a view.
func key(kind byte, id ID) []byte { return binary.BigEndian.AppendUint64([]byte{kind}, uint64(id)) }

// after is the key behind all that begin with prefix.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return []byte{kindEnd}
}

// Open opens or makes the store in dir.
func Open(dir string, options Options) (*Store, error) {
	if options.FS == nil {
		options.FS = vfs.Default
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	db, err := smalldb.Open(options.FS, dir, memTableBytes)
	if err != nil {
		return nil, smalldb.Classify(err, "open the materialized views in %s", dir)
	}
	s := &Store{options: options, db: db, views: map[ID]*view{}}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// load reads which views there are.
func (s *Store) load() error {
	if value, found, err := s.get([]byte{kindLast}); err != nil {
		return err
	} else if found && len(value) == 8 {
		s.last = ID(binary.BigEndian.Uint64(value))
	}
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{kindState}, UpperBound: []byte{kindState + 1}})
	if err != nil {
		return smalldb.Classify(err, "read the materialized views")
	}
	for ok := iter.First(); ok; ok = iter.Next() {
		id := ID(binary.BigEndian.Uint64(iter.Key()[1:]))
		v := newView(s, id)
		if err := v.state.decode(iter.Value()); err != nil {
			return errors.Join(err, iter.Close())
		}
		s.views[id] = v
	}
	if err := iter.Close(); err != nil {
		return smalldb.Classify(err, "read the materialized views")
	}
	return nil
}

func (s *Store) get(k []byte) ([]byte, bool, error) {
	value, closer, err := s.db.Get(k)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, smalldb.Classify(err, "read a materialized view")
	}
	defer closer.Close()
	return append([]byte(nil), value...), true, nil
}

// write applies a batch, durable on return.
func (s *Store) write(b *pebble.Batch, what string) error {
	if err := s.db.Do(func() error { return b.Commit(pebble.Sync) }); err != nil {
		return smalldb.Classify(err, "%s a materialized view", what)
	}
	return nil
}

// Create makes an empty view.
func (s *Store) Create() (ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.last + 1
	v := newView(s, id)
	b := s.db.NewBatch()
	defer b.Close()
	err := errors.Join(b.Set([]byte{kindLast}, binary.BigEndian.AppendUint64(nil, uint64(id)), nil), b.Set(key(kindState, id), v.state.encode(), nil))
	if err != nil {
		return 0, errs.Wrap(errs.Resource, err, "make a materialized view")
	}
	if err := s.write(b, "make"); err != nil {
		return 0, err
	}
	s.last, s.views[id] = id, v
	return id, nil
}

// Drop removes a view; an unknown one is fine. Who reads it gets an error.
func (s *Store) Drop(id ID) error {
	s.mu.Lock()
	v := s.views[id]
	delete(s.views, id)
	s.mu.Unlock()
	if v == nil {
		return nil
	}
	v.drop()
	b := s.db.NewBatch()
	defer b.Close()
	var err error
	for _, kind := range []byte{kindState, kindRow, kindChange, kindTime, kindPending} {
		from := key(kind, id)
		err = errors.Join(err, b.DeleteRange(from, after(from), nil))
	}
	if err != nil {
		return errs.Wrap(errs.Resource, err, "drop a materialized view")
	}
	return s.write(b, "drop")
}

// Keep drops all views but those of ids.
func (s *Store) Keep(ids map[ID]bool) error {
	s.mu.Lock()
	var gone []ID
	for id := range s.views {
		if !ids[id] {
			gone = append(gone, id)
		}
	}
	s.mu.Unlock()
	for _, id := range gone {
		if err := s.Drop(id); err != nil {
			return err
		}
	}
	return nil
}

// Rows is how many rows a view has, as text; empty for an unknown one.
func (s *Store) Rows(id ID) string {
	v, err := s.view(id)
	if err != nil {
		return ""
	}
	state, _, err := v.now()
	if err != nil {
		return ""
	}
	return strconv.FormatInt(state.Rows, 10)
}

// view finds a view.
func (s *Store) view(id ID) (*view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.views[id]; ok {
		return v, nil
	}
	return nil, errDropped()
}

func errDropped() error {
	return errs.Userf("the materialized view was dropped, or its query was altered").WithHint("start the job that reads it anew")
}

// Close closes the store.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return smalldb.Classify(err, "close the materialized views")
	}
	return nil
}
