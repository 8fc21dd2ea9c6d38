package pebblestate

import (
	"context"
	"errors"
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
	// before is the folder that the store held until this one is taken.
	before *folder
	// captured is closed when the files are there, or err tells why not. tables and
	// others are the names of the files.
	captured       chan struct{}
	err            error
	tables, others []string
}

// finish tells that the folder is captured, or why not.
func (f *folder) finish(err error) {
	f.err = err
	close(f.captured)
}

// smallName is the one file of an image of rows in memory.
const smallName = "rows"

func newImages(fs vfs.FS, dir string) *images { return &images{fs: fs, dir: dir} }

// begin makes a new image, which is captured later.
func (s *images) begin() *Image {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken++
	s.open++
	path := s.fs.PathJoin(s.dir, fmt.Sprintf("image-%d", s.taken))
	s.last = &folder{path: path, uses: 2, before: s.last, captured: make(chan struct{})}
	return &Image{images: s, folder: s.last}
}

// capture fills a folder by take, which makes its directory. The one before is given
// up. An error leaves the folder as it was.
func (s *images) capture(f *folder, take func(dir string) error) error {
	if err := take(f.path); err != nil {
		return err
	}
	names, err := s.fs.List(f.path)
	if err != nil {
		return err
	}
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
	if err := s.drop(f.before); err != nil {
		return err
	}
	f.before = nil
	f.finish(nil)
	return nil
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
	for f := s.last; f != nil; {
		before := f.before
		f.before = nil
		_ = s.drop(f)
		f = before
	}
	s.last = nil
	if s.open == 0 {
		_ = s.fs.RemoveAll(s.dir)
	}
}

// Image is a store's contents at a barrier: the files that, put into a directory, make
// a part to restore from. They are there some time after the barrier; see Files.
type Image struct {
	images *images
	// folder holds the files; nil for an image of the rows in memory.
	folder *folder
	rows   rowset.Set
	once   sync.Once
	err    error
}

var _ state.Image = (*Image)(nil)

// FS is the file system of Dir, the directory of the files. None of it is synced.
func (i *Image) FS() vfs.FS { return i.images.fs }

// Dir is the directory of the files; see FS.
func (i *Image) Dir() string {
	if i.folder == nil {
		return ""
	}
	return i.folder.path
}

// Files waits until the image is taken. It gives the names of the tables in Dir, which
// are immutable and mean the same contents in all images of the store, and the contents
// of the other files, which differ from image to image.
func (i *Image) Files(ctx context.Context) (tables []string, small map[string][]byte, err error) {
	if i.folder == nil {
		return nil, map[string][]byte{smallName: i.rows.Encode()}, nil
	}
	select {
	case <-i.folder.captured:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	if i.folder.err != nil {
		return nil, nil, classify(i.folder.err, i.folder.path)
	}
	small = make(map[string][]byte, len(i.folder.others))
	for _, name := range i.folder.others {
		content, err := i.read(name)
		if err != nil {
			return nil, nil, classify(err, i.folder.path)
		}
		small[name] = content
	}
	return i.folder.tables, small, nil
}

func (i *Image) read(name string) ([]byte, error) {
	f, err := i.images.fs.Open(i.images.fs.PathJoin(i.folder.path, name))
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(struct{ io.Reader }{f})
	return content, errors.Join(err, f.Close())
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
