package pebblestate

import (
	"fmt"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/state"
)

// images are the images taken of one store that are not released yet. They
// outlive the store.
type images struct {
	fs  vfs.FS
	dir string

	mu     sync.Mutex
	last   *folder
	taken  int
	open   int
	memo   sync.Map
	closed bool
}

// folder is the directory of one image, shared by the snapshots between which
// nothing changed.
type folder struct {
	path string
	refs int
}

func newImages(fs vfs.FS, dir string) *images { return &images{fs: fs, dir: dir} }

// take makes a new image with capture, which fills a directory not made yet.
func (s *images) take(capture func(dir string) error) (*Image, error) {
	s.mu.Lock()
	s.taken++
	path := s.fs.PathJoin(s.dir, fmt.Sprintf("image-%d", s.taken))
	s.mu.Unlock()
	if err := capture(path); err != nil {
		return nil, err
	}
	names, err := s.fs.List(path)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = &folder{path: path, refs: 1}
	s.open++
	return &Image{images: s, folder: s.last, names: names}, nil
}

// again is the last image once more, or nil if it was released.
func (s *images) again() *Image {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil || s.last.refs == 0 {
		return nil
	}
	names, err := s.fs.List(s.last.path)
	if err != nil {
		return nil
	}
	s.last.refs++
	return &Image{images: s, folder: s.last, names: names}
}

// close removes the store's directory, now or when the last image is released.
func (s *images) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.open == 0 {
		_ = s.fs.RemoveAll(s.dir)
	}
}

// Image is a captured database: a directory of files that can be opened as one.
type Image struct {
	images *images
	folder *folder
	names  []string
	once   sync.Once
	err    error
}

var _ state.Image = (*Image)(nil)

// FS is the file system of Dir, the directory with the image's files, of which
// Files are the names. None of it is synced.
func (i *Image) FS() vfs.FS { return i.images.fs }

// Dir is the image's directory; see FS.
func (i *Image) Dir() string { return i.folder.path }

// Files are the names of the files in Dir; see FS.
func (i *Image) Files() []string { return i.names }

// Shared reports whether a file is a table: immutable, and of a name that means the
// same contents in all images of the store.
func (i *Image) Shared(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob")
}

// Memo is kept for whoever stores the store's images.
func (i *Image) Memo() *sync.Map { return &i.images.memo }

// Release implements state.Image: with the last use of it the directory goes.
func (i *Image) Release() error {
	i.once.Do(func() {
		s := i.images
		s.mu.Lock()
		defer s.mu.Unlock()
		i.folder.refs--
		if i.folder.refs > 0 {
			return
		}
		i.err = s.fs.RemoveAll(i.folder.path)
		s.open--
		if s.closed && s.open == 0 {
			i.err = s.fs.RemoveAll(s.dir)
		}
	})
	return i.err
}
