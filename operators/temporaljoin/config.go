package temporaljoin

import (
	"time"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/operators/expr"
)

// Config describes a Join.
type Config struct {
	// KeepsLeft pads left rows without a version (LEFT JOIN) instead of dropping them.
	KeepsLeft bool
	// LeftKeys and RightKeys are the columns that must be equal, pairwise of the same
	// type; there is one at least.
	LeftKeys  []int
	RightKeys []int
	// LeftTime is the TIMESTAMP column that says which version a left row meets, and
	// RightTime the one that says when a version begins.
	LeftTime  int
	RightTime int
	// Proctime joins with the newest version at once, whatever the times.
	Proctime bool
	// Condition is a further predicate over the left then right columns, or nil.
	Condition *rex.Expr
	// Registry holds the functions of Condition; may be nil without one.
	Registry *expr.Registry
	// Zone is the session's time zone; nil is UTC.
	Zone *time.Location
}

func (c Config) check() error {
	if len(c.LeftKeys) == 0 || len(c.LeftKeys) != len(c.RightKeys) {
		return errs.Bugf("temporal join of %d left with %d right key columns", len(c.LeftKeys), len(c.RightKeys))
	}
	return nil
}
