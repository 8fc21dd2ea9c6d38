package checkpoint

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/zeebo/xxh3"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
)

// Local is a storage in a directory:
//
//	tables/<sum>-<size>          the files of images
//	epoch-<number>.manifest      the published epochs
//	…tmp                         leftovers of crashes, to be deleted
type Local struct {
	fs  vfs.FS
	dir string

	mu sync.Mutex
	// stored are the objects put since the last publication: no manifest names
	// them yet. tmp numbers temporary files.
	stored map[string]bool
	tmp    int
	// doubtful is the epoch whose publication failed and which a loss of power could
	// still bring back; 0 if there is none.
	doubtful uint64
}

var _ Storage = (*Local)(nil)

const (
	manifestPrefix = "epoch-"
	manifestSuffix = ".manifest"
	tmpSuffix      = ".tmp"
	epochDigits    = 20
)

// NewLocal opens the storage in dir on fs, and makes the directory if it does not
// exist. One Local at a time may use a directory.
func NewLocal(fs vfs.FS, dir string) (*Local, error) {
	l := &Local{fs: fs, dir: dir, stored: map[string]bool{}}
	err := durable.MakeDir(fs, l.tables(), 0o755)
	for _, d := range []string{l.tables(), dir} {
		if err == nil {
			err = l.settle(d)
		}
	}
	if err != nil {
		return nil, l.wrap(err)
	}
	return l, nil
}

// settle removes what a crash left half-made in d and makes the rest durable: a
// killed process may have published what can be read but is not on the disk yet,
// and nothing may be built on what can still go away.
func (l *Local) settle(d string) error {
	names, err := l.fs.List(d)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, tmpSuffix) {
			if err := l.fs.Remove(l.fs.PathJoin(d, name)); err != nil {
				return err
			}
		}
	}
	return durable.SyncDir(l.fs, d)
}

func (l *Local) tables() string { return l.fs.PathJoin(l.dir, "tables") }

func (l *Local) object(name string) string { return l.fs.PathJoin(l.tables(), name) }

func (l *Local) manifest(epoch uint64) string {
	return l.fs.PathJoin(l.dir, fmt.Sprintf("%s%0*d%s", manifestPrefix, epochDigits, epoch, manifestSuffix))
}

// wrap says where an error happened and, for the disk's, of which class it is.
func (l *Local) wrap(err error) error {
	if err == nil {
		return nil
	}
	wrapped := errs.Wrap(errs.Resource, err, "checkpoint storage %s", l.dir)
	if e := (*errs.Error)(nil); errors.Is(err, syscall.ENOSPC) && errors.As(wrapped, &e) {
		return e.WithHint("the disk is full")
	}
	return wrapped
}

// Put implements Storage.
func (l *Local) Put(ctx context.Context, snap state.Snapshot) (Task, error) {
	t := Task{KeyGroups: snap.KeyGroups, Tables: snap.Tables, Cells: snap.Cells}
	if snap.Image == nil {
		return t, nil
	}
	image, ok := snap.Image.(Image)
	if !ok {
		return Task{}, errs.Bugf("an image of type %T can't be stored", snap.Image)
	}
	large, small, err := image.Files(ctx)
	if err != nil {
		return Task{}, err
	}
	t.Small = small
	for _, name := range large {
		if err := ctx.Err(); err != nil {
			return Task{}, err
		}
		f, err := l.putFile(image, name)
		if err != nil {
			return Task{}, l.wrap(err)
		}
		t.Files = append(t.Files, f)
	}
	return t, nil
}

// memoKey names a file in an image's memo.
type memoKey struct{ storage, name string }

// putFile stores one shared file, if it isn't stored yet.
func (l *Local) putFile(image Image, name string) (File, error) {
	key := memoKey{l.dir, name}
	if known, ok := image.Memo().Load(key); ok {
		f := known.(File)
		if l.pin(f) {
			return f, nil
		}
	}
	source := image.FS().PathJoin(image.Dir(), name)
	sum, size, err := sumFile(image.FS(), source)
	if err != nil {
		return File{}, err
	}
	f := File{Name: name, Object: fmt.Sprintf("%s-%d", hex.EncodeToString(sum[:]), size), Size: size, Sum: sum}
	if !l.pin(f) {
		if err := l.store(image.FS(), source, f); err != nil {
			return File{}, err
		}
	}
	image.Memo().Store(key, f)
	return f, nil
}

// pin keeps an object from being deleted until its epoch is published and reports
// whether it is stored. An object under its name was synced before it got it.
func (l *Local) pin(f File) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored[f.Object] = true
	info, err := l.fs.Stat(l.object(f.Object))
	return err == nil && info.Size() == f.Size
}

// store links or copies a file in, durably but for the directory's entry.
func (l *Local) store(from vfs.FS, source string, f File) error {
	tmp := l.object(l.tmpName())
	if err := transfer(from, source, l.fs, tmp); err != nil {
		return err
	}
	if err := syncFile(l.fs, tmp); err != nil {
		return err
	}
	return l.fs.Rename(tmp, l.object(f.Object))
}

func (l *Local) tmpName() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tmp++
	return fmt.Sprintf("%d%s", l.tmp, tmpSuffix)
}

