package meta

import (
	"errors"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/smalldb"
)

// memTableBytes is small: so is the metadata.
const memTableBytes = 1 << 20

// Format is the number of the present format. Version 1 is the first.
const Format = 1

// Store is the metadata of a data directory. Its methods may be called from any
// goroutine.
//
// When the disk fails under a write, Pebble gives up for good. The store then
// refuses everything, and the process lives: see smalldb.
type Store struct {
	db *smalldb.DB
}

// The kinds of record, which are the first parts of keys.
const (
	formatKey    = "format"
	relationKind = "relation/"
	databaseKind = "database/"
	functionKind = "function/"
	modelKind    = "model/"
	jobKind      = "job/"
)

// Open opens or makes the store in dir of fs.
func Open(fs vfs.FS, dir string) (*Store, error) {
	db, err := smalldb.Open(fs, dir, memTableBytes)
	if err != nil {
		return nil, smalldb.Classify(err, "open the metadata in %s", dir)
	}
	s := &Store{db: db}
	if err := s.checkFormat(dir); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// checkFormat keeps FORMAT.
func (s *Store) checkFormat(dir string) error {
	var format int
	found, err := s.get(formatKey, &format)
	switch {
	case err != nil:
		return err
	case !found:
		return s.put(formatKey, Format)
	case format > Format:
		return errs.Userf("the metadata in %s has format %d; this program knows formats up to %d", dir, format, Format).
			WithHint("use a newer program")
	}
	return nil
}

// Close closes the store.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return smalldb.Classify(err, "close the metadata")
	}
	return nil
}

func (s *Store) put(key string, value any) error {
	data, err := msgpack.Marshal(value)
	if err != nil {
		return errs.Wrap(errs.Bug, err, "encode metadata %q", key)
	}
	if err := s.db.Do(func() error { return s.db.Set([]byte(key), data, pebble.Sync) }); err != nil {
		return smalldb.Classify(err, "write metadata %q", key)
	}
	return nil
}

// rename stores value under a new key and deletes the old one, at once.
func (s *Store) rename(old, key string, value any) error {
	data, err := msgpack.Marshal(value)
	if err != nil {
		return errs.Wrap(errs.Bug, err, "encode metadata %q", key)
	}
	err = s.db.Do(func() error {
		batch := s.db.NewBatch()
		return errors.Join(batch.Delete([]byte(old), nil), batch.Set([]byte(key), data, nil), batch.Commit(pebble.Sync))
	})
	if err != nil {
		return smalldb.Classify(err, "write metadata %q", key)
	}
	return nil
}

func (s *Store) get(key string, into any) (bool, error) {
	data, closer, err := s.db.Get([]byte(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, smalldb.Classify(err, "read metadata %q", key)
	}
	defer closer.Close()
	if err := msgpack.Unmarshal(data, into); err != nil {
		return false, errs.Wrap(errs.Corruption, err, "decode metadata %q", key)
	}
	return true, nil
}

func (s *Store) delete(key string) error {
	if err := s.db.Do(func() error { return s.db.Delete([]byte(key), pebble.Sync) }); err != nil {
		return smalldb.Classify(err, "delete metadata %q", key)
	}
	return nil
}

// list decodes all records of a kind, in order of their names.
func list[T any](s *Store, kind string) ([]T, error) {
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte(kind), UpperBound: []byte(strings.TrimSuffix(kind, "/") + "0")})
	if err != nil {
		return nil, smalldb.Classify(err, "read metadata")
	}
	var out []T
	for ok := iter.First(); ok; ok = iter.Next() {
		var v T
		if err := msgpack.Unmarshal(iter.Value(), &v); err != nil {
			return nil, errors.Join(errs.Wrap(errs.Corruption, err, "decode metadata %q", iter.Key()), iter.Close())
		}
		out = append(out, v)
	}
	if err := iter.Close(); err != nil {
		return nil, smalldb.Classify(err, "read metadata")
	}
	return out, nil
}
