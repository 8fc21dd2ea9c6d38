package lookupjoin

import (
	"context"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
)

// Asker answers questions by key. Calls of Rows may overlap, but not with Close.
type Asker interface {
	// Rows gives the rows for n keys and for each row the number of its key. keys are
	// borrowed, rows are the caller's. NULL equals nothing.
	Rows(ctx context.Context, keys []arrow.Array, n int) (rows stream.Batch, of []int32, err error)
	// Close frees everything.
	Close() error
}

// Config describes a Join.
type Config struct {
	// Open makes the Asker, for questions by RightKeys. ctx ends with the operator.
	Open func(ctx context.Context, of *op.Context) (Asker, error)
	// Asked is the schema of the rows that the Asker gives. Filter keeps those for
	// which it is TRUE, Project gives the right columns over them; nil keeps all.
	Asked   types.Schema
	Filter  *rex.Expr
	Project []rex.Expr
	// KeepsLeft pads left rows without partners (LEFT JOIN) instead of dropping them.
	KeepsLeft bool
	// LeftKeys are columns of the input that RightKeys, columns of Asked of the same
	// types, must equal.
	LeftKeys  []int
	RightKeys []int
	// Condition is a further predicate over the output's columns, or nil.
	Condition *rex.Expr
	Asking    Asking
	// Registry holds the functions; may be nil without expressions.
	Registry *expr.Registry
	// Zone is the session's time zone; nil is UTC.
	Zone *time.Location
}

// Asking says how questions are asked.
type Asking struct {
	// Distinct asks for each key of a batch once: where an answer is dear.
	Distinct bool
	// Async asks in the background, Capacity questions at most; Unordered lets answers
	// overtake each other between watermarks.
	Async     bool
	Unordered bool
	Capacity  int
	// Timeout bounds the time of one request; 0 is no bound.
	Timeout time.Duration
	// Retries is how often a request that failed is made again.
	Retries int
	// MissRetries is how often keys without rows are asked for again, MissDelay after
	// the last time.
	MissRetries int
	MissDelay   time.Duration
	// Cache keeps answers; nil keeps none.
	Cache *CacheConfig
}

// CacheConfig says which answers are kept in memory; 0 is no bound. op.Context's
// MemoryBytes bounds them as well.
type CacheConfig struct {
	MaxRows     int64
	AfterWrite  time.Duration
	AfterAccess time.Duration
	// Missing keeps that a key has no rows, too.
	Missing bool
}

func (c Config) check() error {
	switch {
	case c.Open == nil:
		return errs.Bugf("lookup join without an asker")
	case len(c.LeftKeys) == 0 || len(c.LeftKeys) != len(c.RightKeys):
		return errs.Bugf("lookup join of %d left with %d right key columns", len(c.LeftKeys), len(c.RightKeys))
	case c.Asking.Async && c.Asking.Capacity < 1:
		return errs.Bugf("lookup join in the background of %d questions at most", c.Asking.Capacity)
	}
	return nil
}