// Publish implements Storage.
func (l *Local) Publish(_ context.Context, m *Manifest) error {
	b, err := m.Encode()
	if err != nil {
		return err
	}
	if err := l.withdraw(); err != nil {
		return l.wrap(err)
	}
	if err := l.publish(m.Epoch, b); err != nil {
		return l.wrap(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.stored)
	return nil
}

func (l *Local) publish(epoch uint64, b []byte) error {
	if err := durable.SyncDir(l.fs, l.tables()); err != nil {
		return err
	}
	tmp := l.fs.PathJoin(l.dir, l.tmpName())
	if err := writeFile(l.fs, tmp, b); err != nil {
		return err
	}
	if err := l.fs.Rename(tmp, l.manifest(epoch)); err != nil {
		return err
	}
	if err := durable.SyncDir(l.fs, l.dir); err != nil {
		// The caller goes back to the epoch before, so nobody may find this one.
		l.mu.Lock()
		l.doubtful = epoch
		l.mu.Unlock()
		return errors.Join(err, l.withdraw())
	}
	return nil
}

// withdraw makes sure that a publication that failed does not come back. As long as it
// can't, nobody is told which epochs there are: who went on from the one before would
// undo what the failed one counts on, and could find it as the latest after a loss of
// power.
func (l *Local) withdraw() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.doubtful == 0 {
		return nil
	}
	if err := l.fs.Remove(l.manifest(l.doubtful)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := durable.SyncDir(l.fs, l.dir); err != nil {
		return err
	}
	l.doubtful = 0
	return nil
}

// Epochs implements Storage.
func (l *Local) Epochs(context.Context) ([]uint64, error) {
	if err := l.withdraw(); err != nil {
		return nil, l.wrap(err)
	}
	names, err := l.fs.List(l.dir)
	if err != nil {
		return nil, l.wrap(err)
	}
	var out []uint64
	for _, name := range names {
		digits, ok := strings.CutPrefix(name, manifestPrefix)
		if !ok {
			continue
		}
		if digits, ok = strings.CutSuffix(digits, manifestSuffix); !ok {
			continue
		}
		if epoch, err := strconv.ParseUint(digits, 10, 64); err == nil {
			out = append(out, epoch)
		}
	}
	slices.Sort(out)
	return out, nil
}

// Load implements Storage.
func (l *Local) Load(_ context.Context, epoch uint64) (*Manifest, error) {
	b, err := readFile(l.fs, l.manifest(epoch))
	if err != nil {
		return nil, l.wrap(err)
	}
	m, err := Decode(b)
	if err != nil {
		return nil, errs.Wrap(errs.Corruption, err, "%s", l.manifest(epoch))
	}
	if m.Epoch != epoch {
		return nil, errs.Corruptionf("%s is the manifest of epoch %d", l.manifest(epoch), m.Epoch)
	}
	return m, nil
}

// Fetch implements Storage.
func (l *Local) Fetch(ctx context.Context, task Task, fs vfs.FS, dir string) error {
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return l.wrap(err)
	}
	for name, b := range task.Small {
		if err := writeUnsynced(fs, fs.PathJoin(dir, name), b); err != nil {
			return l.wrap(err)
		}
	}
	for _, f := range task.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := l.check(f); err != nil {
			return err
		}
		if err := transfer(l.fs, l.object(f.Object), fs, fs.PathJoin(dir, f.Name)); err != nil {
			return l.wrap(err)
		}
	}
	return nil
}

// check compares a stored file with what its manifest says of it.
func (l *Local) check(f File) error {
	sum, size, err := sumFile(l.fs, l.object(f.Object))
	if errors.Is(err, os.ErrNotExist) {
		return errs.Corruptionf("state table %s is missing", l.object(f.Object))
	}
	if err != nil {
		return l.wrap(err)
	}
	if size != f.Size || sum != f.Sum {
		return errs.Corruptionf("state table %s of %d bytes differs from the %d bytes that were stored", l.object(f.Object), size, f.Size)
	}
	return nil
}

// Retain implements Storage. Manifests go first, durably, so that none ever names
// a file that is gone.
func (l *Local) Retain(ctx context.Context, newest int) error {
	epochs, err := l.Epochs(ctx)
	if err != nil {
		return err
	}
	keep := epochs[max(0, len(epochs)-max(1, newest)):]
	for _, epoch := range epochs[:len(epochs)-len(keep)] {
		if err := l.fs.Remove(l.manifest(epoch)); err != nil {
			return l.wrap(err)
		}
	}
	if len(keep) < len(epochs) {
		if err := durable.SyncDir(l.fs, l.dir); err != nil {
			return l.wrap(err)
		}
	}
	named := map[string]bool{}
	for _, epoch := range keep {
		m, err := l.Load(ctx, epoch)
		if err != nil {
			return err
		}
		for _, o := range m.Objects() {
			named[o] = true
		}
	}
	return l.sweep(named)
}

// sweep deletes the objects that are neither named nor pinned.
func (l *Local) sweep(named map[string]bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	names, err := l.fs.List(l.tables())
	if err != nil {
		return l.wrap(err)
	}
	for _, name := range names {
		if named[name] || l.stored[name] || strings.HasSuffix(name, tmpSuffix) && l.fresh(name) {
			continue
		}
		if err := l.fs.Remove(l.object(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return l.wrap(err)
		}
	}
	return nil
}

// fresh reports whether a temporary file may be in use by this Local.
func (l *Local) fresh(name string) bool {
	n, err := strconv.Atoi(strings.TrimSuffix(name, tmpSuffix))
	return err == nil && n <= l.tmp
}

// sumFile reads a whole file.
func sumFile(fs vfs.FS, path string) (sum [16]byte, size int64, err error) {
	f, err := fs.Open(path, vfs.SequentialReadsOption)
	if err != nil {
		return sum, 0, err
	}
	h := xxh3.New()
	size, err = io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, 256<<10))
	if e := f.Close(); err == nil {
		err = e
	}
	return h.Sum128().Bytes(), size, err
}
