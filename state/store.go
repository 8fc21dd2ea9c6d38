package state

import (
	"context"
	"maps"
	"math"
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
)

// Options configures a store.
type Options struct {
	// Backing is the ordered store below; New takes it over and Close closes it.
	Backing Backing
	// Groups is the number of key groups of the job, KeyGroups the range of them
	// that the task owns. Zero values mean the default number and all of them.
	Groups    int
	KeyGroups GroupRange
	// BudgetBytes bounds the memory of the tables: past it cold rows go to the
	// backing. It is a soft bound, exceeded by what a batch needs. 0 means none.
	BudgetBytes int64
	// Restored tells that the backing may hold rows.
	Restored bool
	// Cells are the restored cells' blobs by full name, those of all tasks.
	Cells map[string][][]byte
	// Tables describes the tables that the backing's rows belong to, as in the
	// Snapshot they come from; a table opened with another shape is an error.
	Tables []TableInfo
}

// Store is the state of one task. See the package comment.
type Store struct {
	core  *core
	scope string
}

// core is what all scopes of a store share.
type core struct {
	options Options
	pool    chunkPool
	// now is the time told last, in epoch milliseconds.
	now int64
	// live is the number of bytes of rows, keys, strings and indexes in use, and of
	// guests: what the budget is compared with.
	live int64
	// fresh is about how many bytes of them are of rows that the backing never had.
	fresh int64
	// tables are all opened ones in order of opening.
	tables []table
	ids    map[tableID]string
	infos  map[string]TableInfo
	cells  map[string]*Cell
	// guests is the number of Guests.
	guests int
	closed bool
}

// table is what the store asks of everything opened in it.
type table interface {
	// flush writes all dirty rows to b.
	flush(b Batch) error
	// evict makes room by writing and dropping cold rows worth about bytes.
	evict(bytes int64) error
	// liveBytes is its share of core.live; indexBytes the part of it in indexes.
	liveBytes() int64
	indexBytes() int64
	// info describes it.
	info() TableInfo
}

// New makes a store over a backing.
func New(options Options) (*Store, error) {
	if options.Groups == 0 {
		options.Groups = rowcodec.DefaultGroups
	}
	if options.KeyGroups == (GroupRange{}) {
		options.KeyGroups.End = options.Groups
	}
	if options.Backing == nil {
		return nil, errs.Bugf("a state store needs a backing")
	}
	if options.Groups < 1 || options.Groups > math.MaxUint16 || options.KeyGroups.End > options.Groups {
		return nil, errs.Userf("%d key groups of which this task owns %s", options.Groups, options.KeyGroups).
			WithHint("the number of key groups must be from 1 to %d", math.MaxUint16)
	}
	c := &core{options: options, ids: map[tableID]string{}, infos: map[string]TableInfo{}, cells: map[string]*Cell{}}
	for _, info := range options.Tables {
		c.infos[info.Name] = info
	}
	return &Store{core: c}, nil
}

// Scope is a view of the store in which every table's name is preceded by name
// and a slash: each operator of a task is given its own. Its Snapshot, Trim and
// Close are the whole store's.
func (s *Store) Scope(name string) *Store { return &Store{core: s.core, scope: s.scope + name + "/"} }

// KeyGroups is the range of key groups that the store's task owns.
func (s *Store) KeyGroups() GroupRange { return s.core.options.KeyGroups }

// Groups is the number of key groups of the job.
func (s *Store) Groups() int { return s.core.options.Groups }

// SetNow tells the time that TTLs count by, in epoch milliseconds. It takes
// effect at the next call on a table and may never go back within one run.
func (s *Store) SetNow(nowMillis int64) { s.core.now = nowMillis }

// MemoryBytes is the memory held by the tables, free room in it included.
func (s *Store) MemoryBytes() int64 { return s.core.pool.used + s.core.pool.kept + s.core.indexBytes() }

// LiveBytes is the memory that the budget is compared with: rows, keys, strings
// and indexes in use.
func (s *Store) LiveBytes() int64 { return s.core.live }

