package pebblestate

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/internal/rowset"
)

// images are the images taken of one store that are not released yet. They
// outlive the store.
type images struct {
	fs  vfs.FS
	dir string
	// memo is Image.Memo.
	memo sync.Map

	mu sync.Mutex
	// last is the newest folder, of which the store itself holds one use.
	last   *folder
	taken  int
	open   int
	closed bool
}

// folder is the directory of one image, shared by the snapshots between which
// nothing changed.
type folder struct {
	path string
	uses int
	// tables and others are the names of the files in it.
	tables, others []string
}

// smallName is the one file of an image of rows in memory.
const smallName = "rows"

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
	f := &folder{path: path, uses: 2}
	for _, name := range names {
		// Tables are immutable and their names mean the same contents in all images
		// of a store.
		if strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob") {
			f.tables = append(f.tables, name)
		} else {
			f.others = append(f.others, name)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	err = s.drop(s.last)
	s.last = f
	return &Image{images: s, folder: f}, err
}

// again is the last image once more, or nil if there is none.
func (s *images) again() *Image {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		return nil
	}
	s.last.uses++
	return &Image{images: s, folder: s.last}
}

// small is an image of rows in memory.
func (s *images) small(rows rowset.Set) *Image { return &Image{images: s, rows: rows} }

// drop gives up one use of a folder, which goes with the last. s.mu is held.
func (s *images) drop(f *folder) error {
	if f == nil {
		return nil
	}
	f.uses--
	if f.uses > 0 {
		return nil
	}
	s.open--
	err := s.fs.RemoveAll(f.path)
	if s.closed && s.open == 0 {
		err = s.fs.RemoveAll(s.dir)
	}
	return err
}

// close removes the store's directory, now or when the last image is released.
func (s *images) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	_ = s.drop(s.last)
	s.last = nil
	if s.open == 0 {
		_ = s.fs.RemoveAll(s.dir)
	}
}

// Image is a captured store: the files that, put into a directory, make a part to
// restore from.
type Image struct {
	images *images
	// folder holds the files; nil for an image of the rows in memory.
	folder *folder
	rows   rowset.Set
	once   sync.Once
	err    error
}

var _ state.Image = (*Image)(nil)

// FS is the file system of Dir, the directory with Files: the names of the tables,
// which are immutable and mean the same contents in all images of the store. None
// of it is synced.
func (i *Image) FS() vfs.FS { return i.images.fs }

// Dir is the directory of Files; see FS.
func (i *Image) Dir() string {
	if i.folder == nil {
		return ""
	}
	return i.folder.path
}

// Files are the names of the tables; see FS.
func (i *Image) Files() []string {
	if i.folder == nil {
		return nil
	}
	return i.folder.tables
}

// Small reads the image's other files, which differ from image to image.
func (i *Image) Small() (map[string][]byte, error) {
	if i.folder == nil {
		return map[string][]byte{smallName: i.rows.Encode()}, nil
	}
	out := make(map[string][]byte, len(i.folder.others))
	for _, name := range i.folder.others {
		f, err := i.images.fs.Open(i.images.fs.PathJoin(i.folder.path, name))
		if err != nil {
			return nil, classify(err, i.folder.path)
		}
		b, err := io.ReadAll(struct{ io.Reader }{f})
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			return nil, classify(err, i.folder.path)
		}
		out[name] = b
	}
	return out, nil
}

// Memo is kept for whoever stores the store's images.
func (i *Image) Memo() *sync.Map { return &i.images.memo }

// Release implements state.Image: with the last use of it the directory goes.
func (i *Image) Release() error {
	if i.folder == nil {
		return nil
	}
	i.once.Do(func() {
		i.images.mu.Lock()
		defer i.images.mu.Unlock()
		i.err = i.images.drop(i.folder)
	})
	return i.err
}
