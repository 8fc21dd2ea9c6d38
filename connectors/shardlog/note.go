package shardlog

import (
	"io"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

// notesDir holds what other rooms keep with the store as a whole.
const notesDir = "notes"

// Note gives what SetNote kept under a name, or nil.
func (s *Store) Note(name string) ([]byte, error) {
	f, err := s.fs.Open(s.fs.PathJoin(s.dir, notesDir, name))
	if isGone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, errs.Wrap(errs.Resource, err, "reading the note %s", name)
	}
	defer f.Close()
	note, err := io.ReadAll(f)
	return note, errs.Wrap(errs.Resource, err, "reading the note %s", name)
}

// SetNote keeps a note, in place of an older one; it is durable on return. Calls for
// one name must not overlap.
func (s *Store) SetNote(name string, note []byte) error {
	dir := s.fs.PathJoin(s.dir, notesDir)
	err := s.fs.MkdirAll(dir, 0o755)
	if err == nil {
		err = durable.SyncDir(s.fs, s.dir)
	}
	if err == nil {
		err = durable.ReplaceFile(s.fs, s.fs.PathJoin(dir, name), note)
	}
	return errs.Wrap(errs.Resource, err, "keeping the note %s", name)
}