// Trim evicts cold rows from the largest tables while the store is over its
// budget. The driver calls it between operator calls, never inside one; tables
// also make room for themselves.
func (s *Store) Trim() error {
	c := s.core
	if c.closed || c.over() <= 0 {
		return nil
	}
	order := slices.Clone(c.tables)
	slices.SortStableFunc(order, func(a, b table) int { return int(min(1, max(-1, b.liveBytes()-a.liveBytes()))) })
	for _, t := range order {
		over := c.over()
		if over <= 0 {
			return nil
		}
		if err := t.evict(over); err != nil {
			return err
		}
	}
	return nil
}

// usable is an error once the store was closed: its memory is gone.
func (c *core) usable() error {
	if c.closed {
		return errs.Bugf("state used after its store was closed")
	}
	return nil
}

// evictBytes is how much more than needed is evicted at a time: enough to make the
// writes worth while, and no more than a batch of rows may wait for.
const evictBytes = 8 << 20

// over is how far the store is above the mark that eviction goes down to, or not
// positive while it is within its budget.
func (c *core) over() int64 {
	if c.options.BudgetBytes <= 0 || c.live <= c.options.BudgetBytes {
		return 0
	}
	return c.live - c.options.BudgetBytes + min(c.options.BudgetBytes/8, evictBytes)
}

// Snapshot is a store's contents at a barrier.
type Snapshot struct {
	Epoch uint64
	// Groups and KeyGroups are those of the store.
	Groups    int
	KeyGroups GroupRange
	// Tables describes the tables that were ever opened, by name.
	Tables []TableInfo
	// Cells are the cells' blobs by full name. A task gives at most one to a cell,
	// but the task of group 0 also carries on restored ones that it did not set.
	Cells map[string][][]byte
	// Image holds the rows; nil when there are none. Whoever takes the snapshot
	// owns it and must release it.
	Image Image
}

// Snapshot hands copies of all dirty rows to the backing, which captures them. The tables
// stay in memory and may be used on as soon as it returns; the image may be taken later,
// and tells then if that failed.
func (s *Store) Snapshot(ctx context.Context, epoch uint64) (Snapshot, error) {
	c := s.core
	if c.closed {
		return Snapshot{}, errs.Bugf("snapshot of a closed state store")
	}
	batch := c.options.Backing.NewBatch()
	defer batch.Close()
	for _, t := range c.tables {
		if err := t.flush(batch); err != nil {
			return Snapshot{}, err
		}
		if err := commitFull(batch); err != nil {
			return Snapshot{}, err
		}
	}
	if err := batch.Commit(); err != nil {
		return Snapshot{}, err
	}
	image, err := c.options.Backing.Snapshot(ctx, epoch)
	if err != nil {
		return Snapshot{}, err
	}
	snap := Snapshot{
		Epoch: epoch, Groups: c.options.Groups, KeyGroups: c.options.KeyGroups,
		Tables: c.allInfos(), Cells: map[string][][]byte{}, Image: image,
	}
	if c.options.KeyGroups.First == 0 {
		maps.Copy(snap.Cells, c.options.Cells)
	}
	for name, cell := range c.cells {
		if cell.set {
			snap.Cells[name] = [][]byte{slices.Clone(cell.own)}
		}
	}
	return snap, nil
}

// batchBytesMax is when a batch of evicted or flushed rows is committed: enough for
// the backing to make some tables of it, side by side.
const batchBytesMax = 64 << 20

// commitFull commits a batch that has grown large.
func commitFull(b Batch) error {
	if b.Bytes() < batchBytesMax {
		return nil
	}
	return b.Commit()
}

// Close frees all memory and the backing. It may be called more than once.
func (s *Store) Close() error {
	c := s.core
	if c.closed {
		return nil
	}
	c.closed = true
	c.tables, c.cells = nil, nil
	c.pool.close()
	return c.options.Backing.Close()
}
