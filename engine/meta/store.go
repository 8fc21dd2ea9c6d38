package meta

import (
	"errors"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/internal/errs"
)

// Format is the number of the present format. Version 1 is the first.
const Format = 1

// Store is the metadata of a data directory. Its methods may be called from any
// goroutine.
type Store struct {
	db *pebble.DB
}

// The kinds of record, which are the first parts of keys.
const (
	formatKey    = "format"
	relationKind = "relation/"
	jobKind      = "job/"
)

// Open opens or makes the store in dir of fs.
func Open(fs vfs.FS, dir string) (*Store, error) {
	db, err := pebble.Open(dir, &pebble.Options{FS: fs, Logger: quiet{}, MemTableSize: 1 << 20,
		FormatMajorVersion: pebble.FormatNewest})
	if err != nil {
		return nil, classify(err, "open the metadata in %s", dir)
	}
	s := &Store{db: db}
	if err := s.checkFormat(dir); err != nil {
		return nil, errors.Join(err, db.Close())
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
		return classify(err, "close the metadata")
	}
	return nil
}

func (s *Store) put(key string, value any) error {
	data, err := msgpack.Marshal(value)
	if err != nil {
		return errs.Wrap(errs.Bug, err, "encode metadata %q", key)
	}
	if err := s.db.Set([]byte(key), data, pebble.Sync); err != nil {
		return classify(err, "write metadata %q", key)
	}
	return nil
}

func (s *Store) get(key string, into any) (bool, error) {
	data, closer, err := s.db.Get([]byte(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, classify(err, "read metadata %q", key)
	}
	defer closer.Close()
	if err := msgpack.Unmarshal(data, into); err != nil {
		return false, errs.Wrap(errs.Corruption, err, "decode metadata %q", key)
	}
	return true, nil
}

func (s *Store) delete(key string) error {
	if err := s.db.Delete([]byte(key), pebble.Sync); err != nil {
		return classify(err, "delete metadata %q", key)
	}
	return nil
}

// list decodes all records of a kind, in order of their names.
func list[T any](s *Store, kind string) ([]T, error) {
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte(kind), UpperBound: []byte(strings.TrimSuffix(kind, "/") + "0")})
	if err != nil {
		return nil, classify(err, "read metadata")
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
		return nil, classify(err, "read metadata")
	}
	return out, nil
}

// classify gives an error of the store its class.
func classify(err error, format string, args ...any) error {
	if pebble.IsCorruptionError(err) {
		return errs.Wrap(errs.Corruption, err, format, args...)
	}
	return errs.Wrap(errs.Resource, err, format, args...)
}

// quiet drops the store's log.
type quiet struct{}

// Infof drops a line.
func (quiet) Infof(string, ...any) {}

// Errorf drops a line: errors are returned as well.
func (quiet) Errorf(string, ...any) {}

// Fatalf is called where going on would lose data.
func (quiet) Fatalf(format string, args ...any) { panic(errs.Corruptionf(format, args...)) }
