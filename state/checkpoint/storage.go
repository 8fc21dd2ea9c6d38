package checkpoint

import (
	"context"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
)

// Storage keeps the checkpoints of one job. Its methods may be called from any
// goroutine and may overlap, but epochs are made one at a time, ascending: all
// Puts between two publications belong to the later one or to epochs given up.
type Storage interface {
	// Put stores one task's snapshot of an epoch durably. Files that are stored
	// already are referenced. The snapshot's image is borrowed.
	Put(ctx context.Context, snap state.Snapshot) (Task, error)
	// Publish makes an epoch visible, after everything it names was Put. When it
	// returns an error the epoch may or may not be visible after a crash, until
	// Epochs has been called with success: from then on it never is.
	Publish(ctx context.Context, m *Manifest) error
	// Epochs lists the published epochs, ascending.
	Epochs(ctx context.Context) ([]uint64, error)
	// Load reads the manifest of a published epoch.
	Load(ctx context.Context, epoch uint64) (*Manifest, error)
	// Fetch puts the files of a task's image into dir on fs, which must not exist,
	// and checks them. Nothing is synced.
	Fetch(ctx context.Context, task Task, fs vfs.FS, dir string) error
	// Retain deletes all but the newest epochs, and all files that no manifest
	// left and no epoch in the making names.
	Retain(ctx context.Context, newest int) error
}

// Image is what a storage must know of the images it stores.
type Image interface {
	state.Image
	// FS holds Dir, the directory of the image's files.
	FS() vfs.FS
	Dir() string
	// Files waits until the files are there, since an image is taken beside the task,
	// or an error tells that they never will be. It gives the names of the immutable,
	// maybe large ones in Dir, of which a name means the same contents in all images of
	// a store, and the contents of the others, which are small.
	Files(ctx context.Context) (large []string, small map[string][]byte, err error)
	// Memo keeps what storages know of Files, for the life of the store, so that
	// each is read and summed once.
	Memo() *sync.Map
}

// Latest is the manifest of the newest published epoch, or nil when there is none.
// A newest manifest that can't be read is an error: going back silently would
// repeat what later epochs have committed.
func Latest(ctx context.Context, s Storage) (*Manifest, error) {
	epochs, err := s.Epochs(ctx)
	if err != nil || len(epochs) == 0 {
		return nil, err
	}
	return s.Load(ctx, epochs[len(epochs)-1])
}

// Restored is what a task needs to go on from an epoch.
type Restored struct {
	// Parts are the images that hold rows of the task's key groups; they belong to
	// the caller.
	Parts []state.Part
	// Cells are the cells of all former tasks, in their order.
	Cells map[string][][]byte
	// Tables describes the tables.
	Tables []state.TableInfo
}

// Restore fetches the state of one operator for a task that owns the key groups
// in want, at any parallelism, into new directories under dir on fs, which must
// not exist.
func Restore(ctx context.Context, s Storage, op *Operator, want state.GroupRange, fs vfs.FS, dir string) (Restored, error) {
	out := Restored{Cells: map[string][][]byte{}}
	for i, t := range op.Tasks {
		for name, blobs := range t.Cells {
			out.Cells[name] = append(out.Cells[name], blobs...)
		}
		out.Tables = mergeTables(out.Tables, t.Tables)
		if len(t.Files)+len(t.Small) == 0 || t.KeyGroups.Intersect(want).Len() == 0 {
			continue
		}
		part := fs.PathJoin(dir, fmt.Sprintf("task-%d", i))
		if err := s.Fetch(ctx, t, fs, part); err != nil {
			return Restored{}, errs.Wrap(errs.Resource, err, "state of %s, task %d", op.UID, i)
		}
		out.Parts = append(out.Parts, state.Part{Dir: part, KeyGroups: t.KeyGroups})
	}
	return out, nil
}

// mergeTables adds to a those of b that it doesn't have.
func mergeTables(a, b []state.TableInfo) []state.TableInfo {
	for _, t := range b {
		known := false
		for _, u := range a {
			known = known || u.Name == t.Name
		}
		if !known {
			a = append(a, t)
		}
	}
	return a
}
