package pebblestate

import (
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
)

// Options configures a store.
type Options struct {
	// FS holds Dir; nil means the disk. Dir is the store's own scratch directory,
	// emptied by Open.
	FS  vfs.FS
	Dir string
	// Groups, KeyGroups and BudgetBytes are those of state.Options.
	Groups      int
	KeyGroups   state.GroupRange
	BudgetBytes int64
	// Restore are the images to restore from, whose ranges of key groups are
	// disjoint; none starts empty. They must be on FS and outside Dir. Cells and
	// Tables are those of state.Options.
	Restore []state.Part
	Cells   map[string][][]byte
	Tables  []state.TableInfo
	// Cache is the block cache to share with other stores; nil means a small one
	// of its own.
	Cache *pebble.Cache
	// SmallBytes is the size up to which the rows are kept in memory, without a
	// database: most operators' state is small, and a snapshot of it then touches no
	// file. 0 means 256 KiB; a negative size makes a database with the first row.
	SmallBytes int
	// MemTableBytes bounds the rows that wait in memory to be flushed; 0 means 16
	// MiB. It is taken as needed, not at once.
	MemTableBytes int64
	// TableBytes is the size from which a batch becomes tables of its own instead
	// of going through Pebble's buffer: rows that come sorted, or nearly, need no
	// list to sort them, and are copied and encoded once. 0 means 1 MiB.
	TableBytes int
}

const (
	memTableDefault = 16 << 20
	tableDefault    = 1 << 20
	// The block cache is a part of the budget within bounds; 0 means the least.
	cachePart  = 8
	cacheLeast = 8 << 20
	cacheMost  = 256 << 20
	// blockBytes is small, since cold rows are read one by one.
	blockBytes   = 4 << 10
	indexBytes   = 64 << 10
	smallDefault = 256 << 10
	// sublevelsDue is how many tables a key may lie in before the first level is
	// compacted, sublevelsMost how many before writers wait for that, since Pebble
	// itself holds up only its buffer.
	sublevelsDue  = 32
	sublevelsMost = 2 * sublevelsDue
	// The first level is also compacted when it has filesDue tables, duePart times the
	// budget: rows that change all the time would fill the disk before they lie in
	// many sublevels. A table has about fullTableBytes.
	duePart        = 4
	filesDueLeast  = 64
	filesDueMost   = 512
	fullTableBytes = 16 << 20
	pendingPart    = 2
	pendingLeast   = 16 << 20
	// manifestMax is when Pebble starts a new manifest: images carry a copy of it.
	manifestMax = 64 << 10
)

func (o Options) withDefaults() (Options, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Dir == "" {
		return o, errs.Bugf("a state store needs a directory")
	}
	if o.Groups == 0 {
		o.Groups = rowcodec.DefaultGroups
	}
	if o.KeyGroups == (state.GroupRange{}) {
		o.KeyGroups.End = o.Groups
	}
	if o.SmallBytes == 0 {
		o.SmallBytes = smallDefault
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = memTableDefault
	}
	if o.TableBytes == 0 {
		o.TableBytes = tableDefault
	}
	return o, nil
}

// comparer compares as bytes; its prefix of a key is all but the sub-key, so that
// filters answer for single rows and for all entries of a key alike.
func comparer() *pebble.Comparer {
	c := *pebble.DefaultComparer
	c.Name = "thalweg.state.1"
	c.Split = func(key []byte) int {
		n, _ := state.PrefixLen(key)
		return n
	}
	return &c
}

// pebbleOptions are the options for a database under dir.
func (o Options) pebbleOptions(f *failures) *pebble.Options {
	p := &pebble.Options{
		FS:                          noSyncFS{o.FS},
		Comparer:                    comparer(),
		Cache:                       o.Cache,
		DisableWAL:                  true,
		MemTableSize:                uint64(o.MemTableBytes),
		MemTableStopWritesThreshold: 4,
		MaxManifestFileSize:         manifestMax,
		FormatMajorVersion:          formatVersion,
		Logger:                      f,
		EventListener:               f.listener(),
		// A compaction costs more than all else that is done for a row, and makes the
		// next checkpoint upload its rows once more. Most keys that are looked up are
		// there, and filters answer for the tables that lack them: so tables lie side by
		// side up to a multiple of the budget. Pebble counts a sublevel twice.
		L0CompactionThreshold:     2 * sublevelsDue,
		L0CompactionFileThreshold: o.filesDue(),
		L0StopWritesThreshold:     2 * sublevelsMost,
		LBaseMaxBytes:             512 << 20,
	}
	if p.Cache == nil {
		p.CacheSize = min(cacheMost, max(cacheLeast, o.BudgetBytes/cachePart))
	}
	for i := range p.Levels {
		p.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		p.Levels[i].BlockSize = blockBytes
		p.Levels[i].IndexBlockSize = indexBytes
	}
	// A sub-key is no version: entries of a key are read together.
	p.Experimental.SpanPolicyFunc = func([]byte) (pebble.SpanPolicy, []byte, error) {
		return pebble.SpanPolicy{DisableValueSeparationBySuffix: true}, nil, nil
	}
	p.ApplyCompressionSettings(compression)
	return p
}

// filesDue is the number of tables of the first level at which it is compacted.
func (o Options) filesDue() int {
	return int(min(filesDueMost, max(filesDueLeast, duePart*o.BudgetBytes/fullTableBytes)))
}

// pendingMost is how many bytes may wait to be written: half as much as the budget, so
// that a barrier waits for none of it unless most rows change between two.
func (o Options) pendingMost() int64 { return max(pendingLeast, o.BudgetBytes/pendingPart) }

// compression leaves what is soon compacted as it is.
func compression() pebble.DBCompressionSettings {
	s := pebble.DBCompressionFastest
	s.Levels[0] = block.NoCompression
	return s
}

// formatVersion pins Pebble's format, so that an update of the library doesn't
// change what checkpoints hold.
const formatVersion = pebble.FormatTableFormatV6
