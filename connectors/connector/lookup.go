package connector

import (
	"context"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// LookupSource is a Source whose rows can be asked for by key.
type LookupSource interface {
	Source
	// Lookups tells whether and how this table can be asked.
	Lookups() LookupTraits
	// OpenLookup makes the asking side for one task, after Apply.
	OpenLookup(ctx context.Context, request LookupRequest) (Lookup, error)
}

// LookupTraits are what an asker should know of a table.
type LookupTraits struct {
	// Possible is false for a table that can't be asked after all, such as one of
	// changes.
	Possible bool
	// Remote tells that an answer takes a way to another process: requests are better
	// made in the background, and each key once.
	Remote bool
	// Cache says which answers are kept; nil keeps none.
	Cache *LookupCache
	// Retries is how often a request that failed is made again.
	Retries int
}

// LookupRequest says what will be asked.
type LookupRequest struct {
	// Schema is what the source agreed to give, Keys the columns of it that are asked
	// by.
	Schema types.Schema
	Keys   []int
	Alloc  memory.Allocator
	// BatchRows is the most rows that are read from a source at once.
	BatchRows int
	// MemoryBytes is the most that may be kept in memory; 0 is no bound.
	MemoryBytes int64
}

// Lookup answers questions by key. Calls of Rows may overlap, but not with Close.
type Lookup interface {
	// Rows gives the rows whose key columns equal one of the n keys asked for, and for
	// each row the number of its key. keys has a column for each of
	// LookupRequest.Keys, of its type, borrowed; NULL in one equals nothing. The
	// caller owns rows, which may be empty.
	Rows(ctx context.Context, keys []arrow.Array, n int) (rows stream.Batch, of []int32, err error)
	// Close frees everything.
	Close() error
}

// LookupCache says which answers are kept in memory.
type LookupCache struct {
	// MaxRows bounds the rows kept; 0 is no bound.
	MaxRows int64
	// AfterWrite and AfterAccess are how long an answer is kept after it was given and
	// after it was used last; 0 is for ever.
	AfterWrite  time.Duration
	AfterAccess time.Duration
	// Missing tells that keys without rows are kept, too.
	Missing bool
}

// PartialLookupOptions are the options of a connector whose answers may be cached.
func PartialLookupOptions() []OptionSpec {
	return []OptionSpec{
		{Name: "lookup.cache", Type: TypeEnum, Values: []string{"NONE", "PARTIAL"}, Default: "NONE", Example: "PARTIAL",
			Doc: "In a lookup join: ask for every row, or keep answers in each task."},
		{Name: "lookup.partial-cache.max-rows", Type: TypeBigInt, Example: "10000",
			Doc: "Keep at most so many rows; the answers unused for longest go first."},
		{Name: "lookup.partial-cache.expire-after-write", Type: TypeDuration, Example: "1 h",
			Doc: "Forget an answer so long after it was given."},
		{Name: "lookup.partial-cache.expire-after-access", Type: TypeDuration, Example: "10 min",
			Doc: "Forget an answer that was not used for so long."},
		{Name: "lookup.partial-cache.cache-missing-key", Type: TypeBool, Default: "true", Example: "false",
			Doc: "Whether it is kept, too, that a key has no rows."},
		{Name: "lookup.max-retries", Type: TypeInt, Default: "3", Example: "5",
			Doc: "How often a request that failed is made again."},
	}
}

// PartialLookup reads PartialLookupOptions.
func PartialLookup(o Options) LookupTraits {
	t := LookupTraits{Possible: true, Remote: true, Retries: int(o.Int("lookup.max-retries"))}
	if o.String("lookup.cache") == "PARTIAL" {
		t.Cache = &LookupCache{
			MaxRows: o.Int("lookup.partial-cache.max-rows"), AfterWrite: o.Duration("lookup.partial-cache.expire-after-write"),
			AfterAccess: o.Duration("lookup.partial-cache.expire-after-access"), Missing: o.Bool("lookup.partial-cache.cache-missing-key"),
		}
	}
	return t
}

// FullLookupOptions are the options of a connector that is read whole for lookups.
func FullLookupOptions() []OptionSpec {
	return []OptionSpec{
		{Name: "lookup.cache", Type: TypeEnum, Values: []string{"FULL"}, Default: "FULL", Example: "FULL",
			Doc: "In a lookup join each task reads the whole table into memory when it starts."},
		{Name: "lookup.full-cache.reload-strategy", Type: TypeEnum, Values: []string{"PERIODIC"}, Default: "PERIODIC", Example: "PERIODIC",
			Doc: "What makes a lookup join read the table again."},
		{Name: "lookup.full-cache.periodic-reload.interval", Type: TypeDuration, Example: "10 min",
			Doc: "Read the table again so often. Without it, it is read once."},
		{Name: "lookup.full-cache.periodic-reload.schedule-mode", Type: TypeEnum, Values: []string{"FIXED_DELAY", "FIXED_RATE"}, Default: "FIXED_DELAY",
			Example: "FIXED_RATE", Doc: "Whether the interval counts from the end of one reading to the start of the next, or from start to start."},
	}
}
