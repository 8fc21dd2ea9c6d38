package shardlog

import (
	"io"

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
	path := s.fs.PathJoin(dir, name)
	err := s.fs.MkdirAll(dir, 0o755)
	if err == nil {
		err = syncDir(s.fs, s.dir)
	}
	if err == nil {
		err = writeFile(s.fs, path+temporarySuffix, note)
	}
	if err == nil {
		err = s.fs.Rename(path+temporarySuffix, path)
	}
	if err == nil {
		err = syncDir(s.fs, dir)
	}
	return errs.Wrap(errs.Resource, err, "keeping the note %s", name)
}
