package state

import "context"

// Backing is the ordered store below the hot tables of one task. Keys are compared
// as bytes. One goroutine uses it. Slices passed to callbacks are borrowed for
// the callback; slices passed in are borrowed for the call.
type Backing interface {
	// MultiGet looks up keys, which are sorted and distinct, and calls found for
	// those that exist, in order.
	MultiGet(keys [][]byte, found func(i int, value []byte) error) error
	// MultiScan visits all rows of the given ranges, which are sorted and
	// disjoint, in order; i is the range's index.
	MultiScan(ranges []KeyRange, visit func(i int, key, value []byte) error) error
	// NewBatch starts a batch of writes.
	NewBatch() Batch
	// Snapshot captures all rows committed before as an image; later commits
	// don't change it. It may be taken after Snapshot has returned, also after Close,
	// and tells then whether it was. A backing without rows may give a nil Image.
	Snapshot(ctx context.Context, epoch uint64) (Image, error)
	// Close frees everything; images taken stay valid until they are released.
	Close() error
}

// Batch collects writes that are applied together. Later writes win.
type Batch interface {
	// Set and Delete write one row; DeleteRange deletes [lower, upper). The
	// arguments are copied.
	Set(key, value []byte) error
	Delete(key []byte) error
	DeleteRange(lower, upper []byte) error
	// Bytes is the size of what was collected.
	Bytes() int
	// Commit applies the batch, atomically for readers, and makes it empty and
	// reusable. What is committed may be written later; if that fails, so does every
	// later use of the backing and every image not taken by then. Close drops what was
	// not committed.
	Commit() error
	Close() error
}

// Image is what a backing captured: immutable, usable from any goroutine. What
// else it offers is between the backing and whoever stores images.
type Image interface {
	// Release frees the image; it must be called once.
	Release() error
}

// KeyRange is a half-open range of backing keys.
type KeyRange struct {
	Lower []byte
	Upper []byte
}
